-- Leaving the tables: files, programs, other servers, things to be made, rules to be taken away.

-- refused 42501
COPY (SELECT 1) TO PROGRAM 'true';

-- refused 42501
COPY lms.syllabi FROM PROGRAM 'true';

-- refused 42501
COPY (SELECT 1) TO '/tmp/lmskit-attack';

-- refused 42501
COPY lms.syllabi FROM '/etc/passwd';

-- refused 42501
SELECT pg_read_file('pg_hba.conf');

-- refused 42501
SELECT pg_read_file('/etc/passwd', 0, 100, true);

-- refused 42501
SELECT pg_ls_dir('.');

-- refused 42501
SELECT * FROM pg_ls_logdir();

-- refused 42501
SELECT * FROM pg_ls_waldir();

-- refused 42501
SELECT pg_stat_file('postgresql.conf');

-- refused 42501
SELECT pg_current_logfile();

-- refused 42501
SELECT lo_import('/etc/passwd');

-- refused 42501
SELECT lo_export(1, '/tmp/lmskit-attack');

-- refused 42501
SELECT lo_get(:large_object);

-- refused 42501
SELECT lo_put(:large_object, 0, 'x');

-- refused 42501
SELECT lo_unlink(:large_object);

-- refused 42501
SELECT lo_open(:large_object, 131072);

-- refused 42501
SELECT pg_reload_conf();

-- refused 42501
SELECT pg_rotate_logfile();

-- refused 42501
SELECT pg_switch_wal();

-- refused 42501
SELECT pg_create_restore_point('x');

-- refused 42501
SELECT pg_backup_start('x');

-- refused 42501
SELECT pg_promote();

-- refused 42501
SELECT pg_create_physical_replication_slot('x');

-- refused 42501
SELECT pg_create_logical_replication_slot('x', 'test_decoding');

-- refused 42501
SELECT pg_stat_reset();

-- refused 42501
SELECT pg_stat_reset_shared('wal');

-- refused 42501
SELECT pg_logical_slot_get_changes('x', NULL, NULL);

-- refused 42501
CHECKPOINT;

-- refused 42501
LOAD 'plpgsql';

-- refused 42501
LOAD '/tmp/evil.so';

-- refused 42501 or 0A000
CREATE EXTENSION dblink;

-- refused 42501 or 0A000
CREATE EXTENSION postgres_fdw;

-- refused 42501 or 0A000
CREATE EXTENSION plpython3u;

-- refused 42501 or 0A000: trusted where it is installed
CREATE EXTENSION hstore;

-- refused 42501
DROP EXTENSION vector CASCADE;

-- refused 42501
ALTER EXTENSION vector SET SCHEMA public;

-- refused 42501
CREATE FOREIGN DATA WRAPPER f;

-- refused 42501 or 42704
CREATE USER MAPPING FOR PUBLIC SERVER nowhere;

-- refused 42501
CREATE SUBSCRIPTION s CONNECTION 'host=localhost' PUBLICATION p;

-- refused 42501
CREATE PUBLICATION p FOR ALL TABLES;

-- refused 42501
CREATE PUBLICATION p FOR TABLE lms.users;

-- refused 42501
CREATE FUNCTION lms.mine() RETURNS int LANGUAGE sql RETURN 1;

-- refused 42501
CREATE FUNCTION public.mine() RETURNS int LANGUAGE sql RETURN 1;

-- refused 42501
CREATE FUNCTION pg_temp.leak(text) RETURNS bool LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$;

-- refused 42501
CREATE FUNCTION lms.evil() RETURNS int LANGUAGE c AS '/tmp/evil.so';

-- refused 42501
CREATE OR REPLACE FUNCTION lms.my_course_ids() RETURNS bigint[] LANGUAGE sql RETURN ARRAY[:foreign_course]::bigint[];

-- refused 42501
ALTER FUNCTION lms.my_course_ids() SECURITY INVOKER;

-- refused 42501
ALTER FUNCTION lms.my_course_ids() SET search_path = pg_temp;

-- refused 42501
ALTER FUNCTION lms.me() LEAKPROOF;

-- refused 42501
DROP FUNCTION lms.me() CASCADE;

-- refused 42501
CREATE PROCEDURE lms.mine() LANGUAGE sql AS 'SELECT 1';

-- refused 42501
CREATE TABLE lms.mine (x int);

-- refused 42501
CREATE TABLE public.mine (x int);

-- refused 42501
CREATE TABLE mine AS SELECT * FROM lms.courses;

-- refused 42501
CREATE TEMP TABLE mine (x int);

-- refused 42501: to hide users behind a table of mine
CREATE TEMP TABLE users (id bigint, db_role name); SELECT lms.my_course_ids();

-- refused 42501
SELECT * INTO TEMP mine FROM lms.courses;

