-- Observers see how many students of a course are at which level, in terms that are closed, and no row of anyone.
--
-- What could be combined to a person is not given: only one partition (week and level) of only one set of students (those who count),
-- only of terms in which nothing changes any more, so that two answers do not differ by a person. A number is given if at least five
-- students are at the level and at least five are not, rounded down to a multiple of five; if that hides one level of a week, the smallest
-- other one is hidden too, so that it is not what is missing from the size of the class. No total is given.

CREATE POLICY definer_reads ON lms.syllabi FOR SELECT TO lmskit_definer USING (true);
GRANT SELECT (course_id, week_number) ON lms.syllabi TO lmskit_definer;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
-- A function with a body of SQL is planned when it is made, and migrations have row security off.
SET LOCAL row_security = on;

CREATE FUNCTION lms.observed_courses() RETURNS TABLE (course_id bigint, code text, term text, is_closed boolean, responsible text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT c.id, c.code, t.code, t.state IN ('closed', 'archived'), btrim(l.given_name || ' ' || l.family_name)
    FROM lms.users AS u
    JOIN lms.course_staff AS s ON s.person_id = u.id
    JOIN lms.courses AS c ON c.id = s.course_id
    JOIN lms.terms AS t ON t.id = c.term_id
    JOIN lms.users AS l ON l.id = c.lecturer_id
    WHERE u.db_role = SESSION_USER AND s.role = 'observer' AND c.lecturer_id <> s.person_id;
END;
COMMENT ON FUNCTION lms.observed_courses() IS 'The courses that the person signed in observes, with the name of who is responsible';

CREATE FUNCTION lms.observed_levels(course bigint) RETURNS TABLE (week_number integer, level text, at_least bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH observed AS MATERIALIZED (
        SELECT o.course_id FROM lms.observed_courses() AS o WHERE o.course_id = observed_levels.course AND o.is_closed
    ),
    class AS MATERIALIZED (
        SELECT e.student_id FROM lms.student_enrollments AS e JOIN observed AS o ON o.course_id = e.course_id
        WHERE e.status IN ('active', 'completed')
    ),
    weeks AS MATERIALIZED (SELECT s.week_number FROM lms.syllabi AS s JOIN observed AS o ON o.course_id = s.course_id),
    assessed AS MATERIALIZED (
        SELECT p.week_number, p.level::text AS level, count(*) AS n
        FROM lms.topic_performance AS p
        JOIN observed AS o ON o.course_id = p.course_id
        JOIN class AS k ON k.student_id = p.student_id
        WHERE p.level <> 'not_assessed'
        GROUP BY p.week_number, p.level
    ),
    cells AS (
        SELECT w.week_number, l.level, l.number, size.n AS class_size,
            CASE l.level
                WHEN 'not_assessed' THEN size.n - (SELECT coalesce(sum(a.n), 0) FROM assessed AS a WHERE a.week_number = w.week_number)
                ELSE coalesce((SELECT a.n FROM assessed AS a WHERE a.week_number = w.week_number AND a.level = l.level), 0)
            END::bigint AS n
        FROM weeks AS w
        CROSS JOIN (VALUES ('mastered', 1), ('developing', 2), ('remedial', 3), ('not_assessed', 4)) AS l (level, number)
        CROSS JOIN (SELECT count(*) AS n FROM class) AS size
        WHERE size.n >= 5
    ),
    shown AS (SELECT c.*, c.n >= 5 AND c.class_size - c.n >= 5 AS is_large FROM cells AS c),
    ranked AS (
        SELECT s.*, count(*) FILTER (WHERE NOT s.is_large) OVER (PARTITION BY s.week_number) AS n_hidden,
            row_number() OVER (PARTITION BY s.week_number, s.is_large ORDER BY s.n, s.number) AS rank
        FROM shown AS s
    )
    SELECT r.week_number::integer, r.level, CASE WHEN r.is_large AND NOT (r.n_hidden = 1 AND r.rank = 1) THEN r.n / 5 * 5 END
    FROM ranked AS r
    ORDER BY r.week_number, r.number;
END;
COMMENT ON FUNCTION lms.observed_levels(bigint) IS
    'How many students at least are at each level in each week of one of observed_courses() whose term is closed, in steps of five; null where fewer than five are, or are not, and where that would show from the others; no row of a class of fewer than five';

REVOKE EXECUTE ON FUNCTION lms.observed_courses(), lms.observed_levels(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.observed_courses() TO lmskit_admin, lmskit_lecturer, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.observed_levels(bigint) TO lmskit_lecturer;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
