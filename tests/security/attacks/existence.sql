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
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 1, :own_course, 'x') ON CONFLICT (material_id, ordinal) DO UPDATE SET body = 'x' RETURNING *;

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

-- nothing
SELECT lms.delete_material(:foreign_material) - lms.delete_material(:nobody_material);

-- nothing
UPDATE lms.quiz_attempts SET score = -1 WHERE id = :foreign_attempt;
