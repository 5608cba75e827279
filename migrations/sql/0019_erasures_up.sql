-- Erasing a person: the one way in which entries of the audit trail change, and the memory of it, which names nobody.
--
-- An administrator removes a person's rows with the own rights; the last step, which no login may take by itself, is one function:
-- the person's row goes, what names the person goes from the audit trail, and the erasure is recorded, all of it or nothing.

CREATE TABLE lms.erasures (
    id bigint GENERATED ALWAYS AS IDENTITY,
    person_id bigint NOT NULL,
    fingerprint text NOT NULL,
    erased_by text DEFAULT session_user NOT NULL,
    erased_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_erasures PRIMARY KEY (id),
    CONSTRAINT ck_erasures_fingerprint_is_sha256 CHECK (fingerprint ~ '^[0-9a-f]{64}$')
);
COMMENT ON TABLE lms.erasures IS 'People who were erased, by numbers alone: so that they are erased again after an older backup is restored';
COMMENT ON COLUMN lms.erasures.person_id IS 'The id that the row of users had; no foreign key, since that row is gone';
COMMENT ON COLUMN lms.erasures.fingerprint IS 'SHA-256 of that id and the time at which the row was made: another person can get the same id';
COMMENT ON COLUMN lms.erasures.erased_by IS 'The login';

ALTER TABLE lms.erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.erasures FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY definer_inserts ON lms.erasures FOR INSERT TO lmskit_definer WITH CHECK (erased_by = session_user);
GRANT SELECT ON lms.erasures TO lmskit_admin;
CREATE POLICY definer_reads ON lms.erasures FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_erases ON lms.erasures FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);
GRANT SELECT (erased_by), INSERT (person_id, fingerprint), UPDATE (erased_by) ON lms.erasures TO lmskit_definer;

GRANT SELECT (family_name, given_name, created_at), DELETE ON lms.users TO lmskit_definer;
GRANT SELECT (person_id) ON lms.external_ids TO lmskit_definer;
GRANT SELECT, UPDATE (actor, old, new), DELETE ON lms.audit_log TO lmskit_definer;
CREATE POLICY definer_erases ON lms.users FOR DELETE TO lmskit_definer USING (true);
CREATE POLICY definer_reads_of_people ON lms.external_ids FOR SELECT TO lmskit_definer USING (person_id IS NOT NULL);
CREATE POLICY definer_reads ON lms.audit_log FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY definer_removes ON lms.audit_log FOR DELETE TO lmskit_definer USING (at < now() - interval '1 year');
CREATE POLICY definer_erases ON lms.audit_log FOR UPDATE TO lmskit_definer USING (true) WITH CHECK (true);

-- 1. What names a person ---------------------------------------------------------------------------
--
-- These two have the rights of their caller. The pattern is one for PostgreSQL's regular expressions and for Python's.

