-- What in the tables, policies and grants of this database would let a login see or do more than it should.
--
-- One row: one violation, as the name of its rule (lmskit.queries.access_rules.RULES says what it means) and the object that breaks it.
-- Caveat: only the catalogue is read, so any login may run it. A policy of the right shape that calls a helper function with a wrong body
--   passes; the manifest of what the migrations make notices it.
-- Source: SECURITY "Row-level security"; migrations/sql has what this expects.
WITH relation AS (
    SELECT c.oid, c.relname, c.relkind, c.relowner, c.relacl, c.relrowsecurity, c.relforcerowsecurity, c.reloptions
    FROM pg_class AS c
    WHERE c.relnamespace = to_regnamespace('lms')
),
-- Alembic's own table is the one exception: it holds a revision number, and no login may touch it.
shared_table AS (SELECT * FROM relation WHERE relkind IN ('r', 'p') AND relname <> 'alembic_version'),
person_group AS (SELECT oid, rolname FROM pg_roles WHERE rolname IN ('lmskit_admin', 'lmskit_lecturer', 'lmskit_mailer')),
lecturer AS (SELECT oid, rolname FROM person_group WHERE rolname = 'lmskit_lecturer'),
known_role AS (SELECT oid FROM person_group UNION SELECT oid FROM pg_roles
    WHERE rolname IN ('lmskit_owner', 'lmskit_definer', 'lmskit_logins', 'lmskit_backup')),
