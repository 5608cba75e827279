-- Conditions, casts and functions that reveal their arguments. They may see only the lecturer's own rows.

-- refused 22P02: the error quotes a value, and it is one's own
SELECT id FROM lms.users WHERE family_name::int = 1;

-- refused 22P02
SELECT feedback::numeric FROM lms.quiz_attempts;

-- refused 22P02
SELECT * FROM lms.quizzes WHERE (answer_key ->> 'q1')::bigint > 0;

-- refused 22P02
SELECT * FROM lms.courses WHERE title::uuid IS NULL;

-- refused 22007
SELECT * FROM lms.materials WHERE title::date > now();

-- own: a division by zero for one value
SELECT * FROM lms.quiz_attempts WHERE 1 / (score - 4242.4241) <> 0;

-- own
SELECT * FROM lms.quiz_attempts WHERE CASE WHEN score > 1000 THEN 1 / (score - score) ELSE 1 END = 1;

-- nothing
SELECT id FROM lms.quiz_attempts WHERE score = 4242.4242;

-- nothing
SELECT id FROM lms.users WHERE family_name LIKE 'can%' OR family_name > 'canaq' AND family_name < 'canaz';

-- nothing
SELECT id FROM lms.users WHERE family_name = concat('cana', 'ry-student');

-- nothing
SELECT student_id FROM lms.student_addresses WHERE email LIKE 'can%' OR 1 / (CASE WHEN email LIKE 'canary%' THEN 0 ELSE 1 END) = 2;

-- refused 22P02: the error quotes a value, and it is one's own
SELECT student_id FROM lms.student_addresses WHERE email::int = 1;

-- nothing
SELECT * FROM lms.courses WHERE starts_with(code, 'can') OR code ~ '^can' OR code COLLATE "C" BETWEEN 'can' AND 'cao';

-- own
SELECT format('%s', c), quote_literal(c.title), pg_typeof(c), pg_column_size(c) FROM lms.courses AS c;

-- refused P0001: an error raised with a value
DO $$ BEGIN RAISE EXCEPTION '%', (SELECT string_agg(title, ' ') FROM lms.courses); END $$;

-- done: notices
DO $$ DECLARE r record; BEGIN FOR r IN SELECT * FROM lms.quiz_attempts LOOP RAISE NOTICE '%', r; END LOOP; END $$;

-- done: notices
DO $$ DECLARE t text; r record; BEGIN
    FOREACH t IN ARRAY ARRAY['courses', 'quizzes', 'materials', 'material_passages', 'terms', 'student_addresses', 'topic_performance', 'knowledge_fits',
        'passage_vectors', 'passage_words', 'reading_decisions', 'material_crawls', 'crawl_pages', 'embedding_models', 'bank_questions', 'question_slots'] LOOP
        FOR r IN EXECUTE format('SELECT * FROM lms.%I', t) LOOP RAISE NOTICE '% %', t, r; END LOOP;
    END LOOP;
END $$;

-- refused 42501
DO $$ BEGIN EXECUTE 'SET LOCAL ROLE lmskit_admin'; END $$;

-- own or 0A000
SELECT query_to_xml('SELECT * FROM lms.quiz_attempts', true, false, '');

-- own or 0A000
SELECT table_to_xml('lms.courses', true, false, '');

-- refused 42501 or 0A000
SELECT table_to_xml('lms.users', true, false, '');

-- own or 0A000
SELECT schema_to_xmlschema('lms', true, false, '');

-- refused 42501 or 0A000: some of its tables are closed
SELECT schema_to_xml('lms', true, false, '');

-- own or 0A000
SELECT database_to_xmlschema(true, false, '');

-- own
SELECT * FROM ts_stat('SELECT body_vector FROM lms.material_passages');

-- own
SELECT * FROM ts_stat('SELECT words FROM lms.passage_words');

-- own
SELECT * FROM ts_stat('SELECT to_tsvector(feedback) FROM lms.quiz_attempts');

