-- What in the functions, roles and settings around the tables would let a login see or do more than it should.
--
-- One row: one violation, as in access_rules.sql, of which this is the other half.
-- Caveat: roles belong to the cluster; logins named u_… may belong to another database of lmskit in it.
-- Source: SECURITY "Identity"; lmskit/db/bootstrap.py makes what this expects.
WITH own_migrator (rolname) AS (
    SELECT CASE
        WHEN current_database() = 'lmskit' THEN 'lmskit_migrator'
        WHEN octet_length('lmskit_migrator_' || current_database()) <= 63 THEN 'lmskit_migrator_' || current_database()
        ELSE 'lmskit_migrator_' || left(encode(sha256(convert_to(current_database(), 'UTF8')), 'hex'), 16)
    END
),
-- Those of the server's other databases are members of the same roles, and may not connect to this one.
migrator (rolname) AS (
    SELECT rolname FROM own_migrator
    UNION SELECT rolname::text FROM pg_roles WHERE rolname = 'lmskit_migrator' OR rolname LIKE 'lmskit\_migrator\_%'
),
expected (rolname, may_login, may_make_roles, may_bypass) AS (
    VALUES ('lmskit_owner', false, false, false), ('lmskit_definer', false, false, false), ('lmskit_logins', false, true, false),
        ('lmskit_admin', false, false, false), ('lmskit_lecturer', false, false, false), ('lmskit_mailer', false, false, false),
        ('lmskit_backup', true, false, true), ('lmskit_dispatcher', true, false, false)
    UNION ALL SELECT rolname, true, false, false FROM migrator
),
ours AS (SELECT r.*, e.may_login, e.may_make_roles, e.may_bypass FROM pg_roles AS r JOIN expected AS e USING (rolname)),
person_group AS (SELECT oid, rolname FROM ours WHERE rolname IN ('lmskit_admin', 'lmskit_lecturer', 'lmskit_mailer')),
person_login AS (SELECT * FROM pg_roles WHERE rolname ~ '^u_[0-9a-f]{16}$'),
-- The roles with which a person or the dispatcher runs statements.
actor AS (
    SELECT oid, rolname FROM person_group UNION ALL SELECT oid, rolname FROM person_login
    UNION ALL SELECT oid, rolname FROM ours WHERE rolname = 'lmskit_dispatcher'
),
may_be_member (member, role) AS (
    VALUES ('lmskit_logins', 'lmskit_admin'), ('lmskit_logins', 'lmskit_lecturer'), ('lmskit_backup', 'pg_read_all_data'),
        ('lmskit_admin', 'pg_read_all_stats'), ('lmskit_dispatcher', 'lmskit_mailer'), ('lmskit_admin', 'pg_use_reserved_connections'),
        ('lmskit_mailer', 'pg_use_reserved_connections'), ('lmskit_backup', 'pg_use_reserved_connections')
    UNION ALL SELECT m.rolname, r.role
        FROM migrator AS m, (VALUES ('lmskit_owner'), ('lmskit_definer'), ('lmskit_logins'), ('pg_use_reserved_connections')) AS r (role)
),
membership AS (
    SELECT m.admin_option, m.inherit_option, m.set_option, p.rolname AS member, r.rolname AS role, p.rolsuper,
        format('%s in %s', p.rolname, r.rolname) AS object,
        p.oid IN (SELECT oid FROM person_login) AS is_person, r.oid IN (SELECT oid FROM person_login) AS of_person
    FROM pg_auth_members AS m JOIN pg_roles AS p ON p.oid = m.member JOIN pg_roles AS r ON r.oid = m.roleid
),
function AS (
    SELECT p.*, n.nspname, l.lanname, l.lanpltrusted,
        EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e') AS of_extension
    FROM pg_proc AS p JOIN pg_namespace AS n ON n.oid = p.pronamespace JOIN pg_language AS l ON l.oid = p.prolang
    WHERE n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
)
-- Functions
SELECT 'definer-without-search-path' AS rule, oid::regprocedure::text AS object FROM function
    WHERE prosecdef AND NOT coalesce(proconfig, '{}') && ARRAY['search_path=pg_catalog, pg_temp']
