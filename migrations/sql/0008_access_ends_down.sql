-- Gives shut_role and set_login back what they did in 0003 and 0002, and drops what 0008_access_ends_up.sql added.

DROP TRIGGER end_sessions_of_former_lecturer ON lms.courses;
GRANT CREATE ON SCHEMA lms TO lmskit_logins;
SET LOCAL ROLE lmskit_logins;

CREATE OR REPLACE FUNCTION lms.shut_role(login text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $function$
DECLARE
    role_group text;
BEGIN
    EXECUTE format('ALTER ROLE %I NOLOGIN PASSWORD NULL', login);
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

DROP FUNCTION lms.end_sessions_of_former_lecturer();
DROP FUNCTION lms.reset_role(text);

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_logins;
