-- Without staff: those who are responsible lead their courses alone.

ALTER POLICY lecturer_reads_own ON lms.users
    USING (id = (SELECT lms.me()) OR id = ANY ((SELECT lms.my_student_ids())::bigint[]));

GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;
SET LOCAL row_security = on;

CREATE OR REPLACE FUNCTION lms.my_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(c.id), '{}')
    FROM lms.courses AS c
    JOIN lms.users AS u ON u.id = c.lecturer_id
    WHERE u.db_role = session_user
      AND coalesce(current_setting('lmskit.course', true), '') IN ('', c.code)
);
COMMENT ON FUNCTION lms.my_course_ids() IS
    'The courses of the person signed in; the setting lmskit.course narrows them to one code, and cannot widen them';
DROP FUNCTION lms.staff_in(bigint);
DROP FUNCTION lms.my_colleague_ids();

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;

DROP TABLE lms.course_staff;
DROP TYPE lms.staff_role;
SET LOCAL ROLE lmskit_logins;
DROP FUNCTION lms.end_sessions_of_former_staff();
SET LOCAL ROLE lmskit_owner;
REVOKE SELECT (sort_name) ON lms.users FROM lmskit_definer;