-- refused 42501
CREATE TEMP VIEW mine AS SELECT * FROM lms.courses;

-- refused 42501
CREATE VIEW lms.mine AS SELECT * FROM lms.users;

-- refused 42501
CREATE MATERIALIZED VIEW lms.mine AS SELECT * FROM lms.courses;

-- refused 42501
CREATE TEMP SEQUENCE mine;

-- refused 42501
CREATE SCHEMA mine;

-- refused 42501
CREATE DATABASE mine;

-- refused 42501
CREATE DATABASE mine TEMPLATE :database;

-- refused 42501
CREATE TABLESPACE mine LOCATION '/tmp';

-- refused 42501
CREATE TYPE lms.mine AS (x int);

-- refused 42501
CREATE DOMAIN lms.mine AS text CHECK (value <> '');

-- refused 42501
CREATE OPERATOR lms.<<< (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);

-- refused 42501 or 42P17
CREATE CAST (text AS int) WITH INOUT AS IMPLICIT;

-- refused 42501
CREATE COLLATION lms.mine FROM "C";

-- refused 42501
CREATE TRIGGER mine BEFORE UPDATE ON lms.quizzes FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger();

-- refused 42501
CREATE RULE mine AS ON INSERT TO lms.quiz_attempts DO ALSO SELECT 1;

-- refused 42501
CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION lms.me();

-- refused 42501
CREATE INDEX mine ON lms.quiz_attempts (score);

-- refused 42501
CREATE STATISTICS lms.mine ON score, max_score FROM lms.quiz_attempts;

-- refused 42501
CREATE POLICY mine ON lms.courses TO PUBLIC USING (true);

-- refused 42501
ALTER POLICY lecturer_reads_own ON lms.courses USING (true);

-- refused 42501
DROP POLICY lecturer_reads_own ON lms.courses;

-- refused 42501
ALTER TABLE lms.courses DISABLE ROW LEVEL SECURITY;

-- refused 42501
ALTER TABLE lms.courses NO FORCE ROW LEVEL SECURITY;

-- refused 42501
ALTER TABLE lms.courses OWNER TO ":self";

-- refused 42501
ALTER TABLE lms.users DISABLE TRIGGER ALL;

-- refused 42501
ALTER TABLE lms.quiz_attempts ADD COLUMN mine text DEFAULT pg_read_file('/etc/passwd');

-- refused 42501
ALTER TABLE lms.users RENAME COLUMN password_hash TO email2;

-- refused 42501
ALTER TABLE lms.quiz_attempts INHERIT lms.quizzes;

-- refused 42501
ALTER TABLE lms.quiz_attempts DROP CONSTRAINT fk_quiz_attempts_quiz_id_course_id;

-- refused 42501
DROP TABLE lms.audit_log;

-- refused 42501
DROP SCHEMA lms CASCADE;

-- refused 42501
ALTER SCHEMA lms RENAME TO taken;

-- refused 42501 or 55006
DROP DATABASE :database;

-- refused 42501
GRANT SELECT ON lms.users TO ":self";

-- refused 42501
GRANT SELECT ON ALL TABLES IN SCHEMA lms TO PUBLIC;

-- done: nothing is granted, with a warning
GRANT CREATE ON SCHEMA lms TO ":self";

-- done: nothing is granted, with a warning
GRANT TEMPORARY ON DATABASE :database TO ":self";

-- refused 42501
GRANT EXECUTE ON FUNCTION lms.set_login(bigint, text, text) TO ":self";

-- done: nothing is revoked, with a warning
REVOKE ALL ON lms.courses FROM lmskit_admin;

-- refused 42501
ALTER SYSTEM SET log_statement = 'none';

-- refused 42501
GRANT SET ON PARAMETER session_replication_role TO ":self";

-- refused 42501
COMMENT ON TABLE lms.courses IS 'mine';

-- refused 22023
SECURITY LABEL ON TABLE lms.courses IS 'mine';

-- refused 42501
CLUSTER lms.courses USING pk_courses;

-- refused 42501
REINDEX TABLE lms.courses;

-- refused 42501
REFRESH MATERIALIZED VIEW lms.courses;

-- done: skipped with a warning
VACUUM lms.quiz_attempts;

-- done: skipped with a warning
ANALYZE lms.quiz_attempts;

-- done: nothing is heard, for nobody says anything
LISTEN "*"; LISTEN lmskit; NOTIFY nobody, ''; SELECT pg_notify('lmskit', '');

-- own
SELECT pg_export_snapshot();

-- refused 42704 or 22023: a snapshot is nobody's to guess
BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '00000003-0000001B-1';

-- refused 55000
BEGIN; SELECT 1; PREPARE TRANSACTION 'left-behind';

-- done: an alphabet is not data
SET client_encoding = 'SQL_ASCII'; SELECT 1;
