-- Locks on rows, tables and whatever else sessions wait for. The neighbour's first course is 11, its quizzes are 1101 to 1108.

-- hold: locks its courses
BEGIN;
SELECT id FROM courses FOR UPDATE;

-- hold: locks its courses against changes of their keys
BEGIN;
SELECT id FROM courses FOR KEY SHARE;

-- hold ×5: shares its courses, so that no other can change them
BEGIN;
SELECT id FROM courses FOR SHARE;

-- hold: changes its courses and does not commit
BEGIN;
UPDATE courses SET title = title || '.';

-- hold: locks its quizzes
BEGIN;
SELECT id FROM quizzes FOR UPDATE;

-- hold: changes its quizzes and does not commit
BEGIN;
UPDATE quizzes SET title = title || '.';

-- hold: locks all attempts of its students
BEGIN;
SELECT id FROM quiz_attempts FOR UPDATE;

-- hold: changes all attempts of its students and does not commit
BEGIN;
UPDATE quiz_attempts SET score = 1;

-- hold: inserts the attempts that the administrator will import, and does not commit
BEGIN;
INSERT INTO quiz_attempts (quiz_id, course_id, student_id, number, score, max_score, submitted_at, origin) SELECT q.id, 11, e.student_id, 3, 1, 10, now(), 'form' FROM quizzes AS q JOIN student_enrollments AS e USING (course_id) WHERE course_id = 11;

-- hold: inserts a quiz that the administrator will import, and does not commit
BEGIN;
INSERT INTO quizzes (course_id, week_number, title, max_score, questions, answer_key) SELECT 11, 3, 'Test ' || n, 10, '[]', '{}' FROM generate_series(1, 300) AS n;

-- hold: locks its syllabi and materials
BEGIN;
SELECT week_number FROM syllabi FOR UPDATE;
SELECT id FROM materials FOR UPDATE;
SELECT ordinal FROM material_passages FOR UPDATE;

-- hold, refused 42501: locks the table of courses
BEGIN;
LOCK TABLE courses IN ACCESS EXCLUSIVE MODE;

-- hold, refused 42501: locks the table of attempts against writers
BEGIN;
LOCK TABLE quiz_attempts IN SHARE MODE;

-- hold, refused 42501: locks rows of people
BEGIN;
SELECT id FROM users FOR KEY SHARE;

-- hold, refused 42501: locks rows of terms
BEGIN;
SELECT id FROM terms FOR SHARE;

-- hold, refused 42501: locks rows of estimates
BEGIN;
SELECT student_id FROM topic_performance FOR UPDATE;

-- hold, refused 42501: locks rows of enrollments
BEGIN;
SELECT student_id FROM student_enrollments FOR UPDATE;

-- hold, refused 42501: locks rows of the catalogue
BEGIN;
SELECT oid FROM pg_class FOR UPDATE;

-- hold, refused 42501: takes advisory locks
SELECT count(pg_advisory_lock(g)) FROM generate_series(1::bigint, 14000) AS g;

-- hold ×5: reads every table and every catalogue that it may, in a transaction that stays open
BEGIN ISOLATION LEVEL REPEATABLE READ;
DO $$ DECLARE t regclass; BEGIN FOR t IN SELECT oid FROM pg_class WHERE relkind IN ('r', 'v') AND has_table_privilege(oid, 'SELECT') LOOP BEGIN EXECUTE format('SELECT 1 FROM %s LIMIT 1', t); EXCEPTION WHEN others THEN NULL; END; END LOOP; END $$;

-- hold ×5: reads everything in serializable transactions, which remember what they read
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT count(*) FROM quiz_attempts;
SELECT id FROM quiz_attempts ORDER BY id;
SELECT * FROM topic_performance;

-- loop ×5: makes serializable transactions conflict
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT sum(score) FROM quiz_attempts;
UPDATE quiz_attempts SET score = 1 WHERE number = 1 AND student_id % 7 = 1;
SELECT pg_sleep(0.2);
COMMIT;

-- loop ×5: updates attempts in changing orders, so that one session is chosen to break a deadlock
BEGIN;
UPDATE quiz_attempts SET score = 2 WHERE course_id = 11 AND student_id % 5 = extract(second FROM clock_timestamp())::int % 5;
UPDATE quiz_attempts SET score = 3 WHERE course_id = 11 AND student_id % 3 = extract(millisecond FROM clock_timestamp())::int % 3;
SELECT pg_sleep(0.2);
COMMIT;

-- loop ×5: many share the same rows, so that the server keeps lists of holders
BEGIN;
SELECT id FROM courses FOR KEY SHARE;
SELECT id FROM quiz_attempts FOR SHARE;
SELECT pg_sleep(0.2);
COMMIT;

-- act: opens a subtransaction within the other, tens of thousands of them
nested_savepoints
INSERT INTO material_passages (material_id, ordinal, course_id, page, body) SELECT 110, coalesce(max(ordinal), 0) + 1, 11, 1, 'x' FROM material_passages WHERE material_id = 110

-- hold: a transaction of many subtransactions, which every snapshot has to look up
BEGIN;
DO $$ BEGIN FOR n IN 1..5000 LOOP BEGIN UPDATE courses SET title = title WHERE id = 12; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$;

-- hold: changes its courses twice and does not commit, which locks its own row of people and its term
BEGIN;
UPDATE courses SET title = title || '.';
UPDATE courses SET title = title || '.';

-- hold: changes its own role and does not commit
BEGIN;
ALTER ROLE CURRENT_USER SET work_mem = '5MB';

-- hold: changes its own password and does not commit
BEGIN;
ALTER ROLE CURRENT_USER PASSWORD 'a password of twelve';

-- hold: refuses to wait less than for ever, and then locks
SET lock_timeout = 0; SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0;
BEGIN;
SELECT id FROM courses FOR UPDATE;

-- hold: locks in the name of an import
SET application_name = 'lmskit import';
BEGIN;
SELECT id FROM courses FOR UPDATE;
