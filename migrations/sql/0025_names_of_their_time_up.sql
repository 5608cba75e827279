-- What named a person when an entry of the audit trail was made, and not what names the person now: nobody takes values out of entries about
-- others by giving a person their names. Parked rows are a part of an erasure, too.

SET LOCAL row_security = on;
CREATE FUNCTION lms.naming_parts(person bigint, family_alone boolean)
RETURNS TABLE (expression text, since timestamp with time zone, is_id boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
    WITH entry AS (
        SELECT a.id, a.at, a.old, a.new FROM lms.audit_log AS a WHERE a.table_name = 'users' AND a.row_key = naming_parts.person::text
    ),
    made (at) AS (
        SELECT coalesce(
            (SELECT u.created_at FROM lms.users AS u WHERE u.id = naming_parts.person),
            (SELECT max((e.old ->> 'created_at')::timestamp with time zone) FROM entry AS e WHERE e.old ->> 'created_at' ~ '^[0-9]{4,6}-'),
            '-infinity'
        )
    ),
    field (name) AS (VALUES ('email'), ('family_name'), ('given_name')),
    now_written (name, written) AS (
        SELECT f.name, CASE f.name WHEN 'email' THEN u.email WHEN 'family_name' THEN u.family_name ELSE u.given_name END
        FROM lms.users AS u CROSS JOIN field AS f WHERE u.id = naming_parts.person
    ),
    -- A value is the person's from the change that gave it; the first one, from the beginning.
    given_at (name, written, since) AS (
        SELECT f.name, e.new ->> f.name, CASE WHEN e.old IS NULL THEN least(e.at, m.at) ELSE e.at END
        FROM entry AS e CROSS JOIN field AS f CROSS JOIN made AS m WHERE e.new ? f.name
        UNION ALL
        (SELECT DISTINCT ON (f.name) f.name, e.old ->> f.name, m.at
         FROM entry AS e CROSS JOIN field AS f CROSS JOIN made AS m WHERE e.old ? f.name ORDER BY f.name, e.id)
        UNION ALL
        SELECT n.name, n.written, m.at FROM now_written AS n CROSS JOIN made AS m
        WHERE NOT EXISTS (SELECT FROM entry AS e WHERE e.new ? n.name)
    ),
    value (name, written, since) AS (
        SELECT g.name, g.written, min(g.since) FROM given_at AS g WHERE g.written <> '' AND g.written <> '[…]' GROUP BY g.name, g.written
    ),
    family (written, since) AS (SELECT v.written, v.since FROM value AS v WHERE v.name = 'family_name'),
    given (written, since) AS (SELECT v.written, v.since FROM value AS v WHERE v.name = 'given_name'),
    -- Of several given names, texts often have the first alone.
    given_too (written, since) AS (
        SELECT g.written, g.since FROM given AS g UNION SELECT (regexp_split_to_array(g.written, '\s+'))[1], g.since FROM given AS g
    ),
    escaped (family, given, since) AS (
        SELECT
            regexp_replace(regexp_replace(f.written, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g'),
            regexp_replace(regexp_replace(g.written, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g'),
            greatest(f.since, g.since)
        FROM family AS f CROSS JOIN given_too AS g
        WHERE g.written <> '' AND length(f.written) + length(g.written) >= 5
          -- A name that another person has too is not taken out of texts: it may be theirs.
          AND NOT EXISTS (
              SELECT FROM lms.users AS o
              WHERE o.id <> naming_parts.person AND lower(o.family_name) = lower(f.written)
                AND lower(g.written) IN (lower(o.given_name), lower((regexp_split_to_array(o.given_name, '\s+'))[1]))
          )
    ),
    alternative (expression, since, is_id) AS (
        SELECT
            '(?<![\w.%+-])' || replace(regexp_replace(v.written, '(\W)', '\\\1', 'g'), '\@', '(@|%40)') || '(?![\w-]|\.[^\W_])', v.since, false
        FROM value AS v
        WHERE v.name = 'email' AND NOT EXISTS (SELECT FROM lms.users AS o WHERE o.id <> naming_parts.person AND o.email = v.written)
        UNION ALL
        SELECT format('(?<![^\W_])%s([\s,;._+-]|%%20){1,3}%s(?![^\W_])', w.first, w.second), e.since, false
        FROM escaped AS e CROSS JOIN LATERAL (VALUES (e.family, e.given), (e.given, e.family)) AS w (first, second)
        UNION ALL
        -- Where a source gives one name only, it is a full name if it has two words.
        SELECT format('(?<![^\W_])%s(?![^\W_])', regexp_replace(regexp_replace(f.written, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g')), f.since, false
        FROM family AS f
        WHERE length(f.written) >= 3
          AND (naming_parts.family_alone OR (f.written ~ '\s' AND length(f.written) >= 5 AND (
              EXISTS (SELECT FROM now_written AS n WHERE n.name = 'given_name' AND n.written = '')
              OR EXISTS (SELECT FROM entry AS e WHERE '' IN (e.old ->> 'given_name', e.new ->> 'given_name')))))
          AND (naming_parts.family_alone OR NOT EXISTS (
              SELECT FROM lms.users AS o WHERE o.id <> naming_parts.person AND lower(o.family_name) = lower(f.written)))
        UNION ALL
        -- Nobody knows since when an id is the person's.
        SELECT '(?<![^\W_])' || regexp_replace(x.external_id, '(\W)', '\\\1', 'g') || '(?![^\W_])', m.at, true
        FROM lms.external_ids AS x CROSS JOIN made AS m
        WHERE x.person_id = naming_parts.person AND length(x.external_id) >= 6
        UNION ALL
        -- lmskit makes logins, and none of them is a word.
        SELECT '(?<!\w)' || l.login || '(?!\w)', '-infinity', false FROM (
            SELECT u.db_role AS login FROM lms.users AS u WHERE u.id = naming_parts.person
            UNION
            SELECT d.document ->> 'login' FROM entry AS e CROSS JOIN LATERAL (VALUES (e.old), (e.new)) AS d (document)
        ) AS l
        WHERE l.login ~ '^\w+$'
    )
    -- A quotation mark in JSON has a backslash before it.
    SELECT replace(t.expression, '\"', '\\?"'), min(t.since), bool_and(t.is_id) FROM alternative AS t GROUP BY t.expression
$function$;
COMMENT ON FUNCTION lms.naming_parts(bigint, boolean) IS
    'Regular expressions of which each finds a name, an address, an id or a login of a person, since when it is the person''s, and whether it is an id of another system';

CREATE OR REPLACE FUNCTION lms.naming_pattern(person bigint, family_alone boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
    SELECT string_agg(p.expression, '|' ORDER BY length(p.expression) DESC, p.expression) FROM lms.naming_parts(person, family_alone) AS p
$function$;
REVOKE EXECUTE ON FUNCTION lms.naming_parts(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.naming_parts(bigint, boolean) TO lmskit_admin, lmskit_definer;
SET LOCAL row_security = off;

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

-- Parked rows are in a table that exists only while there are some (lmskit.db.parking), so its statements are made when they run.
CREATE FUNCTION lms.parked_rows_about(person bigint) RETURNS TABLE (relation text, content jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    IF has_table_privilege(to_regclass('lms.parked_rows'), 'SELECT') THEN
        RETURN QUERY EXECUTE
            'SELECT p.relation, p.content FROM lms.parked_rows AS p WHERE p.content::text ~* $1'
            ' OR EXISTS (SELECT FROM jsonb_each_text(p.content) AS e WHERE e.key ~ $2 AND e.value = $3) ORDER BY p.id'
        USING coalesce(lms.naming_pattern(person, false), 'x^'), '(^|_)(student|person|lecturer|user)_id$', person::text;
    END IF;
END
$function$;
COMMENT ON FUNCTION lms.parked_rows_about(bigint) IS 'Parked rows that have the number of a person or name the person';

CREATE FUNCTION lms.erase_parked_rows(person bigint, family_alone boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    names CONSTANT text := coalesce(lms.naming_pattern(person, family_alone), 'x^');
    n_removed bigint;
    n_changed bigint;
BEGIN
    IF to_regclass('lms.parked_rows') IS NULL THEN
        RETURN 0;
    ELSIF NOT has_table_privilege('lms.parked_rows', 'SELECT') OR NOT has_table_privilege('lms.parked_rows', 'DELETE') THEN
        -- Another has made the table.
        RETURN NULL;
    END IF;
    -- Who was erased stays remembered; a course that the person taught is another's, whom the next upgrade cannot know: it stays parked.
    EXECUTE
        'DELETE FROM lms.parked_rows AS p WHERE p.relation <> $3'
        ' AND EXISTS (SELECT FROM jsonb_each_text(p.content) AS e WHERE e.key ~ $1 AND e.value = $2)'
    USING '(^|_)(student|person|user)_id$', person::text, 'erasures';
    GET DIAGNOSTICS n_removed = ROW_COUNT;
    EXECUTE 'UPDATE lms.parked_rows AS p SET content = lms.without_names(p.content, $1, $1) WHERE p.content::text ~* $1' USING names;
    GET DIAGNOSTICS n_changed = ROW_COUNT;
    RETURN n_removed + n_changed;
END
$function$;
COMMENT ON FUNCTION lms.erase_parked_rows(bigint, boolean) IS
    'Removes parked rows of a person, and takes what names the person out of others; returns how many, null where rows are parked that it may not change';

REVOKE EXECUTE ON FUNCTION lms.parked_rows_about(bigint), lms.erase_parked_rows(bigint, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.parked_rows_about(bigint), lms.erase_parked_rows(bigint, boolean) TO lmskit_admin;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
