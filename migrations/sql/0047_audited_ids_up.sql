-- Ids of other systems that people add, change or remove are in the audit trail, one by one; those of imports stay counted by import.

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

-- Entries about ids, excuses and roles on the staff of courses lose what they say about a person who is erased.
CREATE OR REPLACE FUNCTION lms.erase_person(person bigint, family_alone boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    made timestamp with time zone;
    -- What named the person from each of these times on: an entry about others is searched for what was the person's when it was made. A
    -- family name alone may be another person's, or a value such as a status, and an id of another system too: these are looked for where
    -- there is more than one word, and ids if they have a digit.
    starts timestamp with time zone[];
    names text[];
    wider text[];
    logins text[];
    -- Rows of these tables belong to the person whom one of their columns names.
    of_people CONSTANT text[] := '{quiz_attempts,quiz_exceptions,course_staff,staff_sections,external_ids,invitations}';
    theirs text[];
    n_entries bigint;
BEGIN
    SELECT u.created_at INTO made FROM lms.users AS u WHERE u.id = person;
    IF NOT FOUND THEN
        -- Of a person who was deleted before, the audit trail still has the row.
        SELECT (a.old ->> 'created_at')::timestamp with time zone INTO made FROM lms.audit_log AS a
        WHERE a.table_name = 'users' AND a.row_key = person::text AND a.action = 'delete' AND a.old ->> 'created_at' <> '[…]'
        ORDER BY a.id DESC LIMIT 1;
        -- Where an import is taken back, the trail counts who goes, as it counted who came; the import and the person are of one time.
        IF made IS NULL AND NOT EXISTS (
            SELECT FROM lms.audit_log AS a WHERE a.table_name = 'users' AND a.row_key = person::text AND a.action = 'person erased'
        ) THEN
            SELECT i.started_at INTO made FROM lms.audit_log AS a JOIN lms.import_runs AS i ON i.id = a.import_run_id
            WHERE a.table_name = 'users' AND a.action = 'insert' AND a.numbers @> person
            ORDER BY a.id DESC LIMIT 1;
        END IF;
        IF made IS NULL THEN
            RETURN NULL;
        END IF;
    END IF;
    SELECT array_agg(DISTINCT v.login) INTO logins FROM (
        SELECT u.db_role AS login FROM lms.users AS u WHERE u.id = person
        UNION ALL
        SELECT d.document ->> 'login' FROM lms.audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
        WHERE a.table_name = 'users' AND a.row_key = person::text
        UNION ALL
        -- What was done with a code has its login as actor.
        SELECT i.login FROM lms.invitations AS i WHERE i.person_id = person
        UNION ALL
        SELECT d.document ->> 'login' FROM lms.audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
        WHERE a.table_name = 'invitations' AND d.document ->> 'person_id' = person::text
    ) AS v WHERE v.login IS NOT NULL;
    -- x^ finds nothing.
    SELECT
        array_agg(s.since ORDER BY s.since),
        array_agg(coalesce((
            SELECT string_agg(p.expression, '|' ORDER BY length(p.expression) DESC, p.expression)
            FROM lms.naming_parts(person, false) AS p WHERE p.since <= s.since AND NOT p.is_id
        ), 'x^') ORDER BY s.since),
        array_agg(coalesce((
            SELECT string_agg(p.expression, '|' ORDER BY length(p.expression) DESC, p.expression)
            FROM lms.naming_parts(person, family_alone) AS p WHERE p.since <= s.since AND (NOT p.is_id OR p.expression ~ '[0-9]')
        ), 'x^') ORDER BY s.since)
    INTO starts, names, wider
    FROM (SELECT DISTINCT p.since FROM lms.naming_parts(person, family_alone) AS p) AS s;
    DELETE FROM lms.users AS u WHERE u.id = person;
    SELECT array_agg(DISTINCT a.table_name || ' ' || a.row_key) INTO theirs FROM lms.audit_log AS a
    WHERE a.table_name = ANY (of_people)
      AND person::text IN (a.old ->> 'student_id', a.new ->> 'student_id', a.old ->> 'person_id', a.new ->> 'person_id');
    WITH found AS (
        SELECT
            a.id,
            (a.table_name = 'users' AND a.row_key = person::text)
            OR (a.table_name = 'student_enrollments' AND split_part(a.row_key, ':', 2) = person::text)
            OR (a.table_name = ANY (of_people) AND a.table_name || ' ' || a.row_key = ANY (theirs)) AS is_about,
            a.actor = ANY (logins) AS is_by,
            coalesce(names[width_bucket(a.at, starts)], 'x^') AS single,
            coalesce(wider[width_bucket(a.at, starts)], 'x^') AS in_sentences
        FROM lms.audit_log AS a
    ), changed AS (
        UPDATE lms.audit_log AS a
        SET
            actor = CASE WHEN f.is_by THEN 'erased:' || person ELSE a.actor END,
            old = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.old) WHEN 'object' THEN a.old ELSE '{}' END) AS e) ELSE lms.without_names(a.old, f.single, f.in_sentences) END,
            new = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.new) WHEN 'object' THEN a.new ELSE '{}' END) AS e) ELSE lms.without_names(a.new, f.single, f.in_sentences) END
        FROM found AS f
        WHERE f.id = a.id AND (f.is_about OR f.is_by OR a.old::text ~* f.in_sentences OR a.new::text ~* f.in_sentences)
        RETURNING a.id
    )
    SELECT count(*) INTO n_entries FROM changed;
    UPDATE lms.erasures AS e SET erased_by = 'erased:' || person WHERE e.erased_by = ANY (logins);
    INSERT INTO lms.erasures (person_id, fingerprint) VALUES (
        person,
        encode(sha256(convert_to(person || ':' || to_char(made AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), 'UTF8')), 'hex')
    );
    INSERT INTO lms.audit_log (action, table_name, row_key, new)
    VALUES ('person erased', 'users', person::text, jsonb_build_object('entries', n_entries));
    RETURN n_entries;
END
$function$;

GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;
SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

-- Arguments as of the other triggers; the last one says that they act only while no import runs.
CREATE TRIGGER audit_insert AFTER INSERT ON lms.external_ids REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false', 'by hand');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.external_ids REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false', 'by hand');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.external_ids REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false', 'by hand');

SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
