-- Changing what belongs to the other lecturer, to administrators or to nobody.

-- nothing
UPDATE lms.courses SET title = 'mine' WHERE id = :foreign_course;

-- nothing
UPDATE lms.courses SET title = 'mine' WHERE id <> ALL (lms.my_course_ids());

-- nothing
UPDATE lms.quizzes SET answer_key = '{}' WHERE course_id = :foreign_course RETURNING *;

-- nothing
UPDATE lms.quiz_attempts SET score = 0 WHERE score > 1000;

-- nothing
UPDATE lms.quiz_attempts SET feedback = 'x' WHERE id = :foreign_attempt RETURNING feedback;

-- nothing
UPDATE lms.syllabi SET topic = 'x' WHERE course_id = :foreign_course;

-- nothing
UPDATE lms.materials SET title = 'x' WHERE id = :foreign_material;

-- refused 42501: a passage is written once
UPDATE lms.material_passages SET body = 'x' WHERE material_id = :foreign_material;

-- nothing
UPDATE lms.passage_vectors SET embedding = '[1, 0, 0]' WHERE material_id = :foreign_material;

-- nothing
UPDATE lms.reading_decisions SET position = 9 WHERE id = :foreign_decision OR course_id = :foreign_course;

-- nothing
UPDATE lms.material_crawls SET state = 'stopped', ended_at = now() WHERE id = :foreign_crawl;

-- nothing
UPDATE lms.crawl_pages SET state = 'gone' WHERE crawl_id = :foreign_crawl;

-- done: without WHERE; the checksums show what changed
UPDATE lms.courses SET title = 'blind';

-- done
UPDATE lms.quizzes SET title = 'blind', questions = '[{"id": "q1"}]', answer_key = '{}';

-- done
UPDATE lms.quiz_attempts SET score = 1, feedback = 'blind';

-- done
UPDATE lms.syllabi SET topic = 'blind', objectives = '';

-- done
UPDATE lms.materials SET title = 'blind';

-- done
UPDATE lms.passage_vectors SET embedding = '[1, 0, 0]';

-- done
UPDATE lms.reading_decisions SET position = 7;

-- done
UPDATE lms.material_crawls SET options = '{}';

-- done
UPDATE lms.crawl_pages SET finding = 'blind', material_id = NULL;

-- own: the values of other tables by a join
UPDATE lms.quiz_attempts AS a SET feedback = q.title FROM lms.quizzes AS q RETURNING a.feedback, q.answer_key;

-- nothing
UPDATE lms.quiz_attempts AS a SET feedback = 'x' FROM lms.student_enrollments AS e WHERE e.course_id = :foreign_course RETURNING a.*;

-- nothing
UPDATE lms.courses SET title = (SELECT string_agg(title, ',') FROM lms.courses WHERE id = :foreign_course) WHERE id = :foreign_course;

-- refused 42501: to become staff of another's course
INSERT INTO lms.course_staff (course_id, person_id, role) VALUES (:foreign_course, lms.me(), 'co-lecturer');

-- refused 42501: to let another into one's own course
INSERT INTO lms.course_staff (course_id, person_id, role) VALUES (:own_course, :foreign_lecturer, 'co-lecturer');

-- refused 42501: to take a right along into another's course
UPDATE lms.course_staff SET course_id = :foreign_course;

-- refused 42501
UPDATE lms.course_staff SET person_id = lms.me(), role = 'co-lecturer';

-- refused 42501
DELETE FROM lms.course_staff;

-- refused 42501: to excuse a student of another's course
INSERT INTO lms.quiz_exceptions (course_id, quiz_id, student_id, excused)
SELECT :foreign_course, q.id, :foreign_student, true FROM lms.quizzes AS q;

-- refused 42501: activity that a student of another's course did not have
INSERT INTO lms.student_activity (course_id, student_id, source, kind, resource, occurred_at, fingerprint)
VALUES (:foreign_course, :foreign_student, 'xapi', 'viewed', 'x', now(), gen_random_uuid());

-- refused 42501
UPDATE lms.student_activity SET resource = 'x';

-- refused 42501
DELETE FROM lms.student_activity;

-- refused 42501
UPDATE lms.quiz_exceptions SET excused = true;

-- refused 42501
DELETE FROM lms.quiz_exceptions;

-- refused 42501
INSERT INTO lms.sections (course_id, kind, name, source) VALUES (:foreign_course, 'group', 'x', 'x');

-- refused 42501
UPDATE lms.sections SET name = 'x';

-- refused 42501: a student of another's course in a section of one's own
INSERT INTO lms.section_members (course_id, section_id, student_id) SELECT course_id, id, :foreign_student FROM lms.sections;

