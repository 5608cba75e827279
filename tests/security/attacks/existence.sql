-- Asking whether something exists, by the way in which a statement fails.

-- alike
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:foreign_course, 1, 'x');

-- alike
INSERT INTO lms.quizzes (course_id, week_number, title, max_score) VALUES (:foreign_course, 1, 'x', 1);

-- alike
INSERT INTO lms.materials (course_id, week_number, kind, title, url) VALUES (:foreign_course, 1, 'page', 'x', 'https://example.org');

-- alike: the week of a course of mine that only the other course has
INSERT INTO lms.quizzes (course_id, week_number, title, max_score) VALUES (:own_course, 59, 'x', 1);

-- alike: the other lecturer's quiz in a course of mine
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :own_course, 31, 1, 1, now(), 'form');

-- alike: a student who is not in my course
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:own_quiz, :own_course, :foreign_student, 1, 1, now(), 'form');

-- alike: did that student attempt that quiz?
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :own_course, :foreign_student, 1, 1, now(), 'form');

-- alike
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :own_course, 31, 1, 1, now(), 'form') ON CONFLICT DO NOTHING;

-- alike
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :own_course, 31, 1, 1, now(), 'form') ON CONFLICT (quiz_id, student_id, number) DO UPDATE SET feedback = 'x' RETURNING *;

-- alike: the other lecturer's material in a course of mine
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 1, :own_course, 'x');

-- alike
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 1, :own_course, 'x') ON CONFLICT DO NOTHING;

-- alike
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 1, :own_course, 'x') ON CONFLICT (course_id, material_id, ordinal) DO UPDATE SET body = 'x' RETURNING *;

-- alike
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 1, :foreign_course, 'x');

-- alike
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :foreign_course, 31, 1, 1, now(), 'form') ON CONFLICT DO NOTHING;

-- alike
INSERT INTO lms.student_enrollments (course_id, student_id, status, origin, started_on) VALUES (:own_course, :foreign_student, 'active', 'form', now());

-- alike
SELECT lms.set_login(:foreign_lecturer, 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==', '!');

-- alike
UPDATE lms.courses SET lecturer_id = :foreign_lecturer;

-- alike: a vector for the other lecturer's passage in a course of mine
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding) VALUES (:own_course, :foreign_material, 1, 'shared', 3, '[1, 0, 0]');

-- alike
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding) VALUES (:own_course, :foreign_material, 1, 'shared', 3, '[1, 0, 0]') ON CONFLICT DO NOTHING;

-- alike
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding) VALUES (:foreign_course, :foreign_material, 1, 'shared', 3, '[1, 0, 0]') ON CONFLICT (course_id, material_id, ordinal, model) DO UPDATE SET embedding = '[1, 0, 0]' RETURNING *;

-- alike: the other lecturer's material as advice in a course of mine
INSERT INTO lms.reading_decisions (course_id, week_number, material_id, passage_checksum, decision) VALUES (:own_course, 1, :foreign_material, repeat('0', 64), 'pinned');

-- alike: is that passage pinned?
INSERT INTO lms.reading_decisions (course_id, week_number, material_id, passage_checksum, decision) VALUES (:foreign_course, 1, :foreign_material, encode(sha256('canary passage'), 'hex'), 'pinned') ON CONFLICT DO NOTHING;

-- alike: pages in the other lecturer's crawl
INSERT INTO lms.crawl_pages (course_id, crawl_id, url, depth) VALUES (:own_course, :foreign_crawl, 'https://example.org/canary/0', 0);

-- alike
INSERT INTO lms.crawl_pages (course_id, crawl_id, url, depth) VALUES (:foreign_course, :foreign_crawl, 'https://example.org/canary/0', 0) ON CONFLICT DO NOTHING;

-- alike
INSERT INTO lms.crawl_pages (course_id, crawl_id, url, depth, material_id) VALUES (:own_course, :own_crawl, 'https://example.org/x', 0, :foreign_material);

-- alike
UPDATE lms.crawl_pages SET material_id = :foreign_material WHERE crawl_id = :own_crawl;

-- alike: does the other course have a material of that address?
INSERT INTO lms.materials (course_id, kind, title, url) VALUES (:foreign_course, 'page', 'x', 'https://example.org/canary') ON CONFLICT (course_id, url) DO NOTHING;

-- own: an address and a file name that another course has are free in mine
BEGIN; INSERT INTO lms.materials (course_id, kind, title, url, file_name) VALUES (:own_course, 'page', 'x', 'https://example.org/canar', 'canar.html') RETURNING course_id; ROLLBACK;

-- nothing
SELECT lms.delete_passages(:foreign_material) - lms.delete_passages(:nobody_material), lms.delete_crawl(:foreign_crawl) - lms.delete_crawl(:nobody_crawl), lms.delete_reading_decision(:foreign_decision) - lms.delete_reading_decision(:nobody_decision);

-- nothing
SELECT lms.delete_material(:foreign_material) - lms.delete_material(:nobody_material);

-- nothing
UPDATE lms.quiz_attempts SET score = -1 WHERE id = :foreign_attempt;
