-- Without invitations, and without the logins of codes, which nothing would remove later.

DROP TRIGGER revoke_invitations_of_changed_person ON lms.users;
SET LOCAL ROLE lmskit_logins;
SET LOCAL row_security = on;
DO $block$
DECLARE
    code text;
BEGIN
    FOR code IN
        SELECT i.login FROM lms.invitations AS i JOIN pg_roles AS r ON r.rolname = i.login
        WHERE NOT EXISTS (SELECT FROM lms.users AS u WHERE u.db_role = i.login)
    LOOP
        PERFORM lms.drop_code(code);
    END LOOP;
END
$block$;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
DROP TABLE lms.invitations;
SET LOCAL ROLE lmskit_logins;
DROP FUNCTION lms.accept_invitation(text, text);
DROP FUNCTION lms.revoke_invitation(bigint);
DROP FUNCTION lms.invite(bigint, interval, text, text);
DROP FUNCTION lms.void_invitations(bigint);
DROP FUNCTION lms.make_code(text, text, timestamp with time zone);
DROP FUNCTION lms.remove_spent_codes();
DROP FUNCTION lms.revoke_invitations_of_changed_person();
DROP FUNCTION lms.remove_code();
DROP FUNCTION lms.drop_code(text);
SET LOCAL ROLE lmskit_owner;
