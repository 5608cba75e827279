-- Who changed what, and logins that follow their person.
--
-- Functions that change roles belong to lmskit_logins, which may create roles and has ADMIN on those it made; the ones
-- that append to the audit trail belong to lmskit_definer. Both kinds work by policies, so they switch row security on
-- for themselves: a session may have it off, as a migration's has. Errors carry a constraint's name for lmskit to tell them by.

GRANT CREATE ON SCHEMA lms TO lmskit_definer, lmskit_logins;
GRANT SELECT (origin) ON lms.courses TO lmskit_definer;
GRANT INSERT (action, table_name, row_key, course_id, old, new) ON lms.audit_log TO lmskit_definer;
CREATE POLICY definer_appends ON lms.audit_log FOR INSERT TO lmskit_definer WITH CHECK (actor = session_user);

-- 1. Logins ----------------------------------------------------------------------------------------

SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.keep_an_administrator(person bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    -- Of two administrators who shut each other out at the same moment, the second waits here and finds the first one gone.
    PERFORM FROM lms.users AS u WHERE u.role = 'super_admin' ORDER BY u.id FOR UPDATE;
    IF NOT EXISTS (
        SELECT FROM lms.users AS u JOIN pg_roles AS r ON r.rolname = u.db_role
        WHERE u.role = 'super_admin' AND r.rolcanlogin AND u.id <> person
    ) THEN
        RAISE EXCEPTION 'nobody else could administer lmskit' USING ERRCODE = 'check_violation', CONSTRAINT = 'an_administrator_remains';
    END IF;
END
$function$;
COMMENT ON FUNCTION lms.keep_an_administrator(bigint) IS 'Refuses to go on where this person is the last administrator with an open login';

CREATE FUNCTION lms.shut_role(login text) RETURNS void
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
COMMENT ON FUNCTION lms.shut_role(text) IS 'Takes password, groups and the right to sign in from a login';

CREATE FUNCTION lms.close_login(person bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    who record;
BEGIN
    PERFORM FROM lms.users AS u WHERE u.role = 'super_admin' OR u.id = person ORDER BY u.id FOR UPDATE;
    SELECT u.role::text AS role, u.db_role INTO who FROM lms.users AS u WHERE u.id = person;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM pg_roles AS r WHERE r.rolname = who.db_role AND r.rolcanlogin) THEN
        RETURN false;
    END IF;
    IF who.role = 'super_admin' THEN
        PERFORM lms.keep_an_administrator(person);
    END IF;
    PERFORM lms.shut_role(who.db_role);
    UPDATE lms.users AS u SET password_hash = '!' WHERE u.id = person;
    RETURN true;
END
$function$;
COMMENT ON FUNCTION lms.close_login(bigint) IS
    'Closes the login of a person: no password, no group, no signing in; false where there is no open one. set_login opens it again';

CREATE FUNCTION lms.end_sessions(person bigint) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    login text;
    n_ended integer;
BEGIN
    SELECT u.db_role INTO login FROM lms.users AS u WHERE u.id = person FOR UPDATE;
    IF login IS NULL OR NOT EXISTS (SELECT FROM pg_roles WHERE rolname = login) THEN
        RETURN 0;
    END IF;
    -- Sessions may be ended by whoever inherits from their role; who made the role may grant that, here for a moment.
    EXECUTE format('GRANT %I TO lmskit_logins WITH INHERIT TRUE, SET FALSE', login);
    SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) INTO n_ended
    FROM pg_stat_activity AS a WHERE a.usename = login AND a.pid <> pg_backend_pid();
    EXECUTE format('REVOKE %I FROM lmskit_logins', login);
    RETURN n_ended;
EXCEPTION WHEN insufficient_privilege THEN
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.end_sessions(bigint) IS
    'Ends the sessions of a person, this one excepted; returns how many, null where the server does not allow it (a login that lmskit did not make)';

