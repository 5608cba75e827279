"""Faults to inject: each removes one thing that protects the rows, or adds one thing that endangers them.

Most are generated from the catalogue, so that future tables, policies and functions have their faults too; the others are listed
in `faults.sql`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.security.attack import names
from tests.security.world import HERE, filled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.security.world import Connection, World

LMSKIT_ROLES = ("lmskit_admin", "lmskit_lecturer", "lmskit_mailer", "lmskit_owner", "lmskit_definer", "lmskit_logins")
TOO_STRONG = (
    "lmskit_owner", "lmskit_definer", "lmskit_backup", "pg_read_all_data", "pg_write_all_data", "pg_monitor", "pg_read_all_stats",
    "pg_execute_server_program", "pg_read_server_files", "pg_signal_backend",
)  # fmt: skip
"""Roles of which no person may be a member."""
TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'lms'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'"
CLOSED = (
    "outbox",
    "message_texts",
    "audit_log",
    "import_runs",
    "import_choices",
    "invitations",
    "person_merges",
    "archives",
    "erasures",
    "archived_attempts",
    "archived_estimates",
    "users",
)
"""Tables that lecturers may not read, or only in part."""
INHERITING = ("archived_attempts", "archived_estimates")
"""Tables that nobody reads but through those that they inherit from."""
COMMON = ("embedding_models",)
"""Tables that belong to no course, of which lecturers may read every row."""
POLICIES = """
SELECT polrelid::regclass::text, polname, polqual IS NOT NULL, polwithcheck IS NOT NULL,
       (SELECT array_agg(r::regrole::text) FROM unnest(polroles) AS r)
FROM pg_policy JOIN pg_class AS c ON c.oid = polrelid WHERE c.relnamespace = 'lms'::regnamespace ORDER BY 1, 2
"""
FUNCTIONS = """
SELECT p.oid::regprocedure::text, p.prosecdef FROM pg_proc AS p
WHERE p.pronamespace = 'lms'::regnamespace
  AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
