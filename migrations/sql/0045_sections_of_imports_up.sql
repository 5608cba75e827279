-- Which sections an import added, and whom it put into one or took out: without it, an undo cannot put students back where they were.
-- Only imports write these tables, so the triggers act while one runs. Memberships are listed one by one: a number alone names none.

SET LOCAL ROLE lmskit_definer;
GRANT EXECUTE ON FUNCTION lms.audit_rows() TO lmskit_owner;
SET LOCAL ROLE lmskit_owner;
CREATE TRIGGER record_import_insert AFTER INSERT ON lms.sections REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false', 'imports');
CREATE TRIGGER record_import_delete AFTER DELETE ON lms.sections REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('r.id', 'r.course_id', 'NULL::text', 'false', 'imports');
CREATE TRIGGER record_import_insert AFTER INSERT ON lms.section_members REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.section_id, r.student_id)', 'r.course_id', 'NULL::text', 'false', 'imports');
CREATE TRIGGER record_import_delete AFTER DELETE ON lms.section_members REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT
    EXECUTE FUNCTION lms.audit_rows('concat_ws('':'', r.course_id, r.section_id, r.student_id)', 'r.course_id', 'NULL::text', 'false', 'imports');
SET LOCAL ROLE lmskit_definer;
REVOKE EXECUTE ON FUNCTION lms.audit_rows() FROM lmskit_owner;
SET LOCAL ROLE lmskit_owner;
