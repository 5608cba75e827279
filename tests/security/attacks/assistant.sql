-- own
SELECT * FROM lms.quiz_attempts;

-- own
SELECT * FROM lms.topic_performance;

-- own
SELECT * FROM lms.student_addresses;

-- nothing
SELECT * FROM lms.courses WHERE id <> :own_course;

-- nothing
SELECT lms.my_led_course_ids();

-- nothing
UPDATE lms.courses SET title = 'x';

-- nothing
UPDATE lms.courses SET mastery_rule = 'average', mastery_parameters = '{}' WHERE id = :own_course;

-- nothing
UPDATE lms.quiz_attempts SET feedback = 'x';

-- nothing
UPDATE lms.quiz_attempts SET score = 0 WHERE id = :own_attempt;

-- nothing
UPDATE lms.quizzes SET answer_key = '{}', title = 'x';

-- nothing
UPDATE lms.syllabi SET topic = 'x';

-- nothing
UPDATE lms.materials SET title = 'x';

-- nothing
UPDATE lms.passage_vectors SET embedding = '[0, 0, 1]';

-- nothing
UPDATE lms.reading_decisions SET position = 9;

-- nothing
UPDATE lms.material_crawls SET state = 'stopped';

-- nothing
UPDATE lms.crawl_pages SET finding = 'x';

-- nothing
SET lmskit.course = ':own_code'; UPDATE lms.courses SET title = 'x';

-- refused 42501
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:own_course, 9, 'x');

-- refused 42501: a row that is there already says no more than one that is not
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:own_course, 1, 'x') ON CONFLICT (course_id, week_number) DO UPDATE SET topic = 'x';

-- refused 42501
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:own_course, 1, 'x') ON CONFLICT DO NOTHING;

-- refused 42501
MERGE INTO lms.syllabi AS s USING (VALUES (:own_course, 1)) AS v (course, week) ON s.course_id = v.course AND s.week_number = v.week
WHEN MATCHED THEN UPDATE SET topic = 'x';

-- refused 42501
INSERT INTO lms.quizzes (course_id, week_number, title, questions, max_score) VALUES (:own_course, 1, 'x', '[]', 1);

-- refused 42501
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin)
VALUES (:own_quiz, :own_course, :own_student, 2, 1, 1, now(), 'form');

-- refused 42501
INSERT INTO lms.materials (course_id, kind, title, url) VALUES (:own_course, 'page', 'x', 'https://example.org/x');

-- refused 42501
INSERT INTO lms.material_passages (course_id, material_id, ordinal, body) VALUES (:own_course, :own_material, 9, 'x');

-- refused 42501
INSERT INTO lms.reading_decisions (course_id, week_number, material_id, passage_checksum, decision)
VALUES (:own_course, 1, :own_material, repeat('0', 64), 'banned');

-- refused 42501
INSERT INTO lms.material_crawls (course_id, start_url) VALUES (:own_course, 'https://example.org/x');

-- refused 42501
INSERT INTO lms.crawl_pages (course_id, crawl_id, url, depth) VALUES (:own_course, :own_crawl, 'https://example.org/x', 1);

-- nothing
SELECT lms.delete_material(:own_material);

-- nothing
SELECT lms.delete_passages(:own_material);

-- nothing
SELECT lms.delete_reading_decision(:own_decision);

-- nothing
SELECT lms.delete_crawl(:own_crawl);

-- refused 42501
SELECT lms.keep_material_file(repeat('0', 64));

-- nothing
SELECT lms.release_material_file(repeat('0', 64));

-- nothing: who locks rows keeps others from changing them
BEGIN; SELECT id FROM lms.courses FOR UPDATE;

-- nothing
BEGIN; SELECT id FROM lms.quizzes FOR KEY SHARE;

-- refused 42501: to become co-lecturer
UPDATE lms.course_staff SET role = 'co-lecturer';

-- refused 42501
INSERT INTO lms.course_staff (course_id, person_id, role) VALUES (:own_course, lms.me(), 'co-lecturer');

-- refused 42501
DELETE FROM lms.course_staff;

-- refused 42501
CREATE FUNCTION pg_temp.my_led_course_ids() RETURNS bigint[] LANGUAGE sql AS 'SELECT ARRAY[:own_course]';