-- A function in SQL is planned when it is made, and migrations have row security off.
SET LOCAL row_security = on;
CREATE FUNCTION lms.naming_pattern(person bigint, family_alone boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $function$
    WITH former (document) AS (
        SELECT v.document
        FROM lms.audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS v (document)
        WHERE a.table_name = 'users' AND a.row_key = naming_pattern.person::text AND v.document IS NOT NULL
    ),
    address (written) AS (
        SELECT u.email FROM lms.users AS u WHERE u.id = naming_pattern.person UNION SELECT f.document ->> 'email' FROM former AS f
    ),
    family (written) AS (
        SELECT u.family_name FROM lms.users AS u WHERE u.id = naming_pattern.person UNION SELECT f.document ->> 'family_name' FROM former AS f
    ),
    given (written) AS (
        SELECT u.given_name FROM lms.users AS u WHERE u.id = naming_pattern.person UNION SELECT f.document ->> 'given_name' FROM former AS f
    ),
    -- Of several given names, texts often have the first alone.
    given_too (written) AS (SELECT g.written FROM given AS g UNION SELECT (regexp_split_to_array(g.written, '\s+'))[1] FROM given AS g),
    full_name (family, given) AS (
        SELECT f.written, g.written FROM family AS f CROSS JOIN given_too AS g
        WHERE f.written <> '' AND g.written <> '' AND length(f.written) + length(g.written) >= 5
    ),
    escaped (family, given) AS (
        SELECT
            regexp_replace(regexp_replace(n.family, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g'),
            regexp_replace(regexp_replace(n.given, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g')
        FROM full_name AS n
        -- A name that another person has too is not taken out of texts: it may be theirs.
        WHERE NOT EXISTS (
            SELECT FROM lms.users AS o
            WHERE o.id <> naming_pattern.person AND lower(o.family_name) = lower(n.family)
              AND lower(n.given) IN (lower(o.given_name), lower((regexp_split_to_array(o.given_name, '\s+'))[1]))
        )
    ),
    alternative (expression) AS (
        SELECT '(?<![\w.%+-])' || replace(regexp_replace(a.written, '(\W)', '\\\1', 'g'), '\@', '(@|%40)') || '(?![\w-]|\.[^\W_])' FROM address AS a
        WHERE a.written <> '' AND NOT EXISTS (SELECT FROM lms.users AS o WHERE o.id <> naming_pattern.person AND o.email = a.written)
        UNION
        SELECT format('(?<![^\W_])%s([\s,;._+-]|%%20){1,3}%s(?![^\W_])', v.first, v.second)
        FROM escaped AS e CROSS JOIN LATERAL (VALUES (e.family, e.given), (e.given, e.family)) AS v (first, second)
        UNION
        -- Where a source gives one name only, it is a full name if it has two words.
        SELECT format('(?<![^\W_])%s(?![^\W_])', regexp_replace(regexp_replace(f.written, '([^\w\s])', '\\\1', 'g'), '\s+', '\\s+', 'g'))
        FROM family AS f
        WHERE length(f.written) >= 3
          AND (naming_pattern.family_alone OR (f.written ~ '\s' AND length(f.written) >= 5 AND '' IN (SELECT g.written FROM given AS g)))
          AND (naming_pattern.family_alone OR NOT EXISTS (
              SELECT FROM lms.users AS o WHERE o.id <> naming_pattern.person AND lower(o.family_name) = lower(f.written)))
        UNION
        SELECT '(?<![^\W_])' || regexp_replace(x.external_id, '(\W)', '\\\1', 'g') || '(?![^\W_])' FROM lms.external_ids AS x
        WHERE x.person_id = naming_pattern.person AND length(x.external_id) >= 6
        UNION
        SELECT '(?<!\w)' || l.login || '(?!\w)' FROM (
            SELECT u.db_role AS login FROM lms.users AS u WHERE u.id = naming_pattern.person UNION SELECT f.document ->> 'login' FROM former AS f
        ) AS l
        WHERE l.login ~ '^\w+$'
    )
    -- A quotation mark in JSON has a backslash before it.
    SELECT replace(string_agg(t.expression, '|' ORDER BY length(t.expression) DESC, t.expression), '\"', '\\?"') FROM alternative AS t
$function$;
COMMENT ON FUNCTION lms.naming_pattern(bigint, boolean) IS
    'A regular expression that finds what names a person in texts: addresses, full names, ids and logins, also former ones, and the family name alone if that is asked for; null where nothing names this person and no other';

SET LOCAL row_security = off;

CREATE FUNCTION lms.without_names(document jsonb, pattern text, in_sentences text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $function$
BEGIN
    RETURN CASE jsonb_typeof(document)
        WHEN 'string' THEN to_jsonb(regexp_replace(
            document #>> '{}', CASE WHEN document #>> '{}' ~ '\s' THEN in_sentences ELSE pattern END, '[…]', 'gi'
        ))
        WHEN 'array' THEN (
            SELECT coalesce(jsonb_agg(lms.without_names(e.value, pattern, in_sentences) ORDER BY e.number), '[]')
            FROM jsonb_array_elements(document) WITH ORDINALITY AS e (value, number)
        )
        WHEN 'object' THEN (
            SELECT coalesce(
                jsonb_object_agg(
                    regexp_replace(e.key, CASE WHEN e.key ~ '\s' THEN in_sentences ELSE pattern END, '[…]', 'gi'),
                    lms.without_names(e.value, pattern, in_sentences)
                ),
                '{}'
            )
            FROM jsonb_each(document) AS e
        )
        ELSE document
    END;
END
$function$;
COMMENT ON FUNCTION lms.without_names(jsonb, text, text) IS
    'A document in which […] stands for what the pattern finds, in texts and in the names of fields; texts with blanks have a pattern of their own';

REVOKE EXECUTE ON FUNCTION lms.naming_pattern(bigint, boolean), lms.without_names(jsonb, text, text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.naming_pattern(bigint, boolean), lms.without_names(jsonb, text, text) TO lmskit_admin, lmskit_definer;

-- 2. The last step ---------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;

CREATE FUNCTION lms.erase_person(person bigint, family_alone boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    made timestamp with time zone;
    -- x^ finds nothing.
    names CONSTANT text := coalesce(lms.naming_pattern(person, false), 'x^');
    -- A family name alone may be another person's, or a value such as a status: it is looked for where there is more than one word.
    wider CONSTANT text := coalesce(lms.naming_pattern(person, family_alone), 'x^');
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
    DELETE FROM lms.users AS u WHERE u.id = person;
    SELECT array_agg(DISTINCT a.row_key) INTO attempts FROM lms.audit_log AS a
    WHERE a.table_name = 'quiz_attempts' AND (a.old ->> 'student_id' = person::text OR a.new ->> 'student_id' = person::text);
    WITH found AS (
        SELECT
            a.id,
            (a.table_name = 'users' AND a.row_key = person::text)
            OR (a.table_name = 'student_enrollments' AND split_part(a.row_key, ':', 2) = person::text)
            OR (a.table_name = 'quiz_attempts' AND a.row_key = ANY (attempts)) AS is_about,
            a.actor = ANY (logins) AS is_by
        FROM lms.audit_log AS a
    ), changed AS (
        UPDATE lms.audit_log AS a
        SET
            actor = CASE WHEN f.is_by THEN 'erased:' || person ELSE a.actor END,
            old = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.old) WHEN 'object' THEN a.old ELSE '{}' END) AS e) ELSE lms.without_names(a.old, names, wider) END,
            new = CASE WHEN f.is_about
                THEN (SELECT jsonb_object_agg(e.key, '[…]') FROM jsonb_each(CASE jsonb_typeof(a.new) WHEN 'object' THEN a.new ELSE '{}' END) AS e) ELSE lms.without_names(a.new, names, wider) END
        FROM found AS f
        WHERE f.id = a.id AND (f.is_about OR f.is_by OR a.old::text ~* wider OR a.new::text ~* wider)
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
COMMENT ON FUNCTION lms.erase_person(bigint, boolean) IS
    'Deletes a person who has no course, enrollment or attempt left, takes what names them out of the audit trail, and remembers the erasure by numbers; returns how many entries changed, null where there is no such person';

-- 3. Entries that are too old -----------------------------------------------------------------------
--
-- The policy, not the function, says what stays: a year is always on record.

CREATE FUNCTION lms.remove_old_entries(before timestamp with time zone) RETURNS bigint
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
DECLARE
    n_removed bigint;
BEGIN
    DELETE FROM lms.audit_log AS a WHERE a.at < before;
    GET DIAGNOSTICS n_removed = ROW_COUNT;
    IF n_removed > 0 THEN
        INSERT INTO lms.audit_log (action, table_name, row_key, new)
        VALUES ('old entries removed', 'audit_log', '*', jsonb_build_object('entries', n_removed, 'before', before));
    END IF;
    RETURN n_removed;
END
$function$;
COMMENT ON FUNCTION lms.remove_old_entries(timestamp with time zone) IS
    'Removes entries of the audit trail from before a time, none of the last year, and records that; returns how many';

REVOKE EXECUTE ON FUNCTION lms.erase_person(bigint, boolean), lms.remove_old_entries(timestamp with time zone) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.erase_person(bigint, boolean), lms.remove_old_entries(timestamp with time zone) TO lmskit_admin;

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
