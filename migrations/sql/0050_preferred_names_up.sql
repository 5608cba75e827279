-- The given name that a person goes by, beside the official one: it is shown wherever the person is, and files are matched without it.

GRANT SELECT (preferred_name) ON lms.users TO lmskit_definer;
GRANT SELECT (preferred_name, preferred_sort_name) ON lms.users TO lmskit_lecturer;
GRANT SELECT (preferred_name, preferred_sort_name), INSERT (preferred_name, preferred_sort_name), UPDATE (preferred_name, preferred_sort_name)
    ON lms.users TO lmskit_admin;

-- Functions with a body of SQL are planned when they are made, and migrations have row security off.
SET LOCAL row_security = on;
CREATE OR REPLACE FUNCTION lms.naming_parts(person bigint, family_alone boolean)
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
    field (name) AS (VALUES ('email'), ('family_name'), ('given_name'), ('preferred_name')),
    now_written (name, written) AS (
        SELECT f.name, CASE f.name
            WHEN 'email' THEN u.email WHEN 'family_name' THEN u.family_name WHEN 'given_name' THEN u.given_name ELSE u.preferred_name END
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
    given (written, since) AS (
        SELECT v.written, min(v.since) FROM value AS v WHERE v.name IN ('given_name', 'preferred_name') GROUP BY v.written
    ),
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
                AND lower(g.written) IN (
                    lower(o.given_name), lower((regexp_split_to_array(o.given_name, '\s+'))[1]),
                    lower(o.preferred_name), lower((regexp_split_to_array(o.preferred_name, '\s+'))[1])
                )
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

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;

CREATE OR REPLACE FUNCTION lms.observed_courses() RETURNS TABLE (course_id bigint, code text, term text, is_closed boolean, responsible text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.id, c.code, t.code, t.state IN ('closed', 'archived'),
        btrim(coalesce(nullif(l.preferred_name, ''), l.given_name) || ' ' || l.family_name)
    FROM lms.users AS u
    JOIN lms.course_staff AS s ON s.person_id = u.id
    JOIN lms.courses AS c ON c.id = s.course_id
    JOIN lms.terms AS t ON t.id = c.term_id
    JOIN lms.users AS l ON l.id = c.lecturer_id
    WHERE u.db_role = SESSION_USER AND s.role = 'observer' AND c.lecturer_id <> s.person_id;
END;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
SET LOCAL row_security = off;
