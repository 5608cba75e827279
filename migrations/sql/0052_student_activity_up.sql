-- What students did, as logs and events of other systems say.

CREATE TYPE lms.activity_source AS ENUM ('moodle-log', 'moodle-completion', 'xapi', 'caliper');
CREATE TYPE lms.activity_kind AS ENUM ('answered', 'completed', 'scored', 'watched', 'viewed');
CREATE TABLE lms.student_activity (
    id bigint GENERATED ALWAYS AS IDENTITY,
    course_id bigint NOT NULL,
    student_id bigint NOT NULL,
    source lms.activity_source NOT NULL,
    kind lms.activity_kind NOT NULL,
    resource text NOT NULL,
    occurred_at timestamp with time zone,
    fingerprint uuid NOT NULL,
    CONSTRAINT pk_student_activity PRIMARY KEY (id),
    CONSTRAINT uq_student_activity_course_id_student_id_fingerprint UNIQUE (course_id, student_id, fingerprint),
    CONSTRAINT fk_student_activity_course_id_student_id FOREIGN KEY (course_id, student_id)
        REFERENCES lms.student_enrollments (course_id, student_id) ON DELETE CASCADE,
    CONSTRAINT ck_student_activity_resource_has_a_length CHECK (length(resource) BETWEEN 1 AND 300),
    CONSTRAINT ck_student_activity_resource_is_one_line CHECK (resource !~ '[[:cntrl:]]'),
    CONSTRAINT ck_student_activity_only_a_completion_ends CHECK (occurred_at IS NOT NULL OR source = 'moodle-completion'),
    CONSTRAINT ck_student_activity_time_is_readable
        CHECK (occurred_at >= '1900-01-01 00:00:00+00' AND occurred_at < '2201-01-01 00:00:00+00')
);
COMMENT ON TABLE lms.student_activity IS 'What students did, as logs and events of other systems say';
COMMENT ON COLUMN lms.student_activity.resource IS 'What it was done with: a title, or the address of what has none';
COMMENT ON COLUMN lms.student_activity.occurred_at IS 'Null = a later report says that it is not completed any more';
COMMENT ON COLUMN lms.student_activity.fingerprint IS 'MD5 of that in which rows of the source differ, such as the id of an event';

ALTER TABLE lms.student_activity ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.student_activity FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.student_activity FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.student_activity FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.student_activity FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.student_activity FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.student_activity FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY lecturer_reads_in_sections ON lms.student_activity AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.student_activity TO lmskit_admin;
GRANT SELECT ON lms.student_activity TO lmskit_lecturer;

-- Triggers.
-- Where an import of activity is taken back, its rows are counted as they were when they came: a term has a million of them.
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
CREATE OR REPLACE FUNCTION lms.audit_rows() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    withheld CONSTANT text[] := ARRAY['password_hash', 'db_role', 'state_before'];
    rows_of CONSTANT text := 'SELECT (' || TG_ARGV[0] || ')::text AS row_key, (' || TG_ARGV[1] || ')::bigint AS course_id, to_jsonb(r) - $1 AS document FROM ';
    counted text := 'false';
    -- What tells the rows of one course apart, where they are counted.
    number CONSTANT text := CASE TG_TABLE_NAME WHEN 'student_enrollments' THEN 'r.student_id' WHEN 'syllabi' THEN 'r.week_number' ELSE 'r.id' END;
    counts CONSTANT text[] := '{users,terms,courses,syllabi,student_enrollments,quizzes,quiz_attempts,external_ids,outbox,student_activity}';
    run bigint := nullif(current_setting('lmskit.import_run', true), '')::bigint;
    taken_back bigint;
    from_entry bigint;
    to_entry bigint;
    only_counted bigint[];
