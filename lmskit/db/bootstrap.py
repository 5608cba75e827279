"""Prepare a server for lmskit: roles, database, schema and pgvector. The same for the embedded server and any other.

Roles belong to the cluster, not to a revision, so they are made by this module and not by a migration. It can be run again:
what exists stays, what is missing is made, and what was changed by hand is restored.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lmskit.db import hardening, roles
from lmskit.db.failure import connection_error
from lmskit.db.migrator import Agree, Migrator
from lmskit.db.prepared_database import make_database, prepare_database
from lmskit.db.releases import OLDEST_MAJOR, OLDEST_VECTOR, release, shown
from lmskit.db.session_limits import limit_temporary_files
from lmskit.errors import BootstrapError, SignInRefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Connection = psycopg.Connection[tuple[object, ...]]

STATEMENT_TIMEOUT = "60s"
DEFAULTS: dict[str, Any] = {"connect_timeout": 10, "application_name": "lmskit bootstrap"}
ADVICE = (
    "Check the address. To be asked for the password of its login: lmskit init ADDRESS --operator-password, "
    "or lmskit db bootstrap --password ADDRESS"
)
MAINTENANCE = "postgres"
"""The database to connect to before lmskit's own exists; a server may not have it, and then has the other."""

ATTRIBUTES: dict[str, LiteralString] = {
    roles.OWNER: "NOLOGIN NOCREATEDB NOCREATEROLE",
    roles.DEFINER: "NOLOGIN NOCREATEDB NOCREATEROLE",
    roles.LOGINS: "NOLOGIN NOCREATEDB CREATEROLE",
    roles.ADMIN: "NOLOGIN NOCREATEDB NOCREATEROLE",
    roles.LECTURER: "NOLOGIN NOCREATEDB NOCREATEROLE",
    roles.MAILER: "NOLOGIN NOCREATEDB NOCREATEROLE",
    roles.BACKUP: "LOGIN NOCREATEDB NOCREATEROLE",
    roles.DISPATCHER: "LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT 5",
}
"""Of the roles that all databases of a server share; each database has a migrator of its own beside them."""

INHERITED: LiteralString = "ADMIN FALSE, INHERIT TRUE, SET FALSE"
PREDEFINED: tuple[tuple[str, LiteralString, tuple[str, ...], str], ...] = (
    ("pg_read_all_data", "ADMIN FALSE", (roles.BACKUP,), "read all data"),
    ("pg_read_all_stats", INHERITED, (roles.ADMIN,), "see what other sessions do"),
    ("pg_use_reserved_connections", INHERITED, roles.WITH_A_WAY_IN, "connect when all ordinary connections are taken"),
)
"""PostgreSQL's own roles that lmskit's roles are members of: role, options, members, and what they cannot do without it."""


@dataclass
class Bootstrapped:
    """What was done. `skipped` has a sentence for each step that only a superuser could have done."""

    database: str
    server_version: str
    roles_made: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def bootstrap(
    superuser_conninfo: str,
    database: str = "lmskit",
    *,
    passfile: Path,
    own_cluster: bool = False,
    harden: bool | None = None,
    password: str | None = None,
    agree: Agree = lambda _login: True,
    passwords: Mapping[str, str] | None = None,
    empty: bool = False,
) -> Bootstrapped:
    """Prepare a server, as its superuser or as a login with CREATEROLE.

    Parameters
    ----------
    superuser_conninfo
        libpq connection string or URL. Only this function ever connects with it.
    database
        Name of the database, which is made if missing.
    passfile
        The passfile for the migrator's generated password; a password that still works stays.
    own_cluster
        Whether the whole cluster is lmskit's; then its logins may not connect to other databases in it.
    harden
        Whether to remove the mark LEAKPROOF from all functions of the database (see `hardening`); False marks the built-in ones again.
        By default the mark is removed on a cluster of our own, and left as it is on another server.
    password
        Password of the connection string's login, if neither the string nor libpq's own sources have it.
    agree
        Asks whether the migrator, named to it, gets a new password if it exists and this machine does not have its password; by default
        it does. Other machines that migrate the database then need the new one.
    passwords
        New passwords of logins that no person uses, such as `lmskit_dispatcher`; the server is sent their verifiers.
    empty
        Whether to prepare also a server of others that has none of what this machine had prepared on it.

    Raises
    ------
    EmptyDatabaseError
        This machine had prepared the database, and the server has nothing of it.
    BootstrapError
        The server or its pgvector is too old, pgvector is missing, or the login may not make roles.
    UnreachableError
        The server does not answer or refuses the login.
    """
    with contextlib.closing(_connect_to_any(superuser_conninfo, database, password)) as connection:
        result = Bootstrapped(database=database, server_version=connection.info.parameter_status("server_version") or "")
        _check_server(connection)
        superuser = _check_privileges(connection)
        migrator = Migrator(database, superuser_conninfo, passfile, any_port=connection.info.host if own_cluster else None)
        if not superuser:
            _check_roles_of_others(connection, database)
        if not own_cluster and not empty:
            migrator.check_known(connection)
        with connection.transaction():
            _make_roles(connection, migrator, result, superuser=superuser)
            for login, secret in (passwords or {}).items():
                verifier = sql.Literal(roles.scram_verifier(secret))
                connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), verifier))
        try:
            if not superuser:
                _join_roles(connection)
            make_database(connection, database)
            if own_cluster:
                _close_other_databases(connection)
            with contextlib.closing(_connect(superuser_conninfo, database, password)) as inside, inside.transaction():
                prepare_database(inside, result.skipped)
                _set_leakproof(inside, superuser_conninfo, password, result, harden=True if own_cluster and harden is None else harden)
                if own_cluster or harden:
                    _close_shared_resources(inside, result)
            result.skipped += migrator.keep(connection, agree)
        finally:
            if not superuser:
                _leave_roles(connection)
    return result


