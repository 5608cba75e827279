-- own
SELECT * FROM lms.observed_courses();

-- nothing: the term is open, and the class has four students
SELECT * FROM lms.observed_levels(:own_course);

-- nothing
SELECT * FROM lms.observed_courses() WHERE course_id <> :own_course;

-- nothing
SELECT o.* FROM generate_series(:foreign_course - 20, :foreign_course + 20) AS c (id), lms.observed_levels(c.id) AS o;

-- nothing
SELECT lms.my_course_ids();

-- nothing
SELECT * FROM lms.courses;

-- nothing
SELECT * FROM lms.course_staff;

-- nothing
SELECT * FROM lms.staff_in(:own_course);

-- nothing
SELECT * FROM lms.student_enrollments;

-- nothing
SELECT * FROM lms.topic_performance;

-- nothing
SELECT * FROM lms.knowledge_fits;

-- nothing
SELECT * FROM lms.addresses_in(:own_course);

-- nothing
SELECT id FROM lms.users WHERE id <> lms.me();

-- nothing
SET lmskit.course = ':own_code'; SELECT * FROM lms.courses;

-- nothing
UPDATE lms.courses SET title = 'x';

-- refused 42501
UPDATE lms.course_staff SET role = 'assistant';

-- refused 42501
UPDATE lms.terms SET state = 'closed';

-- refused 42501
SELECT lms.close_term(:own_term);
