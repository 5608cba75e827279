"""Access rules: what in this database would let a login see or do more than it should.

Rules read PostgreSQL's catalogue and no rows, so they also apply to tables that do not exist yet. They notice what
Alembic's comparison does not: policies, grants, functions, roles.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING

from lmskit.queries.access_manifest import differences
from lmskit.queries.server_release import SERVER_RELEASE, VECTOR_RELEASE, releases_with_holes

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.orm import Session

LEAKPROOF_BUILTINS = "leakproof-built-ins"
"""The only rule that a deployment may decide to break; `lmskit doctor` reports it separately, as the plan oracle."""
SHARED_RESOURCES = "shared-resource-open"
"""A rule that only a superuser can keep; `lmskit doctor` reports it separately, as shared resources."""
MANIFEST = "access-differs-from-migrations"
PEOPLE = ("login-in-another-group",)
SERVER = ("weak-authentication", "authentication-file-broken", "weak-verifier")

_MIGRATE = "Undo it by hand, or write a migration that makes it."
_BOOTSTRAP = "To repair it: lmskit db bootstrap"
RULES = {
    # Tables
    "row-security-off": "Every login with a grant sees every row of this table. In a migration: "
    "ENABLE and FORCE ROW LEVEL SECURITY, and policies.",
    "row-security-not-forced": "The policies do not apply to its owner, whose functions other logins may call. "
    "ALTER TABLE … FORCE ROW LEVEL SECURITY.",
    "table-without-policy": "This table has no row policy. "
    "Add one per group and command in the migration that makes the table, as 0002 does.",
    "object-of-another-owner": "Migrations cannot change it, and its owner can. ALTER … OWNER TO lmskit_owner.",
    "revision-table-open": "Alembic's table has no row security, so no login may have a right to it. Revoke this right.",
    "partition-without-row-security": "The parent's policies do not apply to a statement that names the partition. "
    "Enable and force row security on the partition, too.",
    "table-outside-open": "People have a right to a table outside the schema lms, where no policy applies. "
    "Revoke the right, or move the table.",
    "foreign-table-open": "A foreign table has no row security. Revoke the right to it.",
    "view-without-invoker": "A view shows what its owner may see, not what its reader may see. ALTER VIEW … SET (security_invoker = true).",
    "materialised-view-open": "A materialised view has no row security. Revoke the right to it.",
    "rewrite-rule": f"A rewrite rule changes statements without being noticed. Use a trigger or a function instead. {_MIGRATE}",
    "trigger-switched-off": "Changes to this table are neither recorded nor checked by this trigger. ALTER TABLE … ENABLE TRIGGER.",
    "table-without-course": "The table refers to rows of a course and has no course_id, so no policy can decide who may see its rows. "
    "Add course_id to it.",
    "reference-across-courses": "This foreign key can refer to a row of another course. Make it composite, with course_id in it.",
    # Policies
    "policy-for-everybody": "A policy TO PUBLIC applies to every login. Name the groups it is for.",
    "policy-for-another-role": "A policy names a role that lmskit does not have. Write it for one of the groups.",
    "policy-always-true": "Only administrators and the helper functions may see all rows. Write the condition for the permitted rows.",
    "policy-for-all-commands": "A policy FOR ALL hides for which command it was written. Write one policy per command.",
    "update-policy-without-check": "Without WITH CHECK a row can be changed so that its writer can no longer see it. Add one.",
    "policy-asks-what-a-client-can-set": "A client can choose its role and its settings. "
    "Use session_user, through lms.me() or lms.my_course_ids().",
    "function-call-per-row": "The helper is called for every row. Write it as (SELECT lms.my_course_ids()), without arguments.",
    "lecturer-policy-beyond-own-rows": "A lecturer's policy must be course_id = ANY ((SELECT lms.my_course_ids())::bigint[]), "
    "with nothing but further conditions after AND. "
    "For a table without course_id, add the condition to access_rules.sql.",
    "lecturer-writes-without-leading": "An assistant could write here. In the migration that grants the right: a policy AS RESTRICTIVE "
    "with course_id = ANY ((SELECT lms.my_led_course_ids())::bigint[]), as USING and as WITH CHECK.",
    "students-of-all-sections": "An assistant of one section sees the students of all sections here. "
    "In the migration that makes the table: the policy lecturer_reads_in_sections AS RESTRICTIVE, as 0039 makes it for quiz_attempts.",
    "grant-without-policy": "A group has a right for which there is no policy. Revoke it, or write the policy.",
    # Grants
    "grant-beyond-the-groups": "Rights are granted to lmskit's groups, never to everybody or to one login. Revoke this right.",
    "grant-option": "The holder of this right can pass it on. REVOKE GRANT OPTION FOR.",
    "dangerous-privilege": "Row policies do not apply to TRUNCATE, REFERENCES, TRIGGER and MAINTAIN. Revoke the right.",
    "sequence-open": "A sequence reveals how many rows others add, and identity columns need no right to it. Revoke the right.",
    "lecturer-writes-whole-table": "Lecturers may write named columns only; a right to the whole table also lets them lock it. "
    "Grant columns, and let a function delete rows.",
    "lecturer-changes-a-key": "A lecturer could move a row to another course or give it a false identity. Revoke UPDATE of this column.",
    "secret-column-readable": "No login may read password hashes, and no lecturer may read addresses, login names or settings. "
    "Revoke SELECT of this column.",
    "secret-column-writable": "Only lms.set_login and related functions may write this column. Revoke the right to it.",
    "audit-log-writable": "Only triggers write the audit trail; only erase_person changes it, and remembers erasures. Revoke the right.",
    "audit-log-readable": "Only administrators may read the audit trail. Revoke the right to it.",
    # Channels
    "index-orders-across-courses": "The order of this index can reveal rows of other lecturers. "
    "Make course_id its first column, or drop it.",
    "words-in-statistics": "Estimates reveal how often a word occurs in all rows, also in those of others. "
    "ALTER TABLE … ALTER COLUMN … SET STATISTICS 0.",
    "statistics-across-columns": "Extended statistics reveal facts about all rows, also those of others. DROP STATISTICS.",
    LEAKPROOF_BUILTINS: "EXPLAIN can reveal rows of other lecturers. As superuser: lmskit db bootstrap --harden ADDRESS",
    SHARED_RESOURCES: "With this a login can fill the server's lock table, disk or log, or follow rows that policies hide. "
    "As superuser: lmskit db bootstrap --harden ADDRESS",
    # Functions
    "definer-without-search-path": "Its caller could make it use objects of another schema. "
    "ALTER FUNCTION … SET search_path = pg_catalog, pg_temp.",
    "definer-of-another-owner": "It runs with more rights than it needs. Its owner must be lmskit_definer or lmskit_logins.",
    "function-for-everybody": "Every login may call it. REVOKE EXECUTE … FROM PUBLIC, then grant it to the groups that need it.",
    "function-for-a-login": "Functions are granted to groups only. Revoke this right.",
    "leakproof-function": "A function marked LEAKPROOF may run before the policies. ALTER FUNCTION … NOT LEAKPROOF.",
    "untrusted-language": "Functions in this language reach the server's files. DROP LANGUAGE.",
    "native-function": "It calls code of the server and belongs to no extension. DROP FUNCTION.",
    "system-function-open": "Only superusers should have this function. Revoke EXECUTE.",
    "system-table-open": "This system table holds password verifiers or samples of rows. Revoke SELECT.",
    "event-trigger": "It runs at every change of the schema, with the rights of the person who makes it. "
    "Unless you need it: DROP EVENT TRIGGER.",
    "way-to-another-server": "People could reach files or servers, also this one, under another name. Drop the extension or server.",
    "extension-within-reach": "lmskit does not know what the functions of this extension reveal or take. "
    "ALTER EXTENSION … SET SCHEMA public, or DROP EXTENSION.",
    # Roles
    "role-missing": f"A role of lmskit is missing. {_BOOTSTRAP}",
    "role-with-power": f"A role of lmskit has attributes that it must not have. {_BOOTSTRAP}",
    "login-with-power": "A person's login has an attribute that bypasses row security or lets it make more logins. "
    "ALTER ROLE … NOSUPERUSER NOBYPASSRLS NOCREATEROLE …",
    "login-without-limit": "A person's login may open any number of connections. ALTER ROLE … CONNECTION LIMIT 5.",
    "login-in-another-group": "The login's group does not fit the role of its person. Revoke the group, then set the password again.",
    "two-groups-at-once": "A login is in the groups of lecturers and of administrators. Revoke one of the groups.",
    "membership-too-strong": "A person's login must be a member of one group WITH SET FALSE, ADMIN FALSE. "
    "Grant that group again, or revoke another role.",
    "membership-unexpected": f"A role inherits rights that lmskit did not grant. Revoke the membership. {_BOOTSTRAP}",
    "setting-open": "Only superusers should change this setting. REVOKE SET, ALTER SYSTEM ON PARAMETER.",
    # Database and schemas
    "schema-create": "A login that can make objects in a schema can make functions that others call by mistake. REVOKE CREATE ON SCHEMA.",
    "schema-of-another-owner": f"The schema lms does not belong to lmskit_owner. {_BOOTSTRAP}",
    "schema-for-everybody": f"The schema lms is open to every login. {_BOOTSTRAP}",
    "helper-role-creates": "Only the owner may make objects in lms. REVOKE CREATE ON SCHEMA lms.",
    "database-create": f"People may make schemas in this database. {_BOOTSTRAP}",
    "temporary-tables": f"Only administrators need temporary tables; with them come temporary functions. {_BOOTSTRAP}",
    "database-for-everybody": f"Every login of the server may connect to this database. {_BOOTSTRAP}",
    "database-for-a-login": "Rights to the database are granted to groups and its own migrator only. Revoke this right.",
    "default-privilege": "Objects made from now on will be open to this role. ALTER DEFAULT PRIVILEGES … REVOKE.",
    "new-functions-for-everybody": f"Functions made from now on can be called by every login. {_BOOTSTRAP}",
    "search-path-not-set": f"A name could be resolved in another schema first. {_BOOTSTRAP}",
    "large-object": "lmskit stores no large objects, and they have no row security. Find out what it is for, then SELECT lo_unlink(…).",
    "large-objects-unprotected": "Large objects are readable by every login. Set lo_compat_privileges to off.",
    # The whole
    MANIFEST: f"The database differs from what the migrations make. {_MIGRATE}",
    # The server
    SERVER_RELEASE: "Lecturers have SQL, and these holes need no more. Install the newest release of this major version on the server.",
    VECTOR_RELEASE: "Install the newest release of pgvector on the server, then: lmskit db bootstrap",
    "weak-authentication": "A stranger could sign in without a password, or read a password on its way. "
    "Use scram-sha-256 or peer in pg_hba.conf.",
    "authentication-file-broken": "A line of pg_hba.conf cannot be read. Correct it, then SELECT pg_reload_conf().",
    "weak-verifier": "The server stores this password in a form that can be used to sign in. "
    "Set it again with password_encryption = scram-sha-256.",
}
"""What each rule means, and what to do if it is broken."""

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
        What breaks it, by its name in PostgreSQL.
    advice
        What this means, and what to do.
    """

    rule: str
    object: str
    advice: str


def violations(session: Session) -> list[Violation]:
    """Return all violations that the session's login can find, by rule and object; `skipped_rules` are those it may not check."""
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
    found += releases_with_holes(connection)
    if _holds(connection, _HAS_REVISION):
        found += [(MANIFEST, difference) for difference in differences(connection)]
    return [Violation(rule, broken_by, RULES[rule]) for rule, broken_by in sorted(set(found))]


def skipped_rules(session: Session) -> list[str]:
    """Return the rules that the session's login may not check."""
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
