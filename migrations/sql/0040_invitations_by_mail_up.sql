-- The code of an invitation is made when its message is sent, by the dispatcher that has claimed the message, and anew for each try: it is
-- in the message alone, and the database has its verifier.

GRANT SELECT (id, idem_key, recipient, template, status, attempts, leased_until) ON lms.outbox TO lmskit_logins;
CREATE POLICY logins_read ON lms.outbox FOR SELECT TO lmskit_logins USING (template = 'invitation');

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
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
    WHERE o.id = message AND o.status = 'waiting' AND o.attempts = attempt AND o.leased_until > clock_timestamp();
    PERFORM FROM lms.users AS u WHERE u.id = invited FOR NO KEY UPDATE;
    SELECT i.expires_at, i.login INTO expires, earlier FROM lms.invitations AS i
    WHERE i.id = number AND i.accepted_at IS NULL AND i.revoked_at IS NULL FOR NO KEY UPDATE;
    IF NOT FOUND OR expires <= clock_timestamp() THEN
        RETURN false;
    END IF;
    UPDATE lms.invitations AS i SET login = lms.make_code(selector, verifier, expires) WHERE i.id = number;
    IF EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = earlier) THEN
        EXECUTE format('DROP ROLE %I', earlier);
    END IF;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION lms.issue_code(bigint, integer, text, text) IS
    'Gives an open invitation whose message the caller has claimed a code, instead of that of an earlier try; false where it is not open or not claimed';

REVOKE EXECUTE ON FUNCTION lms.issue_code(bigint, integer, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.issue_code(bigint, integer, text, text) TO lmskit_admin, lmskit_mailer;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;
