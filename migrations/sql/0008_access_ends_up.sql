-- Access that ends when it is taken away.
--
-- A login's own settings (ALTER ROLE … SET) outlive its closing and opening, and a transaction that began before a course was handed
-- over goes on by what it saw then. Both end here: settings are removed with the password, and sessions with the course.

GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.reset_role(login text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    set_in name;
BEGIN
    FOR set_in IN
        SELECT d.datname FROM pg_db_role_setting AS s JOIN pg_roles AS r ON r.oid = s.setrole LEFT JOIN pg_database AS d ON d.oid = s.setdatabase
        WHERE r.rolname = login
    LOOP
        IF set_in IS NULL THEN
            EXECUTE format('ALTER ROLE %I RESET ALL', login);
        ELSE
            EXECUTE format('ALTER ROLE %I IN DATABASE %I RESET ALL', login, set_in);
        END IF;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION lms.reset_role(text) IS 'Removes the settings that a person gave the own login, in every database';

CREATE OR REPLACE FUNCTION lms.shut_role(login text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    role_group text;
BEGIN
    EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', login);
    PERFORM lms.reset_role(login);
    -- A session that is still open loses every right with its group, whether or not it can be ended.
    FOREACH role_group IN ARRAY ARRAY['lmskit_lecturer', 'lmskit_admin'] LOOP
        IF pg_has_role(login, role_group, 'MEMBER') THEN
            EXECUTE format('REVOKE %I FROM %I', role_group, login);
        END IF;
    END LOOP;
END
$function$;

CREATE OR REPLACE FUNCTION lms.set_login(person bigint, verifier text, hash text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    who record;
    login text;
BEGIN
    IF verifier IS NULL OR verifier !~ '^SCRAM-SHA-256\$[0-9]+:[A-Za-z0-9+/=]+\$[A-Za-z0-9+/=]+:[A-Za-z0-9+/=]+$' THEN
        RAISE EXCEPTION 'the verifier is not SCRAM-SHA-256' USING ERRCODE = 'invalid_password';
    END IF;
    SELECT u.email, u.role::text AS role, u.db_role INTO who FROM lms.users AS u WHERE u.id = person FOR UPDATE;
    IF NOT FOUND OR who.role NOT IN ('lecturer', 'super_admin') THEN
        RAISE EXCEPTION 'only lecturers and administrators have a login' USING ERRCODE = 'insufficient_privilege';
    END IF;
    login := 'u_' || left(encode(sha256(convert_to(current_database() || ':' || who.email, 'UTF8')), 'hex'), 16);
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
        EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L CONNECTION LIMIT 5', login, verifier);
        PERFORM lms.reset_role(login);
    ELSE
        EXECUTE format(
            'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS INHERIT PASSWORD %L CONNECTION LIMIT 5',
            login, verifier
        );
    END IF;
    EXECUTE format(
        'GRANT %I TO %I WITH INHERIT TRUE, SET FALSE, ADMIN FALSE',
        CASE who.role WHEN 'lecturer' THEN 'lmskit_lecturer' ELSE 'lmskit_admin' END, login
    );
    UPDATE lms.users AS u SET db_role = login, password_hash = hash WHERE u.id = person;
    RETURN login;
END
$function$;

CREATE FUNCTION lms.end_sessions_of_former_lecturer() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.end_sessions(OLD.lecturer_id);
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.end_sessions_of_former_lecturer() IS
    'Ends the sessions of whom a course was taken from, whose open transactions would still take it for theirs';

REVOKE EXECUTE ON FUNCTION lms.reset_role(text), lms.end_sessions_of_former_lecturer() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.end_sessions_of_former_lecturer() TO lmskit_owner;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;

-- Deferred to the commit, so that hardly a moment is left in which a new session could still begin by the old state.
CREATE CONSTRAINT TRIGGER end_sessions_of_former_lecturer AFTER UPDATE OF lecturer_id ON lms.courses
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (OLD.lecturer_id <> NEW.lecturer_id)
    EXECUTE FUNCTION lms.end_sessions_of_former_lecturer();