verb (privilege, command) AS (VALUES ('SELECT', 'r'), ('INSERT', 'a'), ('UPDATE', 'w'), ('DELETE', 'd')),
policy AS (
    SELECT p.polname, p.polrelid, p.polcmd, p.polpermissive, p.polroles, t.relname, format('%s on %s', p.polname, t.relname) AS object,
        replace(pg_get_expr(p.polqual, p.polrelid), 'lms.', '') AS using_text,
        replace(pg_get_expr(p.polwithcheck, p.polrelid), 'lms.', '') AS check_text
    FROM pg_policy AS p JOIN shared_table AS t ON t.oid = p.polrelid
),
own_column AS (
    SELECT t.oid, t.relname, a.attname, a.attnum, a.attacl, a.atttypid, a.attstattarget,
        EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = t.oid AND k.contype IN ('p', 'f') AND a.attnum = ANY (k.conkey)) AS is_id,
        -- A key that carries the course compares the rows of one course.
        EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = t.oid AND k.contype IN ('u', 'x') AND a.attnum = ANY (k.conkey)
            AND NOT EXISTS (SELECT FROM pg_attribute AS c WHERE c.attrelid = t.oid AND c.attname = 'course_id'
                AND c.attnum = ANY (k.conkey))) AS is_unique
    FROM shared_table AS t JOIN pg_attribute AS a ON a.attrelid = t.oid
    WHERE a.attnum > 0 AND NOT a.attisdropped
),
-- References that a lecturer may change: to a week or a material of the same course, since the key carries it, and to a file in the store.
movable (relname, attname) AS (VALUES ('materials', 'week_number'), ('materials', 'stored_as'), ('crawl_pages', 'material_id')),
-- Tables that belong to no course, and that every lecturer may read.
common_table (relname) AS (VALUES ('embedding_models')),
course_table AS (SELECT oid, relname, attnum FROM own_column WHERE attname = 'course_id'),
readable AS (SELECT t.oid, t.relname FROM shared_table AS t, lecturer AS l WHERE has_any_column_privilege(l.oid, t.oid, 'SELECT')),
-- The condition of a lecturer's policy, per table; further conditions after AND are allowed, since they can only narrow it.
own_rows (relname, shape) AS (
    SELECT relname, 'course_id = ANY (( SELECT my_course_ids() AS my_course_ids)::bigint[])' FROM course_table
    UNION ALL VALUES
        ('courses', 'id = ANY (( SELECT my_course_ids() AS my_course_ids)::bigint[])'),
        ('terms', 'id = ANY (( SELECT my_term_ids() AS my_term_ids)::bigint[])'),
        ('users', '(id = ANY (( SELECT my_colleague_ids() AS my_colleague_ids)::bigint[])) OR (id = ANY (( SELECT my_student_ids() AS my_student_ids)::bigint[]))')
),
lecturer_policy AS (
    SELECT p.object, condition.expression, o.shape, p.relname, p.polcmd
    FROM policy AS p
    CROSS JOIN LATERAL (VALUES (p.using_text, 'rwd'), (p.check_text, 'aw')) AS condition (expression, commands)
    LEFT JOIN own_rows AS o ON o.relname = p.relname
    WHERE p.polpermissive AND (p.polroles && ARRAY(SELECT oid FROM lecturer) OR 0 = ANY (p.polroles))
      AND (condition.expression IS NOT NULL OR (condition.commands = 'rwd' AND p.polcmd IN ('r', 'w', 'd', '*')) OR (condition.commands = 'aw'
          AND p.polcmd = 'a'))
),
-- What has to hold beside every other condition, for each right of lecturers to write.
led_rows (relname, shape) AS (
    SELECT relname, '(course_id = ANY (( SELECT my_led_course_ids() AS my_led_course_ids)::bigint[]))' FROM course_table
    UNION ALL VALUES ('courses', '(id = ANY (( SELECT my_led_course_ids() AS my_led_course_ids)::bigint[]))')
),
-- What has to hold beside every other condition, of rows that are about a student.
seen_rows (shape) AS (VALUES ('((course_id <> ALL (( SELECT my_limited_course_ids() AS my_limited_course_ids)::bigint[])) OR ((course_id, student_id) IN ( SELECT m.course_id, m.student_id FROM my_section_members() m(course_id, student_id))))')),
granted AS (
    SELECT c.relname::text AS object, c.relkind, a.grantee, a.privilege_type, a.is_grantable, false AS is_column
    FROM relation AS c, aclexplode(c.relacl) AS a WHERE a.grantee <> c.relowner
    UNION ALL
    SELECT format('%s.%s', c.relname, t.attname), c.relkind, a.grantee, a.privilege_type, a.is_grantable, true
    FROM relation AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
    WHERE a.grantee <> c.relowner AND NOT t.attisdropped
),
grant_named AS (
    SELECT g.*, format('%s %s on %s', coalesce(r.rolname, CASE g.grantee WHEN 0
        THEN 'PUBLIC' ELSE g.grantee::text END), g.privilege_type, g.object) AS described
    FROM granted AS g LEFT JOIN pg_roles AS r ON r.oid = g.grantee
),
-- Those of rows that lecturers have.
own_index AS (
    SELECT i.indrelid, x.relname, m.amname, i.indkey,
        (SELECT a.attname FROM pg_attribute AS a WHERE a.attrelid = i.indrelid AND a.attnum = i.indkey[0]) AS leads
    FROM pg_index AS i JOIN readable AS t ON t.oid = i.indrelid AND t.relname NOT IN (SELECT c.relname FROM common_table AS c)
    JOIN pg_class AS x ON x.oid = i.indexrelid JOIN pg_am AS m ON m.oid = x.relam
)
-- Tables
SELECT 'row-security-off' AS rule, relname::text AS object FROM shared_table WHERE NOT relrowsecurity
UNION ALL SELECT 'row-security-not-forced', relname FROM shared_table WHERE NOT relforcerowsecurity
UNION ALL SELECT 'table-without-policy', relname FROM shared_table AS t WHERE NOT EXISTS (SELECT FROM policy AS p WHERE p.polrelid = t.oid)
UNION ALL SELECT 'object-of-another-owner', format('%s of %s', relname, pg_get_userbyid(relowner)) FROM relation
    WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND relowner IS DISTINCT FROM (SELECT oid FROM pg_roles WHERE rolname = 'lmskit_owner')
