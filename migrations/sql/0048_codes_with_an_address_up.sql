-- A code sets the password of the person who was invited, also if another types it. Who types an address beside it learns first whether the code
-- is of that person: with the code of another person, forwarded or mistaken, one would set the password of another person without noticing.

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.code_is_of(address text) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on
BEGIN ATOMIC
    SELECT EXISTS (
        SELECT FROM lms.invitations AS i JOIN lms.users AS u ON u.id = i.person_id
        WHERE i.login = session_user AND u.email = code_is_of.address
    );
END;
COMMENT ON FUNCTION lms.code_is_of(text) IS 'With the login of a code: whether the person who was invited has this address';

REVOKE EXECUTE ON FUNCTION lms.code_is_of(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.code_is_of(text) TO lmskit_lecturer;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;