ORDER BY 1
"""
TRIGGERS = """
SELECT tgrelid::regclass::text, tgname FROM pg_trigger JOIN pg_class AS c ON c.oid = tgrelid
WHERE NOT tgisinternal AND c.relnamespace = 'lms'::regnamespace ORDER BY 1, 2
"""
TENANT_KEYS = """
SELECT conrelid::regclass::text, conname FROM pg_constraint
WHERE connamespace = 'lms'::regnamespace AND contype = 'f' AND cardinality(conkey) > 1 AND conname ~ 'course_id' ORDER BY 1, 2
"""


@dataclass(frozen=True)
class Mutation:
    """A kind of fault, and the statements that inject it."""

    kind: str
    statements: str

    def __str__(self) -> str:
        return f"{self.kind}: {' '.join(self.statements.split())}"


def mutations(connection: Connection, world: World) -> Iterator[Mutation]:
    """All faults that this database can have."""
    yield from of_policies(connection)
    yield from of_tables(connection)
    yield from of_functions(connection)
    for table, trigger in connection.execute(TRIGGERS).fetchall():
        yield Mutation("trigger dropped", f"DROP TRIGGER {trigger} ON lms.{table}")
        yield Mutation("trigger disabled", f"ALTER TABLE lms.{table} DISABLE TRIGGER {trigger}")
    for table, key in connection.execute(TENANT_KEYS).fetchall():
        yield Mutation("tenant key dropped", f"ALTER TABLE lms.{table} DROP CONSTRAINT {key}")
    yield from of_roles(world)
    yield from listed(world)


def of_policies(connection: Connection) -> Iterator[Mutation]:
    """A policy is missing, has no condition, or applies to more people."""
    any_login, any_list = "(SELECT lms.me()) IS NOT NULL", "(SELECT lms.my_course_ids()) IS NOT NULL"
    for table, policy, has_using, has_check, roles in connection.execute(POLICIES).fetchall():
        on = f"{policy} ON lms.{table}"
        yield Mutation("policy dropped", f"DROP POLICY {on}")
        if "lmskit_admin" in roles:
            yield Mutation("policy for more people", f"ALTER POLICY {on} TO lmskit_admin, lmskit_lecturer")
            continue
        yield Mutation("policy for everybody", f"ALTER POLICY {on} TO PUBLIC")
        if "lmskit_lecturer" not in roles:
            continue
        if table in COMMON:
            continue
        if has_using:
            yield Mutation("condition always true", f"ALTER POLICY {on} USING (true)")
            yield Mutation("condition met by everybody", f"ALTER POLICY {on} USING ({any_login})")
            yield Mutation("condition met by every list", f"ALTER POLICY {on} USING ({any_list})")
        if has_check:
            yield Mutation("check always true", f"ALTER POLICY {on} WITH CHECK (true)")
            yield Mutation("check met by everybody", f"ALTER POLICY {on} WITH CHECK ({any_login})")


def of_tables(connection: Connection) -> Iterator[Mutation]:
    """Row security is off, or a role has been granted more."""
    for (table,) in connection.execute(f"{TABLES} ORDER BY 1".encode()).fetchall():
        yield Mutation("row security off", f"ALTER TABLE lms.{table} DISABLE ROW LEVEL SECURITY")
        yield Mutation("row security not forced", f"ALTER TABLE lms.{table} NO FORCE ROW LEVEL SECURITY")
        yield Mutation("further policy", f"CREATE POLICY everything ON lms.{table} FOR SELECT TO lmskit_lecturer USING (true)")
        yield Mutation("grant to PUBLIC", f"GRANT SELECT ON lms.{table} TO PUBLIC")
        for verb in ("UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER"):
            yield Mutation(f"{verb} granted to lecturers", f"GRANT {verb} ON lms.{table} TO lmskit_lecturer")
        if table not in INHERITING:
            yield Mutation("grant taken from administrators", f"REVOKE SELECT ON lms.{table} FROM lmskit_admin")
        else:
            yield Mutation("grant to administrators", f"GRANT SELECT ON lms.{table} TO lmskit_admin")
    for table in CLOSED:
        yield Mutation("SELECT granted to lecturers", f"GRANT SELECT ON lms.{table} TO lmskit_lecturer")
        yield Mutation("SELECT granted to the mailer", f"GRANT SELECT ON lms.{table} TO lmskit_mailer")


def of_functions(connection: Connection) -> Iterator[Mutation]:
    """A function that acts with more rights can be misled, can be called by everybody, or has too many rights."""
    for function, definer in connection.execute(FUNCTIONS).fetchall():
        name = f"lms.{function}"
        yield Mutation("function for everybody", f"GRANT EXECUTE ON FUNCTION {name} TO PUBLIC")
        yield Mutation("function leakproof", f"ALTER FUNCTION {name} LEAKPROOF")
        if definer:
            yield Mutation("definer without search path", f"ALTER FUNCTION {name} RESET search_path")
            yield Mutation("definer that searches pg_temp first", f"ALTER FUNCTION {name} SET search_path = pg_temp, pg_catalog")
            yield Mutation("definer of the owner", f"ALTER FUNCTION {name} OWNER TO lmskit_owner")
            yield Mutation("definer of a superuser", f"ALTER FUNCTION {name} OWNER TO postgres")


def of_roles(world: World) -> Iterator[Mutation]:
    """A login or a group has more than it should."""
    login = world.own.name
    for attribute in ("SUPERUSER", "BYPASSRLS", "CREATEROLE", "CREATEDB", "REPLICATION", "CONNECTION LIMIT -1", "CONNECTION LIMIT 100"):
        yield Mutation("login with more", f'ALTER ROLE "{login}" {attribute}')
    for role in LMSKIT_ROLES:
        for attribute in ("LOGIN", "SUPERUSER", "BYPASSRLS", "CREATEDB", "REPLICATION"):
            yield Mutation(f"group with {attribute}", f"ALTER ROLE {role} {attribute}")
    for option in ("SET TRUE", "ADMIN TRUE", "INHERIT FALSE"):
        yield Mutation("membership with another option", f'GRANT lmskit_lecturer TO "{login}" WITH {option}')
    for role in ("lmskit_admin", *TOO_STRONG):
        yield Mutation("login in another role", f'GRANT {role} TO "{login}"')
    for role in TOO_STRONG:
        yield Mutation("group in another role", f"GRANT {role} TO lmskit_lecturer")


def listed(world: World) -> Iterator[Mutation]:
    """The faults in the file."""
    text = (HERE / "faults.sql").read_text(encoding="utf-8")
    for block in text.split("\n\n")[1:]:
        found = re.fullmatch(r"-- (.+?)\n(.+)", block.strip(), re.DOTALL)
        assert found is not None, block
        yield Mutation(found[1], filled(found[2], names(world)))
