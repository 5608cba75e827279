-- Reading rows of the other lecturer, as they stand or in a disguise.

-- own
SELECT * FROM lms.courses;

-- own
SELECT * FROM lms.terms;

-- own
SELECT * FROM lms.course_staff;

-- own
SELECT * FROM lms.sections;

-- own
SELECT * FROM lms.section_members;

-- own
SELECT * FROM lms.quiz_exceptions;

-- own
SELECT * FROM lms.student_activity;

-- nothing
SELECT a.* FROM lms.student_activity AS a WHERE a.course_id = :foreign_course OR a.student_id = :foreign_student;

-- nothing
SELECT x.* FROM lms.quiz_exceptions AS x WHERE x.course_id = :foreign_course OR x.student_id = :foreign_student;

-- nothing
SELECT * FROM lms.sections AS s JOIN lms.section_members AS m ON m.section_id = s.id WHERE s.course_id = :foreign_course;

-- own
SELECT * FROM lms.staff_in(:own_course);

-- nothing
SELECT * FROM lms.staff_in(:foreign_course);

-- nothing
SELECT * FROM lms.courses AS c, lms.staff_in(c.id + :foreign_course - :own_course);

-- nothing
SELECT * FROM lms.course_staff WHERE course_id = :foreign_course OR person_id = :foreign_colleague;

-- nothing
SELECT id, family_name FROM lms.users WHERE id IN (:foreign_lecturer, :foreign_colleague);

-- own
SELECT lms.my_colleague_ids();

-- own
SELECT * FROM lms.syllabi;

-- own
SELECT * FROM lms.student_enrollments;

-- own
SELECT * FROM lms.quizzes;

-- own
SELECT * FROM lms.quiz_attempts;

-- own
SELECT * FROM lms.topic_performance;

-- own
SELECT * FROM lms.knowledge_fits;

-- own
SELECT * FROM lms.bank_questions;

-- own
SELECT * FROM lms.question_slots;

-- own
SELECT * FROM lms.materials;

-- own
SELECT * FROM lms.material_passages;

-- own
SELECT * FROM lms.passage_vectors;

-- own
SELECT * FROM lms.passage_words;

-- own
SELECT * FROM lms.reading_decisions;

-- own
SELECT * FROM lms.material_crawls;

-- own
SELECT * FROM lms.crawl_pages;

-- own: the models belong to nobody
SELECT * FROM lms.embedding_models;

-- refused 42501: the names in the store of others' files
SELECT * FROM lms.material_files;

-- nothing
SELECT m.stored_as FROM lms.materials AS m WHERE m.checksum = encode(sha256('canary content'), 'hex') OR m.stored_as = encode(sha256('canary file'), 'hex');

-- nothing: a vector of another passage beside one's own
SELECT v.* FROM lms.passage_vectors AS v, lms.material_passages AS p WHERE v.material_id = :foreign_material OR p.material_id = :foreign_material;

-- own: the nearest of all, by any model
SELECT p.body, p.headings FROM lms.material_passages AS p JOIN lms.passage_vectors AS v USING (course_id, material_id, ordinal) ORDER BY v.embedding OPERATOR(lms.<=>) '[0.4243, 0.4243, 0.4243]'::lms.halfvec LIMIT 100;

-- refused 42501
SELECT * FROM lms.external_ids;

-- own
SELECT x.* FROM lms.courses AS c CROSS JOIN lms.external_ids_in(c.id) AS x;

-- nothing
SELECT * FROM lms.external_ids_in(:foreign_course);

-- own
SELECT id, family_name, given_name, sort_name, role FROM lms.users;

-- refused 42501
SELECT id, email FROM lms.users;

-- own
SELECT * FROM lms.student_addresses;

-- own
SELECT lms.my_address();

-- nothing: passages by their keys
SELECT * FROM lms.passages_at(ARRAY[:foreign_course, :own_course], ARRAY[:foreign_material, :foreign_material, NULL], ARRAY[1, 2]);

-- nothing
SET lmskit.course = ':foreign_code'; SELECT p.* FROM generate_series(1, 9) AS n, lms.passages_at(ARRAY[:foreign_course], ARRAY[:foreign_material], ARRAY[n]) AS p;

-- nothing
SELECT * FROM lms.student_addresses WHERE course_id = :foreign_course OR email LIKE 'canary%';

-- nothing
SELECT * FROM lms.addresses_in(:foreign_course);