def _connect_to_any(conninfo: str, database: str, password: str | None) -> Connection:
    """Connect to the maintenance database or, on a server that has none or keeps it closed, to lmskit's own."""
    try:
        return _connect(conninfo, MAINTENANCE, password)
    except SignInRefusedError:
        raise
    except UnreachableError as first:
        try:
            return _connect(conninfo, database, password)
        except UnreachableError:
            raise first from None


def _connect(conninfo: str, database: str, password: str | None) -> Connection:
    try:
        parameters: dict[str, Any] = DEFAULTS | conninfo_to_dict(conninfo) | {"dbname": database}
        if password is not None:
            parameters["password"] = password
        connection = psycopg.connect(make_conninfo("", **parameters), autocommit=True)
    except psycopg.OperationalError as error:
        raise connection_error(error, conninfo_to_dict(conninfo) | {"dbname": database}, advice=ADVICE) from error
    except psycopg.ProgrammingError as error:
        message = "The address of the server cannot be read. It should look like postgresql://postgres@db.example.org:5432/lmskit"
        raise UnreachableError(message) from error
    connection.execute(sql.SQL("SET statement_timeout = {}").format(STATEMENT_TIMEOUT))
    return connection


def _check_server(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_MAJOR * 10_000:
        version = connection.info.parameter_status("server_version")
        message = f"The server is PostgreSQL {version}, and lmskit needs PostgreSQL {OLDEST_MAJOR} or newer."
        raise BootstrapError(message)
    row = connection.execute("SELECT default_version FROM pg_available_extensions WHERE name = 'vector'").fetchone()
    needed = shown(OLDEST_VECTOR)
    if row is None:
        message = (
            f"The server has no pgvector. Install the extension {needed} or newer there (such as postgresql-18-pgvector), then try again."
        )
        raise BootstrapError(message)
    if release(str(row[0])) < OLDEST_VECTOR:
        message = f"The server has pgvector {row[0]}, and lmskit needs {needed} or newer."
        raise BootstrapError(message)


def _check_privileges(connection: Connection) -> bool:
    row = connection.execute("SELECT rolsuper, rolcreaterole FROM pg_roles WHERE rolname = current_user").fetchone()
    superuser, may_make_roles = row or (False, False)
    if not superuser and not may_make_roles:
        message = f"The login {connection.info.user} may not make roles. Bootstrap as a superuser, or as a login with CREATEROLE."
        raise BootstrapError(message)
    return bool(superuser)


def _check_roles_of_others(connection: Connection, database: str) -> None:
    """Refuse to go on where another login has made the roles: who did not make them cannot grant them."""
    foreign = connection.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY (%s)"
        " AND NOT pg_has_role(current_user, oid, 'MEMBER WITH ADMIN OPTION') ORDER BY 1",
        [[*ATTRIBUTES, roles.migrator_of(database)]],
    ).fetchall()
    if foreign:
        names, login = ", ".join(str(row[0]) for row in foreign), connection.info.user
        message = (
            f"The roles of lmskit on this server were made by another login, so {login} may not grant them. "
            f"A superuser has to run: GRANT {names} TO {login} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE; then bootstrap again."
        )
        raise BootstrapError(message)


