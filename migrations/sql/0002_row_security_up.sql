-- Who may see and change which row.
--
-- Every policy asks for the login (session_user), never for a role or a setting that a client can choose.
-- "One's own" is defined in lms.my_course_ids() alone. The helper functions belong to lmskit_definer, which
-- has no BYPASSRLS: it sees what the policies named definer_reads allow.

-- 1. Helper functions ------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_definer, lmskit_logins;
GRANT SELECT (id, email, role, db_role) ON lms.users TO lmskit_definer;
GRANT SELECT (id, code, lecturer_id, term_id) ON lms.courses TO lmskit_definer;
GRANT SELECT (course_id, student_id) ON lms.student_enrollments TO lmskit_definer;
GRANT SELECT ON lms.alembic_version TO lmskit_definer;
GRANT SELECT (id, email, role, db_role), INSERT (email, family_name, given_name, sort_name, role), UPDATE (db_role, password_hash)
    ON lms.users TO lmskit_logins;

SET LOCAL ROLE lmskit_definer;

CREATE FUNCTION lms.me() RETURNS bigint
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT u.id FROM lms.users AS u WHERE u.db_role = session_user);
COMMENT ON FUNCTION lms.me() IS 'The person whose login this session is; null for a login that is nobody''s';

CREATE FUNCTION lms.my_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(c.id), '{}')
    FROM lms.courses AS c
    JOIN lms.users AS u ON u.id = c.lecturer_id
    WHERE u.db_role = session_user
      AND coalesce(current_setting('lmskit.course', true), '') IN ('', c.code)
);
COMMENT ON FUNCTION lms.my_course_ids() IS
    'The courses of the person signed in; the setting lmskit.course narrows them to one code, and cannot widen them';

CREATE FUNCTION lms.my_student_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT e.student_id), '{}')
    FROM lms.student_enrollments AS e
    WHERE e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
);
COMMENT ON FUNCTION lms.my_student_ids() IS 'The people enrolled in one of my_course_ids()';

CREATE FUNCTION lms.my_term_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT c.term_id), '{}')
    FROM lms.courses AS c
    WHERE c.id = ANY ((SELECT lms.my_course_ids())::bigint[])
);
COMMENT ON FUNCTION lms.my_term_ids() IS 'The terms that my_course_ids() run in';

CREATE FUNCTION lms.delete_material(material bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.materials AS m
        WHERE m.id = delete_material.material AND m.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING m.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_material(bigint) IS 'Deletes a material of one of my courses with its passages; returns how many materials that were: 0 or 1';

CREATE FUNCTION lms.schema_revision() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT max(v.version_num) FROM lms.alembic_version AS v);
COMMENT ON FUNCTION lms.schema_revision() IS 'The revision that the migrations have brought this database to';

REVOKE EXECUTE ON FUNCTION lms.me(), lms.my_course_ids(), lms.my_student_ids(), lms.my_term_ids(), lms.delete_material(bigint),
    lms.schema_revision() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.me(), lms.my_course_ids(), lms.my_student_ids(), lms.my_term_ids(), lms.schema_revision()
    TO lmskit_admin, lmskit_lecturer, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.delete_material(bigint) TO lmskit_lecturer;

SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.set_login(person bigint, verifier text, hash text) RETURNS text
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
COMMENT ON FUNCTION lms.set_login(bigint, text, text) IS
    'Makes the login of a lecturer or administrator, or gives it a new password; verifier is SCRAM-SHA-256, hash is Argon2id';

-- Before there is an administrator, nobody can make one; and an administrator who lost the password cannot sign in
-- to set another. Both are the business of whoever owns the database, and of nobody else. The owner's session may have
-- row_security off, as a migration's has; these functions work by policies, so they switch it on for themselves.

