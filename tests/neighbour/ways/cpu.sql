-- Processor time.

-- loop ×5: joins everything with everything
SELECT count(*) FROM generate_series(1, 5000) AS a, generate_series(1, 5000) AS b;

-- loop ×5: a pattern that is tried in every way
SELECT repeat('a', 28) || 'b' ~ '^(a+)+\1+$';

-- loop ×5: a path through a document that leads everywhere
SELECT count(*) FROM jsonb_path_query((SELECT jsonb_agg(jsonb_build_array(n, jsonb_build_array(n))) FROM generate_series(1, 2000) AS n), '$.**.**.**') AS found;

-- loop ×5: numbers of a hundred thousand digits
SELECT length((3::numeric ^ 60000)::text);

-- loop ×2: words of a long text
SELECT length(to_tsvector('english', repeat('some words of a long text ', 100000)));

-- loop ×5: a document as a page of XML
SELECT length(query_to_xml('SELECT * FROM quiz_attempts, generate_series(1, 10)', true, false, '')::text);

-- loop ×5: plans a join of twelve tables
SET geqo = off; SET join_collapse_limit = 12; SET from_collapse_limit = 12;
EXPLAIN SELECT 1 FROM courses c1, courses c2, courses c3, courses c4, courses c5, quizzes q1, quizzes q2, quizzes q3, quizzes q4, quizzes q5 WHERE c1.id = q1.course_id AND c2.id = q2.course_id AND c3.id = q3.course_id AND c4.id = q4.course_id AND c5.id = q5.course_id AND q1.week_number = q2.week_number AND q2.week_number = q3.week_number AND q3.week_number = q4.week_number;

-- loop ×5: asks for its rights without a pause
SELECT count(my_course_ids()), count(my_student_ids()) FROM generate_series(1, 2000);

-- loop ×5: looks at all locks of the server without a pause
SELECT count(*) FROM pg_locks;

-- loop ×5: asks who blocks whom without a pause
SELECT count(pg_blocking_pids(pid)) FROM pg_stat_activity;

-- loop ×5: notifies without a pause
SELECT count(pg_notify('c' || g % 7, repeat('x', 7000) || g)) FROM generate_series(1, 200) AS g;

-- act ×5: signs in and out without a pause
log_in_and_out

-- act ×5: tries wrong passwords without a pause
guess_passwords