-- nothing
SELECT a.* FROM generate_series(:foreign_course, :foreign_course + 5) AS c, lms.addresses_in(c) AS a;

-- nothing
SET lmskit.course = ':foreign_code'; SELECT * FROM lms.student_addresses;

-- nothing: students who have withdrawn have no address
SELECT a.email FROM lms.student_enrollments AS e JOIN lms.student_addresses AS a USING (course_id, student_id) WHERE e.status = 'withdrawn';

-- own: they keep their name and their evidence
SELECT u.family_name, a.score FROM lms.student_enrollments AS e JOIN lms.users AS u ON u.id = e.student_id
JOIN lms.quiz_attempts AS a USING (course_id, student_id) WHERE e.status = 'withdrawn';

-- nothing
SELECT * FROM lms.courses WHERE id IN (:foreign_course, :foreign_second_course);

-- nothing
SELECT * FROM lms.courses WHERE lecturer_id = :foreign_lecturer;

-- nothing
SELECT count(*) FROM lms.quiz_attempts WHERE course_id = :foreign_course;

-- nothing
SELECT sum(score), max(score) FROM lms.quiz_attempts WHERE score > 1000;

-- nothing
SELECT EXISTS (SELECT FROM lms.quiz_attempts WHERE id = :foreign_attempt);

-- nothing: a shared student's work in the other course
SELECT * FROM lms.quiz_attempts WHERE student_id = 31 AND course_id <> ALL (lms.my_course_ids());

-- nothing: a shared student's mastery in the other course
SELECT * FROM lms.topic_performance WHERE student_id IN (31, 32) AND course_id NOT IN (SELECT id FROM lms.courses);

-- nothing
SELECT id FROM lms.users WHERE id = :foreign_lecturer OR id = :foreign_student;

-- nothing: people who are in nobody's course of mine
SELECT id FROM lms.users WHERE role = 'super_admin';

-- own: a join does not open a way round
SELECT u.family_name, a.feedback FROM lms.users AS u LEFT JOIN lms.quiz_attempts AS a ON a.student_id = u.id;

-- own
SELECT e.student_id, c.title FROM lms.student_enrollments AS e FULL JOIN lms.courses AS c ON true;

-- own
SELECT c.code, x.body FROM lms.courses AS c, LATERAL (SELECT body FROM lms.material_passages) AS x;

-- own
WITH RECURSIVE walk AS (SELECT id FROM lms.courses UNION SELECT c.id FROM lms.courses AS c, walk) SELECT * FROM walk;

-- own
SELECT title FROM lms.quizzes UNION ALL SELECT topic FROM lms.syllabi UNION ALL SELECT name FROM lms.terms;

-- own
SELECT title FROM lms.quizzes EXCEPT SELECT 'x';

-- own
SELECT DISTINCT ON (course_id) * FROM lms.quiz_attempts ORDER BY course_id, score DESC;

-- own
SELECT feedback, rank() OVER (ORDER BY score), lag(feedback) OVER (ORDER BY score) FROM lms.quiz_attempts;

-- own
SELECT course_id, grouping(course_id), string_agg(feedback, ',') FROM lms.quiz_attempts GROUP BY CUBE (course_id);

-- own
SELECT * FROM ONLY lms.quiz_attempts;

-- own: sampling reads pages, not policies
SELECT * FROM lms.quiz_attempts TABLESAMPLE SYSTEM (100);

-- own
SELECT * FROM lms.quiz_attempts TABLESAMPLE BERNOULLI (100);

-- own
SELECT ctid, xmin, tableoid::regclass, feedback FROM lms.quiz_attempts;

-- own: every physical position
SELECT title FROM lms.courses WHERE ctid = ANY (SELECT format('(0,%s)', n)::tid FROM generate_series(1, 100) AS n);

-- own
TABLE lms.materials;

-- own
SELECT m FROM lms.materials AS m;

-- own
SELECT to_jsonb(q), row_to_json(q), hstore.* FROM lms.quizzes AS q, (SELECT 1) AS hstore;

-- own
SELECT (q).answer_key, (q).* FROM lms.quizzes AS q;

-- own
SELECT array_agg(q) FROM lms.quizzes AS q;

-- own
SELECT json_agg(to_jsonb(p) - 'headings') FROM lms.material_passages AS p;