-- refused 42501
DELETE FROM lms.section_members;

-- refused 42501: rights are rows, and no roles of the server
ALTER TYPE lms.staff_role RENAME VALUE 'observer' TO 'lecturer';

-- refused 42501: to become the other course's lecturer
UPDATE lms.courses SET lecturer_id = lms.me() WHERE id = :foreign_course;

-- refused 42501: to give a course away
UPDATE lms.courses SET lecturer_id = :foreign_lecturer WHERE id = :own_course;

-- refused 42501
UPDATE lms.courses SET id = DEFAULT WHERE id = :own_course;

-- refused 42501
UPDATE lms.courses SET code = ':foreign_code' WHERE id = :own_course;

-- refused 42501
UPDATE lms.courses SET term_id = :foreign_term WHERE id = :own_course;

-- refused 42501
UPDATE lms.courses SET origin = 'simulation';

-- refused 42501
UPDATE lms.quizzes SET course_id = :foreign_course WHERE course_id = :own_course;

-- refused 42501
UPDATE lms.quiz_attempts SET course_id = :foreign_course, quiz_id = :foreign_quiz;

-- refused 42501
UPDATE lms.quiz_attempts SET banked = true;

-- refused 42501
UPDATE lms.quiz_attempts SET student_id = 31;

-- refused 42501
UPDATE lms.syllabi SET course_id = :foreign_course;

-- refused 42501
UPDATE lms.material_passages SET material_id = :foreign_material;

-- refused 42501
UPDATE lms.passage_vectors SET material_id = :foreign_material, course_id = :foreign_course;

-- refused 42501: a vector under the name of another model
UPDATE lms.passage_vectors SET model = 'other';

-- refused 42501
UPDATE lms.reading_decisions SET material_id = :foreign_material;

-- refused 42501: a decision in another's name
UPDATE lms.reading_decisions SET decided_by = ':other';

-- refused 42501
UPDATE lms.crawl_pages SET crawl_id = :foreign_crawl;

-- refused 23503: another's material as what a page of one's own became
UPDATE lms.crawl_pages SET material_id = :foreign_material;

-- refused 23503: an answer to a question that the quizzes do not have
UPDATE lms.quiz_attempts SET answers = '[{"question": "q2"}]';

-- refused 23503: no questions any more, where attempts have answers
UPDATE lms.quizzes SET questions = '[]';

-- refused 23503: a week that only another course has
UPDATE lms.materials SET week_number = 59;

-- refused 42501: the model that everybody searches with
UPDATE lms.embedding_models SET state = 'retired';

-- refused 42501
UPDATE lms.embedding_models SET dimension = 4, checksum = NULL;

-- refused 42501
UPDATE lms.material_files SET stored_as = repeat('0', 64);

-- refused 42501
UPDATE lms.student_enrollments SET status = 'withdrawn';

-- refused 42501
UPDATE lms.topic_performance SET value = 1, level = 'mastered';

-- refused 42501
UPDATE lms.knowledge_fits SET learn = 1;

-- refused 42501
UPDATE lms.bank_questions SET answer_key = '{}';

-- refused 42501
UPDATE lms.question_slots SET points = 1;

-- refused 42501
INSERT INTO lms.bank_questions (course_id, bank, number, question) VALUES (:own_course, 'x', 1, '{}');

-- refused 42501
INSERT INTO lms.question_slots (quiz_id, course_id, slot, number) SELECT id, course_id, 'x', 1 FROM lms.quizzes;

-- refused 42501
UPDATE lms.users SET role = 'super_admin' WHERE id = lms.me();

-- refused 42501
UPDATE lms.users SET family_name = 'x';

-- refused 42501
UPDATE lms.users SET db_role = session_user WHERE id = :foreign_lecturer;

-- refused 42501
UPDATE lms.users SET password_hash = '!';

-- refused 42501
UPDATE lms.terms SET name = 'x';

-- refused 42501
UPDATE lms.external_ids SET external_id = 'x';

-- refused 42501
UPDATE lms.outbox SET recipient = 'me@example.org';

-- refused 42501
UPDATE lms.audit_log SET actor = 'nobody';

-- refused 42501
UPDATE lms.erasures SET erased_by = 'nobody';

-- refused 42501
UPDATE lms.import_runs SET status = 'failed';

-- refused 42501
UPDATE lms.import_runs SET audit_from = 0, undoes = 1;

-- refused 42501
UPDATE lms.alembic_version SET version_num = '0001';

-- refused 42501
UPDATE lms.alembic_version SET serves = '0001';

