-- One lecturer's world. Everything that is text holds :word, scores are :score, and ids begin at :base;
-- the three are what an attack is searched for. Students 31 and 32 are shared by all worlds.
INSERT INTO users (id, email, family_name, given_name, sort_name, role, settings) OVERRIDING SYSTEM VALUE
VALUES (:base + 1, ':word.lecturer@example.org', ':word-family', ':word-given', ':word-family', 'lecturer', '{"note": ":word"}');
INSERT INTO users (id, email, family_name, given_name, sort_name, role, settings) OVERRIDING SYSTEM VALUE
SELECT :base + 30 + n, format(':word.student%s@example.org', n), ':word-student', n::text, ':word-student', 'student', '{"note": ":word"}'
FROM generate_series(1, 3) AS n;

INSERT INTO users (id, email, family_name, given_name, sort_name, role, settings) OVERRIDING SYSTEM VALUE
VALUES (:base + 4, ':word.colleague@example.org', ':word-colleague', ':word-given', ':word-colleague', 'lecturer', '{"note": ":word"}');

INSERT INTO users (id, email, family_name, given_name, sort_name, role, settings) OVERRIDING SYSTEM VALUE
VALUES (:base + 6, ':word.assistant@example.org', ':word-assistant', ':word-given', ':word-assistant', 'lecturer', '{"note": ":word"}'),
    (:base + 8, ':word.observer@example.org', ':word-observer', ':word-given', ':word-observer', 'lecturer', '{"note": ":word"}'),
    (:base + 7, ':word.tutor@example.org', ':word-tutor', ':word-given', ':word-tutor', 'lecturer', '{"note": ":word"}');

INSERT INTO terms (id, code, name, starts_on, ends_on) OVERRIDING SYSTEM VALUE
VALUES (:base + 5, ':word-TERM', ':word', :day - 60, :day + 60);
INSERT INTO courses (id, code, module_code, title, term_id, lecturer_id, origin, mastery_parameters) OVERRIDING SYSTEM VALUE
SELECT :base + 10 + n, format(':word-%s', n), ':word-M', format(':word course %s', n), CASE n WHEN 1 THEN :base + 5 ELSE 5 END, :base + 1, 'form',
       '{":word": :score}'
FROM generate_series(1, 2) AS n;
INSERT INTO course_staff (course_id, person_id, role, granted_by, granted_at)
VALUES (:base + 11, :base + 4, 'co-lecturer', ':word', :day + time '12:00'), (:base + 11, :base + 6, 'assistant', ':word', :day + time '12:00'),
    (:base + 11, :base + 8, 'observer', ':word', :day + time '12:00');
INSERT INTO syllabi (course_id, week_number, topic, objectives)
SELECT :base + 10 + course, week, ':word topic', ':word objectives' FROM generate_series(1, 2) AS course, generate_series(1, 2) AS week;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on)
SELECT :base + 10 + course, student, 'active', 'form', :day
FROM generate_series(1, 2) AS course, unnest(ARRAY[31, 32, :base + 31, :base + 32]) AS student;
INSERT INTO student_enrollments (course_id, student_id, status, origin, started_on, ended_on)
VALUES (:base + 11, :base + 33, 'withdrawn', 'form', :day, :day);

INSERT INTO sections (id, course_id, kind, name, source) OVERRIDING SYSTEM VALUE
SELECT :base + 80 + course * 2 + n, :base + 10 + course, 'section', format(':word section %s', n), ':word'
FROM generate_series(1, 2) AS course, generate_series(0, 1) AS n;
INSERT INTO section_members (course_id, section_id, student_id)
SELECT s.course_id, s.id, e.student_id FROM sections AS s JOIN student_enrollments AS e USING (course_id)
WHERE s.course_id IN (:base + 11, :base + 12) AND (e.student_id IN (31, :base + 31)) = (s.id % 2 = :base % 2);

INSERT INTO student_activity (course_id, student_id, source, kind, resource, occurred_at, fingerprint)
SELECT e.course_id, e.student_id, 'xapi', 'answered', ':word quiz', :day + time '09:00', CAST(md5(e.student_id::text) AS uuid)
FROM student_enrollments AS e WHERE e.course_id IN (:base + 11, :base + 12);