-- own
SELECT embedding FROM lms.passage_vectors ORDER BY embedding OPERATOR(lms.<->) array_fill(0.4241, ARRAY[3])::lms.halfvec LIMIT 100;

-- own
SELECT avg(embedding) FROM lms.passage_vectors;

-- nothing
SELECT body FROM lms.material_passages WHERE body_vector @@ to_tsquery('english', 'canaries');

-- own
SELECT ts_headline(body, to_tsquery('passage')) FROM lms.material_passages;

-- own
PREPARE peek (bigint) AS SELECT * FROM lms.quiz_attempts WHERE course_id = $1 OR true; EXECUTE peek (:foreign_course);

-- nothing: a generic plan remembers no other login
SET plan_cache_mode = force_generic_plan; PREPARE peek (bigint) AS SELECT * FROM lms.courses WHERE id = $1; EXECUTE peek (:foreign_course);

-- own
BEGIN; DECLARE held CURSOR WITH HOLD FOR SELECT * FROM lms.quiz_attempts; COMMIT; FETCH ALL FROM held;

-- own
BEGIN; DECLARE moved SCROLL CURSOR FOR SELECT * FROM lms.courses; MOVE LAST IN moved; FETCH PRIOR FROM moved;

-- own
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; SELECT * FROM lms.quiz_attempts;

-- own
COPY (SELECT * FROM lms.quiz_attempts) TO STDOUT;

-- own
COPY lms.quizzes TO STDOUT WITH (FORMAT binary);

-- own
COPY lms.courses TO STDOUT;

-- refused 42501: pg_dump refuses to be filtered
SET row_security = off; COPY lms.courses TO STDOUT;

-- refused 42501
SET row_security = off; SELECT * FROM lms.courses;

-- refused 42501
SET LOCAL row_security = off; SELECT count(*) FROM lms.users;

-- refused 42501
SELECT set_config('row_security', 'off', false); SELECT title FROM lms.quizzes;

-- own
SELECT * FROM lms.courses FOR UPDATE OF courses;

-- own
SELECT * FROM lms.quiz_attempts FOR NO KEY UPDATE SKIP LOCKED;

-- refused 42501: locking needs a right to change
SELECT * FROM lms.student_enrollments FOR UPDATE;

-- refused 42501
SELECT id FROM lms.users FOR SHARE;

-- refused 42501
SELECT * FROM lms.terms FOR KEY SHARE;

-- own
EXPLAIN (ANALYZE, VERBOSE, BUFFERS, SETTINGS) SELECT * FROM lms.quiz_attempts;

-- nothing
SELECT name FROM lms.terms WHERE id = :foreign_term;

-- refused 42501
SELECT id FROM lms.external_ids WHERE kind IN ('person', 'term') OR person_id IS NOT NULL OR term_id IS NOT NULL;

-- refused 42501
SELECT count(*) FROM lms.external_ids;

-- refused 42501
SELECT id FROM lms.users ORDER BY email LIMIT 1;

-- refused 42501
SELECT count(*) FROM lms.users GROUP BY email;

-- refused 42501
EXPLAIN SELECT id FROM lms.users WHERE email < 'canary';

-- refused 42501
SELECT u.id FROM lms.users AS u JOIN lms.users AS v USING (email);

-- refused 42501
SELECT c.id FROM lms.courses AS c, lms.users AS u WHERE (u).email IS NOT NULL;

-- nothing
SELECT lms.my_course_ids() && ARRAY[:foreign_course, :foreign_second_course]::bigint[];

-- own
SELECT lms.me(), lms.my_course_ids(), lms.my_student_ids(), lms.my_term_ids();

-- nothing: the setting narrows
SET lmskit.course = ':foreign_code'; SELECT * FROM lms.quiz_attempts;

-- nothing: in another case it narrows to the same course
SELECT set_config('lmskit.course', lower(':foreign_code'), false) IS NULL; SELECT lms.my_course_ids();

-- nothing
SELECT set_config('lmskit.course', 'canary' || '-1', false) IS NULL; SELECT lms.my_course_ids();

-- nothing
SET lmskit.course = '%'; SELECT * FROM lms.courses;

-- nothing
SET lmskit.course = ''' OR true --'; SELECT * FROM lms.courses;

-- own
SET lmskit.person = '770000001'; SET lmskit.user_id = '770000001'; SET app.user_id = '770000001'; SELECT * FROM lms.courses;
