-- 1. A result of which a file has only the total

ALTER TABLE lms.quiz_attempts ADD COLUMN is_total boolean DEFAULT false NOT NULL;
COMMENT ON COLUMN lms.quiz_attempts.is_total IS 'Imported from a file with totals alone: an attempt of a report replaces it';
COMMENT ON COLUMN lms.archived_attempts.is_total IS 'Imported from a file with totals alone: an attempt of a report replaces it';

-- 2. Who may see and change the questions of banks and of reports: administrators all of them; lecturers read those of their own courses

ALTER TABLE lms.bank_questions ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.bank_questions FORCE ROW LEVEL SECURITY;
ALTER TABLE lms.question_slots ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.question_slots FORCE ROW LEVEL SECURITY;

CREATE POLICY admin_reads ON lms.bank_questions FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.bank_questions FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.bank_questions FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.bank_questions FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.bank_questions FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY admin_reads ON lms.question_slots FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.question_slots FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.question_slots FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.question_slots FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.question_slots FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

GRANT SELECT, INSERT, UPDATE, DELETE ON lms.bank_questions, lms.question_slots TO lmskit_admin;
GRANT SELECT ON lms.bank_questions, lms.question_slots TO lmskit_lecturer;
