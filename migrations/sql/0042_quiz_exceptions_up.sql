-- What holds for single students at a quiz: that they are excused from it, or have more time.

CREATE TABLE lms.quiz_exceptions (
    course_id bigint NOT NULL,
    quiz_id bigint NOT NULL,
    student_id bigint NOT NULL,
    excused boolean NOT NULL,
    due_on date,
    granted_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pk_quiz_exceptions PRIMARY KEY (course_id, quiz_id, student_id),
    CONSTRAINT fk_quiz_exceptions_quiz_id_course_id FOREIGN KEY (quiz_id, course_id) REFERENCES lms.quizzes (id, course_id) ON DELETE CASCADE,
    CONSTRAINT fk_quiz_exceptions_course_id_student_id FOREIGN KEY (course_id, student_id)
        REFERENCES lms.student_enrollments (course_id, student_id) ON DELETE CASCADE,
    CONSTRAINT ck_quiz_exceptions_says_something CHECK (excused OR due_on IS NOT NULL),
    CONSTRAINT ck_quiz_exceptions_due_on_is_a_readable_day CHECK (due_on BETWEEN '1900-01-01' AND '2200-12-31')
);
CREATE INDEX ix_quiz_exceptions_course_id_student_id ON lms.quiz_exceptions (course_id, student_id);
CREATE INDEX ix_quiz_exceptions_quiz_id ON lms.quiz_exceptions USING hash (quiz_id);
COMMENT ON TABLE lms.quiz_exceptions IS 'What holds for one student at a quiz instead of what holds for all';
COMMENT ON COLUMN lms.quiz_exceptions.excused IS 'The attempts of the student at the quiz are no evidence';
COMMENT ON COLUMN lms.quiz_exceptions.due_on IS 'The last day for this student; null = that of the quiz';

ALTER TABLE lms.quiz_exceptions ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.quiz_exceptions FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.quiz_exceptions FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.quiz_exceptions FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.quiz_exceptions FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.quiz_exceptions FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.quiz_exceptions FOR SELECT TO lmskit_lecturer
    USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));
CREATE POLICY lecturer_reads_in_sections ON lms.quiz_exceptions AS RESTRICTIVE FOR SELECT TO lmskit_lecturer
    USING (
        course_id <> ALL ((SELECT lms.my_limited_course_ids())::bigint[])
        OR (course_id, student_id) IN (SELECT m.course_id, m.student_id FROM lms.my_section_members() AS m)
    );
GRANT SELECT, INSERT, UPDATE, DELETE ON lms.quiz_exceptions TO lmskit_admin;
GRANT SELECT ON lms.quiz_exceptions TO lmskit_lecturer;

-- Triggers.
-- Mastery rests on it, so it stays as it is in a closed term; and every change is in the audit trail.
SET LOCAL ROLE lmskit_definer;
GRANT EXECUTE ON FUNCTION lms.audit_rows(), lms.keep_closed_terms() TO lmskit_owner;
SET LOCAL ROLE lmskit_owner;
CREATE TRIGGER audit_insert AFTER INSERT ON lms.quiz_exceptions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.quiz_id, r.student_id)', 'r.course_id', 'NULL::text', 'false');
CREATE TRIGGER audit_update AFTER UPDATE ON lms.quiz_exceptions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.quiz_id, r.student_id)', 'r.course_id');
CREATE TRIGGER audit_delete AFTER DELETE ON lms.quiz_exceptions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.quiz_id, r.student_id)', 'r.course_id');
CREATE TRIGGER keep_closed_terms_insert AFTER INSERT ON lms.quiz_exceptions REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.keep_closed_terms();
CREATE TRIGGER keep_closed_terms_update AFTER UPDATE ON lms.quiz_exceptions REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION lms.keep_closed_terms();
CREATE TRIGGER keep_closed_terms_delete AFTER DELETE ON lms.quiz_exceptions REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.keep_closed_terms();
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows(), lms.keep_closed_terms() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
