-- Reading columns, tables and catalogues that are not for lecturers.

-- refused 42501
SELECT password_hash FROM lms.users;

-- refused 42501
SELECT * FROM lms.users;

-- refused 42501
SELECT u FROM lms.users AS u;

-- refused 42501
SELECT to_jsonb(u) FROM lms.users AS u;

-- refused 42501
SELECT (u).password_hash FROM lms.users AS u;

-- refused 42501
SELECT settings FROM lms.users;

-- refused 42501
SELECT db_role FROM lms.users;

-- refused 42501
SELECT created_at FROM lms.users;

-- refused 42501
SELECT id FROM lms.users WHERE password_hash LIKE '$argon2id$%';

-- refused 42501
SELECT id FROM lms.users ORDER BY password_hash;

-- refused 42501
SELECT count(*) FROM lms.users GROUP BY password_hash;

-- refused 42501
SELECT u.id FROM lms.users AS u JOIN lms.users AS v USING (password_hash);

-- refused 42501
SELECT id FROM lms.users AS u WHERE (SELECT u.password_hash) IS NOT NULL;

-- refused 42501
SELECT * FROM lms.users AS u (a, b, c, d, e, f, g);

-- refused 42501
SELECT ROW(u.*) FROM lms.users AS u;

-- refused 42501
SELECT count(u) FROM lms.users AS u;

-- refused 42501
SELECT xmin, ctid, u IS NULL FROM lms.users AS u;

-- refused 42501
COPY lms.users TO STDOUT;

-- refused 42501
COPY lms.users (id, password_hash) TO STDOUT;

-- refused 42501
COPY (SELECT db_role FROM lms.users) TO STDOUT;

-- refused 42501
COPY lms.users (id, email) TO STDOUT;

-- own
COPY lms.users (id, family_name) TO STDOUT;

-- refused 42501
SELECT * FROM lms.users NATURAL JOIN lms.courses;

-- refused 42501
SELECT * FROM lms.outbox;

-- refused 42501
SELECT count(*) FROM lms.outbox;

-- refused 42501
SELECT 1 FROM lms.outbox;

-- refused 42501
SELECT * FROM lms.audit_log;

-- refused 42501
SELECT new FROM lms.audit_log WHERE course_id = :own_course;

-- refused 42501
SELECT numbers FROM lms.audit_log WHERE import_run_id IS NOT NULL;

-- refused 42501
SELECT * FROM lms.import_runs;

-- refused 42501
SELECT audit_from, undoes FROM lms.import_runs;

-- refused 42501
SELECT person_id FROM lms.erasures;

-- refused 42501
SELECT * FROM lms.archives;

-- refused 42501
SELECT * FROM lms.import_choices;

-- refused 42501
SELECT * FROM lms.message_texts;

-- refused 42501
SELECT body FROM lms.message_texts WHERE course_id = :own_course;

-- refused 42501
SELECT * FROM lms.invitations;

-- refused 42501
SELECT login FROM lms.invitations WHERE person_id = lms.me();

-- refused 42501
SELECT count(*) FROM lms.invitations;

-- refused 42501
SELECT kept_id, removed_id FROM lms.person_merges;

-- refused 42501
SELECT * FROM lms.archived_attempts;

-- refused 42501
SELECT course_id FROM lms.archived_estimates;

-- refused 42501
SELECT lms.columns_to_move('lms.users');

-- own
SELECT * FROM lms.quiz_attempts WHERE tableoid = 'lms.archived_attempts'::regclass;

-- refused 42501
SELECT * FROM lms.alembic_version;

-- refused 42501
SELECT * FROM pg_authid;

-- refused 42501
SELECT rolpassword FROM pg_authid WHERE rolname = session_user;

-- refused 42501
SELECT * FROM pg_shadow;

-- own
SELECT usename, passwd FROM pg_user;

-- own
SELECT rolname, rolpassword FROM pg_roles;

