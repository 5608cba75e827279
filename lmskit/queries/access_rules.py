"""The catalogue lint: what in this database would let a login see or do more than it should.

Rules are questions to PostgreSQL's catalogue, not to rows, so they also hold for tables that do not exist yet. They notice what
Alembic's comparison does not: policies, grants, functions, roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from lmskit.queries.access_manifest import differences

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

LEAKPROOF_BUILTINS = "leakproof-built-ins"
"""The one rule that a deployment may decide to break; `lmskit doctor` says so in words of its own."""
MANIFEST = "access-differs-from-migrations"
PEOPLE = ("login-in-another-group",)
SERVER = ("weak-authentication", "authentication-file-broken", "weak-verifier")

_MIGRATE = "Undo it by hand, or write a migration that means it."
_BOOTSTRAP = "To put it right: lmskit db bootstrap"
RULES = {
    # Tables
    "row-security-off": "Every login with a grant sees every row of this table. In a migration: "
    "ENABLE and FORCE ROW LEVEL SECURITY, policies.",
    "row-security-not-forced": "Its owner, whose functions others may call, is not held by the policies. "
    "ALTER TABLE … FORCE ROW LEVEL SECURITY.",
    "table-without-policy": "This table has no row policy. Give it one per group and command in the migration that makes it, as 0002 does.",
    "object-of-another-owner": "Migrations cannot change it, and its owner can. ALTER … OWNER TO lmskit_owner.",
    "revision-table-open": "Alembic's table has no row security, so nobody may have a right to it. Revoke this one.",
    "partition-without-row-security": "Policies of the parent do not hold for whoever names the part. "
    "Enable and force row security on it too.",
    "table-outside-open": "People have a right to a table outside the schema lms, where no policy holds. Revoke it, or move the table.",
    "foreign-table-open": "A foreign table has no row security. Revoke the right to it.",
    "view-without-invoker": "A view shows what its owner may see, not what its reader may. ALTER VIEW … SET (security_invoker = true).",
    "materialised-view-open": "A materialised view has no row security. Revoke the right to it.",
    "rewrite-rule": f"A rule changes statements unseen. Use a trigger or a function instead. {_MIGRATE}",
    "trigger-switched-off": "Changes to this table are not recorded or followed. ALTER TABLE … ENABLE TRIGGER.",
    "table-without-course": "It refers to rows of a course and has no course_id, so no policy can tell whose they are. "
    "Carry course_id down to it.",
    "reference-across-courses": "This foreign key can point to another course's row. Make it composite, with course_id in it.",
    # Policies
    "policy-for-everybody": "A policy TO PUBLIC holds for every login. Name the groups it is for.",
    "policy-for-another-role": "A policy names a role that lmskit does not have. Write it for one of the groups.",
    "policy-always-true": "Only administrators and the helper functions may see all rows. Say which rows are meant.",
    "policy-for-all-commands": "A policy FOR ALL hides which command it is meant for. Write one policy per command.",
    "update-policy-without-check": "Without WITH CHECK a row can be moved to where its writer cannot see it. Add one.",
    "policy-asks-what-a-client-can-set": "Roles and settings are the client's to choose. "
    "Ask session_user, through lms.me() or lms.my_course_ids().",
    "function-call-per-row": "The helper is called for every row. Write it as (SELECT lms.my_course_ids()), without arguments.",
    "lecturer-policy-beyond-own-rows": "A lecturer's policy has to be course_id = ANY ((SELECT lms.my_course_ids())::bigint[]), "
    "narrowed by AND at most. "
    "A table without course_id needs its shape in access_rules.sql.",
    "grant-without-policy": "A group has a right that no policy answers for. Revoke it, or write the policy.",
    # Grants
    "grant-beyond-the-groups": "Rights go to lmskit's groups and never to everybody or to one login. Revoke this one.",
    "grant-option": "Whoever has this right can pass it on. REVOKE GRANT OPTION FOR.",
    "dangerous-privilege": "TRUNCATE, REFERENCES, TRIGGER and MAINTAIN go past row policies. Revoke it.",
    "sequence-open": "A sequence tells how many rows others add, and identity columns need no right to it. Revoke it.",
    "lecturer-writes-whole-table": "Lecturers write named columns only; a right to the table also lets them lock it. "
    "Grant columns, delete by function.",
    "lecturer-changes-a-key": "A lecturer could move a row or disguise it. Revoke UPDATE of this column.",
    "secret-column-readable": "Nobody may read password hashes, and lecturers no login names or settings. Revoke SELECT of this column.",
    "secret-column-writable": "Only lms.set_login and its kin may write this column. Revoke the right to it.",
    "audit-log-writable": "The audit trail is written by triggers and changed by nobody. Revoke the right to it.",
    "audit-log-readable": "Only administrators read the audit trail. Revoke the right to it.",
    # Channels
    "index-orders-across-courses": "The order of this index tells a lecturer about others' rows. Let course_id lead it, or drop it.",
    "words-in-statistics": "Estimates tell how often a word stands in everybody's rows. ALTER TABLE … ALTER COLUMN … SET STATISTICS 0.",
    "statistics-across-columns": "Extended statistics tell of everybody's rows. DROP STATISTICS.",
    LEAKPROOF_BUILTINS: "EXPLAIN can answer a lecturer's questions about others' rows. As superuser: lmskit db bootstrap --harden ADDRESS",
    # Functions
    "definer-without-search-path": "Its caller could slip in objects of other schemas. "
    "ALTER FUNCTION … SET search_path = pg_catalog, pg_temp.",
    "definer-of-another-owner": "It runs with more rights than it needs. Its owner has to be lmskit_definer or lmskit_logins.",
    "function-for-everybody": "Every login may call it. REVOKE EXECUTE … FROM PUBLIC, then grant it to those who need it.",
    "function-for-a-login": "Functions are granted to groups. Revoke this one.",
    "leakproof-function": "A function that is believed to tell nothing may run before the policies. ALTER FUNCTION … NOT LEAKPROOF.",
    "untrusted-language": "Functions in this language reach the server's files. DROP LANGUAGE.",
    "native-function": "Code of the server that no extension brought. DROP FUNCTION.",
    "system-function-open": "A function that PostgreSQL keeps to superusers was opened. Revoke EXECUTE.",
    "system-table-open": "A system table holds password verifiers or samples of rows. Revoke SELECT.",
    "event-trigger": "It runs on every change of the schema, with its causer's rights. Make sure it is meant, else DROP EVENT TRIGGER.",
    "way-to-another-server": "People could reach files or servers, this one included, under another name. Drop the extension or server.",
    # Roles
    "role-missing": f"A role of lmskit is gone. {_BOOTSTRAP}",
    "role-with-power": f"A role of lmskit has attributes that it must not have. {_BOOTSTRAP}",
    "login-with-power": "A person's login has an attribute that goes past row security. "
    "ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE …",
    "login-without-limit": "A person's login may open any number of connections. ALTER ROLE … CONNECTION LIMIT 5.",
    "login-in-another-group": "A login is in the group of another role than its person has. Revoke that group, then set the password anew.",
    "two-groups-at-once": "A login is lecturer and administrator at once. Revoke one of the groups.",
    "membership-too-strong": "A person's login is member of one group WITH SET FALSE, ADMIN FALSE. "
    "Grant it anew, or revoke the other role.",
    "membership-not-meant": f"Somebody inherits rights that lmskit did not give. Revoke it. {_BOOTSTRAP}",
    "setting-open": "A setting that PostgreSQL keeps to superusers was opened. REVOKE SET, ALTER SYSTEM ON PARAMETER.",
    # Database and schemas
    "schema-create": "Who can make objects in a schema can make functions that others call unawares. REVOKE CREATE ON SCHEMA.",
    "schema-of-another-owner": f"The schema lms belongs to somebody else. {_BOOTSTRAP}",
    "schema-for-everybody": f"The schema lms is open to every login. {_BOOTSTRAP}",
    "helper-role-creates": "Only the owner makes objects in lms outside a migration. REVOKE CREATE ON SCHEMA lms.",
    "database-create": f"People may make schemas here. {_BOOTSTRAP}",
    "temporary-tables": f"Only administrators need temporary tables; with them come temporary functions. {_BOOTSTRAP}",
    "database-for-everybody": f"Every login of the server may enter this database. {_BOOTSTRAP}",
    "database-for-a-login": "Rights to the database go to groups. Revoke this one.",
    "default-privilege": "Whatever is made from now on will be open. ALTER DEFAULT PRIVILEGES … REVOKE.",
    "new-functions-for-everybody": f"Functions made from now on can be called by every login. {_BOOTSTRAP}",
    "search-path-not-set": f"Names may be found in another schema first. {_BOOTSTRAP}",
    "large-object": "lmskit keeps no large objects, and they have no row security. Look whose it is, then SELECT lo_unlink(…).",
    "large-objects-unprotected": "Large objects are readable by every login. Set lo_compat_privileges to off.",
    # The whole
    MANIFEST: f"The database is not what the migrations make. {_MIGRATE}",
    # The server
    "weak-authentication": "Somebody could sign in without a password or with one that can be overheard. "
    "Use scram-sha-256 or peer in pg_hba.conf.",
    "authentication-file-broken": "A line of pg_hba.conf cannot be read. Mend it, then SELECT pg_reload_conf().",
    "weak-verifier": "The server keeps this password in a form that can be used to sign in. "
    "Set it anew with password_encryption = scram-sha-256.",
}
"""What each rule means and what to do where it is broken."""

_LOGIN_IN_ANOTHER_GROUP = """
SELECT 'login-in-another-group', u.db_role
FROM lms.users AS u JOIN pg_roles AS r ON r.rolname = u.db_role
JOIN pg_auth_members AS m ON m.member = r.oid JOIN pg_roles AS g ON g.oid = m.roleid
WHERE g.rolname IN ('lmskit_admin', 'lmskit_lecturer')
  AND g.rolname <> CASE u.role WHEN 'super_admin' THEN 'lmskit_admin' WHEN 'lecturer' THEN 'lmskit_lecturer' ELSE '' END
