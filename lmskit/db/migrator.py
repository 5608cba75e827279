"""The login that migrates one database: its role, and its password, which is changed only where a person agrees or no one has it.

Each database of a server has a migrator of its own, so that preparing a second one, such as one for trials, changes nothing for the
first. A database other than `lmskit` that was prepared before this was so is handed over when it is prepared again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from lmskit.db import roles
from lmskit.db.address import LOGIN, hosts
from lmskit.db.known_databases import EMPTY_MEANS
from lmskit.db.passfile import ANY, find_password_of, keep_password
from lmskit.errors import EmptyDatabaseError

if TYPE_CHECKING:
    from pathlib import Path

    Connection = psycopg.Connection[tuple[object, ...]]

ATTRIBUTES = sql.SQL("LOGIN NOCREATEDB NOCREATEROLE")
Agree = Callable[[str], bool]
"""Asks whether a login whose password this machine does not have gets a new one."""


@dataclass
class Migrator:
    """The migrator of a database, as one bootstrap sees it.

    Parameters
    ----------
    database
        Name of the database.
    conninfo
        Where the server is; the login in it is not used.
    passfile
        The passfile of this machine.
    any_port
        Whether the passfile's entry is for any port, as for an embedded server, and the folder of its socket.
    """

    database: str
    conninfo: str
    passfile: Path
    any_port: str | None = None
    made: bool = field(default=False, init=False)

    @property
    def name(self) -> str:
        """The name of the role."""
        return roles.migrator_of(self.database)

    def check_known(self, connection: Connection) -> None:
        """Refuse a server that has no such role though this machine has its password: what was prepared there is gone, or elsewhere.

        Raises
        ------
        EmptyDatabaseError
            It is so.
        """
        known = find_password_of(self.passfile, self._servers, database=self.database, user=self.name) is not None
        if known and connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [self.name]).fetchone() is None:
            where = ", ".join(dict.fromkeys(host for host, _ in self._servers))
            message = (
                f"The server {where} is empty, and this machine had prepared the database {self.database} there. {EMPTY_MEANS}. "
                "To prepare the empty server: lmskit db bootstrap --empty, or lmskit init --empty"
            )
            raise EmptyDatabaseError(message)

    def make(self, connection: Connection) -> bool:
        """Make the role, unless it exists; its password is kept before the transaction ends. Return whether it is new."""
        found = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [self.name]).fetchone()
        verb = sql.SQL("CREATE" if found is None else "ALTER")
        connection.execute(sql.SQL("{} ROLE {} {}").format(verb, sql.Identifier(self.name), ATTRIBUTES))
        if found is None:
            self.made = True
            self._set_password(connection)
        return self.made

    def keep(self, connection: Connection, agree: Agree) -> list[str]:
        """See to it that this machine has the password; return a sentence for what stays to be done."""
        if self.made or self._works(self.name):
            return self._hand_over(connection)
        if agree(self.name):
            self._set_password(connection)
            return self._hand_over(connection)
        return [
            (
                f"{self.name} keeps its password, which another machine has and this one has not. For this machine to migrate the database "
                f"{self.database}, give it a new one, and bootstrap again on the other: lmskit db bootstrap --new-migrator-password"
            )
        ]

    def _hand_over(self, connection: Connection) -> list[str]:
        """Close the database to the migrator of the server's other databases, if it was that of this one too."""
        if self.name == roles.MIGRATOR or not self._is_open_to(roles.MIGRATOR, connection):
            return []
        statement = sql.SQL("REVOKE CONNECT ON DATABASE {} FROM {}").format(sql.Identifier(self.database), sql.Identifier(roles.MIGRATOR))
        if self._works(roles.MIGRATOR):
            connection.execute(statement)
            return []
        return [
            (
                f"{roles.MIGRATOR}, which migrated the database {self.database} so far, may still connect; its password is on another "
                f"machine. When {self.name} is used everywhere, a superuser can end that: {statement.as_string()}"
            )
        ]

    def _is_open_to(self, role: str, connection: Connection) -> bool:
        row = connection.execute(
            "SELECT EXISTS (SELECT FROM pg_database AS d, aclexplode(d.datacl) AS a JOIN pg_roles AS r ON r.oid = a.grantee"
            " WHERE d.datname = %s AND r.rolname = %s)",
            [self.database, role],
        ).fetchone()
        return row == (True,)

    @property
    def _servers(self) -> list[tuple[str, str]]:
        return [(self.any_port, ANY)] if self.any_port is not None else hosts(conninfo_to_dict(self.conninfo))

    def _works(self, login: str) -> bool:
        """Whether this machine has the login's password."""
        password = find_password_of(self.passfile, self._servers, database=self.database, user=login)
        if password is None:
            return False
        parameters: dict[str, Any] = {key: value for key, value in conninfo_to_dict(self.conninfo).items() if key not in LOGIN}
        parameters |= {"dbname": self.database, "user": login, "password": password, "connect_timeout": 10}
        try:
            psycopg.connect(make_conninfo("", **parameters)).close()
        except psycopg.OperationalError:
            return False
        return True

    def _set_password(self, connection: Connection) -> None:
        password = roles.generate_password()
        # Kept before it is set: a password that is kept and not set does no harm.
        for host, port in self._servers:
            keep_password(self.passfile, host=host, port=port, database=self.database, user=self.name, password=password)
        verifier = sql.Literal(roles.scram_verifier(password))
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(self.name), verifier))
