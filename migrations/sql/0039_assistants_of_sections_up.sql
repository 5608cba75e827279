-- Assistants of sections see nothing of the other students of a course.
--
-- Who is not limited pays one comparison with an empty list for each row: what follows OR is not even begun then.

ALTER TABLE lms.course_staff
    ADD COLUMN limited boolean DEFAULT false NOT NULL,
    ADD CONSTRAINT ck_course_staff_only_an_assistant_is_limited CHECK (NOT limited OR role = 'assistant') NOT VALID;
COMMENT ON COLUMN lms.course_staff.limited IS 'Whether the person sees only students in the sections of staff_sections; none without such a section';
GRANT SELECT (limited) ON lms.course_staff TO lmskit_definer;

CREATE TABLE lms.staff_sections (
    course_id bigint NOT NULL,
    person_id bigint NOT NULL,
    section_id bigint NOT NULL,
    CONSTRAINT pk_staff_sections PRIMARY KEY (course_id, person_id, section_id),
    CONSTRAINT fk_staff_sections_course_id_person_id FOREIGN KEY (course_id, person_id)
        REFERENCES lms.course_staff (course_id, person_id) ON DELETE CASCADE,
    CONSTRAINT fk_staff_sections_section_id_course_id FOREIGN KEY (section_id, course_id) REFERENCES lms.sections (id, course_id) ON DELETE CASCADE
);
CREATE INDEX ix_staff_sections_section_id ON lms.staff_sections USING hash (section_id);
COMMENT ON TABLE lms.staff_sections IS 'The sections and groups whose students an assistant sees who does not see all of a course';

ALTER TABLE lms.staff_sections ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.staff_sections FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.staff_sections FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.staff_sections FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.staff_sections FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.staff_sections FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY definer_reads ON lms.staff_sections FOR SELECT TO lmskit_definer USING (true);
CREATE POLICY lecturer_reads_own ON lms.staff_sections FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY definer_reads ON lms.section_members FOR SELECT TO lmskit_definer USING (true);
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.staff_sections TO lmskit_admin;
GRANT SELECT ON lms.staff_sections TO lmskit_lecturer, lmskit_definer;
GRANT SELECT ON lms.section_members TO lmskit_definer;

-- 1. Which students --------------------------------------------------------------------------------

GRANT CREATE ON SCHEMA lms TO lmskit_definer, lmskit_logins;
SET LOCAL ROLE lmskit_definer;
-- A function with a body of SQL is planned when it is made, and migrations have row security off.
SET LOCAL row_security = on;

CREATE FUNCTION lms.my_limited_course_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(s.course_id), '{}')
    FROM lms.users AS u
    JOIN lms.course_staff AS s ON s.person_id = u.id
    JOIN lms.courses AS c ON c.id = s.course_id
    WHERE u.db_role = session_user AND s.limited AND c.lecturer_id <> s.person_id
);
COMMENT ON FUNCTION lms.my_limited_course_ids() IS
    'Courses of which the person signed in sees only students in my_section_ids(), as an assistant of these sections';

CREATE FUNCTION lms.my_section_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(s.section_id), '{}')
    FROM lms.staff_sections AS s
    WHERE s.person_id = (SELECT lms.me()) AND s.course_id = ANY ((SELECT lms.my_limited_course_ids())::bigint[])
);
COMMENT ON FUNCTION lms.my_section_ids() IS 'The sections and groups of my_limited_course_ids() whose students the person signed in sees';

CREATE FUNCTION lms.my_section_members() RETURNS TABLE (course_id bigint, student_id bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT m.course_id, m.student_id
    FROM lms.section_members AS m
    WHERE m.course_id = ANY ((SELECT lms.my_limited_course_ids())::bigint[]) AND m.section_id = ANY ((SELECT lms.my_section_ids())::bigint[]);
END;
COMMENT ON FUNCTION lms.my_section_members() IS 'The students of my_limited_course_ids() whom the person signed in sees';

CREATE OR REPLACE FUNCTION lms.my_student_ids() RETURNS bigint[]
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
RETURN (
    SELECT coalesce(array_agg(DISTINCT e.student_id), '{}')
    FROM lms.student_enrollments AS e
    WHERE e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
      AND (
          e.course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
          OR (e.course_id, e.student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
      )
);
COMMENT ON FUNCTION lms.my_student_ids() IS 'The people enrolled in one of my_course_ids(), as far as the person signed in sees them';

CREATE OR REPLACE FUNCTION lms.addresses_in(course bigint) RETURNS TABLE (student_id bigint, email text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    SELECT e.student_id, u.email
    FROM lms.student_enrollments AS e
    JOIN lms.users AS u ON u.id = e.student_id
    WHERE e.course_id = addresses_in.course
      AND (
          (
              e.status <> 'withdrawn' AND e.course_id = ANY ((SELECT lms.my_course_ids())::bigint[])
              AND (
                  e.course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
                  OR (e.course_id, e.student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
              )
          )
          OR (SELECT pg_has_role(SESSION_USER, 'lmskit_admin', 'MEMBER'))
      );
END;
COMMENT ON FUNCTION lms.addresses_in(bigint) IS
    'The addresses of the students in one of my_course_ids() who have not withdrawn, as far as the person signed in sees them; for an administrator those of any course, withdrawn ones too';

REVOKE EXECUTE ON FUNCTION lms.my_limited_course_ids(), lms.my_section_ids(), lms.my_section_members() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION lms.my_limited_course_ids(), lms.my_section_ids(), lms.my_section_members()
    TO lmskit_admin, lmskit_lecturer, lmskit_owner;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;

SET LOCAL row_security = off;
SET LOCAL ROLE lmskit_owner;
REVOKE CREATE ON SCHEMA lms FROM lmskit_definer, lmskit_logins;

CREATE POLICY lecturer_reads_in_sections ON lms.student_enrollments AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
CREATE POLICY lecturer_reads_in_sections ON lms.section_members AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
CREATE POLICY lecturer_reads_in_sections ON lms.quiz_attempts AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
CREATE POLICY lecturer_reads_in_sections ON lms.topic_performance AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
CREATE POLICY lecturer_reads_in_sections ON lms.sections AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[]) OR id = ANY ((SELECT lms.my_section_ids())::bigint[]));
-- A fit counts the students of the whole course.
CREATE POLICY lecturer_reads_in_sections ON lms.knowledge_fits AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[]));

-- 2. Rights end in open sessions too, and are on record ---------------------------------------------

CREATE CONSTRAINT TRIGGER end_sessions_of_limited_staff AFTER UPDATE OF limited ON lms.course_staff
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lms.end_sessions_of_former_staff();
CREATE CONSTRAINT TRIGGER end_sessions_of_former_staff AFTER DELETE OR UPDATE ON lms.staff_sections
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION lms.end_sessions_of_former_staff();

CREATE TRIGGER audit_insert AFTER INSERT ON lms.staff_sections REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id, r.section_id)', 'r.course_id', 'NULL::text', 'false');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.staff_sections REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id, r.section_id)', 'r.course_id');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.staff_sections REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.person_id, r.section_id)', 'r.course_id');
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