ORDER BY 2
"""
_MAY_READ_LOGINS = """
SELECT to_regclass('lms.users') IS NOT NULL AND EXISTS (SELECT FROM pg_roles WHERE rolname = 'lmskit_admin' AND pg_has_role(oid, 'USAGE'))
"""
_MAY_READ_SERVER = "SELECT has_table_privilege('pg_authid', 'SELECT') AND has_function_privilege('pg_hba_file_rules()', 'EXECUTE')"
_HAS_REVISION = "SELECT coalesce(has_function_privilege(to_regprocedure('lms.schema_revision()'), 'EXECUTE'), false)"


@dataclass(frozen=True, slots=True)
class Violation:
    """One rule, broken by one object.

    Attributes
    ----------
    rule
        A key of `RULES`.
    object
        What breaks it, as PostgreSQL calls it.
    advice
        What that means and what to do.
    """

    rule: str
    object: str
    advice: str


def violations(session: Session) -> list[Violation]:
    """All that the session's login can find, by rule and object; `skipped_rules` names the rules it may not look into."""
    connection = session.connection()
    statements = [_file("access_rules.sql"), _file("access_rules_of_roles.sql")]
    if _holds(connection, _MAY_READ_LOGINS):
        statements.append(_LOGIN_IN_ANOTHER_GROUP)
    if _holds(connection, _MAY_READ_SERVER):
        statements.append(_file("access_rules_of_server.sql"))
    found = [
        (str(rule), str(broken_by))
        for statement in statements
        for rule, broken_by in connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
    ]
    if _holds(connection, _HAS_REVISION):
        found += [(MANIFEST, difference) for difference in differences(connection)]
    return [Violation(rule, broken_by, RULES[rule]) for rule, broken_by in sorted(set(found))]


def skipped_rules(session: Session) -> list[str]:
    """The rules that the session's login may not look into."""
    connection = session.connection()
    return [
        *(() if _holds(connection, _MAY_READ_LOGINS) else PEOPLE),
        *(() if _holds(connection, _HAS_REVISION) else (MANIFEST,)),
        *(() if _holds(connection, _MAY_READ_SERVER) else SERVER),
    ]


def _file(name: str) -> str:
    return files("lmskit.queries").joinpath(name).read_text(encoding="utf-8")


def _holds(connection: Connection, question: str) -> bool:
    return bool(connection.exec_driver_sql(question, execution_options={"no_parameters": True}).scalar())
