-- Without assistants of sections: they are parked, since an assistant of the revision before sees all of a course.

SET CONSTRAINTS ALL IMMEDIATE; -- a table with triggers that wait cannot be changed
DELETE FROM lms.course_staff AS s WHERE s.limited;
-- Then:
DROP POLICY lecturer_reads_in_sections ON lms.student_enrollments;
DROP POLICY lecturer_reads_in_sections ON lms.section_members;
DROP POLICY lecturer_reads_in_sections ON lms.quiz_attempts;
DROP POLICY lecturer_reads_in_sections ON lms.topic_performance;
DROP POLICY lecturer_reads_in_sections ON lms.sections;
DROP POLICY lecturer_reads_in_sections ON lms.knowledge_fits;

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE OR REPLACE FUNCTION lms.my_student_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT e.student_id), '{}')
    FROM lms.student_enrollments AS e
    WHERE e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
);
COMMENT ON FUNCTION lms.my_student_ids() IS 'The people enrolled in one of my_course_ids()';

CREATE OR REPLACE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
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

DROP FUNCTION lms.my_section_members();
DROP FUNCTION lms.my_section_ids();

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

DROP TABLE lms.staff_sections;
DROP TRIGGER end_sessions_of_limited_staff ON lms.course_staff;
SET LOCAL ROLE lmskit_definer;
DROP FUNCTION lms.my_limited_course_ids();
SET LOCAL ROLE lmskit_owner;
ALTER TABLE lms.course_staff DROP COLUMN limited;
DROP POLICY definer_reads ON lms.section_members;
REVOKE SELECT ON lms.section_members FROM lmskit_definer;
