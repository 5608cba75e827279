-- Observers read who is responsible by the official name again.

SET LOCAL row_security = on;
GRANT CREATE ON SCHEMA lms TO lmskit_definer;
SET LOCAL ROLE lmskit_definer;

CREATE OR REPLACE FUNCTION lms.observed_courses() RETURNS TABLE (course_id bigint, code text, term text, is_closed boolean, responsible text)
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

SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer;
SET LOCAL row_security = off;
