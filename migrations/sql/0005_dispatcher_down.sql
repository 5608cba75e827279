-- Takes away what 0005_dispatcher_up.sql gave. Messages stay.

DROP FUNCTION lms.give_up_message(integer);
DROP FUNCTION lms.put_back_message(bigint, integer, text);
DROP FUNCTION lms.postpone_message(bigint, integer, interval, text, boolean);
DROP FUNCTION lms.settle_message(bigint, integer, lms.outbox_status, text);
DROP FUNCTION lms.claim_message(interval, integer, bigint);

DROP POLICY definer_removes ON lms.student_enrollments;
DROP POLICY definer_settles ON lms.student_enrollments;
DROP POLICY definer_settles ON lms.outbox;
DROP POLICY definer_reads ON lms.outbox;
REVOKE SELECT, UPDATE (status, attempts, available_at, leased_until, sent_at, last_error, in_doubt) ON lms.outbox FROM lmskit_definer;
REVOKE SELECT (status, previous_status, request_sequence, started_on), UPDATE (status, previous_status, ended_on), DELETE
    ON lms.student_enrollments FROM lmskit_definer;

ALTER TABLE lms.outbox DROP COLUMN in_doubt;
