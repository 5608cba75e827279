-- Codes of courses and terms that differ in case are different.

ALTER TABLE lms.courses DROP CONSTRAINT uq_courses_code;
ALTER TABLE lms.courses ADD CONSTRAINT uq_courses_code EXCLUDE USING hash (code WITH =);
ALTER TABLE lms.terms DROP CONSTRAINT uq_terms_code;
ALTER TABLE lms.terms ADD CONSTRAINT uq_terms_code EXCLUDE USING hash (code WITH =);
