-- What migrations make of the schema `lms` beside tables and columns: who may do what with which rows, and what runs when they do.
--
-- One row: one line of text about one object, in a form that does not depend on order, search path or server version.
-- Caveat: who owns the privilege to do what by default, the cluster's roles and the database's own grants are bootstrap's, not here.
-- Source: migrations/versions; access_manifest.txt holds the lines for the newest revision.
WITH relation AS (SELECT * FROM pg_class WHERE relnamespace = to_regnamespace('lms') AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')),
own_function AS (
    SELECT p.* FROM pg_proc AS p
    WHERE p.pronamespace = to_regnamespace('lms')
      AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
),
line (said) AS (
    SELECT format('relation %s kind=%s owner=%s row_security=%s forced=%s options=%s', relname, relkind, pg_get_userbyid(relowner),
                  relrowsecurity, relforcerowsecurity, reloptions)
    FROM relation
    UNION ALL
    SELECT format('policy %s.%s %s %s to %s using %s check %s', polrelid::regclass, polname, polcmd, CASE WHEN polpermissive
        THEN 'permissive' ELSE 'restrictive' END,
                  (SELECT string_agg(CASE r WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(r) END, ',' ORDER BY pg_get_userbyid(r))
                      FROM unnest(polroles) AS r),
                  pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
    FROM pg_policy WHERE polrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT format('grant %s to %s: %s', relname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END,
                  string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type))
    FROM relation, aclexplode(relacl) AS a WHERE a.grantee <> relowner GROUP BY relname, a.grantee
    UNION ALL
    SELECT format('grant %s.%s to %s: %s', c.relname, t.attname, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END,
                  string_agg(a.privilege_type || CASE WHEN a.is_grantable THEN '*' ELSE '' END, ',' ORDER BY a.privilege_type))
    FROM relation AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
    WHERE a.grantee <> c.relowner AND NOT t.attisdropped GROUP BY c.relname, t.attname, a.grantee -- which older servers do not clear
    UNION ALL
    SELECT format('function %s returns %s owner=%s language=%s definer=%s volatile=%s leakproof=%s settings=%s body=%s', p.oid::regprocedure,
                  pg_get_function_result(p.oid), pg_get_userbyid(p.proowner), l.lanname, p.prosecdef, p.provolatile, p.proleakproof, p.proconfig,
                  md5(regexp_replace(replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), 'lms.', ''), '\s+', ' ', 'g')))
    FROM own_function AS p JOIN pg_language AS l ON l.oid = p.prolang
    UNION ALL
    SELECT format('grant %s to %s: %s', p.oid::regprocedure, CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END,
                  CASE WHEN a.is_grantable THEN 'EXECUTE*' ELSE 'EXECUTE' END)
    FROM own_function AS p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a WHERE a.grantee <> p.proowner
    UNION ALL
    SELECT format('trigger %s enabled=%s', pg_get_triggerdef(g.oid), g.tgenabled)
    FROM pg_trigger AS g WHERE NOT g.tgisinternal AND g.tgrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT format('view %s %s', relname, regexp_replace(pg_get_viewdef(oid), '\s+', ' ', 'g')) FROM relation WHERE relkind IN ('v', 'm')
    UNION ALL
    SELECT format('inheritance %s from %s', i.inhrelid::regclass, i.inhparent::regclass) FROM pg_inherits AS i
    WHERE i.inhrelid IN (SELECT oid FROM relation)
    UNION ALL
    SELECT format('reference %s.%s %s', k.conrelid::regclass, k.conname, pg_get_constraintdef(k.oid))
    FROM pg_constraint AS k WHERE k.contype = 'f' AND k.connamespace = to_regnamespace('lms')
)
SELECT regexp_replace(replace(said, 'lms.', ''), '\s+', ' ', 'g') FROM line ORDER BY 1