def _make_roles(connection: Connection, migrator: Migrator, result: Bootstrapped, *, superuser: bool) -> None:
    existing = {row[0] for row in connection.execute("SELECT rolname FROM pg_roles").fetchall()}
    for name, attributes in ATTRIBUTES.items():
        verb = "ALTER" if name in existing else "CREATE"
        if verb == "CREATE":
            result.roles_made.append(name)
        connection.execute(sql.SQL("{} ROLE {} {}").format(sql.SQL(verb), sql.Identifier(name), sql.SQL(attributes)))
        if superuser:
            bypass = sql.SQL("BYPASSRLS" if name == roles.BACKUP else "NOBYPASSRLS")
            connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER NOREPLICATION {}").format(sql.Identifier(name), bypass))
    if migrator.make(connection):
        result.roles_made.append(migrator.name)
    if superuser:
        connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER NOREPLICATION NOBYPASSRLS").format(sql.Identifier(migrator.name)))
    _grant_roles(connection, migrator, result)
    if not superuser and not _let_backups_see_every_row(connection):
        result.skipped.append(
            f"{roles.BACKUP} does not bypass row security. A superuser can change that: ALTER ROLE {roles.BACKUP} BYPASSRLS"
        )


def _let_backups_see_every_row(connection: Connection) -> bool:
    """Let the login of backups bypass row security, which only who does so may give; return whether it does."""
    if connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = current_user").fetchone() == (True,):
        connection.execute(sql.SQL("ALTER ROLE {} BYPASSRLS").format(sql.Identifier(roles.BACKUP)))
    return connection.execute("SELECT rolbypassrls FROM pg_roles WHERE rolname = %s", [roles.BACKUP]).fetchone() == (True,)


def _grant_roles(connection: Connection, migrator: Migrator, result: Bootstrapped) -> None:
    for group in (roles.ADMIN, roles.LECTURER):
        _grant_role(connection, group, roles.LOGINS, "ADMIN TRUE, INHERIT FALSE, SET FALSE")
    for role in roles.ROLES_OF_MIGRATOR:
        _grant_role(connection, role, migrator.name, "ADMIN FALSE, INHERIT FALSE, SET TRUE")
    _grant_role(connection, roles.MAILER, roles.DISPATCHER, "ADMIN FALSE, INHERIT TRUE, SET FALSE")
    for role, options, usual_members, purpose in PREDEFINED:
        members = [migrator.name if member == roles.MIGRATOR else member for member in usual_members]
        try:
            with connection.transaction():
                for member in members:
                    _grant_role(connection, role, member, options)
        except psycopg.errors.InsufficientPrivilege:
            named = ", ".join(members)
            result.skipped.append(f"{named} may not {purpose}. A superuser can change that: GRANT {role} TO {named}")


def _grant_role(connection: Connection, role: str, member: str, options: LiteralString) -> None:
    connection.execute(sql.SQL("GRANT {} TO {} WITH {}").format(sql.Identifier(role), sql.Identifier(member), sql.SQL(options)))


def _join_roles(connection: Connection) -> None:
    """Make a login that is not a superuser a member of the owner for a while, so that it can make objects for the owner."""
    for role in roles.ROLES_OF_MIGRATOR:
        connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(sql.Identifier(role)))


def _leave_roles(connection: Connection) -> None:
    for role in roles.ROLES_OF_MIGRATOR:
        connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER GRANTED BY CURRENT_USER").format(sql.Identifier(role)))


def _close_other_databases(connection: Connection) -> None:
    """On a cluster of our own: no login needs the databases that PostgreSQL brings."""
    for name in ("postgres", "template1"):
        connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


def _set_leakproof(inside: Connection, conninfo: str, password: str | None, result: Bootstrapped, *, harden: bool | None) -> None:
    if harden is None:
        return
    try:
        with inside.transaction():
            if harden:
                hardening.harden(inside)
                return
            with contextlib.closing(_connect(conninfo, hardening.REFERENCE, password)) as reference:
                hardening.soften(inside, hardening.leakproof_builtins(reference))
    except psycopg.errors.InsufficientPrivilege:
        result.skipped.append("The built-in functions stay as they are: only a superuser can change whether they are leakproof.")


def _close_shared_resources(inside: Connection, result: Bootstrapped) -> None:
    hardening.close_shared_resources(inside)
    limit_temporary_files(inside)
    if hardening.open_shared_resources(inside):  # PostgreSQL answers a revoke that is not permitted with a warning
        result.skipped.append("Advisory locks and large objects stay open to every login: only a superuser can close them.")
