-- Disk: temporary files, rows, dead rows, the write-ahead log, the server's log.

-- loop ×2: sorts more than fits, on disk
SELECT g FROM generate_series(1, 30000000) AS g ORDER BY md5(g::text) LIMIT 1;

-- hold ×2: cursors that outlive their transaction, on disk
SET work_mem = '64kB';
DO $$ BEGIN FOR n IN 1..3 LOOP EXECUTE format('DECLARE c%s CURSOR WITH HOLD FOR SELECT repeat(''x'', 1000) FROM generate_series(1, 100000)', n); END LOOP; END $$;

-- loop: a recursion without an end
WITH RECURSIVE r AS (SELECT 1::bigint AS n UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r;

-- loop ×5: rewrites all its attempts, so that dead rows and the audit log grow
UPDATE quiz_attempts SET score = 1;

-- loop: rewrites the objectives of its weeks, 20,000 characters each, which the audit log keeps
UPDATE syllabi SET objectives = repeat(md5(random()::text), 600);

-- hold: dead rows that nothing may remove
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM quiz_attempts;

-- loop ×5: uses up transaction numbers
DO $$ BEGIN FOR n IN 1..10000 LOOP BEGIN PERFORM pg_current_xact_id(); RAISE division_by_zero; EXCEPTION WHEN division_by_zero THEN NULL; END; END LOOP; END $$;

-- loop ×2: changes its role, so that the catalogue grows
ALTER ROLE CURRENT_USER SET work_mem = '5MB';
ALTER ROLE CURRENT_USER RESET work_mem;

-- loop: fills the server's log
DO $$ BEGIN FOR n IN 1..100 LOOP RAISE LOG '%', repeat('x', 10000); END LOOP; END $$;

-- loop: lets the server's log show each plan
SET debug_print_plan = on; SET debug_print_parse = on; SET debug_print_rewritten = on;
SELECT * FROM quiz_attempts WHERE id = 1;

-- loop ×2: makes errors
SELECT 1 / 0;

-- hold: keeps what was notified from being forgotten
LISTEN c1;
BEGIN;
SELECT 1;

-- hold, refused 42501: makes a large object
SELECT lo_from_bytea(0, 'x');

-- hold, refused 42501: makes a temporary table
CREATE TEMP TABLE mine AS SELECT g FROM generate_series(1, 1000000) AS g;

-- hold, refused 42501: writes into the write-ahead log
SELECT pg_logical_emit_message(false, 'x', repeat('x', 100000000));
