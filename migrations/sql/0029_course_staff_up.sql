-- The staff of courses. Rights are rows that my_course_ids() reads; no role of the server knows of them.

CREATE TYPE lms.staff_role AS ENUM ('co-lecturer', 'assistant', 'observer');
CREATE TABLE lms.course_staff (
    course_id bigint NOT NULL,
    person_id bigint NOT NULL,
    person_role lms.user_role GENERATED ALWAYS AS ('lecturer'::lms.user_role) STORED NOT NULL,
    role lms.staff_role NOT NULL,
    granted_by text DEFAULT session_user NOT NULL,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_course_staff PRIMARY KEY (course_id, person_id),
    CONSTRAINT fk_course_staff_course_id FOREIGN KEY (course_id) REFERENCES lms.courses (id) ON DELETE CASCADE,
    CONSTRAINT fk_course_staff_person_id_person_role FOREIGN KEY (person_id, person_role) REFERENCES lms.users (id, role) ON DELETE CASCADE
);
CREATE INDEX ix_course_staff_person_id ON lms.course_staff USING hash (person_id);
COMMENT ON TABLE lms.course_staff IS 'Who works in a course beside the lecturer who is responsible';
COMMENT ON COLUMN lms.course_staff.granted_by IS 'The login';

ALTER TABLE lms.course_staff ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.course_staff FORCE ROW LEVEL SECURITY;
GRANT SELECT (course_id, person_id, role, granted_at) ON lms.course_staff TO lmskit_definer;
GRANT SELECT (sort_name) ON lms.users TO lmskit_definer;
CREATE POLICY definer_reads ON lms.course_staff FOR SELECT TO lmskit_definer USING (true);

-- 1. Whose courses, and which people ---------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_definer, lmskit_logins;
SET LOCAL ROLE lmskit_definer;
-- A function with a body of SQL is planned when it is made, and migrations have row security off.
SET LOCAL row_security = on;

-- Two look-ups in an index each; a course that one is responsible for is not in both.
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

CREATE FUNCTION lms.my_colleague_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT p.id), '{}')
    FROM (
        SELECT u.id FROM lms.users AS u WHERE u.db_role = session_user
        UNION ALL
        SELECT c.lecturer_id FROM lms.courses AS c WHERE c.id = ANY ((SELECT lms.my_course_ids())::bigint[])
        UNION ALL
        SELECT s.person_id FROM lms.course_staff AS s WHERE s.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
    ) AS p (id)
);
COMMENT ON FUNCTION lms.my_colleague_ids() IS 'The person signed in, and those who are responsible for one of my_course_ids() or on its staff';

CREATE FUNCTION lms.staff_in(course bigint) RETURNS TABLE (
    person_id bigint, email text, family_name text, given_name text, sort_name text, role text, granted_at timestamp with time zone
)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT u.id, u.email, u.family_name, u.given_name, u.sort_name, p.role, p.granted_at
    FROM (
        SELECT c.lecturer_id, 'responsible', NULL::timestamp with time zone FROM lms.courses AS c WHERE c.id = staff_in.course
        UNION ALL
        SELECT s.person_id, s.role::text, s.granted_at FROM lms.course_staff AS s WHERE s.course_id = staff_in.course
    ) AS p (person_id, role, granted_at)
    JOIN lms.users AS u ON u.id = p.person_id
    WHERE staff_in.course = ANY ((SELECT lms.my_course_ids())::bigint[]) OR (SELECT pg_has_role(SESSION_USER, 'lmskit_admin', 'MEMBER'));
END;
COMMENT ON FUNCTION lms.staff_in(bigint) IS
    'Who is responsible for one of my_course_ids(), and its staff, with addresses; for an administrator that of any course';

REVOKE EXECUTE ON FUNCTION lms.my_colleague_ids(), lms.staff_in(bigint) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.my_colleague_ids() TO lmskit_admin, lmskit_lecturer, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.staff_in(bigint) TO lmskit_admin, lmskit_lecturer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;

-- 2. Rights end in open sessions too ---------------------------------------------------------------

SET LOCAL ROLE lmskit_logins;

CREATE FUNCTION lms.end_sessions_of_former_staff() RETURNS trigger
LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET row_security = on AS $function$
BEGIN
    PERFORM lms.end_sessions(OLD.person_id);
    RETURN NULL;
END
$function$;
COMMENT ON FUNCTION lms.end_sessions_of_former_staff() IS
    'Ends the sessions of whom a right to a course was taken from, whose open transactions would still have it';
REVOKE EXECUTE ON FUNCTION lms.end_sessions_of_former_staff() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.end_sessions_of_former_staff() TO lmskit_owner;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer, lmskit_logins;

-- Who granted a right may change, as where that person is erased.
CREATE CONSTRAINT TRIGGER end_sessions_of_former_staff AFTER DELETE OR UPDATE OF course_id, person_id, role ON lms.course_staff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lms.end_sessions_of_former_staff();

-- 3. Audit -----------------------------------------------------------------------------------------

CREATE TRIGGER audit_insert AFTER INSERT ON lms.course_staff REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id)', 'r.course_id', 'NULL::text', 'false');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.course_staff REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id)', 'r.course_id');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.course_staff REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id)', 'r.course_id');
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;

-- 4. Who may see and change what -------------------------------------------------------------------

CREATE POLICY admin_reads ON lms.course_staff FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.course_staff FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.course_staff FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.course_staff FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.course_staff FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
ALTER POLICY lecturer_reads_own ON lms.users
    USING (id = ANY ((SELECT lms.my_colleague_ids())::bigint[]) OR id = ANY ((SELECT lms.my_student_ids())::bigint[]));

GRANT SELECT, INSERT, UPDATE, DELETE ON lms.course_staff TO lmskit_admin;
GRANT SELECT ON lms.course_staff TO lmskit_lecturer;