-- refused 42501
SELECT * FROM pg_statistic;

-- nothing: the statistics of a table under row security are nobody's
SELECT * FROM pg_stats WHERE schemaname = 'lms';

-- nothing
SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename IN ('users', 'quiz_attempts');

-- nothing
SELECT * FROM pg_stats_ext;

-- nothing
SELECT * FROM pg_stats_ext_exprs;

-- refused 42501
SELECT * FROM pg_statistic_ext_data;

-- own: of other logins' sessions there is nothing but that they are there
SELECT * FROM pg_stat_activity;

-- own
SELECT query FROM pg_stat_activity WHERE pid = :foreign_pid;

-- own
SELECT pg_stat_get_backend_activity(id) FROM pg_stat_get_backend_idset() AS id;

-- own
SELECT * FROM pg_stat_get_activity(NULL);

-- own
SELECT * FROM pg_locks;

-- nothing
SELECT pg_blocking_pids(:foreign_pid), pg_safe_snapshot_blocking_pids(:foreign_pid);

-- nothing
SELECT * FROM pg_cursors;

-- nothing
SELECT * FROM pg_prepared_statements;

-- nothing
SELECT * FROM pg_prepared_xacts;

-- nothing
SELECT * FROM pg_stat_progress_copy UNION ALL SELECT * FROM pg_stat_progress_copy;

-- nothing
SELECT * FROM pg_stat_replication;

-- refused 42501
SELECT * FROM pg_stat_wal_receiver, pg_hba_file_rules;

-- refused 42501
SELECT * FROM pg_file_settings;

-- refused 42501
SELECT * FROM pg_ident_file_mappings;

-- refused 42501
SELECT * FROM pg_backend_memory_contexts;

-- refused 42501
SELECT * FROM pg_shmem_allocations;

-- refused 42501
SHOW data_directory;

-- refused 42501
SELECT current_setting('hba_file');

-- refused 42501
SHOW config_file;

-- nothing: subscriptions hold addresses with passwords
SELECT subname FROM pg_subscription;

-- refused 42501
SELECT subconninfo FROM pg_subscription;

-- nothing
SELECT umoptions FROM pg_user_mappings;

-- refused 42501
SELECT * FROM pg_user_mapping;

-- refused 42501
SELECT data FROM pg_largeobject;

-- refused 42501
SELECT * FROM pg_replication_origin_status;

-- own
SELECT * FROM pg_settings WHERE setting IS NOT NULL;

-- own
SELECT * FROM pg_db_role_setting;

-- own
SELECT * FROM information_schema.columns WHERE table_schema = 'lms';

-- nothing: the owner's definitions are the owner's
SELECT view_definition FROM information_schema.views WHERE table_schema = 'lms';

-- nothing
SELECT * FROM information_schema.columns WHERE table_name IN ('outbox', 'audit_log', 'archives', 'import_runs');

-- nothing
SELECT * FROM information_schema.columns WHERE column_name IN ('password_hash', 'db_role');

-- own
SELECT * FROM information_schema.role_table_grants;

-- own
SELECT pg_get_constraintdef(oid), pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE connamespace = 'lms'::regnamespace;

-- own: definitions name columns and hold nobody's data
SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'lms'::regnamespace AND prosecdef;

-- own
SELECT pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid) FROM pg_policy;

-- own
SELECT pg_get_indexdef(indexrelid), pg_get_triggerdef(t.oid) FROM pg_index LEFT JOIN pg_trigger AS t ON t.tgrelid = indrelid;

-- own
SELECT pg_get_userbyid(relowner), relacl, obj_description(oid) FROM pg_class WHERE relnamespace = 'lms'::regnamespace;

-- own: what a sequence has counted to is more than its table shows
SELECT schemaname, sequencename FROM pg_sequences;

-- nothing
SELECT last_value FROM pg_sequences WHERE schemaname = 'lms' AND last_value IS NOT NULL;
