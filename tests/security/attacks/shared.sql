-- Locks and disk that all sessions of the server share: closed by a superuser alone, see lmskit/db/hardening.py.

-- refused 42501
SELECT pg_advisory_lock(1);

-- refused 42501
SELECT pg_advisory_lock_shared(1, 2);

-- refused 42501
SELECT pg_advisory_xact_lock(1);

-- refused 42501
SELECT pg_advisory_xact_lock_shared(1);

-- refused 42501
SELECT pg_try_advisory_lock(1);

-- refused 42501
SELECT pg_try_advisory_lock_shared(1);

-- refused 42501
SELECT pg_try_advisory_xact_lock(1, 2);

-- refused 42501
SELECT pg_try_advisory_xact_lock_shared(1);

-- refused 42501
SELECT count(pg_advisory_lock(g)) FROM generate_series(1::bigint, 14000) AS g;

-- refused 42501
SELECT lo_creat(-1);

-- refused 42501
SELECT lo_create(0);

-- refused 42501
SELECT lo_from_bytea(0, 'x');

-- refused 42501
SELECT lo_put(0, 0, 'x');

-- refused 42501
SELECT lowrite(0, 'x');

-- refused 42501
SELECT pg_logical_emit_message(false, 'x', repeat('x', 1000));

-- refused 42501
SELECT lo_unlink(lo_from_bytea(0, 'mine'));

-- refused 42501: where a hidden row went when it was changed
SELECT currtid2('lms.quiz_attempts', '(0,1)');

-- refused 42501
SELECT pg_create_logical_replication_slot('x', 'pgoutput');

-- refused 42501
SELECT pg_copy_physical_replication_slot('x', 'y');

-- refused 42501
SELECT pg_replication_slot_advance('x', '0/0');

-- refused 42501
SELECT pg_drop_replication_slot('x');

-- refused 42501
SELECT setval('lms.quiz_attempts_id_seq', 1);

-- refused 42501
SELECT nextval('lms.quiz_attempts_id_seq');

-- refused 42501
SELECT last_value FROM lms.users_id_seq;

-- refused 42501
SELECT pg_import_system_collations('lms');

-- refused 42501 or 42883: since PostgreSQL 18
SELECT pg_clear_relation_stats('lms', 'quiz_attempts');

-- refused 42501 or 42883: since PostgreSQL 18
SELECT pg_restore_relation_stats('schemaname', 'lms', 'relname', 'users', 'reltuples', '1'::real);

-- refused 42501
SELECT pg_backup_stop();

-- refused 42501
SELECT pg_wal_replay_pause();

-- refused 42501
SELECT pg_log_backend_memory_contexts(pg_backend_pid());

-- refused 42501
SELECT pg_stat_reset_single_table_counters('lms.users'::regclass);

-- refused 42501
SELECT pg_stat_reset_slru(NULL);

-- refused 42501
GRANT pg_use_reserved_connections TO ":self";

-- refused 42501
GRANT pg_signal_backend TO ":self";

-- refused 42501
SET temp_file_limit = -1;

-- refused 42501
ALTER ROLE ":self" SET temp_file_limit = -1;

-- refused 42501
ALTER ROLE ":self" CONNECTION LIMIT 100;

-- refused 42501
ALTER ROLE ":other" SET statement_timeout = 1;

-- refused 42501
ALTER ROLE ":other" IN DATABASE :database SET search_path = pg_temp;

-- refused 42501
ALTER ROLE lmskit_lecturer SET statement_timeout = 1;

-- refused 42501
ALTER DATABASE :database SET statement_timeout = 1;

-- refused 42501
ALTER DATABASE :database CONNECTION LIMIT 0;

-- refused 42501 or 0A000
CREATE EXTENSION pg_trgm;

-- refused 42501 or 0A000
CREATE EXTENSION unaccent;

-- refused 42501 or 0A000
CREATE EXTENSION citext;

-- refused 42501 or 0A000
CREATE EXTENSION ltree;

-- refused 42501 or 0A000
CREATE EXTENSION btree_gin;

-- refused 42501 or 0A000
CREATE EXTENSION btree_gist;

-- refused 42501 or 0A000
CREATE EXTENSION fuzzystrmatch;

-- refused 42501 or 0A000
CREATE EXTENSION pgcrypto;

-- refused 42501 or 0A000
CREATE EXTENSION tablefunc;

-- refused 42501 or 0A000
CREATE EXTENSION tsm_system_rows;

-- refused 42501 or 0A000
CREATE EXTENSION intarray;

-- refused 42501 or 0A000
CREATE EXTENSION cube;

-- refused 42501 or 0A000
CREATE EXTENSION isn;

-- refused 42501 or 0A000
CREATE EXTENSION lo;

-- refused 42501 or 0A000
CREATE EXTENSION tcn;

-- refused 42501 or 0A000
CREATE EXTENSION amcheck;

-- refused 42501 or 0A000
CREATE EXTENSION pg_stat_statements;

-- refused 42501 or 0A000
CREATE EXTENSION pg_buffercache;

-- refused 42501 or 0A000
CREATE EXTENSION pageinspect;

-- refused 42501 or 0A000
CREATE EXTENSION pgrowlocks;