UNION ALL SELECT 'definer-of-another-owner', format('%s of %s', oid::regprocedure, pg_get_userbyid(proowner)) FROM function
    WHERE prosecdef AND pg_get_userbyid(proowner) NOT IN ('lmskit_definer', 'lmskit_logins')
UNION ALL SELECT 'function-for-everybody', oid::regprocedure::text FROM function AS f
    WHERE (nspname = 'lms' OR prosecdef) AND (prosecdef OR NOT of_extension)
      AND EXISTS (SELECT FROM aclexplode(coalesce(f.proacl, acldefault('f', f.proowner))) AS a WHERE a.grantee = 0)
UNION ALL SELECT 'function-for-a-login', format('%s for %s', f.oid::regprocedure, r.rolname)
    FROM function AS f, aclexplode(f.proacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE nspname = 'lms' AND NOT of_extension AND a.grantee <> f.proowner AND r.rolname NOT IN (SELECT rolname FROM expected)
UNION ALL SELECT 'leakproof-function', oid::regprocedure::text FROM function WHERE proleakproof
UNION ALL SELECT 'leakproof-built-ins', format('%s functions', count(*)) FROM pg_proc
    WHERE proleakproof AND pronamespace = 'pg_catalog'::regnamespace HAVING count(*) > 0
UNION ALL SELECT 'shared-resource-open', p.oid::regprocedure::text FROM pg_proc AS p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace
      AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
          WHERE a.grantee = 0 OR a.grantee IN (SELECT oid FROM actor))
      AND p.proname IN ('pg_advisory_lock', 'pg_advisory_lock_shared', 'pg_advisory_xact_lock', 'pg_advisory_xact_lock_shared',
          'pg_try_advisory_lock', 'pg_try_advisory_lock_shared', 'pg_try_advisory_xact_lock', 'pg_try_advisory_xact_lock_shared',
          'lo_creat', 'lo_create', 'lo_from_bytea', 'lo_put', 'lowrite', 'lo_truncate', 'lo_truncate64', 'pg_logical_emit_message', 'currtid2')
UNION ALL SELECT 'shared-resource-open', 'log_min_messages'
    WHERE coalesce(
        (SELECT split_part(c.setting, '=', 2) FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase,
            unnest(s.setconfig) AS c (setting)
         WHERE d.datname = current_database() AND s.setrole = 0 AND c.setting LIKE 'log_min_messages=%'),
        'log') NOT IN ('fatal', 'panic')
UNION ALL SELECT 'untrusted-language', lanname FROM pg_language WHERE NOT lanpltrusted AND lanname NOT IN ('internal', 'c')
UNION ALL SELECT 'native-function', oid::regprocedure::text FROM function WHERE lanname IN ('internal', 'c') AND NOT of_extension
UNION ALL SELECT 'system-function-open', format('%s for %s', p.oid::regprocedure, a.rolname) FROM actor AS a, pg_proc AS p
    WHERE p.pronamespace = 'pg_catalog'::regnamespace AND has_function_privilege(a.oid, p.oid, 'EXECUTE')
      AND p.proname IN ('pg_read_file', 'pg_read_binary_file', 'pg_ls_dir', 'pg_stat_file', 'lo_import', 'lo_export', 'pg_reload_conf',
          'pg_rotate_logfile',
                        'pg_hba_file_rules', 'pg_show_all_file_settings', 'pg_stat_reset', 'pg_stat_reset_shared', 'pg_switch_wal',
                            'pg_create_restore_point')