INSERT INTO course_staff (course_id, person_id, role, granted_by, granted_at, limited)
VALUES (:base + 11, :base + 7, 'assistant', ':word', :day + time '12:00', true);
INSERT INTO staff_sections (course_id, person_id, section_id) VALUES (:base + 11, :base + 7, :base + 82);

INSERT INTO quizzes (id, course_id, week_number, title, questions, answer_key, max_score, due_on) OVERRIDING SYSTEM VALUE
SELECT :base + 50 + course * 10 + week, :base + 10 + course, week, ':word quiz', '[{"id": "q1", "text": ":word"}]', '{"q1": ":word-key"}', 9999, :day
FROM generate_series(1, 2) AS course, generate_series(1, 2) AS week;
INSERT INTO question_slots (quiz_id, course_id, slot, number, points, seen)
SELECT q.id, q.course_id, 'q1', 1, :score, '{"texts": [":word"]}' FROM quizzes AS q WHERE q.course_id IN (:base + 11, :base + 12);
INSERT INTO quiz_exceptions (course_id, quiz_id, student_id, excused, due_on, granted_at)
SELECT q.course_id, q.id, e.student_id, false, :day + 9, :day + time '13:00' FROM quizzes AS q JOIN student_enrollments AS e USING (course_id)
WHERE q.course_id IN (:base + 11, :base + 12) AND q.week_number = 1 AND e.student_id IN (31, :base + 31, :base + 32);
INSERT INTO bank_questions (course_id, bank, number, question, answer_key)
SELECT :base + 10 + course, ':word.xml', 1, '{"id": "q1", "prompt": ":word"}', '{"answer": ":word-key"}' FROM generate_series(1, 2) AS course;
INSERT INTO quiz_attempts
    (id, quiz_id, course_id, student_id, number, score, max_score, feedback, answers, started_at, submitted_at, origin) OVERRIDING SYSTEM VALUE
SELECT :base + 1000 + row_number() OVER (), q.id, q.course_id, e.student_id, 1, :score, 9999, ':word feedback', '[{"question": "q1", "given": ":word"}]',
       :day + time '10:00', :day + time '11:00', 'form'
FROM quizzes AS q JOIN student_enrollments AS e USING (course_id) WHERE q.course_id IN (:base + 11, :base + 12);
-- Some are archived ones: the tables of those inherit from the live ones.
WITH moved AS (DELETE FROM ONLY quiz_attempts WHERE quiz_id = :base + 72 RETURNING *) INSERT INTO archived_attempts SELECT * FROM moved;
INSERT INTO topic_performance (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, parameters, computed_at)
SELECT e.student_id, e.course_id, s.week_number, 'developing', 0.6, 0.5, 0.7, 3, ':word', '{":word": :score}', :day + time '12:00'
FROM student_enrollments AS e JOIN syllabi AS s USING (course_id) WHERE e.course_id IN (:base + 11, :base + 12);
WITH moved AS (DELETE FROM ONLY topic_performance WHERE course_id = :base + 12 AND week_number = 2 RETURNING *)
INSERT INTO archived_estimates SELECT * FROM moved;
INSERT INTO knowledge_fits (course_id, week_number, prior, learn, guess, slip, forget, correct_from, n_students, n_answers,
    log_likelihood, converged, constrained, n_held_out, auc, rmse, log_loss, fitted_at)
SELECT s.course_id, s.week_number, 0.3, 0.2, 0.2, 0.1, 0, 1, 2, 8, -:score, true, false, 8, 0.7, 0.4, 0.5, :day + time '12:00'
FROM syllabi AS s WHERE s.course_id IN (:base + 11, :base + 12);

INSERT INTO material_files (stored_as) VALUES (encode(sha256(':word file'), 'hex'));
INSERT INTO materials (id, course_id, week_number, kind, title, url, file_name, licence, checksum, stored_as, findings) OVERRIDING SYSTEM VALUE
SELECT :base + 200 + course, :base + 10 + course, 1, 'page', ':word material', 'https://example.org/:word', ':word.html', ':word licence',
    encode(sha256(':word content'), 'hex'), encode(sha256(':word file'), 'hex'), ARRAY[':word finding']
