-- The rows of archived terms are in the live tables, and their copies go with their tables.

DO $$
DECLARE
    kept text;
    command text;
BEGIN
    FOREACH kept IN ARRAY ARRAY[
        'courses', 'syllabi', 'student_enrollments', 'quizzes', 'quiz_attempts', 'topic_performance', 'knowledge_fits'
    ] LOOP
        FOREACH command IN ARRAY ARRAY['insert', 'update', 'delete'] LOOP
            EXECUTE format('DROP TRIGGER %I ON lms.%I', 'keep_closed_terms_' || command, kept);
        END LOOP;
    END LOOP;
END
$$;
DROP TRIGGER end_move ON lms.terms;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.keep_closed_terms();
DROP FUNCTION lms.end_move();
DROP FUNCTION lms.close_term(bigint);
DROP FUNCTION lms.reopen_term(bigint);
DROP FUNCTION lms.note_archive(bigint, text, text, jsonb);
DROP FUNCTION lms.archive_term(bigint, bigint);
DROP FUNCTION lms.restore_term(bigint);
DROP FUNCTION lms.begin_restore(bigint);
DROP FUNCTION lms.finish_restore(bigint);
DROP FUNCTION lms.replace_archive(bigint, bigint);
DROP FUNCTION lms.use_archive(bigint, bigint);
DROP FUNCTION lms.forget_archive(bigint);
DROP FUNCTION lms.begin_erasure();
DROP FUNCTION lms.finish_erasure(bigint[]);
DROP FUNCTION lms.move_rows(bigint, regclass, regclass);
DROP FUNCTION lms.columns_to_move(regclass);
DROP FUNCTION lms.lock_term(bigint, lms.term_state);
CREATE OR REPLACE FUNCTION lms.audit_rows() RETURNS trigger
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
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

DROP TABLE lms.archived_attempts, lms.archived_estimates, lms.archives;
DO $$
DECLARE
    live text;
BEGIN
    FOREACH live IN ARRAY ARRAY['quiz_attempts', 'topic_performance'] LOOP
        EXECUTE format('DROP POLICY definer_reads ON lms.%I', live);
        EXECUTE format('DROP POLICY definer_inserts ON lms.%I', live);
        EXECUTE format('DROP POLICY definer_deletes ON lms.%I', live);
        EXECUTE format('REVOKE SELECT, INSERT, DELETE ON lms.%I FROM lmskit_definer', live);
    END LOOP;
END
$$;

-- As the first revision made it.
CREATE TABLE lms.archives (
    id bigint GENERATED ALWAYS AS IDENTITY,
    course_code text NOT NULL,
    location text NOT NULL,
    sha256 text NOT NULL,
    row_counts jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamptz DEFAULT now() NOT NULL,
    removed_at timestamptz,
    CONSTRAINT ck_archives_sha256_is_hexadecimal CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT pk_archives PRIMARY KEY (id)
);
COMMENT ON TABLE lms.archives IS 'Courses written to files';
COMMENT ON COLUMN lms.archives.removed_at IS 'When the course''s rows were deleted after archiving';
ALTER TABLE lms.archives ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.archives FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.archives FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.archives FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.archives FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.archives FOR DELETE TO lmskit_admin USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.archives TO lmskit_admin;

DROP POLICY definer_reads ON lms.terms;
DROP POLICY definer_updates ON lms.terms;
REVOKE SELECT (id, code, state), UPDATE (state) ON lms.terms FROM lmskit_definer;
REVOKE INSERT (code, name, starts_on, ends_on), UPDATE (code, name, starts_on, ends_on) ON lms.terms FROM lmskit_admin;
GRANT INSERT, UPDATE ON lms.terms TO lmskit_admin;
ALTER TABLE lms.terms DROP COLUMN state;
DROP TYPE lms.term_state;
