"""The server that a restore fills, and the login that does it."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lmskit.db.failure import connection_error
from lmskit.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    Connection = psycopg.Connection[Any]

MAINTENANCE = "postgres"
_SAFE_SESSION = (
    "-c search_path=pg_catalog,pg_temp -c row_security=off "
    "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0 -c lock_timeout=0"
)
"""In a database that a dump has filled, a function there must not stand in for one of PostgreSQL's, and no row is left out."""
_LOCK = "SELECT pg_try_advisory_lock(7034121, 1)"
_ROWS = """
SELECT format('SELECT EXISTS (SELECT FROM %I.%I)', n.nspname, c.relname)
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND c.relname <> 'alembic_version'
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""


@dataclass(frozen=True)
class Target:
    """The server to fill.

    Attributes
    ----------
    conninfo
        Of a superuser of it, or of a login that makes roles and databases.
    passfile
        Where the password of the migrator is kept.
    password
        The login's, if neither the string nor libpq's own sources have it.
    is_embedded
        Whether the server is lmskit's own.
    """

    conninfo: str
    passfile: Path
    password: str | None = None
    is_embedded: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Where the server is, by libpq's names, without a login."""
        of_login = {"user", "password", "passfile", "dbname", "options"}
        return {key: value for key, value in conninfo_to_dict(self.conninfo).items() if key not in of_login}

    def connect(self, database: str = MAINTENANCE) -> Connection:
        """Open a connection of the login in which nothing that a dump made can stand in for PostgreSQL's own functions."""
        parameters: dict[str, Any] = {"connect_timeout": 10, "application_name": "lmskit restore", **conninfo_to_dict(self.conninfo)}
        parameters |= {"dbname": database, "options": _SAFE_SESSION}
        if self.password is not None:
            parameters["password"] = self.password
        try:
            return psycopg.connect(make_conninfo("", **parameters), autocommit=True)
        except psycopg.OperationalError as error:
            raise connection_error(error, parameters) from error

    def has_rows(self, connection: Connection, database: str) -> bool:
        """Whether there is a database of the name with a row in any table."""
        if connection.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", [database]).fetchone() is None:
            return False
        with closing(self.connect(database)) as inside:
            statements = [str(row[0]) for row in inside.execute(_ROWS).fetchall()]
            return any(inside.execute(statement.encode()).fetchone() == (True,) for statement in statements)


@contextmanager
def restoring_alone(connection: Connection) -> Iterator[None]:
    """Refuse a second restore of the same server at the same time; the lock ends with the connection."""
    if connection.execute(_LOCK).fetchone() != (True,):
        raise BackupError("Another restore of this server is running. Wait for it to end, then try again.")
    yield


def drop_database(connection: Connection, name: str) -> None:
    """Drop a database, if it exists, and end the sessions in it."""
    connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