UNION ALL SELECT 'revision-table-open', g.described FROM grant_named AS g
    WHERE split_part(g.object, '.', 1) = 'alembic_version'
      AND NOT (g.privilege_type = 'SELECT' AND g.grantee IN (SELECT oid FROM pg_roles WHERE rolname = 'lmskit_definer'))
UNION ALL SELECT 'partition-without-row-security', c.oid::regclass::text FROM pg_inherits AS i JOIN pg_class AS c ON c.oid = i.inhrelid
    WHERE i.inhparent IN (SELECT oid FROM shared_table) AND c.relkind IN ('r', 'p', 'f') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
UNION ALL SELECT 'table-outside-open', format('%s for %s', c.oid::regclass, g.rolname) FROM pg_class AS c
    JOIN pg_namespace AS n ON n.oid = c.relnamespace, person_group AS g
    WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND n.nspname NOT IN ('lms', 'information_schema') AND n.nspname !~ '^pg_'
      AND (has_table_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE, DELETE, TRUNCATE')
          OR has_any_column_privilege(g.oid, c.oid, 'SELECT, INSERT, UPDATE'))
UNION ALL SELECT 'foreign-table-open', format('%s for %s', r.relname, g.rolname) FROM relation AS r, person_group AS g
    WHERE r.relkind = 'f' AND (has_table_privilege(g.oid, r.oid, 'SELECT, INSERT, UPDATE, DELETE')
        OR has_any_column_privilege(g.oid, r.oid, 'SELECT, INSERT, UPDATE'))
UNION ALL SELECT 'view-without-invoker', relname FROM relation
    WHERE relkind = 'v' AND NOT EXISTS (SELECT FROM unnest(reloptions) AS o WHERE o ~* '^security_invoker=(true|on|yes|1)$')
UNION ALL SELECT 'materialised-view-open', format('%s for %s', r.relname, g.rolname) FROM relation AS r, person_group AS g
    WHERE r.relkind = 'm' AND (has_table_privilege(g.oid, r.oid, 'SELECT') OR has_any_column_privilege(g.oid, r.oid, 'SELECT'))
UNION ALL SELECT 'rewrite-rule', format('%s on %s', w.rulename, t.relname) FROM pg_rewrite AS w JOIN relation AS t ON t.oid = w.ev_class
    WHERE w.rulename <> '_RETURN'
UNION ALL SELECT 'trigger-switched-off', format('%s on %s', g.tgname, t.relname) FROM pg_trigger AS g
    JOIN shared_table AS t ON t.oid = g.tgrelid WHERE g.tgenabled NOT IN ('O', 'A')
UNION ALL SELECT 'table-without-course', t.relname FROM shared_table AS t
    WHERE t.oid NOT IN (SELECT oid FROM course_table)
      AND EXISTS (SELECT FROM pg_constraint AS k WHERE k.conrelid = t.oid AND k.contype = 'f' AND k.confrelid IN (SELECT oid FROM course_table))
UNION ALL SELECT 'reference-across-courses', format('%s on %s', k.conname, t.relname) FROM pg_constraint AS k
    JOIN course_table AS t ON t.oid = k.conrelid
    WHERE k.contype = 'f' AND k.confrelid IN (SELECT oid FROM course_table) AND NOT t.attnum = ANY (k.conkey)
-- Policies
UNION ALL SELECT 'policy-for-everybody', object FROM policy WHERE 0 = ANY (polroles)
UNION ALL SELECT 'policy-for-another-role', object FROM policy WHERE NOT polroles <@ ARRAY(SELECT 0::oid UNION SELECT oid FROM known_role)
UNION ALL SELECT 'policy-always-true', object FROM policy
    WHERE polpermissive
      AND (coalesce(using_text, check_text) ~ '^\(*(true|(\S+) = \2|\d+ IS NOT NULL|id IS NOT NULL)\)*$'
           OR coalesce(check_text, using_text) ~ '^\(*(true|(\S+) = \2|\d+ IS NOT NULL|id IS NOT NULL)\)*$')
      AND NOT polroles <@ ARRAY(SELECT oid FROM pg_roles WHERE rolname IN ('lmskit_admin', 'lmskit_definer'))
      AND NOT (polcmd = 'r' AND relname IN (SELECT c.relname FROM common_table AS c))
