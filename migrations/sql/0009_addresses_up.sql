-- Addresses and ids of other systems: lecturers lose the columns, and get those of their own courses from functions.
--
-- No lecturer can put a condition on these columns or order by them any more, so their unique indexes answer none of their questions.

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
GRANT SELECT (source, kind, external_id, course_id, quiz_id) ON lms.external_ids TO lmskit_definer;
CREATE POLICY definer_reads ON lms.external_ids FOR SELECT TO lmskit_definer USING (course_id = ANY((SELECT lms.my_course_ids())::bigint []));
SET LOCAL ROLE lmskit_definer;
-- A function with a body of SQL is planned when it is made, and migrations have row security off.
SET LOCAL row_security = on;

CREATE FUNCTION lms.my_address() RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (SELECT u.email FROM lms.users AS u WHERE u.db_role = SESSION_USER);
COMMENT ON FUNCTION lms.my_address() IS 'The address of the person signed in; null for a login that is nobody''s';

CREATE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.student_id, u.email
    FROM lms.student_enrollments AS e
    JOIN lms.users AS u ON u.id = e.student_id
    WHERE e.course_id = addresses_in.course
      AND (
          (e.status <> 'withdrawn' AND e.course_id = ANY((SELECT lms.my_course_ids())::bigint []))
          OR (SELECT pg_has_role(SESSION_USER, 'lmskit_admin', 'MEMBER'))
      );
END;
COMMENT ON FUNCTION lms.addresses_in(bigint) IS
'The addresses of the students in one of my_course_ids() who have not withdrawn; for an administrator those of any course, withdrawn ones too';

CREATE FUNCTION lms.external_ids_in(course bigint) RETURNS TABLE (source text, kind text, external_id text, quiz_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT x.source, x.kind::text, x.external_id, x.quiz_id FROM lms.external_ids AS x WHERE x.course_id = external_ids_in.course;
END;
COMMENT ON FUNCTION lms.external_ids_in(bigint) IS 'What one of my_course_ids() and its quizzes are called in other systems; quiz_id is null for the course';

REVOKE EXECUTE ON FUNCTION lms.my_address(), lms.addresses_in(bigint), lms.external_ids_in(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.my_address(), lms.addresses_in(bigint) TO lmskit_admin, lmskit_lecturer, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.external_ids_in(bigint) TO lmskit_lecturer;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

CREATE VIEW lms.student_addresses WITH (security_invoker = TRUE) AS
SELECT
    c.id AS course_id,
    a.student_id,
    a.email
FROM lms.courses AS c
CROSS JOIN LATERAL lms.addresses_in(c.id) AS a;
COMMENT ON VIEW lms.student_addresses IS 'For notebooks: the addresses of the students in one''s own courses who have not withdrawn';
GRANT SELECT ON lms.student_addresses TO lmskit_admin, lmskit_lecturer;

REVOKE SELECT (email) ON lms.users FROM lmskit_lecturer;
REVOKE SELECT ON lms.external_ids FROM lmskit_lecturer;
DROP POLICY lecturer_reads_own ON lms.external_ids;
