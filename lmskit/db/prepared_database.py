"""What a database of lmskit has before its tables: owner, schema, pgvector, defaults of its sessions, and who may connect."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from lmskit.db import roles
from lmskit.db.releases import OLDEST_VECTOR, release
from lmskit.db.session_limits import set_session_limits
from lmskit.errors import BootstrapError, VectorRefusedError

if TYPE_CHECKING:
    Connection = psycopg.Connection[tuple[object, ...]]

SCHEMA = "lms"
BUILTIN_LOCALE_SINCE = 17


def make_database(connection: Connection, database: str) -> None:
    """Make the database of lmskit, unless it exists, with the owner and the encoding that it must have."""
    name, owner = sql.Identifier(database), sql.Identifier(roles.OWNER)
    row = connection.execute(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s", [database]
    ).fetchone()
    if row is None:
        locale = "LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LC_COLLATE 'C' LC_CTYPE 'C'"
        if connection.info.server_version < BUILTIN_LOCALE_SINCE * 10_000:
            locale = ""
        try:
            connection.execute(
                sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8' {}").format(name, owner, sql.SQL(locale))
            )
        except psycopg.errors.InsufficientPrivilege as error:
            message = (
                f"The login {connection.info.user} may not make databases. Ask for an empty one named {database}, owned by {roles.OWNER}."
            )
            raise BootstrapError(message) from error
        except psycopg.errors.DuplicateDatabase:
            pass  # another bootstrap has just made it
    elif row[1] != "UTF8":
        message = f"The database {database} has the encoding {row[1]}, and lmskit needs UTF8. Choose another database name."
        raise BootstrapError(message)
    elif row[0] != roles.OWNER:
        connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner))


def prepare_database(connection: Connection, skipped: list[str], *, called: str | None = None) -> None:
    """Give the connection's database what it needs before its tables: schema, extension, defaults and who may connect. It can be repeated.

    Parameters
    ----------
    connection
        A connection to it, of a login that may act for `lmskit_owner`.
    skipped
        Gets a sentence for each step that only a superuser could have done.
    called
        The name that the database will have when it is renamed, by which its migrator is named.
    """
    database = called or connection.info.dbname
    name = sql.Identifier(connection.info.dbname)
    groups = sql.SQL(", ").join(map(sql.Identifier, roles.GROUPS))
    may_connect = sql.SQL(", ").join(map(sql.Identifier, (*roles.GROUPS, roles.BACKUP, roles.migrator_of(database))))
    users_of_schema = sql.SQL(", ").join(map(sql.Identifier, (*roles.GROUPS, roles.DEFINER, roles.LOGINS)))
    owner, schema = sql.Identifier(roles.OWNER), sql.Identifier(SCHEMA)
    for statement in (
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC, {}").format(name, groups),
        sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, may_connect),
        sql.SQL("GRANT TEMPORARY ON DATABASE {} TO {}").format(name, sql.Identifier(roles.ADMIN)),
        sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"),
        sql.SQL("CREATE SCHEMA IF NOT EXISTS {} AUTHORIZATION {}").format(schema, owner),
        sql.SQL("REVOKE ALL ON SCHEMA {} FROM PUBLIC").format(schema),
        sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, users_of_schema),
        sql.SQL("ALTER DATABASE {} SET search_path = {}, pg_catalog").format(name, schema),
        sql.SQL("ALTER ROLE {} IN DATABASE {} SET role = {}").format(sql.Identifier(roles.migrator_of(database)), name, owner),
    ):
        connection.execute(statement)
    for role in roles.ROLES_OF_MIGRATOR:
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC").format(sql.Identifier(role))
        )
    set_session_limits(connection, migrator=roles.migrator_of(database))
    make_vector(connection, database)
    _update_vector(connection, skipped)


def make_vector(connection: Connection, database: str) -> None:
    """Have the extension pgvector in the schema of lmskit; `database` is named if that takes a superuser."""
    row = connection.execute(
        "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
    ).fetchone()
    try:
        with connection.transaction():
            if row is None:
                connection.execute(sql.SQL("CREATE EXTENSION vector SCHEMA {}").format(sql.Identifier(SCHEMA)))
            elif row[0] != SCHEMA:
                connection.execute(sql.SQL("ALTER EXTENSION vector SET SCHEMA {}").format(sql.Identifier(SCHEMA)))
    except psycopg.errors.InsufficientPrivilege as error:
        message = (
            f"A superuser has to run in the database {database}: CREATE SCHEMA IF NOT EXISTS {SCHEMA} AUTHORIZATION {roles.OWNER}; "
            f"CREATE EXTENSION vector SCHEMA {SCHEMA}; then bootstrap again."
        )
        raise VectorRefusedError(message) from error


def _update_vector(connection: Connection, skipped: list[str]) -> None:
    """Bring the functions of pgvector in the database to the release of its files on the server."""
    found = vector_behind(connection)
    if found is None:
        return
    try:
        with connection.transaction():
            connection.execute("ALTER EXTENSION vector UPDATE")
    except psycopg.errors.InsufficientPrivilege as error:
        stays = f"pgvector stays at {found}. A superuser can change that in the database: ALTER EXTENSION vector UPDATE"
        if release(found) < OLDEST_VECTOR:
            raise BootstrapError(f"The database's {stays}, then bootstrap again.") from error
        skipped.append(stays)


def vector_behind(connection: Connection) -> str | None:
    """Return the release of pgvector that the database has, if its server has a newer one; any login may ask."""
    row = connection.execute(
        "SELECT e.extversion, a.default_version FROM pg_extension AS e JOIN pg_available_extensions AS a ON a.name = e.extname"
        " WHERE e.extname = 'vector'"
    ).fetchone()
    if row is None or release(str(row[0])) >= release(str(row[1])):
        return None
    return str(row[0])