-- refused 42501
INSERT INTO lms.courses (code, module_code, title, term_id, lecturer_id, origin) VALUES ('MINE', 'M', 'Mine', 5, lms.me(), 'form');

-- refused 42501
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:foreign_course, 3, 'x');

-- refused 42501
INSERT INTO lms.quizzes (course_id, week_number, title, max_score) VALUES (:foreign_course, 1, 'x', 1);

-- refused 42501
INSERT INTO lms.quiz_attempts (quiz_id, course_id, student_id, number, max_score, submitted_at, origin) VALUES (:foreign_quiz, :foreign_course, 31, 2, 1, now(), 'form');

-- refused 42501
INSERT INTO lms.materials (course_id, week_number, kind, title, url) VALUES (:foreign_course, 1, 'page', 'x', 'https://example.org');

-- refused 42501
INSERT INTO lms.material_passages (material_id, ordinal, course_id, body) VALUES (:foreign_material, 9, :foreign_course, 'x');

-- refused 42501
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding) VALUES (:foreign_course, :foreign_material, 1, 'shared', 3, '[1, 0, 0]');

-- refused 42501
INSERT INTO lms.reading_decisions (course_id, week_number, material_id, passage_checksum, decision) VALUES (:foreign_course, 1, :foreign_material, repeat('0', 64), 'banned');

-- refused 42501: in another's name
INSERT INTO lms.reading_decisions (course_id, week_number, material_id, passage_checksum, decision, decided_by) VALUES (:own_course, 1, :own_material, repeat('0', 64), 'banned', ':other');

-- refused 42501
INSERT INTO lms.material_crawls (course_id, start_url) VALUES (:foreign_course, 'https://example.org/');

-- refused 42501
INSERT INTO lms.crawl_pages (course_id, crawl_id, url, depth) VALUES (:foreign_course, :foreign_crawl, 'https://example.org/x', 1);

-- refused 42501: words that passages do not have
INSERT INTO lms.passage_words (course_id, material_id, after_ordinal, language, sizes, words) VALUES (:own_course, :own_material, 0, '', '{}', '');

-- refused 42501
INSERT INTO lms.passage_words (course_id, material_id, after_ordinal, language, sizes, words) VALUES (:foreign_course, :foreign_material, 0, '', '{}', '');

-- refused 42501
UPDATE lms.passage_words SET words = '';

-- refused 42501: a model, with which everybody would search
INSERT INTO lms.embedding_models (name, dimension, checksum, state) VALUES ('mine', 3, repeat('0', 64), 'in use');

-- refused 23503: a vector of a model that there is not
INSERT INTO lms.passage_vectors (course_id, material_id, ordinal, model, dimension, embedding) VALUES (:own_course, :own_material, 1, 'mine', 3, '[1, 0, 0]');

-- refused 42501: a file's name in the store, past the function
INSERT INTO lms.material_files (stored_as) VALUES (repeat('0', 64));

-- refused 42501
INSERT INTO lms.quizzes (id, course_id, week_number, title, max_score) OVERRIDING SYSTEM VALUE VALUES (:foreign_quiz, :own_course, 1, 'x', 1);

-- refused 42501
INSERT INTO lms.student_enrollments (course_id, student_id, status, origin, started_on) VALUES (:own_course, :foreign_student, 'active', 'form', now());

-- refused 42501
INSERT INTO lms.student_enrollments (course_id, student_id, status, origin, started_on) SELECT :own_course, id, 'active', 'form', now() FROM lms.users;

-- refused 42501
INSERT INTO lms.topic_performance (student_id, course_id, week_number, level, n_evidence, rule, computed_at) VALUES (31, :own_course, 2, 'not_assessed', 1, 'x', now());

-- refused 42501
INSERT INTO lms.users (email, family_name, sort_name, role) VALUES ('made.up@example.org', 'x', 'x', 'super_admin');

-- refused 42501
INSERT INTO lms.terms (code, name, starts_on, ends_on) VALUES ('X', 'X', '2030-01-01', '2030-02-01');

-- refused 42501
INSERT INTO lms.external_ids (source, kind, external_id, course_id) VALUES ('x', 'course', 'x', :own_course);

-- refused 42501
INSERT INTO lms.outbox (idem_key, message_id, recipient, template) VALUES ('x', 'x', 'victim@example.org', 'welcome');

-- refused 42501: a forged entry
INSERT INTO lms.audit_log (actor, action, table_name, row_key) VALUES (':other', 'update', 'quiz_attempts', '1');