FROM generate_series(1, 2) AS course;
INSERT INTO material_passages (material_id, ordinal, course_id, page, headings, body, language)
SELECT m.id, ordinal, m.course_id, ordinal, ARRAY[':word heading'], ':word passage', 'en'
FROM materials AS m, generate_series(1, 2) AS ordinal WHERE m.course_id IN (:base + 11, :base + 12);
INSERT INTO passage_vectors (course_id, material_id, ordinal, model, dimension, embedding)
SELECT p.course_id, p.material_id, p.ordinal, e.name, 3, ARRAY[:embedding, sqrt(1 - :embedding ^ 2), 0]::halfvec
FROM material_passages AS p, embedding_models AS e WHERE p.course_id IN (:base + 11, :base + 12);
INSERT INTO reading_decisions (id, course_id, week_number, material_id, passage_checksum, decision, position, decided_by) OVERRIDING SYSTEM VALUE
SELECT m.id + 600, m.course_id, 1, m.id, encode(sha256(':word passage'), 'hex'), 'pinned', 1, ':word'
FROM materials AS m WHERE m.course_id IN (:base + 11, :base + 12);
INSERT INTO material_crawls (id, course_id, start_url, options, started_by) OVERRIDING SYSTEM VALUE
SELECT m.id + 700, m.course_id, 'https://example.org/:word', '{"note": ":word"}', ':word' FROM materials AS m WHERE m.course_id IN (:base + 11, :base + 12);
INSERT INTO crawl_pages (course_id, crawl_id, url, depth, state, finding, material_id)
SELECT m.course_id, m.id + 700, 'https://example.org/:word/' || n, n, 'done', ':word finding', m.id
FROM materials AS m, generate_series(0, 1) AS n WHERE m.course_id IN (:base + 11, :base + 12);

INSERT INTO external_ids (id, source, kind, external_id, course_id, quiz_id, person_id, term_id) OVERRIDING SYSTEM VALUE
VALUES (:base + 301, ':word', 'course', ':word-1', :base + 11, NULL, NULL, NULL),
       (:base + 302, ':word', 'quiz', ':word-2', :base + 11, :base + 61, NULL, NULL),
       (:base + 303, ':word', 'person', ':word-3', NULL, NULL, :base + 31, NULL),
       (:base + 304, ':word', 'term', ':word-4', NULL, NULL, NULL, :base + 5);
INSERT INTO outbox (id, idem_key, message_id, course_id, student_id, recipient, template, context, last_error) OVERRIDING SYSTEM VALUE
VALUES (:base + 401, ':word', '<:word@example.org>', :base + 11, :base + 31, ':word@example.org', ':word', '{"note": ":word"}', ':word');
INSERT INTO message_texts (id, kind, course_id, language, subject, body) OVERRIDING SYSTEM VALUE
VALUES (:base + 451, 'welcome', :base + 11, 'en', ':word', 'Dear {name}, :word');
INSERT INTO import_runs (id, format, name, status, actor, report) OVERRIDING SYSTEM VALUE
VALUES (:base + 501, ':word', ':word', 'running', ':word', '{"note": ":word"}');
INSERT INTO invitations (id, person_id, login, invited_by, expires_at, revoked_at) OVERRIDING SYSTEM VALUE
VALUES (:base + 571, :base + 1, 'u_' || left(encode(sha256(':word code'), 'hex'), 16), ':word', now() + interval '7 days', now());
INSERT INTO import_choices (id, source_key, choices) OVERRIDING SYSTEM VALUE
VALUES (:base + 551, encode(sha256(':word source'), 'hex'), '{"columns": {"email": ":word"}}');
INSERT INTO person_merges (id, kept_id, removed_id, picture, merged_by) OVERRIDING SYSTEM VALUE
VALUES (:base + 561, :base + 31, :base + 98, '{"note": ":word"}', ':word');
INSERT INTO audit_log (id, actor, action, table_name, row_key, course_id, old, new) OVERRIDING SYSTEM VALUE
VALUES (:base + 601, ':word', 'update', 'courses', ':word', :base + 11, '{"note": ":word"}', '{"note": ":word"}');
INSERT INTO erasures (id, person_id, fingerprint, erased_by) OVERRIDING SYSTEM VALUE
VALUES (:base + 751, :base + 99, encode(sha256(':word person'), 'hex'), ':word');
INSERT INTO archives (id, term_id, location, sha256, manifest) OVERRIDING SYSTEM VALUE
VALUES (:base + 701, :base + 5, ':word', repeat('0', 64), '{"note": ":word"}');
