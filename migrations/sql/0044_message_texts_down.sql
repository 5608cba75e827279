-- Welcome messages say the built-in text again. Messages to students that wait are refused, since an older lmskit cannot write them.

UPDATE lms.outbox AS o SET status = 'refused', leased_until = NULL, last_error = 'lmskit went back to a version that sends no such messages'
WHERE o.status = 'waiting' AND o.template IN ('message', 'withdrawal');

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
CREATE OR REPLACE FUNCTION lms.claim_message(lease interval, most_attempts integer, wanted bigint DEFAULT NULL)
RETURNS TABLE (id bigint, attempts integer, message_id text, recipient text, template text, context jsonb)
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    -- The lease of a dispatcher that died has expired.
    UPDATE lms.outbox AS o SET attempts = o.attempts + 1, leased_until = clock_timestamp() + claim_message.lease,
        in_doubt = o.in_doubt OR o.leased_until IS NOT NULL
    WHERE o.id = (
        SELECT w.id FROM lms.outbox AS w
        WHERE w.status = 'waiting' AND w.available_at <= clock_timestamp() AND w.attempts < claim_message.most_attempts
          AND (w.leased_until IS NULL OR w.leased_until < clock_timestamp())
          AND (claim_message.wanted IS NULL OR w.id = claim_message.wanted)
          AND (
              w.template <> 'invitation' OR pg_has_role(session_user, 'lmskit_admin', 'MEMBER')
              OR NOT EXISTS (SELECT FROM lms.users AS u WHERE u.id = w.student_id AND u.role = 'super_admin')
          )
        ORDER BY w.available_at, w.id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING o.id, o.attempts, o.message_id, o.recipient, o.template, o.context;
END;
COMMENT ON FUNCTION lms.claim_message(interval, integer, bigint) IS
    'Leases the message that has waited longest, or the one wanted, if it is due and was tried less often than may be; no two callers get the same, and the invitation of an administrator is leased to administrators alone';
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
