-- Each entry of the audit trail names the import that made it, and a counted one says which rows it counts: what an import did can be
-- taken back by the trail alone. Rows that only imports change are in it as far as imports change them.

ALTER TABLE lms.audit_log
    ADD COLUMN import_run_id bigint,
    ADD COLUMN numbers int8multirange;
COMMENT ON COLUMN lms.audit_log.import_run_id IS 'The import that made the change; null = none. No foreign key, since the entry outlives the import';
COMMENT ON COLUMN lms.audit_log.numbers IS
    'Which rows a counted entry counts: ids; of enrollments the students, of weeks the weeks of the course. Null where no import made them';

ALTER TABLE lms.import_runs
    ADD COLUMN audit_from bigint,
    ADD COLUMN undoes bigint;
COMMENT ON COLUMN lms.import_runs.audit_from IS
    'Last entry of the audit trail before it; null = it ran before its changes were recorded, or was a dry run';
COMMENT ON COLUMN lms.import_runs.undoes IS 'The import that this run took back; null = it imported something';

GRANT INSERT (import_run_id, numbers) ON lms.audit_log TO lmskit_definer;
GRANT SELECT (id, status, actor, audit_from, undoes) ON lms.import_runs TO lmskit_definer;
CREATE POLICY definer_reads ON lms.import_runs FOR SELECT TO lmskit_definer USING (true);

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE OR REPLACE FUNCTION lms.audit_rows() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    withheld CONSTANT text[] := ARRAY['password_hash', 'db_role', 'state_before'];
    rows_of CONSTANT text := 'SELECT (' || TG_ARGV[0] || ')::text AS row_key, (' || TG_ARGV[1] || ')::bigint AS course_id, to_jsonb(r) - $1 AS document FROM ';
    counted text := 'false';
    -- What tells the rows of one course apart, where they are counted.
    number CONSTANT text := CASE TG_TABLE_NAME WHEN 'student_enrollments' THEN 'r.student_id' WHEN 'syllabi' THEN 'r.week_number' ELSE 'r.id' END;
    counts CONSTANT text[] := '{users,terms,courses,syllabi,student_enrollments,quizzes,quiz_attempts,external_ids,outbox}';
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
    IF run IS NULL AND TG_ARGV[4] = 'imports' THEN
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

GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- Arguments as of the other triggers; the last one says that they act only while an import runs. A bank is forgotten outside of imports
-- too, and nothing brings it back.
DO $$
DECLARE
    recorded record;
BEGIN
    FOR recorded IN
        SELECT * FROM (VALUES
            ('external_ids', 'r.id', 'NULL', 'true'),
            ('outbox', 'r.id', 'NULL', 'true'),
            ('bank_questions', 'concat_ws('':'', r.course_id, r.bank, r.number)', 'r.course_id', 'false'),
            ('question_slots', 'concat_ws('':'', r.course_id, r.quiz_id, r.slot)', 'r.course_id', 'false')
        ) AS v (name, row_key, course, counted)
    LOOP
        EXECUTE format(
            'CREATE TRIGGER record_import_insert AFTER INSERT ON lms.%I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L, %L, %L, %L)',
            recorded.name, recorded.row_key, recorded.course, 'NULL::text', recorded.counted, 'imports'
        );
        EXECUTE format(
            'CREATE TRIGGER record_import_update AFTER UPDATE ON lms.%I REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L, %L, %L, %L)',
            recorded.name, recorded.row_key, recorded.course, 'NULL::text', recorded.counted, 'imports'
        );
        EXECUTE format(
            'CREATE TRIGGER record_import_delete AFTER DELETE ON lms.%I REFERENCING OLD TABLE AS old_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION lms.audit_rows(%L, %L, %L, %L, %L)',
            recorded.name, recorded.row_key, recorded.course, 'NULL::text', recorded.counted,
            CASE recorded.name WHEN 'bank_questions' THEN 'always' ELSE 'imports' END
        );
    END LOOP;
END
$$;

SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