-- refused 42501: an entry that says an import made the change
INSERT INTO lms.audit_log (action, table_name, row_key, import_run_id, numbers) VALUES ('insert', 'quizzes', '*', 1, '{[1,2)}');

-- refused 42501
INSERT INTO lms.erasures (person_id, fingerprint) VALUES (:foreign_student, repeat('0', 64));

-- refused 42501
INSERT INTO lms.import_runs (format, name, status) VALUES ('x', 'x', 'running');

-- refused 42501
INSERT INTO lms.import_choices (source_key, choices) VALUES (repeat('0', 64), '{}');

-- refused 42501: what every student of the institution would be sent
INSERT INTO lms.message_texts (kind, language, subject, body) VALUES ('welcome', 'en', 'x', 'x');

-- refused 42501
INSERT INTO lms.message_texts (kind, course_id, language, subject, body) VALUES ('message', :own_course, 'en', 'x', 'x');

-- refused 42501
UPDATE lms.message_texts SET body = 'x';

-- refused 42501
DELETE FROM lms.message_texts;

-- refused 42501
INSERT INTO lms.person_merges (kept_id, removed_id) VALUES (:foreign_student, 1);

-- refused 42501
UPDATE lms.person_merges SET kept_id = removed_id;

-- refused 42501
DELETE FROM lms.person_merges;

-- refused 42501
UPDATE lms.import_choices SET choices = '{"columns": {"email": "name"}}';

-- refused 42501: an invitation of one's own making
INSERT INTO lms.invitations (person_id, expires_at) VALUES (lms.me(), now() + interval '1 day');

-- refused 42501
UPDATE lms.invitations SET person_id = lms.me();

-- refused 42501
UPDATE lms.invitations SET revoked_at = now() WHERE person_id = :foreign_lecturer;

-- refused 42501
DELETE FROM lms.invitations;

-- refused 42501
INSERT INTO lms.archives (term_id, location, sha256, manifest) VALUES (5, 'x', repeat('0', 64), '{}');

-- refused 42501
INSERT INTO lms.archived_attempts SELECT * FROM lms.quiz_attempts;

-- refused 42501
INSERT INTO lms.archived_estimates SELECT * FROM lms.topic_performance;

-- refused 42501
UPDATE lms.archived_attempts SET score = 0;

-- refused 42501
DELETE FROM lms.archived_estimates;

-- refused 42501
UPDATE lms.terms SET state = 'closed';

-- refused 42501
SELECT lms.close_term(5);

-- refused 42501
SELECT lms.reopen_term(5);

-- refused 42501
SELECT lms.archive_term(5, 1);

-- refused 42501
SELECT lms.note_archive(5, 'x', repeat('0', 64), '{}');

-- refused 42501
SELECT lms.use_archive(5, 1);

-- refused 42501
SELECT lms.forget_archive(1);

-- refused 42501
SELECT lms.restore_term(5);

-- refused 42501
SELECT lms.begin_restore(5);

-- refused 42501
SELECT lms.finish_restore(5);

-- refused 42501
SELECT lms.replace_archive(5, 1);

-- refused 42501
SELECT lms.begin_erasure(:foreign_student, ARRAY[5]);

-- refused 42501
SELECT lms.finish_erasure(ARRAY[5]);

-- refused 42501
SELECT lms.move_rows(5, 'lms.quiz_attempts', 'lms.archived_attempts');

-- refused 42501
SELECT lms.lock_term(5, 'open');

-- nothing
UPDATE lms.quiz_attempts SET score = 0 WHERE tableoid = 'lms.archived_attempts'::regclass AND course_id = :foreign_course;

-- refused 42501
INSERT INTO lms.alembic_version VALUES ('9999');

-- refused 42501: the conflict with a row that is not visible
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:foreign_course, 1, 'x') ON CONFLICT (course_id, week_number) DO UPDATE SET topic = 'taken' RETURNING *;

-- refused 42501
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:foreign_course, 1, 'x') ON CONFLICT DO NOTHING;

-- own
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:own_course, 1, 'x') ON CONFLICT (course_id, week_number) DO UPDATE SET topic = 'kept' RETURNING *;

-- refused 42501: only some columns may be changed
INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:own_course, 1, 'x') ON CONFLICT (course_id, week_number) DO UPDATE SET course_id = :foreign_course;

-- refused 42501
INSERT INTO lms.syllabi (course_id, week_number, topic) SELECT course, 5, 'x' FROM unnest(ARRAY[:own_course, :foreign_course]) AS course;

-- refused 42501
MERGE INTO lms.quizzes AS q USING (VALUES (:foreign_quiz::bigint)) AS s (id) ON q.id = s.id WHEN MATCHED THEN DELETE;

