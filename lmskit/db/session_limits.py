"""Limits that every session of the database begins with: how long it may run, wait and be idle, and what one statement may take.

They are defaults. Each person can lift them in an own session, so they end what was forgotten, not what is meant; `lmskit doctor` names
long statements, open transactions and logins with settings of their own. The login of migrations and that of backups have no time-outs,
and lmskit lifts the one on statements where an administrator works with it. What each process may write into temporary files
(`temp_file_limit`) is the one limit that no person can lift; only a superuser can set it.
"""

from __future__ import annotations

import contextlib
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from lmskit.db import roles

Connection = psycopg.Connection[Any]

TIMEOUTS = {
    "statement_timeout": "1h",
    "idle_in_transaction_session_timeout": "30min",
    "idle_session_timeout": "12h",
    "lock_timeout": "5min",
}
SESSION_LIMITS = TIMEOUTS | {"work_mem": "4MB", "max_parallel_workers_per_gather": "2"}
"""Setting: the value for all sessions of the database. The two last are PostgreSQL's own, whatever else the server is tuned for."""
TEMP_FILE_LIMIT = "4GB"

LIFTED: LiteralString = """
SELECT pg_catalog.set_config('statement_timeout', '0', false) FROM pg_catalog.pg_roles AS r
WHERE r.rolname = 'lmskit_admin' AND pg_catalog.pg_has_role(r.oid, 'USAGE') AND pg_catalog.current_setting('statement_timeout') = '1h'
"""
"""Lifts the limit of statements where the login is an administrator's and nobody has chosen another limit."""
LIFTED_IN_TRANSACTION = LIFTED.replace("'0', false", "'0', true")
"""The same until the end of the transaction, for a connection that the next transaction does not have."""

MORE_BUFFERS: LiteralString = """
SELECT pg_catalog.set_config('temp_buffers', '64MB', false) WHERE pg_catalog.current_setting('temp_buffers') = '8MB'
"""
"""Lets the temporary tables of an import stay in memory, unless an operator has chosen another size than PostgreSQL's. A process takes as
much of it as its tables fill; once it has used a temporary table the size cannot change, so it is set as a session begins."""

_SET = """
SELECT split_part(c.setting, '=', 1) FROM pg_catalog.pg_db_role_setting AS s
JOIN pg_catalog.pg_database AS d ON d.oid = s.setdatabase, unnest(s.setconfig) AS c (setting)
WHERE d.datname = current_database() AND s.setrole = 0
"""


def limits_not_set(connection: Connection) -> list[str]:
    """Return the names in `SESSION_LIMITS` for which the database has no value; any login may ask."""
    found = {str(row[0]) for row in connection.execute(_SET).fetchall()}
    return [name for name in SESSION_LIMITS if name not in found]


def set_session_limits(connection: Connection, *, migrator: str) -> None:
    """Give the database the limits for which it has no value; a value that an operator has chosen stays. It can be repeated.

    Its migrator and the login of backups have no time-outs.
    """
    database = sql.Identifier(connection.info.dbname)
    for name in limits_not_set(connection):
        statement = sql.SQL("ALTER DATABASE {} SET {} = {}").format(database, sql.Identifier(name), SESSION_LIMITS[name])
        connection.execute(statement)
    for role in (migrator, roles.BACKUP):
        for name in TIMEOUTS:
            statement = sql.SQL("ALTER ROLE {} IN DATABASE {} SET {} = 0").format(sql.Identifier(role), database, sql.Identifier(name))
            connection.execute(statement)


def limit_temporary_files(connection: Connection) -> None:
    """Bound what a process may write into temporary files, unless the server's configuration says how much; as superuser."""
    row = connection.execute("SELECT source FROM pg_catalog.pg_settings WHERE name = 'temp_file_limit'").fetchone()
    if row != ("default",):
        return
    statement = sql.SQL("ALTER DATABASE {} SET temp_file_limit = {}").format(sql.Identifier(connection.info.dbname), TEMP_FILE_LIMIT)
    with contextlib.suppress(psycopg.errors.InsufficientPrivilege), connection.transaction():
        connection.execute(statement)
