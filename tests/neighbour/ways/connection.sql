-- Connections and processes of the server.

-- hold ×5: keeps all connections that it has
SELECT 1;

-- hold ×5: keeps them asleep
SELECT pg_sleep(600);

-- act: begins to sign in on every connection of the server, and never finishes
begin_to_log_in

-- act ×5: asks for rows and reads none
read_nothing
SELECT a.*, b.* FROM quiz_attempts AS a CROSS JOIN quiz_attempts AS b

-- loop ×5: takes all workers
SET max_parallel_workers_per_gather = 8; SET parallel_setup_cost = 0; SET min_parallel_table_scan_size = 0; SET debug_parallel_query = on;
SELECT pg_sleep(0.2), count(*) FROM quiz_attempts;

-- hold ×5: transactions that stay open, with a snapshot each
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT count(*) FROM quiz_attempts;

-- loop ×5: ends its own statements and sessions
SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = current_user AND pid <> pg_backend_pid();

-- hold, refused 42501: ends the sessions of others
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename <> current_user;

-- hold, refused 42501: gives itself more connections
ALTER ROLE CURRENT_USER CONNECTION LIMIT 100;

-- hold, refused 42501: lets temporary files grow without a limit
SET temp_file_limit = -1;
