-- Without assistants: they read no course, and who reads one leads it.

DROP POLICY lecturer_updates_led ON lms.courses;
DROP POLICY lecturer_inserts_led ON lms.syllabi;
DROP POLICY lecturer_updates_led ON lms.syllabi;
DROP POLICY lecturer_inserts_led ON lms.quizzes;
DROP POLICY lecturer_updates_led ON lms.quizzes;
DROP POLICY lecturer_inserts_led ON lms.quiz_attempts;
DROP POLICY lecturer_updates_led ON lms.quiz_attempts;
DROP POLICY lecturer_inserts_led ON lms.materials;
DROP POLICY lecturer_updates_led ON lms.materials;
DROP POLICY lecturer_inserts_led ON lms.material_passages;
DROP POLICY lecturer_inserts_led ON lms.passage_vectors;
DROP POLICY lecturer_updates_led ON lms.passage_vectors;
DROP POLICY lecturer_inserts_led ON lms.reading_decisions;
DROP POLICY lecturer_updates_led ON lms.reading_decisions;
DROP POLICY lecturer_inserts_led ON lms.material_crawls;
DROP POLICY lecturer_updates_led ON lms.material_crawls;
DROP POLICY lecturer_inserts_led ON lms.crawl_pages;
DROP POLICY lecturer_updates_led ON lms.crawl_pages;
ALTER POLICY definer_deletes ON lms.materials USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
ALTER POLICY definer_deletes ON lms.reading_decisions USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
ALTER POLICY definer_deletes ON lms.material_crawls USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE OR REPLACE FUNCTION lms.my_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(m.id), '{}')
    FROM (
        SELECT c.id FROM lms.courses AS c
        JOIN lms.users AS u ON u.id = c.lecturer_id
        WHERE u.db_role = session_user AND coalesce(current_setting('lmskit.course', true), '') IN ('', c.code)
        UNION ALL
        SELECT c.id FROM lms.course_staff AS s
        JOIN lms.users AS u ON u.id = s.person_id
        JOIN lms.courses AS c ON c.id = s.course_id
        WHERE u.db_role = session_user AND s.role = 'co-lecturer' AND c.lecturer_id <> s.person_id
          AND coalesce(current_setting('lmskit.course', true), '') IN ('', c.code)
    ) AS m
);
COMMENT ON FUNCTION lms.my_course_ids() IS
    'The courses that the person signed in leads, as the one who is responsible or as co-lecturer; the setting lmskit.course narrows them to one code, and cannot widen them';

CREATE OR REPLACE FUNCTION lms.delete_material(material bigint) RETURNS bigint
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

CREATE OR REPLACE FUNCTION lms.delete_passages(material bigint, after integer DEFAULT 0) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.material_passages AS p
        WHERE p.material_id = delete_passages.material AND p.ordinal > delete_passages.after
          AND p.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING p.ordinal
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_passages(bigint, integer) IS
    'Deletes the passages after a number, with their vectors, of a material of one of my courses; returns how many those were';

CREATE OR REPLACE FUNCTION lms.delete_reading_decision(decision bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.reading_decisions AS d
        WHERE d.id = delete_reading_decision.decision AND d.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING d.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_reading_decision(bigint) IS
    'Takes back a decision about reading advice in one of my courses; returns how many those were: 0 or 1';

CREATE OR REPLACE FUNCTION lms.delete_crawl(crawl bigint) RETURNS bigint
LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH gone AS (
        DELETE FROM lms.material_crawls AS c
        WHERE c.id = delete_crawl.crawl AND c.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
        RETURNING c.id
    )
    SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION lms.delete_crawl(bigint) IS
    'Deletes a crawl of one of my courses with its pages, and leaves its materials; returns how many those were: 0 or 1';

CREATE OR REPLACE FUNCTION lms.keep_material_file(file text) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    LOOP
        PERFORM FROM lms.material_files AS f WHERE f.stored_as = file FOR KEY SHARE;
        EXIT WHEN FOUND;
        INSERT INTO lms.material_files (stored_as) VALUES (file) ON CONFLICT DO NOTHING;
        EXIT WHEN FOUND;
    END LOOP;
END
$function$;
COMMENT ON FUNCTION lms.keep_material_file(text) IS
    'Call it before a material refers to a file; from then on until the transaction ends, the file is not deleted, and can be written';

CREATE OR REPLACE FUNCTION lms.release_material_file(file text) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    -- Without a row of its own, a file that a crash has left behind could be written again while it is deleted.
    INSERT INTO lms.material_files (stored_as) VALUES (file) ON CONFLICT DO NOTHING;
    -- Of a file that is just being added there is nothing to wait for: it stays.
    PERFORM FROM lms.material_files AS f WHERE f.stored_as = file FOR UPDATE SKIP LOCKED;
    IF FOUND THEN
        DELETE FROM lms.material_files AS f WHERE f.stored_as = file; -- refused by the key of a material that needs it
        RETURN true;
    END IF;
    RETURN false;
EXCEPTION WHEN foreign_key_violation THEN
    RETURN false;
END
$function$;
COMMENT ON FUNCTION lms.release_material_file(text) IS
    'Whether no material of any course needs a file; if so, delete it from the store before the transaction ends';

DROP FUNCTION lms.my_led_course_ids();

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
