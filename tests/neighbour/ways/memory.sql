-- Memory of the machine and of the server.

-- loop ×2: a hash table as large as the client allows
SET work_mem = '2000GB'; SET max_parallel_workers_per_gather = 0;
SELECT count(*) FROM (SELECT g FROM generate_series(1, 100000000) AS g GROUP BY g) AS groups;

-- loop ×2: a sort in memory
SET work_mem = '2000GB'; SET max_parallel_workers_per_gather = 0;
SELECT g FROM generate_series(1, 100000000) AS g ORDER BY g DESC LIMIT 1;

-- loop: a hash join in the memory that workers share
SET work_mem = '100GB'; SET max_parallel_workers_per_gather = 8; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET debug_parallel_query = on;
SELECT count(*) FROM quiz_attempts AS a JOIN quiz_attempts AS b ON a.course_id = b.course_id JOIN quiz_attempts AS c ON c.course_id = b.course_id;

-- hold ×5: variables of a hundred megabytes
DO $$ DECLARE a text[]; BEGIN FOR i IN 1..200 LOOP a[i] := repeat('x', 100000000); END LOOP; PERFORM pg_sleep(600); END $$;

-- hold ×2: settings of its own
SELECT count(set_config('a.b' || g, repeat('x', 10000000), false)) FROM generate_series(1, 1000) AS g;

-- hold ×5: prepared statements
DO $$ BEGIN FOR n IN 1..20000 LOOP EXECUTE format('PREPARE p%s AS SELECT * FROM quiz_attempts WHERE score > %s', n, n); END LOOP; END $$;

-- hold ×5: open cursors
BEGIN;
DO $$ BEGIN FOR n IN 1..20000 LOOP EXECUTE format('DECLARE c%s CURSOR FOR SELECT * FROM quiz_attempts', n); END LOOP; END $$;

-- loop ×5: values of a gigabyte
SELECT length(repeat('x', 1000000000));

-- loop ×5: one array of everything, again and again
SELECT array_length(array_agg(repeat('x', 10000) || g), 1) FROM generate_series(1, 100000) AS g;

-- loop: a document of a million levels
SELECT (repeat('[', 1000000) || repeat(']', 1000000))::jsonb;

-- act: a statement of three million operands
endless_statement

-- act: half a million brackets
nested_brackets

-- hold ×5: exports a snapshot, again and again
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(pg_export_snapshot()) FROM generate_series(1, 20000);

-- hold: listens on many channels
DO $$ BEGIN FOR n IN 1..50000 LOOP EXECUTE format('LISTEN c%s', n); END LOOP; END $$;

-- loop ×2: compiles every expression
SET jit = on; SET jit_above_cost = 0; SET jit_inline_above_cost = 0; SET jit_optimize_above_cost = 0;
SELECT sum(score + 1), sum(score + 2), sum(score * score), avg(score), max(score), min(score) FROM quiz_attempts WHERE score > 0 AND score < 100 AND number > 0;

-- hold ×5: a pattern that is compiled for minutes
SELECT 'x' ~ ('(' || repeat('(a{1,255}){1,255}', 40) || ')');