CREATE FUNCTION lms.found_administrator(address text, family text, given text, sorted_as text, verifier text, hash text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    founder bigint;
BEGIN
    IF EXISTS (SELECT FROM lms.users AS u WHERE u.role = 'super_admin' AND u.db_role IS NOT NULL) THEN
        RETURN NULL;
    END IF;
    INSERT INTO lms.users (email, family_name, given_name, sort_name, role)
    VALUES (address, family, given, sorted_as, 'super_admin') ON CONFLICT (email) DO NOTHING;
    -- Of two founders at once the second has waited above, and finds that the first has a login by now.
    SELECT u.id INTO founder FROM lms.users AS u WHERE u.email = address AND u.role = 'super_admin' AND u.db_role IS NULL;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN lms.set_login(founder, verifier, hash);
END
$function$;
COMMENT ON FUNCTION lms.found_administrator(text, text, text, text, text, text) IS
    'Makes the first administrator and the login; null, and nothing done, where an administrator has a login already';

CREATE FUNCTION lms.recover_login(address text, verifier text, hash text) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    person bigint;
BEGIN
    SELECT u.id INTO person FROM lms.users AS u WHERE u.email = address;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    RETURN lms.set_login(person, verifier, hash);
END
$function$;
COMMENT ON FUNCTION lms.recover_login(text, text, text) IS
    'Gives a lecturer or administrator a new password on behalf of the owner of the database; null where there is no such person';

REVOKE EXECUTE ON FUNCTION lms.set_login(bigint, text, text), lms.found_administrator(text, text, text, text, text, text),
    lms.recover_login(text, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.set_login(bigint, text, text) TO lmskit_admin, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.found_administrator(text, text, text, text, text, text), lms.recover_login(text, text, text) TO lmskit_owner;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer, lmskit_logins;

-- 2. Row security on every table -------------------------------------------------------------------

DO $$
DECLARE
    table_name text;
    policy_verb text;
    own text := 'course_id = ANY ((SELECT lms.my_course_ids())::bigint[])';
BEGIN
    FOREACH table_name IN ARRAY ARRAY[
        'users', 'external_ids', 'terms', 'courses', 'student_enrollments', 'syllabi', 'materials', 'material_passages',
        'quizzes', 'quiz_attempts', 'topic_performance', 'outbox', 'import_runs', 'audit_log', 'archives'
    ] LOOP
        EXECUTE format('ALTER TABLE lms.%I ENABLE ROW LEVEL SECURITY', table_name);
        EXECUTE format('ALTER TABLE lms.%I FORCE ROW LEVEL SECURITY', table_name);
        EXECUTE format('CREATE POLICY admin_reads ON lms.%I FOR SELECT TO lmskit_admin USING (true)', table_name);
        CONTINUE WHEN table_name = 'audit_log';
        EXECUTE format('CREATE POLICY admin_inserts ON lms.%I FOR INSERT TO lmskit_admin WITH CHECK (true)', table_name);
        EXECUTE format('CREATE POLICY admin_updates ON lms.%I FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true)', table_name);
        EXECUTE format('CREATE POLICY admin_deletes ON lms.%I FOR DELETE TO lmskit_admin USING (true)', table_name);
    END LOOP;

    FOREACH table_name IN ARRAY ARRAY[
        'student_enrollments', 'syllabi', 'materials', 'material_passages', 'quizzes', 'quiz_attempts', 'topic_performance', 'external_ids'
    ] LOOP
        EXECUTE format('CREATE POLICY lecturer_reads_own ON lms.%I FOR SELECT TO lmskit_lecturer USING (%s)', table_name, own);
    END LOOP;

    FOREACH table_name IN ARRAY ARRAY['syllabi', 'materials', 'quizzes'] LOOP
        EXECUTE format('CREATE POLICY lecturer_inserts_own ON lms.%I FOR INSERT TO lmskit_lecturer WITH CHECK (%s)', table_name, own);
    END LOOP;

    FOREACH table_name IN ARRAY ARRAY['syllabi', 'materials', 'material_passages', 'quizzes', 'quiz_attempts'] LOOP
        EXECUTE format(
            'CREATE POLICY lecturer_updates_own ON lms.%I FOR UPDATE TO lmskit_lecturer USING (%s) WITH CHECK (%s)', table_name, own, own
        );
    END LOOP;
END
$$;

-- A unique key is compared before a foreign key: without the second condition, a row of another's quiz or material in a
-- course of one's own would fail as a duplicate where the other has such a row, and as a stray where not.
CREATE POLICY lecturer_inserts_own ON lms.quiz_attempts FOR INSERT TO lmskit_lecturer
    WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        AND EXISTS (SELECT FROM lms.quizzes AS q WHERE q.id = quiz_id AND q.course_id = quiz_attempts.course_id));
CREATE POLICY lecturer_inserts_own ON lms.material_passages FOR INSERT TO lmskit_lecturer
    WITH CHECK (course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        AND EXISTS (SELECT FROM lms.materials AS m WHERE m.id = material_id AND m.course_id = material_passages.course_id));

CREATE POLICY lecturer_reads_own ON lms.courses FOR SELECT TO lmskit_lecturer
    USING (id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY lecturer_updates_own ON lms.courses FOR UPDATE TO lmskit_lecturer
    USING (id = ANY ((SELECT lms.my_course_ids())::bigint[]))
    WITH CHECK (id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY lecturer_reads_own ON lms.terms FOR SELECT TO lmskit_lecturer
    USING (id = ANY ((SELECT lms.my_term_ids())::bigint[]));
CREATE POLICY lecturer_reads_own ON lms.users FOR SELECT TO lmskit_lecturer
    USING (id = (SELECT lms.me()) OR id = ANY ((SELECT lms.my_student_ids())::bigint[]));

CREATE POLICY definer_reads ON lms.users FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_reads ON lms.courses FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_reads ON lms.student_enrollments FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_reads ON lms.materials FOR SELECT TO lmskit_definer USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY definer_deletes ON lms.materials FOR DELETE TO lmskit_definer USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY logins_read ON lms.users FOR SELECT TO lmskit_logins USING (role <> 'student');
CREATE POLICY logins_found ON lms.users FOR INSERT TO lmskit_logins WITH CHECK (role = 'super_admin');
CREATE POLICY logins_update ON lms.users FOR UPDATE TO lmskit_logins USING (role <> 'student') WITH CHECK (role <> 'student');

-- 3. Grants: named columns and verbs; never ALL, which would carry TRUNCATE, REFERENCES, TRIGGER and MAINTAIN ------

GRANT SELECT, INSERT, UPDATE, DELETE ON lms.external_ids, lms.terms, lms.courses, lms.student_enrollments, lms.syllabi, lms.materials,
    lms.material_passages, lms.quizzes, lms.quiz_attempts, lms.topic_performance, lms.outbox, lms.import_runs, lms.archives TO lmskit_admin;
GRANT SELECT ON lms.audit_log TO lmskit_admin;
GRANT SELECT (id, email, family_name, given_name, sort_name, role, settings, db_role, created_at),
    INSERT (email, family_name, given_name, sort_name, role, settings),
    UPDATE (email, family_name, given_name, sort_name, role, settings),
    DELETE ON lms.users TO lmskit_admin;

GRANT SELECT (id, email, family_name, given_name, sort_name, role) ON lms.users TO lmskit_lecturer;
GRANT SELECT ON lms.external_ids, lms.terms, lms.courses, lms.student_enrollments, lms.syllabi, lms.materials, lms.material_passages,
    lms.quizzes, lms.quiz_attempts, lms.topic_performance TO lmskit_lecturer;
GRANT UPDATE (title, mastery_rule, mastery_parameters) ON lms.courses TO lmskit_lecturer;
GRANT INSERT (course_id, week_number, topic, objectives), UPDATE (topic, objectives) ON lms.syllabi TO lmskit_lecturer;
GRANT INSERT (course_id, week_number, kind, title, url, checksum), UPDATE (title, url, checksum) ON lms.materials TO lmskit_lecturer;
GRANT INSERT (material_id, ordinal, course_id, page, minute, body, embedding, embedding_model),
    UPDATE (page, minute, body, embedding, embedding_model) ON lms.material_passages TO lmskit_lecturer;
GRANT INSERT (course_id, week_number, title, questions, answer_key, max_score, due_on),
    UPDATE (title, questions, answer_key, max_score, due_on) ON lms.quizzes TO lmskit_lecturer;
GRANT INSERT (quiz_id, course_id, student_id, number, score, max_score, feedback, answers, started_at, submitted_at, origin),
    UPDATE (score, feedback, answers) ON lms.quiz_attempts TO lmskit_lecturer;

GRANT SELECT, DELETE ON lms.materials TO lmskit_definer;
