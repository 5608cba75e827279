-- Codes are shown to administrators alone. Messages that wait for one are refused, since an older lmskit cannot write them.

UPDATE lms.outbox AS o SET status = 'refused', leased_until = NULL,
    last_error = 'lmskit went back to a version that sends no invitations; to show the code instead: lmskit invitation create EMAIL'
WHERE o.status = 'waiting' AND o.template = 'invitation';
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
CREATE OR REPLACE FUNCTION lms.claim_message(lease interval, most_attempts integer, wanted bigint DEFAULT NULL)
RETURNS TABLE (id bigint, attempts integer, message_id text, recipient text, template text, context jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    -- A lease that ran out belonged to a try that nobody lived to tell of.
    UPDATE lms.outbox AS o SET attempts = o.attempts + 1, leased_until = clock_timestamp() + claim_message.lease,
        in_doubt = o.in_doubt OR o.leased_until IS NOT NULL
    WHERE o.id = (
        SELECT w.id FROM lms.outbox AS w
        WHERE w.status = 'waiting' AND w.available_at <= clock_timestamp() AND w.attempts < claim_message.most_attempts
          AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
          AND (claim_message.wanted IS NULL OR w.id = claim_message.wanted)
        ORDER BY w.available_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING o.id, o.attempts, o.message_id, o.recipient, o.template, o.context;
END;
COMMENT ON FUNCTION lms.claim_message(interval, integer, bigint) IS
    'Leases the message that has waited longest, or the one wanted, if it is due and was tried less often than may be; no two callers get the same';
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

DROP TRIGGER refuse_message_of_invitation ON lms.invitations;
SET LOCAL ROLE lmskit_logins;
DROP FUNCTION lms.refuse_message_of_invitation();
DROP FUNCTION lms.issue_code(bigint, integer, text, text);
SET LOCAL ROLE lmskit_owner;
DROP POLICY logins_refuse ON lms.outbox;
REVOKE UPDATE (status, last_error, leased_until) ON lms.outbox FROM lmskit_logins;
DROP POLICY logins_read ON lms.outbox;
REVOKE SELECT (id, idem_key, recipient, template, status, attempts, leased_until) ON lms.outbox FROM lmskit_logins;
