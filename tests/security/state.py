"""What an attack must not change: rows that are not the attacker's, and everything that decides who may do what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, LiteralString

from psycopg import sql

from tests.security.world import OWN, ROWS

if TYPE_CHECKING:
    from tests.security.world import World

RULES: dict[str, LiteralString] = {
    "roles": "SELECT rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,"
    " rolconnlimit, rolpassword, rolvaliduntil FROM pg_authid",
    "memberships": "SELECT roleid, member, grantor, admin_option, inherit_option, set_option FROM pg_auth_members",
    "settings of roles": "SELECT * FROM pg_db_role_setting",
    "databases": "SELECT datname, datdba, datallowconn, datacl FROM pg_database",
    "schemas": "SELECT nspname, nspowner, nspacl FROM pg_namespace WHERE nspname !~ '^pg_t(oast_t)?emp_'",
    "relations": "SELECT oid, relname, relnamespace, relowner, relkind, relrowsecurity, relforcerowsecurity, relacl, reloptions,"
    " relhastriggers FROM pg_class",
    "columns": "SELECT attrelid, attname, atttypid, attacl, attnotnull FROM pg_attribute",
    "policies": "SELECT * FROM pg_policy",
    "functions": "SELECT oid, proname, proowner, prosecdef, proleakproof, proacl, proconfig, prosrc, prosqlbody FROM pg_proc",
    "types": "SELECT oid, typname, typowner, typacl FROM pg_type",
    "triggers": "SELECT oid, tgrelid, tgname, tgenabled FROM pg_trigger",
    "event triggers": "SELECT * FROM pg_event_trigger",
    "constraints": "SELECT oid, conname, conrelid FROM pg_constraint",
    "operators": "SELECT oid, oprname, oprcode FROM pg_operator",
    "casts": "SELECT * FROM pg_cast",
    "extensions": "SELECT * FROM pg_extension",
    "default privileges": "SELECT * FROM pg_default_acl",
    "privileges on settings": "SELECT * FROM pg_parameter_acl",
    "large objects": "SELECT * FROM pg_largeobject_metadata",
    "publications": "SELECT * FROM pg_publication",
    "settings": "SELECT name, setting FROM pg_settings WHERE source IN ('configuration file', 'global')",
    "comments": "SELECT * FROM pg_description",
}
FOREIGN_ROWS = {"courses": "id <> ALL (%(own)s)", "audit_log": "course_id IS NULL OR course_id <> ALL (%(own)s)"}
COURSE_OWNED = "course_id <> ALL (%(own)s)"


def state(world: World) -> dict[str, Any]:
    """A checksum per table, of the rows that are not the attacker's, and per kind of rule."""
    own = {"own": [OWN + ROWS["course"], OWN + ROWS["second_course"]]}
    sums: dict[str, Any] = {}
    with world.superuser() as connection:
        tables = connection.execute(
            "SELECT c.relname, EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid AND a.attname = 'course_id' AND a.attnotnull)"
            " FROM pg_class AS c WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r'"
        ).fetchall()
        for table, course_owned in tables:
            condition = FOREIGN_ROWS.get(table, COURSE_OWNED if course_owned else "true")
            query = sql.SQL("SELECT * FROM lms.{} WHERE " + condition).format(sql.Identifier(table))
            sums[table] = _sum(connection, query, own)
        for subject, rule in RULES.items():
            sums[subject] = _sum(connection, sql.SQL(rule), {})
    return sums


def _sum(connection: Any, query: sql.Composable, values: dict[str, Any]) -> Any:
    whole = sql.SQL("SELECT count(*), md5(string_agg(r::text, ' ' ORDER BY r::text)) FROM ({}) AS r").format(query)
    return connection.execute(whole, values).fetchone()