-- nothing
MERGE INTO lms.quizzes AS q USING (VALUES (:foreign_quiz::bigint)) AS s (id) ON q.id = s.id WHEN MATCHED THEN UPDATE SET title = 'x';

-- refused 42501
MERGE INTO lms.syllabi AS y USING (VALUES (:foreign_course::bigint, 1)) AS s (course, week) ON y.course_id = s.course AND y.week_number = s.week WHEN MATCHED THEN UPDATE SET topic = 'x' WHEN NOT MATCHED THEN INSERT (course_id, week_number, topic) VALUES (s.course, 9, 'x');

-- refused 42501
WITH taken AS (DELETE FROM lms.quiz_attempts RETURNING *) SELECT * FROM taken;

-- nothing
WITH taken AS (UPDATE lms.quizzes SET title = 'x' WHERE course_id = :foreign_course RETURNING answer_key) SELECT * FROM taken;

-- refused 42501
WITH given AS (INSERT INTO lms.syllabi (course_id, week_number, topic) VALUES (:foreign_course, 7, 'x') RETURNING *) SELECT * FROM given;

-- refused 42501
DELETE FROM lms.courses;

-- refused 42501
DELETE FROM lms.quiz_attempts WHERE id = :own_attempt;

-- refused 42501
DELETE FROM lms.student_enrollments WHERE course_id = :foreign_course;

-- refused 42501
DELETE FROM lms.users;

-- refused 42501
DELETE FROM lms.materials WHERE course_id = :foreign_course;

-- refused 42501
DELETE FROM lms.material_passages;

-- refused 42501
DELETE FROM lms.passage_vectors;

-- refused 42501
DELETE FROM lms.passage_words;

-- refused 42501
DELETE FROM lms.reading_decisions;

-- refused 42501
DELETE FROM lms.material_crawls;

-- refused 42501
DELETE FROM lms.crawl_pages;

-- refused 42501
DELETE FROM lms.embedding_models;

-- refused 42501
DELETE FROM lms.material_files;

-- nothing
SELECT lms.delete_passages(:foreign_material);

-- nothing
SELECT lms.delete_reading_decision(:foreign_decision);

-- nothing
SELECT lms.delete_crawl(:foreign_crawl);

-- nothing
SET lmskit.course = ':foreign_code'; SELECT lms.delete_passages(:foreign_material), lms.delete_crawl(:foreign_crawl);

-- nothing: a file that another's material needs
SELECT lms.release_material_file(encode(sha256('canary file'), 'hex'));

-- refused 23514
SELECT lms.keep_material_file('../canary');

-- refused 42501
BEGIN; LOCK TABLE lms.material_files IN SHARE MODE;

-- refused 42501
DELETE FROM lms.topic_performance;

-- refused 42501
DELETE FROM lms.knowledge_fits;

-- refused 42501
DELETE FROM lms.bank_questions;

-- refused 42501
DELETE FROM lms.question_slots;

-- refused 42501
DELETE FROM lms.audit_log;

-- refused 42501
DELETE FROM lms.erasures;

-- refused 42501
DELETE FROM lms.alembic_version;

-- nothing
SELECT lms.delete_material(:foreign_material);

-- nothing
SELECT sum(lms.delete_material(id)) FROM generate_series(:foreign_material, :foreign_material + 10) AS id;

-- nothing
SET lmskit.course = ':foreign_code'; SELECT lms.delete_material(:foreign_material);

-- refused 42501
TRUNCATE lms.quiz_attempts;

-- refused 42501
TRUNCATE lms.users CASCADE;

-- refused 42501
TRUNCATE lms.audit_log RESTART IDENTITY;

-- refused 42501
BEGIN; LOCK TABLE lms.quiz_attempts IN ACCESS EXCLUSIVE MODE;

-- refused 42501
BEGIN; LOCK TABLE lms.users IN EXCLUSIVE MODE NOWAIT;

-- refused 42501
BEGIN; LOCK TABLE lms.courses IN SHARE MODE;

-- refused 42501
SELECT nextval('lms.users_id_seq');

-- refused 42501
SELECT setval('lms.quiz_attempts_id_seq', 1);

-- refused 42501
SELECT currval('lms.courses_id_seq');

-- refused 42501
SELECT * FROM lms.users_id_seq;

-- refused 42501
COPY lms.courses FROM STDIN;

-- refused 42501 or 0A000: COPY FROM asks no policy, so it is refused under row security
COPY lms.syllabi (course_id, week_number, topic, objectives) FROM STDIN;
