-- Being someone else.

-- refused 42501
SET ROLE lmskit_admin;

-- refused 42501
SET ROLE lmskit_lecturer;

-- refused 42501
SET ROLE lmskit_owner;

-- refused 42501
SET ROLE lmskit_definer;

-- refused 42501
SET ROLE lmskit_logins;

-- refused 42501
SET ROLE lmskit_migrator;

-- refused 42501
SET ROLE lmskit_backup;

-- refused 42501
SET ROLE postgres;

-- refused 42501
SET ROLE pg_read_all_data;

-- refused 42501
SET ROLE pg_monitor;

-- refused 42501
SET ROLE ":other";

-- refused 42501
SET LOCAL ROLE ":admin";

-- refused 42501
SELECT set_config('role', 'lmskit_admin', false);

-- refused 42501
SET SESSION AUTHORIZATION ":other";

-- refused 42501
SET SESSION AUTHORIZATION postgres;

-- refused 42501
SELECT set_config('session_authorization', ':admin', false);

-- own
RESET ROLE; RESET SESSION AUTHORIZATION; SET ROLE NONE; SELECT * FROM lms.courses;

-- own
DISCARD PLANS; DISCARD TEMP; RESET ALL; SELECT * FROM lms.courses;

-- refused 42501
GRANT lmskit_admin TO ":self";

-- refused 42501
GRANT ":other" TO ":self";

-- refused 42501
GRANT lmskit_lecturer TO ":self" WITH SET TRUE, ADMIN TRUE;

-- refused 42501
GRANT pg_read_all_data TO ":self";

-- refused 42501
GRANT pg_execute_server_program TO ":self";

-- refused 42501
REVOKE lmskit_lecturer FROM ":other";

-- refused 42501
ALTER ROLE ":self" SUPERUSER;

-- refused 42501
ALTER ROLE ":self" BYPASSRLS;

-- refused 42501
ALTER ROLE ":self" CREATEROLE;

-- refused 42501
ALTER ROLE ":self" CREATEDB;

-- refused 42501
ALTER ROLE ":self" REPLICATION;

-- refused 42501
ALTER ROLE ":self" CONNECTION LIMIT -1;

-- refused 42501
ALTER ROLE ":self" VALID UNTIL 'infinity';

-- refused 42501
ALTER ROLE ":other" PASSWORD 'known';

-- refused 42501
ALTER ROLE ":admin" PASSWORD NULL;

-- refused 42501
ALTER ROLE lmskit_migrator PASSWORD 'known';

-- refused 42501
ALTER ROLE ":other" SET row_security = off;

-- refused 42501
ALTER ROLE ALL SET row_security = off;

-- refused 42501
ALTER ROLE ":self" SET session_replication_role = replica;

-- refused 42501
ALTER ROLE ":self" SET session_preload_libraries = 'x';

-- refused 42501
ALTER ROLE ":self" SET log_statement = 'none';

-- refused 42501
ALTER DATABASE :database SET search_path = pg_temp;

-- refused 42501
ALTER DATABASE :database OWNER TO ":self";

-- refused 42501 or 0A000
ALTER ROLE ":self" RENAME TO ":other";

-- refused 42501
ALTER ROLE ":other" RENAME TO ":self_two";

-- refused 42501
CREATE ROLE accomplice LOGIN SUPERUSER;

-- refused 42501
CREATE ROLE accomplice IN ROLE lmskit_admin;

-- refused 42501
DROP ROLE ":other";

-- refused 42501
DROP ROLE lmskit_lecturer;

-- refused 42501
REASSIGN OWNED BY lmskit_owner TO ":self";

-- refused 42501
DROP OWNED BY ":other" CASCADE;

-- refused 42501
SELECT lms.set_login(lms.me(), 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==', '!');

-- refused 42501
SELECT lms.found_administrator('mine@example.org', 'M', '', 'm', 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==', '!');

-- refused 42501
SELECT lms.recover_login(':self_email', 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==', '!');

-- refused 42501
SET session_replication_role = replica;

-- refused 42501
SET SESSION session_preload_libraries = 'x';

-- own: what may be set changes nothing
SET default_transaction_read_only = off; SET statement_timeout = 0; SET search_path = public, pg_temp, lms; SELECT * FROM courses;

-- refused 42501
SELECT pg_terminate_backend(:foreign_pid);

-- refused 42501
SELECT pg_cancel_backend(:foreign_pid);

-- refused 42501
SELECT pg_log_backend_memory_contexts(:foreign_pid);

-- refused 42501
SELECT lms.close_login(:foreign_lecturer);

-- refused 42501
SELECT lms.end_sessions(:foreign_lecturer);

-- refused 42501
SELECT lms.erase_person(:foreign_lecturer, false);

-- refused 42501: not even the own row
SELECT lms.erase_person((SELECT lms.me()), false);

-- refused 42501
SELECT lms.remove_old_entries(now());

-- refused 42501
SELECT lms.naming_pattern(:foreign_lecturer, true);

-- refused 42501
SELECT * FROM lms.naming_parts(:foreign_lecturer, true);

-- refused 42501
SELECT * FROM lms.parked_rows_about(:foreign_lecturer);

-- refused 42501
SELECT lms.erase_parked_rows(:foreign_lecturer, true);

-- refused 42501
SELECT lms.without_names('{"a": "b"}', 'b', 'b');

-- refused 42501
SELECT lms.shut_role(':other');

-- refused 42501
SELECT lms.keep_an_administrator(:foreign_lecturer);

-- refused 28P01: no verifier, no password
SELECT lms.set_my_password('known', '!');

-- refused 42501: to invite oneself in another's name
SELECT lms.invite(:foreign_lecturer, interval '1 day', 'aaaaaaaa', 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==');

-- refused 42501
SELECT lms.revoke_invitation(:foreign_lecturer);

-- refused 42501
SELECT lms.void_invitations(:foreign_lecturer);

-- refused 42501
SELECT lms.make_code('aaaaaaaa', 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==', now() + interval '1 day');

-- refused 42501
SELECT lms.issue_code(1, 1, 'aaaaaaaa', 'SCRAM-SHA-256$4096:YQ==$YQ==:YQ==');

-- refused 42501
SELECT lms.remove_spent_codes();

-- refused 42501
SELECT lms.drop_code('lmskit_dispatcher');

-- refused 42501
SELECT lms.revoke_invitations_of_changed_person();

-- refused 42501
SELECT lms.remove_code();

-- refused 42501
SELECT lms.refuse_message_of_invitation();

-- refused 23514: a person's own login is that of no code
SELECT lms.accept_invitation('SCRAM-SHA-256$4096:YQ==$' || repeat('A', 43) || '=:' || repeat('A', 43) || '=', '$argon2id$' || repeat('A', 40));

-- nothing: a person's own login is that of no code
SELECT 1 WHERE lms.code_is_of(lms.my_address()) OR lms.code_is_of('known');

-- refused 28P01: no hash, no password
SELECT lms.accept_invitation('known', '!');

-- refused 42501: a trigger's function cannot be called
SELECT lms.audit_rows();

-- refused 42501
SELECT lms.follow_person();
