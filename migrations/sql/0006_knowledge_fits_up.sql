-- Who may see and change fits: administrators all of them; lecturers read those of their own courses.

ALTER TABLE lms.knowledge_fits ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.knowledge_fits FORCE ROW LEVEL SECURITY;

CREATE POLICY admin_reads ON lms.knowledge_fits FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.knowledge_fits FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.knowledge_fits FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.knowledge_fits FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.knowledge_fits FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

GRANT SELECT, INSERT, UPDATE, DELETE ON lms.knowledge_fits TO lmskit_admin;
GRANT SELECT ON lms.knowledge_fits TO lmskit_lecturer;