BEGIN
    IF run IS NOT NULL THEN
        -- Anybody can make the setting. A run is running in the transaction that began it, and nobody else sees it then.
        SELECT i.undoes INTO taken_back FROM lms.import_runs AS i
        WHERE i.id = run AND i.status = 'running' AND i.actor = session_user AND pg_has_role(session_user, 'lmskit_admin', 'MEMBER');
        IF NOT FOUND THEN
            run := NULL;
        END IF;
    END IF;
    IF TG_ARGV[4] = (CASE WHEN run IS NULL THEN 'imports' ELSE 'by hand' END) THEN
        RETURN NULL;
    END IF;
    IF TG_TABLE_NAME = 'quiz_attempts' AND TG_OP <> 'UPDATE' AND EXISTS (SELECT FROM lms.terms AS t WHERE t.state = 'moving') THEN
        RETURN NULL;
    ELSIF TG_TABLE_NAME = 'terms' AND TG_OP = 'UPDATE' THEN
        IF EXISTS (
            SELECT FROM old_rows AS b JOIN new_rows AS a ON a.id = b.id
            WHERE a.state <> b.state AND (a.state IN ('moving', 'writing') OR b.state IN ('moving', 'writing'))
        ) THEN
            RETURN NULL;
        END IF;
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF pg_has_role(session_user, 'lmskit_admin', 'MEMBER') OR NOT pg_has_role(session_user, 'lmskit_lecturer', 'MEMBER') THEN
            counted := TG_ARGV[3];
        END IF;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new, import_run_id)'
            ' SELECT ''insert'', $2, c.row_key, c.course_id, c.document, $3 FROM ('
            || rows_of || 'new_rows AS r WHERE NOT (' || counted || ')) AS c' USING withheld, TG_TABLE_NAME, run;
        IF counted <> 'false' THEN
            EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, new, import_run_id, numbers)'
                ' SELECT ''insert'', $1, ''*'', c.course_id, jsonb_build_object(''rows'', count(*), ''origin'', c.origin), $2,'
                || CASE WHEN run IS NULL THEN ' NULL' ELSE ' range_agg(int8range(c.number, c.number, ''[]''))' END
                || ' FROM (SELECT (' || TG_ARGV[1] || ')::bigint AS course_id, ' || TG_ARGV[2] || ' AS origin, ' || number || ' AS number FROM new_rows AS r WHERE '
                || counted || ') AS c GROUP BY c.course_id, c.origin' USING TG_TABLE_NAME, run;
        END IF;
    ELSIF TG_OP = 'UPDATE' THEN
        -- OFFSET 0: each document is made once, not anew wherever it is named.
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old, new, import_run_id)'
            ' SELECT ''update'', $2, coalesce(b.row_key, a.row_key), coalesce(a.course_id, b.course_id),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(b.document) AS e WHERE a.document -> e.key IS DISTINCT FROM e.value),'
            ' (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(a.document) AS e WHERE b.document -> e.key IS DISTINCT FROM e.value), $3'
            ' FROM (' || rows_of || 'old_rows AS r OFFSET 0) AS b FULL JOIN (' || rows_of || 'new_rows AS r OFFSET 0) AS a ON a.row_key = b.row_key'
            ' WHERE a.document IS DISTINCT FROM b.document' USING withheld, TG_TABLE_NAME, run;
    ELSE
        only_counted := '{}';
        IF taken_back IS NOT NULL AND TG_TABLE_NAME = ANY (counts) THEN
            -- What an import added was counted, and so it is where that is taken back: the rows of a course, 0 standing for none.
            SELECT i.audit_from INTO from_entry FROM lms.import_runs AS i WHERE i.id = taken_back;
            -- Imports run one after the other; this run is a later one itself.
            SELECT min(i.audit_from) INTO to_entry FROM lms.import_runs AS i WHERE i.id > taken_back;
            EXECUTE 'WITH gone AS ('
                ' SELECT (' || TG_ARGV[1] || ')::bigint AS course_id, count(*) AS n_rows, range_agg(int8range(' || number || ', ' || number || ', ''[]'')) AS numbers'
                ' FROM old_rows AS r GROUP BY 1'
                '), counted AS ('
                ' INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old, import_run_id, numbers)'
                ' SELECT ''delete'', $1, ''*'', g.course_id, jsonb_build_object(''rows'', g.n_rows), $2, g.numbers FROM gone AS g WHERE g.numbers <@ ('
                ' SELECT range_agg(a.numbers) FROM lms.audit_log AS a WHERE a.id > $3 AND a.id <= $5 AND a.import_run_id = $4 AND a.action = ''insert'''
                ' AND a.table_name = $1 AND a.course_id IS NOT DISTINCT FROM g.course_id AND a.numbers IS NOT NULL'
                ') RETURNING coalesce(course_id, 0) AS course_id'
                ') SELECT coalesce(array_agg(c.course_id), ''{}'') FROM counted AS c'
                INTO only_counted USING TG_TABLE_NAME, run, from_entry, taken_back, to_entry;
        END IF;
        EXECUTE 'INSERT INTO lms.audit_log (action, table_name, row_key, course_id, old, import_run_id)'
            ' SELECT ''delete'', $2, c.row_key, c.course_id, c.document, $3 FROM ('
            || rows_of || 'old_rows AS r WHERE coalesce((' || TG_ARGV[1] || ')::bigint, 0) <> ALL ($4)) AS c' USING withheld, TG_TABLE_NAME, run, only_counted;
    END IF;
    RETURN NULL;
END
$function$;
GRANT EXECUTE ON FUNCTION lms.audit_rows(), lms.keep_closed_terms() TO lmskit_owner;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- Imports alone write it, and are recorded: what they add is counted, and what they change is not. The activity of a closed term stays.
CREATE TRIGGER audit_insert AFTER INSERT ON lms.student_activity REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'r.source::text', 'true', 'imports');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.student_activity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'r.source::text', 'true', 'imports');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.student_activity REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'r.source::text', 'true', 'imports');
CREATE TRIGGER keep_closed_terms_insert AFTER INSERT ON lms.student_activity REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.keep_closed_terms();
CREATE TRIGGER keep_closed_terms_update AFTER UPDATE ON lms.student_activity REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms();
CREATE TRIGGER keep_closed_terms_delete AFTER DELETE ON lms.student_activity REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.keep_closed_terms();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows(), lms.keep_closed_terms() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
