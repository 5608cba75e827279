-- own
SELECT * FROM lms.quiz_attempts WHERE student_id = :own_student;

-- nothing
SELECT * FROM lms.quiz_attempts WHERE student_id IN (:own_hidden_student, 32);

-- nothing
SELECT * FROM lms.student_enrollments WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.topic_performance WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.quiz_exceptions WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.student_activity WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.section_members WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT id, family_name FROM lms.users WHERE role = 'student' AND id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.student_addresses WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.addresses_in(:own_course) WHERE student_id NOT IN (:own_student, 31);

-- nothing
SELECT * FROM lms.my_section_members() WHERE student_id NOT IN (:own_student, 31);

-- nothing: a fit counts the students of the whole course
SELECT * FROM lms.knowledge_fits;

-- nothing
SELECT count(*) - 2 FROM lms.student_enrollments;

-- nothing
SELECT count(*) - 1 FROM lms.sections;

-- nothing
SELECT cardinality(lms.my_student_ids()) - 2;

-- own: a division by zero would show that there is a row
SELECT 1 / (student_id - :own_hidden_student) + 2 FROM lms.quiz_attempts;

-- own
SELECT score FROM lms.quiz_attempts WHERE 1 / (student_id - :own_hidden_student) IS NOT NULL;

-- nothing
DO $$ BEGIN PERFORM FROM lms.quiz_attempts WHERE student_id = :own_hidden_student; IF FOUND THEN RAISE EXCEPTION 'there'; END IF; END $$;

-- nothing
SET lmskit.course = ':own_code'; SELECT * FROM lms.quiz_attempts WHERE student_id = :own_hidden_student;

-- refused 42501
SELECT * FROM lms.archived_attempts;

-- nothing
UPDATE lms.quiz_attempts SET feedback = 'x';

-- nothing
SELECT lms.delete_material(:own_material);

-- refused 42501: to see all of the course
UPDATE lms.course_staff SET limited = false;

-- refused 42501
INSERT INTO lms.staff_sections (course_id, person_id, section_id) SELECT :own_course, lms.me(), s.id + 1 FROM lms.sections AS s;

-- refused 42501
UPDATE lms.staff_sections SET section_id = section_id + 1;

-- refused 42501
DELETE FROM lms.staff_sections;

-- refused 42501
UPDATE lms.section_members SET section_id = section_id;

-- refused 42501
UPDATE lms.section_members SET student_id = :own_hidden_student;

-- refused 42501
INSERT INTO lms.section_members (course_id, section_id, student_id) SELECT :own_course, s.id, :own_hidden_student FROM lms.sections AS s;
