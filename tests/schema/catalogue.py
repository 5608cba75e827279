"""Everything in a database except its rows, as text to compare: all that migrations make, also what Alembic's comparison does not see."""

from __future__ import annotations

from sqlalchemy import Connection

QUESTIONS = {
    "columns": """
        SELECT format('%s.%s %s null=%s default=%s generated=%s identity=%s comment=%s',
                      c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
                      pg_get_expr(d.adbin, d.adrelid), a.attgenerated, a.attidentity, col_description(c.oid, a.attnum))
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped""",
    "statistics": """
        SELECT format('%s.%s %s', c.relname, a.attname, a.attstattarget)
        FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' AND a.attstattarget >= 0 AND a.attnum > 0 AND NOT a.attisdropped""",
    "constraints": """
        -- A foreign key that was added to a table with rows holds for new rows (CONTRIBUTING, revisions of a database in use).
        SELECT format('%s %s %s', conrelid::regclass, conname,
                      CASE contype WHEN 'f' THEN replace(pg_get_constraintdef(oid), ' NOT VALID', '') ELSE pg_get_constraintdef(oid) END)
        FROM pg_constraint WHERE connamespace = 'lms'::regnamespace AND contype IN ('c', 'f', 'p', 'u', 'x')""",
    "indexes": "SELECT indexdef FROM pg_indexes WHERE schemaname = 'lms'",
    "enums": """
        SELECT format('%s: %s', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder))
        FROM pg_type AS t JOIN pg_enum AS e ON e.enumtypid = t.oid WHERE t.typnamespace = 'lms'::regnamespace GROUP BY t.typname""",
    "table comments": """
        SELECT format('%s %s', relname, obj_description(oid, 'pg_class'))
        FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r'""",
    "storage": """
        SELECT format('%s %s', relname, reloptions)
        FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r' AND reloptions IS NOT NULL""",
    "triggers": "SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "row security": """
        SELECT format('%s enabled=%s forced=%s owner=%s', relname, relrowsecurity, relforcerowsecurity, relowner::regrole)
        FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r'""",
    "policies": """
        SELECT format('%s %s %s to %s using %s check %s', polrelid::regclass, polname, polcmd,
                      (SELECT string_agg(r::regrole::text, ',' ORDER BY r::regrole::text) FROM unnest(polroles) AS r),
                      pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy""",
    "functions": """
        SELECT format('%s owner=%s acl=%s %s', p.oid::regprocedure, p.proowner::regrole, p.proacl, pg_get_functiondef(p.oid))
        FROM pg_proc AS p WHERE p.pronamespace = 'lms'::regnamespace
          AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "views": "SELECT format('%s %s', viewname, definition) FROM pg_views WHERE schemaname = 'lms'",
    "table grants": """
        SELECT format('%s %s %s', relname, a.grantee::regrole, string_agg(a.privilege_type, ',' ORDER BY a.privilege_type))
        FROM pg_class, aclexplode(relacl) AS a
        WHERE relnamespace = 'lms'::regnamespace AND a.grantee <> relowner GROUP BY relname, a.grantee""",
    "column grants": """
        SELECT format('%s.%s %s %s', c.relname, t.attname, a.grantee::regrole, string_agg(a.privilege_type, ',' ORDER BY a.privilege_type))
        FROM pg_class AS c JOIN pg_attribute AS t ON t.attrelid = c.oid, aclexplode(t.attacl) AS a
        WHERE c.relnamespace = 'lms'::regnamespace AND NOT t.attisdropped GROUP BY c.relname, t.attname, a.grantee""",
    "schema grants": """
        SELECT format('%s %s', a.grantee::regrole, a.privilege_type) FROM pg_namespace, aclexplode(nspacl) AS a WHERE nspname = 'lms'""",
}

OF_THE_MODELS = ("columns", "constraints", "indexes", "enums", "table comments")
"""Subjects that `Base.metadata` describes; the others are only in the migrations."""


def catalogue(connection: Connection, *subjects: str) -> dict[str, list[str]]:
    """Return, per subject, the sorted lines that describe the database; Alembic's own table is omitted."""
    unbound = connection.execution_options(no_parameters=True)  # the percent signs are PostgreSQL's own
    found = {}
    for subject in subjects or QUESTIONS:
        lines = [str(line) for line in unbound.exec_driver_sql(QUESTIONS[subject]).scalars()]
        # A function may read Alembic's table and is described all the same.
        found[subject] = sorted(line for line in lines if "alembic_version" not in line or subject == "functions")
    return found
