-- Sections and groups of courses, and who is in which.

CREATE TYPE lms.section_kind AS ENUM ('section', 'group');
CREATE TABLE lms.sections (
    id bigint GENERATED ALWAYS AS IDENTITY,
    course_id bigint NOT NULL,
    kind lms.section_kind NOT NULL,
    name text NOT NULL,
    source text NOT NULL,
    CONSTRAINT pk_sections PRIMARY KEY (id),
    CONSTRAINT uq_sections_id_course_id UNIQUE (id, course_id),
    CONSTRAINT uq_sections_course_id_kind_name UNIQUE (course_id, kind, name),
    CONSTRAINT fk_sections_course_id FOREIGN KEY (course_id) REFERENCES lms.courses (id) ON DELETE CASCADE,
    CONSTRAINT ck_sections_name_has_a_length CHECK (length(name) BETWEEN 1 AND 300),
    CONSTRAINT ck_sections_name_is_one_line CHECK (name !~ '[[:cntrl:]]'),
    CONSTRAINT ck_sections_source_has_a_length CHECK (length(source) BETWEEN 1 AND 100)
);
COMMENT ON TABLE lms.sections IS 'Parts of the students of a course';
COMMENT ON COLUMN lms.sections.source IS 'The system whose file named it first';

CREATE TABLE lms.section_members (
    course_id bigint NOT NULL,
    section_id bigint NOT NULL,
    student_id bigint NOT NULL,
    CONSTRAINT pk_section_members PRIMARY KEY (course_id, section_id, student_id),
    CONSTRAINT fk_section_members_section_id_course_id FOREIGN KEY (section_id, course_id) REFERENCES lms.sections (id, course_id) ON DELETE CASCADE,
    CONSTRAINT fk_section_members_course_id_student_id FOREIGN KEY (course_id, student_id)
        REFERENCES lms.student_enrollments (course_id, student_id) ON DELETE CASCADE
);
CREATE INDEX ix_section_members_course_id_student_id ON lms.section_members (course_id, student_id);
COMMENT ON TABLE lms.section_members IS 'Who is in which section or group';

ALTER TABLE lms.sections ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.sections FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.sections FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.sections FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.sections FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.sections FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.sections FOR SELECT TO lmskit_lecturer USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

ALTER TABLE lms.section_members ENABLE ROW LEVEL SECURITY;
ALTER TABLE lms.section_members FORCE ROW LEVEL SECURITY;
CREATE POLICY admin_reads ON lms.section_members FOR SELECT TO lmskit_admin USING (true);
CREATE POLICY admin_inserts ON lms.section_members FOR INSERT TO lmskit_admin WITH CHECK (true);
CREATE POLICY admin_updates ON lms.section_members FOR UPDATE TO lmskit_admin USING (true) WITH CHECK (true);
CREATE POLICY admin_deletes ON lms.section_members FOR DELETE TO lmskit_admin USING (true);
CREATE POLICY lecturer_reads_own ON lms.section_members FOR SELECT TO lmskit_lecturer USING (course_id = ANY ((SELECT lms.my_course_ids())::bigint[]));

GRANT SELECT, INSERT, UPDATE, DELETE ON lms.sections, lms.section_members TO lmskit_admin;
GRANT SELECT ON lms.sections, lms.section_members TO lmskit_lecturer;
