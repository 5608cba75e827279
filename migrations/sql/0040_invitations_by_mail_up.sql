-- The code of an invitation is made when its message is sent, by the dispatcher that has claimed the message, and anew for each try: it is
-- in the message alone, and the database has its verifier.
--
-- Who has the dispatcher's password could make a code of their own instead; so the invitations of administrators are sent by administrators
-- alone.

GRANT SELECT (id, idem_key, recipient, template, status, attempts, leased_until) ON lms.outbox TO lmskit_logins;
CREATE POLICY logins_read ON lms.outbox FOR SELECT TO lmskit_logins USING (template = 'invitation');
GRANT UPDATE (status, last_error, leased_until) ON lms.outbox TO lmskit_logins;
CREATE POLICY logins_refuse ON lms.outbox FOR UPDATE TO lmskit_logins
    USING (template = 'invitation' AND status = 'waiting') WITH CHECK (template = 'invitation' AND status = 'refused');

GRANT CREATE ON SCHEMA lms TO lmskit_logins, lmskit_definer;
SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.issue_code(message bigint, attempt integer, selector text, verifier text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    number bigint;
    invited bigint;
    expires timestamp with time zone;
    earlier text;
BEGIN
    SELECT i.id, i.person_id INTO number, invited
    FROM lms.outbox AS o
    JOIN lms.invitations AS i ON o.idem_key = 'invitation:' || i.id
    JOIN lms.users AS u ON u.id = i.person_id AND u.email = o.recipient
        AND (u.role <> 'super_admin' OR pg_has_role(session_user, 'lmskit_admin', 'MEMBER'))
    WHERE o.id = message AND o.status = 'waiting' AND o.attempts = attempt AND o.leased_until > clock_timestamp();
    PERFORM FROM lms.users AS u WHERE u.id = invited FOR NO KEY UPDATE;
    SELECT i.expires_at, i.login INTO expires, earlier FROM lms.invitations AS i
    WHERE i.id = number AND i.accepted_at IS NULL AND i.revoked_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR expires <= clock_timestamp() THEN
        RETURN false;
    END IF;
    UPDATE lms.invitations AS i SET login = lms.make_code(selector, verifier, expires) WHERE i.id = number;
    IF earlier IS NOT NULL THEN
        PERFORM lms.drop_code(earlier);
    END IF;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION lms.issue_code(bigint, integer, text, text) IS
    'Gives an open invitation whose message the caller has claimed a code, instead of that of an earlier try; false where it is not open or not claimed, or is an administrator''s and the caller is none';

CREATE FUNCTION lms.refuse_message_of_invitation() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    -- One that is being sent is settled by who sends it.
    UPDATE lms.outbox AS o SET status = 'refused', leased_until = NULL, last_error = 'The invitation was revoked or replaced before its message was sent.'
    WHERE o.idem_key = 'invitation:' || NEW.id AND o.template = 'invitation' AND o.status = 'waiting'
      AND (o.leased_until IS NULL OR o.leased_until < clock_timestamp());
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.refuse_message_of_invitation() IS 'Refuses the message of an invitation that is revoked, which would have no code';

REVOKE EXECUTE ON FUNCTION lms.issue_code(bigint, integer, text, text), lms.refuse_message_of_invitation() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.refuse_message_of_invitation() TO lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.issue_code(bigint, integer, text, text) TO lmskit_admin, lmskit_mailer;
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
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins, lmskit_definer;
CREATE TRIGGER refuse_message_of_invitation AFTER UPDATE ON lms.invitations FOR EACH ROW
    WHEN (OLD.revoked_at IS NULL AND NEW.revoked_at IS NOT NULL) EXECUTE FUNCTION lms.refuse_message_of_invitation();
SET LOCAL ROLE lmskit_logins;
REVOKE EXECUTE ON FUNCTION lms.refuse_message_of_invitation() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
