-- Who was removed with an import that was taken back can be erased from what still names them.

GRANT SELECT (started_at) ON lms.import_runs TO lmskit_definer;
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;

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
    attempts text[];
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
    SELECT array_agg(DISTINCT a.row_key) INTO attempts FROM lms.audit_log AS a
    WHERE a.table_name = 'quiz_attempts' AND (a.old ->> 'student_id' = person::text OR a.new ->> 'student_id' = person::text);
    WITH found AS (
        SELECT
            a.id,
            (a.table_name = 'users' AND a.row_key = person::text)
            OR (a.table_name = 'student_enrollments' AND split_part(a.row_key, ':', 2) = person::text)
            OR (a.table_name = 'quiz_attempts' AND a.row_key = ANY (attempts)) AS is_about,
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

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