CREATE FUNCTION lms.set_my_password(verifier text, hash text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    login text;
BEGIN
    IF verifier IS NULL OR verifier !~ '^SCRAM-SHA-256\$[0-9]{4,6}:[A-Za-z0-9+/=]{1,100}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$' THEN
        RAISE EXCEPTION 'the verifier is not SCRAM-SHA-256' USING ERRCODE = 'invalid_password';
    END IF;
    IF hash IS NULL OR hash !~ '^\$argon2id\$[A-Za-z0-9+/=$,]{20,255}$' THEN
        RAISE EXCEPTION 'the hash is not Argon2id' USING ERRCODE = 'invalid_password';
    END IF;
    SELECT u.db_role INTO login FROM lms.users AS u WHERE u.db_role = session_user FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'this login is nobody''s' USING ERRCODE = 'insufficient_privilege';
    END IF;
    EXECUTE format('ALTER ROLE %I PASSWORD %L', login, verifier);
    UPDATE lms.users AS u SET password_hash = hash WHERE u.db_role = login;
    RETURN login;
END
$function$;
COMMENT ON FUNCTION lms.set_my_password(text, text) IS
    'Gives the login that this session signed in with a new password, and no other; verifier is SCRAM-SHA-256, hash is Argon2id';

CREATE FUNCTION lms.follow_person() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    login text := OLD.db_role;
    is_open boolean;
    renamed text;
BEGIN
    SELECT r.rolcanlogin INTO is_open FROM pg_roles AS r WHERE r.rolname = login;
    IF NOT FOUND THEN
        RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    END IF;
    IF login = session_user THEN
        RAISE EXCEPTION 'this session is signed in with that login' USING ERRCODE = 'check_violation', CONSTRAINT = 'not_the_own_login';
    END IF;
    IF is_open AND OLD.role = 'super_admin' AND (TG_OP = 'DELETE' OR NEW.role <> 'super_admin') THEN
        PERFORM lms.keep_an_administrator(OLD.id);
    END IF;
    IF TG_OP = 'DELETE' THEN
        BEGIN
            EXECUTE format('DROP ROLE %I', login);
        EXCEPTION WHEN dependent_objects_still_exist THEN
            PERFORM lms.shut_role(login);
        END;
        RETURN OLD;
    END IF;
    IF NEW.role <> OLD.role AND NEW.role <> 'student' AND is_open THEN
        EXECUTE format('REVOKE %I FROM %I', CASE OLD.role WHEN 'lecturer' THEN 'lmskit_lecturer' ELSE 'lmskit_admin' END, login);
        EXECUTE format(
            'GRANT %I TO %I WITH INHERIT TRUE, SET FALSE, ADMIN FALSE',
            CASE NEW.role WHEN 'lecturer' THEN 'lmskit_lecturer' ELSE 'lmskit_admin' END, login
        );
    END IF;
    IF NEW.email <> OLD.email THEN
        renamed := 'u_' || left(encode(sha256(convert_to(current_database() || ':' || NEW.email, 'UTF8')), 'hex'), 16);
        EXECUTE format('ALTER ROLE %I RENAME TO %I', login, renamed);
        NEW.db_role := renamed;
    END IF;
    RETURN NEW;
END
$function$;
COMMENT ON FUNCTION lms.follow_person() IS
    'Keeps a login in step with its person: renamed with the address, in the group of the role, gone with the person';

REVOKE EXECUTE ON FUNCTION lms.keep_an_administrator(bigint), lms.shut_role(text), lms.close_login(bigint), lms.end_sessions(bigint),
    lms.set_my_password(text, text), lms.follow_person() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.close_login(bigint), lms.end_sessions(bigint) TO lmskit_admin;
GRANT EXECUTE ON FUNCTION lms.set_my_password(text, text) TO lmskit_admin, lmskit_lecturer;
GRANT EXECUTE ON FUNCTION lms.follow_person() TO lmskit_owner;

-- 2. The audit trail -------------------------------------------------------------------------------
--
-- Statement by statement, so that an import of millions of rows pays for one look at them. Arguments of the triggers,
-- expressions over a row r: what names it, the course it belongs to, and for INSERT where it came from and whether rows
-- like it are counted rather than listed. What a lecturer adds is always listed.

SET LOCAL ROLE lmskit_definer;

CREATE FUNCTION lms.audit_rows() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    withheld CONSTANT text[] := ARRAY['password_hash', 'db_role'];
    rows_of CONSTANT text := 'SELECT (' || TG_ARGV[0] || ')::text AS row_key, (' || TG_ARGV[1] || ')::bigint AS course_id, to_jsonb(r) - $1 AS document FROM ';
    counted text := 'false';
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF pg_has_role(session_user, 'lmskit_admin', 'MEMBER') OR NOT pg_has_role(session_user, 'lmskit_lecturer', 'MEMBER') THEN
            counted := TG_ARGV[3];
        END IF;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new) SELECT ''insert'', $2, c.row_key, c.course_id, c.document FROM ('
            || rows_of || 'new_rows AS r WHERE NOT (' || counted || ')) AS c' USING withheld, TG_TABLE_NAME;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new)'
            ' SELECT ''insert'', $1, ''*'', c.course_id, jsonb_build_object(''rows'', count(*), ''origin'', c.origin)'
            ' FROM (SELECT (' || TG_ARGV[1] || ')::bigint AS course_id, ' || TG_ARGV[2] || ' AS origin FROM new_rows AS r WHERE ' || counted
            || ') AS c GROUP BY c.course_id, c.origin' USING TG_TABLE_NAME;
    ELSIF TG_OP = 'UPDATE' THEN
        -- OFFSET 0: each document is made once, not anew wherever it is named.
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old, new)'
            ' SELECT ''update'', $2, coalesce(b.row_key, a.row_key), coalesce(a.course_id, b.course_id),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(b.document) AS e WHERE a.document -> e.key IS DISTINCT FROM e.value),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(a.document) AS e WHERE b.document -> e.key IS DISTINCT FROM e.value)'
            ' FROM (' || rows_of || 'old_rows AS r OFFSET 0) AS b FULL JOIN (' || rows_of || 'new_rows AS r OFFSET 0) AS a ON a.row_key = b.row_key'
            ' WHERE a.document IS DISTINCT FROM b.document' USING withheld, TG_TABLE_NAME;
    ELSE
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old) SELECT ''delete'', $2, c.row_key, c.course_id, c.document FROM ('
            || rows_of || 'old_rows AS r) AS c' USING withheld, TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.audit_rows() IS
    'Appends what a statement changed: a row each for what was updated (changed columns only), deleted, or added by hand; a count for what was imported';

CREATE FUNCTION lms.audit_login() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    event CONSTANT text := CASE
        WHEN OLD.db_role IS NULL THEN 'login created'
        WHEN NEW.db_role IS NULL THEN 'login removed'
        WHEN OLD.db_role <> NEW.db_role THEN 'login renamed'
        WHEN NEW.password_hash = '!' THEN 'login closed'
        WHEN OLD.password_hash = '!' THEN 'login opened'
        ELSE 'password set'
    END;
BEGIN
    INSERT INTO lms.audit_log (action, table_name, row_key, old, new) VALUES (
        event, TG_TABLE_NAME, NEW.id::text,
        CASE WHEN OLD.db_role <> NEW.db_role THEN jsonb_build_object('login', OLD.db_role, 'email', OLD.email) END,
        jsonb_build_object('login', NEW.db_role, 'email', NEW.email)
    );
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.audit_login() IS 'Appends what happened to a login, without password, verifier or hash';

REVOKE EXECUTE ON FUNCTION lms.audit_rows(), lms.audit_login() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.audit_rows(), lms.audit_login() TO lmskit_owner;

-- 3. Triggers --------------------------------------------------------------------------------------

SET LOCAL ROLE lmskit_owner;

CREATE TRIGGER follow_changed_person BEFORE UPDATE ON lms.users FOR EACH ROW
    WHEN (OLD.db_role IS NOT NULL AND (OLD.email IS DISTINCT FROM NEW.email OR OLD.role <> NEW.role))
    EXECUTE FUNCTION lms.follow_person();
CREATE TRIGGER follow_deleted_person BEFORE DELETE ON lms.users FOR EACH ROW
    WHEN (OLD.db_role IS NOT NULL)
    EXECUTE FUNCTION lms.follow_person();
CREATE TRIGGER audit_login AFTER UPDATE ON lms.users FOR EACH ROW
    WHEN (OLD.db_role IS DISTINCT FROM NEW.db_role OR OLD.password_hash <> NEW.password_hash)
    EXECUTE FUNCTION lms.audit_login();

DO $$
DECLARE
    audited record;
    of_course CONSTANT text := '(SELECT c.origin FROM lms.courses AS c WHERE c.id = r.course_id)';
BEGIN
    FOR audited IN
        SELECT * FROM (VALUES
            ('users', 'r.id', 'NULL', 'NULL::text', 'r.role = ''student'''),
            ('terms', 'r.id', 'NULL', 'NULL::text', 'false'),
            ('courses', 'r.id', 'r.id', 'r.origin', 'r.origin <> ''form'''),
            ('syllabi', 'concat_ws('':'', r.course_id, r.week_number)', 'r.course_id', of_course, of_course || ' <> ''form'''),
            ('student_enrollments', 'concat_ws('':'', r.course_id, r.student_id)', 'r.course_id', 'r.origin', 'r.origin <> ''form'''),
            ('materials', 'r.id', 'r.course_id', of_course, of_course || ' <> ''form'''),
            ('quizzes', 'r.id', 'r.course_id', of_course, of_course || ' <> ''form'''),
            ('quiz_attempts', 'r.id', 'r.course_id', 'r.origin', 'r.origin <> ''form''')
        ) AS v (name, row_key, course, origin, counted)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER audit_insert AFTER INSERT ON lms.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L, %L, %L)',
            audited.name, audited.row_key, audited.course, audited.origin, audited.counted
        );
        EXECUTE format(
            'CREATE TRIGGER audit_update AFTER UPDATE ON lms.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L)',
            audited.name, audited.row_key, audited.course
        );
        EXECUTE format(
            'CREATE TRIGGER audit_delete AFTER DELETE ON lms.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L)',
            audited.name, audited.row_key, audited.course
        );
    END LOOP;
END
$$;

-- To fire a trigger needs no right to its function; to attach one does, and from here on nobody may.
SET LOCAL ROLE lmskit_logins;
REVOKE EXECUTE ON FUNCTION lms.follow_person() FROM lmskit_owner;
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows(), lms.audit_login() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer, lmskit_logins;