UNION ALL SELECT 'policy-for-all-commands', object FROM policy WHERE polcmd = '*'
UNION ALL SELECT 'update-policy-without-check', object FROM policy WHERE polcmd = 'w' AND check_text IS NULL
UNION ALL SELECT 'policy-asks-what-a-client-can-set', object FROM policy
    WHERE coalesce(using_text, '') || ' ' || coalesce(check_text,
        '') ~* '\m(current_user|current_role|current_setting|pg_has_role|has_\w+_privilege|user|row_security_active)\M'
UNION ALL SELECT 'function-call-per-row', p.object FROM policy AS p
    WHERE EXISTS (
        SELECT FROM regexp_matches(
            regexp_replace(coalesce(p.using_text, '') || ' ' || coalesce(p.check_text, ''), '\( SELECT \w+\(\) AS \w+\)|FROM my_section_members\(\)', '', 'g'),
                '\m(\w+)\(', 'g'
        ) AS called (name) JOIN pg_proc AS f ON f.proname = called.name[1] AND f.pronamespace = to_regnamespace('lms')
    )
UNION ALL SELECT DISTINCT 'lecturer-policy-beyond-own-rows', object FROM lecturer_policy
    WHERE (expression = format('(%s)', shape) OR starts_with(expression, format('((%s) AND ', shape))) IS NOT TRUE
      AND NOT (polcmd = 'r' AND expression = 'true' AND relname IN (SELECT c.relname FROM common_table AS c))
UNION ALL SELECT 'lecturer-writes-without-leading', format('%s on %s', v.privilege, t.relname)
    FROM shared_table AS t JOIN verb AS v ON v.command <> 'r', lecturer AS l
    WHERE (has_table_privilege(l.oid, t.oid, v.privilege) OR (v.privilege <> 'DELETE' AND has_any_column_privilege(l.oid, t.oid, v.privilege)))
      AND NOT EXISTS (
          SELECT FROM policy AS p JOIN led_rows AS s ON s.relname = p.relname
          WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = v.command::"char" AND l.oid = ANY (p.polroles)
            AND (p.polcmd = 'a' OR p.using_text = s.shape) AND (p.polcmd = 'd' OR p.check_text = s.shape)
      )
UNION ALL SELECT 'students-of-all-sections', t.relname
    FROM readable AS t JOIN own_column AS c ON c.oid = t.oid AND c.attname = 'student_id', lecturer AS l
    WHERE NOT EXISTS (
        SELECT FROM policy AS p JOIN seen_rows AS s ON regexp_replace(p.using_text, '\s+', ' ', 'g') = s.shape
        WHERE p.polrelid = t.oid AND NOT p.polpermissive AND p.polcmd = 'r' AND l.oid = ANY (p.polroles)
    )
UNION ALL SELECT 'grant-without-policy', format('%s %s on %s', g.rolname, v.privilege, t.relname)
    FROM shared_table AS t, person_group AS g, verb AS v
    WHERE (has_table_privilege(g.oid, t.oid, v.privilege) OR (v.privilege <> 'DELETE' AND has_any_column_privilege(g.oid, t.oid, v.privilege)))
      AND NOT EXISTS (SELECT FROM policy AS p WHERE p.polrelid = t.oid AND p.polpermissive AND p.polcmd IN (v.command::"char", '*')
          AND g.oid = ANY (p.polroles))