-- nothing
SELECT ts_rewrite('x'::tsquery, 'SELECT ''x''::tsquery, to_tsquery(title) FROM lms.courses WHERE id = :foreign_course') <> 'x'::tsquery;

-- own
SELECT jsonb_path_query(to_jsonb(a), '$.** ? (@ like_regex "e")') FROM lms.quiz_attempts AS a;

-- own
SELECT width_bucket(score, ARRAY[0, 10, 4242, 9999]::numeric[]), count(*) FROM lms.quiz_attempts GROUP BY 1;

-- own
SELECT percentile_disc(ARRAY[0, 0.5, 1]) WITHIN GROUP (ORDER BY score), mode() WITHIN GROUP (ORDER BY feedback) FROM lms.quiz_attempts;

-- own
SELECT min(feedback), max(feedback), any_value(answers) FROM lms.quiz_attempts;

-- own
SELECT lms.l2_distance(embedding, embedding), lms.l2_norm(embedding), embedding::real[], lms.binary_quantize(embedding) FROM lms.passage_vectors;

-- own or 42601
SELECT * FROM json_table((SELECT jsonb_agg(to_jsonb(c)) FROM lms.courses AS c), '$[*]' COLUMNS (title text PATH '$.title')) AS t;

-- own or 0A000
SELECT * FROM xmltable('/x' PASSING (SELECT xmlelement(name x, xmlagg(xmlelement(name y, title))) FROM lms.courses) COLUMNS y text PATH 'y[1]');

-- own
SELECT pg_relation_size('lms.quiz_attempts'), pg_stat_get_live_tuples('lms.quiz_attempts'::regclass);

-- own
SELECT * FROM pg_stat_all_tables, pg_statio_all_tables LIMIT 100;

-- refused 42501: raw pages
SELECT pg_read_binary_file('base/1/1249');

-- own
SELECT has_table_privilege('lms.users', 'SELECT'), has_column_privilege('lms.users', 'role', 'SELECT'), row_security_active('lms.users');

-- refused 42501
SELECT pg_sequence_parameters('lms.users_id_seq'::regclass);

-- nothing or 42501
SELECT pg_sequence_last_value('lms.users_id_seq');

-- own
EXPLAIN (FORMAT json, GENERIC_PLAN) SELECT id FROM lms.users WHERE id = $1;

-- own: the planner looks at a sample of real values
EXPLAIN (VERBOSE) SELECT id FROM lms.quiz_attempts WHERE feedback < 'm';

-- own
SET constraint_exclusion = on; SET enable_seqscan = off; SET enable_bitmapscan = off; SELECT title FROM lms.courses WHERE id > 0;

-- own
SET enable_seqscan = off; SET enable_indexonlyscan = on; SELECT course_id, student_id FROM lms.quiz_attempts ORDER BY course_id;

-- own
SET debug_parallel_query = on; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; SELECT * FROM lms.quiz_attempts;

-- own
SET client_min_messages = debug5; SET debug_print_plan = on; SELECT title FROM lms.courses;

-- refused 42501
SET log_min_messages = debug5;

-- refused 42501
SET zero_damaged_pages = on;

-- refused 42501
SET allow_system_table_mods = on;

-- refused 22P02: the error quotes a value, and it is one's own
SELECT * FROM lms.course_staff WHERE granted_by::int = 1;

-- nothing
SELECT * FROM lms.course_staff WHERE granted_by LIKE 'can%' OR granted_at > '2031-01-01';

-- nothing
SELECT * FROM lms.quiz_exceptions WHERE due_on > '2031-01-01' OR granted_at > '2031-01-01';

-- nothing
SELECT * FROM lms.student_activity WHERE resource LIKE 'can%' OR occurred_at > '2031-01-01';

-- refused 22P02: the error quotes a value, and it is one's own
SELECT * FROM lms.sections WHERE name::int = 1;

-- nothing
SELECT * FROM lms.sections WHERE name LIKE 'can%' OR source > 'canaq' AND source < 'canaz';