UNION ALL SELECT 'system-table-open', format('%s for %s', c.relname, a.rolname) FROM actor AS a, pg_class AS c
    WHERE c.relnamespace = 'pg_catalog'::regnamespace AND has_table_privilege(a.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE')
      AND c.relname IN ('pg_authid', 'pg_shadow', 'pg_statistic', 'pg_statistic_ext_data', 'pg_largeobject', 'pg_user_mapping',
          'pg_hba_file_rules', 'pg_file_settings')
UNION ALL SELECT 'event-trigger', evtname FROM pg_event_trigger AS t
    WHERE NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_event_trigger'::regclass AND d.objid = t.oid AND d.deptype = 'e')
UNION ALL SELECT 'way-to-another-server', extname FROM pg_extension
    WHERE extname IN ('dblink', 'postgres_fdw', 'file_fdw', 'adminpack', 'pageinspect', 'pg_surgery')
UNION ALL SELECT 'way-to-another-server', srvname FROM pg_foreign_server
UNION ALL SELECT DISTINCT 'extension-within-reach', format('%s for %s', e.extname, a.rolname)
    FROM pg_extension AS e JOIN pg_depend AS d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
    JOIN pg_proc AS p ON d.classid = 'pg_proc'::regclass AND p.oid = d.objid, actor AS a
    WHERE e.extname NOT IN ('plpgsql', 'vector') AND a.rolname <> 'lmskit_admin'
      AND has_schema_privilege(a.oid, p.pronamespace, 'USAGE') AND has_function_privilege(a.oid, p.oid, 'EXECUTE')
-- Roles
UNION ALL SELECT 'role-missing', rolname FROM expected WHERE rolname NOT IN (SELECT rolname FROM ours)
UNION ALL SELECT 'role-with-power', rolname FROM ours
    WHERE rolsuper OR rolcreatedb OR rolreplication OR (rolcanlogin AND NOT may_login) OR (rolcreaterole AND NOT may_make_roles)
        OR (rolbypassrls AND NOT may_bypass)
UNION ALL SELECT 'login-with-power', rolname FROM person_login WHERE rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication
UNION ALL SELECT 'login-without-limit', rolname FROM pg_roles
    WHERE rolcanlogin AND rolconnlimit NOT BETWEEN 0 AND 5 AND rolname IN (SELECT rolname FROM actor)
UNION ALL SELECT 'membership-too-strong', object FROM membership
    WHERE is_person AND (set_option OR admin_option OR role NOT IN ('lmskit_admin', 'lmskit_lecturer'))
UNION ALL SELECT 'two-groups-at-once', member FROM membership WHERE is_person
    AND role IN ('lmskit_admin', 'lmskit_lecturer') GROUP BY member HAVING count(DISTINCT role) > 1
-- A role that makes another without being superuser has ADMIN on it and nothing else; PostgreSQL does not allow to revoke that.
UNION ALL SELECT 'membership-unexpected', object FROM membership AS m
    WHERE NOT is_person AND NOT rolsuper AND NOT (admin_option AND NOT inherit_option AND NOT set_option)
      AND (member IN (SELECT rolname FROM expected) OR role IN (SELECT rolname FROM expected) OR of_person)
      AND NOT EXISTS (SELECT FROM may_be_member AS e WHERE e.member = m.member AND e.role = m.role)
UNION ALL SELECT 'membership-unexpected', object FROM membership
    WHERE (member IN (SELECT rolname FROM migrator) AND role LIKE 'lmskit%' AND (inherit_option OR admin_option))
        OR (member = 'lmskit_logins' AND role LIKE 'lmskit%' AND (inherit_option OR set_option))
       OR (member IN ('lmskit_admin', 'lmskit_dispatcher') AND (set_option OR admin_option))
       OR (role = 'pg_use_reserved_connections' AND (member LIKE 'lmskit%') AND (set_option OR admin_option))
           OR (member IN ('lmskit_admin', 'lmskit_lecturer', 'lmskit_mailer') AND admin_option)
UNION ALL SELECT 'setting-open', format('%s for %s', p.parname, coalesce(r.rolname, 'PUBLIC'))
    FROM pg_parameter_acl AS p, aclexplode(p.paracl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE a.grantee = 0 OR r.rolname IN (SELECT rolname FROM expected UNION SELECT rolname FROM person_login)
-- Database and schemas
UNION ALL SELECT 'schema-create', format('%s for %s', n.nspname, g.rolname) FROM pg_namespace AS n, actor AS g
    WHERE n.nspname !~ '^pg_' AND has_schema_privilege(g.oid, n.oid, 'CREATE')
UNION ALL SELECT 'schema-of-another-owner', format('%s of %s', nspname, pg_get_userbyid(nspowner)) FROM pg_namespace
    WHERE nspname = 'lms' AND pg_get_userbyid(nspowner) <> 'lmskit_owner'
UNION ALL SELECT 'schema-for-everybody', n.nspname FROM pg_namespace AS n, aclexplode(n.nspacl) AS a WHERE n.nspname = 'lms' AND a.grantee = 0
UNION ALL SELECT 'helper-role-creates', r.rolname FROM ours AS r, pg_namespace AS n
    WHERE n.nspname = 'lms' AND r.rolname IN ('lmskit_definer', 'lmskit_logins', 'lmskit_backup')
        AND has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION ALL SELECT 'database-create', g.rolname FROM actor AS g WHERE has_database_privilege(g.oid, current_database(), 'CREATE')
UNION ALL SELECT 'temporary-tables', g.rolname FROM person_group AS g WHERE g.rolname <> 'lmskit_admin'
    AND has_database_privilege(g.oid, current_database(), 'TEMP')
UNION ALL SELECT 'database-for-everybody', a.privilege_type FROM pg_database AS d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) AS a
    WHERE d.datname = current_database() AND a.grantee = 0
UNION ALL SELECT 'database-for-a-login', format('%s for %s', a.privilege_type, r.rolname) FROM pg_database AS d, aclexplode(d.datacl) AS a
    JOIN pg_roles AS r ON r.oid = a.grantee
    WHERE d.datname = current_database() AND (r.oid IN (SELECT oid FROM person_login)
        OR r.rolname IN (SELECT rolname FROM migrator EXCEPT SELECT rolname FROM own_migrator))
UNION ALL SELECT 'default-privilege', format('%s for %s on new %s', a.privilege_type, coalesce(r.rolname, 'PUBLIC'),
        CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions' WHEN 'T' THEN 'types' WHEN 'n'
            THEN 'schemas' ELSE 'objects' END)
    FROM pg_default_acl AS d, aclexplode(d.defaclacl) AS a LEFT JOIN pg_roles AS r ON r.oid = a.grantee
    -- A person's login makes no objects, and could raise an alarm with its own defaults that nobody but it can end.
    WHERE a.grantee <> d.defaclrole AND d.defaclrole NOT IN (SELECT oid FROM person_login) AND (a.grantee = 0 AND d.defaclobjtype <> 'T' OR r.rolname IN (SELECT rolname
        FROM expected UNION SELECT rolname FROM person_login))
UNION ALL SELECT 'new-functions-for-everybody', r.rolname FROM ours AS r
    WHERE r.rolname IN ('lmskit_owner', 'lmskit_definer', 'lmskit_logins')
      AND NOT EXISTS (
          SELECT FROM pg_default_acl AS d WHERE d.defaclrole = r.oid AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f'
             AND NOT EXISTS (SELECT FROM aclexplode(d.defaclacl) AS a WHERE a.grantee = 0)
      )
UNION ALL SELECT 'search-path-not-set', current_database() WHERE NOT EXISTS (
    SELECT FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
    WHERE d.datname = current_database() AND s.setrole = 0 AND s.setconfig && ARRAY['search_path=lms, pg_catalog'])
UNION ALL SELECT 'large-object', l.oid::text FROM pg_largeobject_metadata AS l
UNION ALL SELECT 'large-objects-unprotected', 'lo_compat_privileges' WHERE current_setting('lo_compat_privileges')::boolean
ORDER BY 1, 2