-- Grants
UNION ALL SELECT 'grant-beyond-the-groups', described FROM grant_named WHERE grantee NOT IN (SELECT oid FROM known_role) AND relkind <> 'c'
UNION ALL SELECT 'grant-option', described FROM grant_named WHERE is_grantable
UNION ALL SELECT 'dangerous-privilege', described FROM grant_named WHERE privilege_type IN ('TRUNCATE', 'REFERENCES', 'TRIGGER', 'MAINTAIN')
UNION ALL SELECT 'sequence-open', described FROM grant_named WHERE relkind = 'S'
UNION ALL SELECT 'lecturer-writes-whole-table', described FROM grant_named
    WHERE NOT is_column AND privilege_type IN ('INSERT', 'UPDATE', 'DELETE') AND grantee IN (SELECT oid FROM lecturer UNION SELECT 0)
UNION ALL SELECT 'lecturer-changes-a-key', format('%s.%s', c.relname, c.attname) FROM own_column AS c, lecturer AS l
    WHERE has_column_privilege(l.oid, c.oid, c.attnum, 'UPDATE')
        AND (c.is_id OR c.is_unique OR c.attname IN ('role', 'email', 'origin', 'banked', 'decided_by', 'started_by'))
        AND (c.relname, c.attname) NOT IN (SELECT m.relname, m.attname FROM movable AS m)
UNION ALL SELECT 'secret-column-readable', format('%s.%s for %s', c.relname, c.attname, g.rolname) FROM own_column AS c, person_group AS g
    WHERE c.relname = 'users' AND has_column_privilege(g.oid, c.oid, c.attnum, 'SELECT')
      AND (c.attname = 'password_hash' OR (c.attname IN ('db_role', 'settings', 'email') AND g.rolname <> 'lmskit_admin'))
UNION ALL SELECT 'secret-column-writable', format('%s.%s for %s', c.relname, c.attname, g.rolname) FROM own_column AS c, person_group AS g
    WHERE c.relname = 'users' AND c.attname IN ('password_hash', 'db_role') AND has_column_privilege(g.oid, c.oid, c.attnum, 'INSERT, UPDATE')
UNION ALL SELECT 'audit-log-writable', g.rolname FROM shared_table AS t, person_group AS g
    WHERE t.relname IN ('audit_log', 'erasures') AND (has_table_privilege(g.oid, t.oid, 'DELETE, TRUNCATE')
        OR has_any_column_privilege(g.oid, t.oid, 'INSERT, UPDATE'))
UNION ALL SELECT 'audit-log-readable', g.rolname FROM shared_table AS t, person_group AS g
    WHERE t.relname = 'audit_log' AND g.rolname <> 'lmskit_admin' AND has_any_column_privilege(g.oid, t.oid, 'SELECT')
-- Channels: what orders or summarises rows can reveal rows that a policy hides
UNION ALL SELECT 'index-orders-across-courses', relname FROM own_index AS i
    WHERE amname NOT IN ('btree', 'hash')
       -- Keys that are counted up reveal by their order only how many rows others have added in between.
       OR (amname = 'btree' AND leads IS DISTINCT FROM 'course_id' AND NOT coalesce(leads IN ('id', 'quiz_id', 'material_id'), false)
           -- By what a lecturer may not read, a lecturer cannot order or search.
           AND coalesce((SELECT has_column_privilege(l.oid, i.indrelid, i.indkey[0], 'SELECT') FROM lecturer AS l WHERE i.indkey[0] > 0), true))
UNION ALL SELECT 'words-in-statistics', format('%s.%s', c.relname, c.attname) FROM own_column AS c JOIN readable AS t ON t.oid = c.oid
    WHERE c.atttypid = 'tsvector'::regtype AND coalesce(c.attstattarget, -1) <> 0
UNION ALL SELECT 'statistics-across-columns', format('%s on %s', s.stxname, t.relname) FROM pg_statistic_ext AS s
    JOIN shared_table AS t ON t.oid = s.stxrelid
ORDER BY 1, 2
