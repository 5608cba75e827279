"""The database that is saved, and the login that reads it: `lmskit_backup`, which reads everything and changes nothing."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lmskit.backups.contents import set_formats
from lmskit.db import roles
from lmskit.db.address import DATABASE, parameters_of
from lmskit.errors import BackupError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lmskit.db import Access

    Connection = psycopg.Connection[Any]

_MAY_READ = """
SELECT (r.rolsuper OR r.rolbypassrls) AND pg_has_role(r.oid, 'pg_read_all_data', 'USAGE') FROM pg_catalog.pg_roles AS r
WHERE r.rolname = current_user
"""


@dataclass(frozen=True)
class BackupSource:
    """A database and the login that reads it.

    Attributes
    ----------
    access
        Knows the passwords.
    parameters
        The address by libpq's names, without a password.
    password
        The password of its login, for programs; None if none is needed.
    role
        The role that the login takes on; None if the login itself reads.
    is_embedded
        Whether the server is lmskit's own.
    """

    access: Access
    parameters: dict[str, Any]
    password: str | None
    role: str | None
    is_embedded: bool

    @property
    def database(self) -> str:
        """The name of the database."""
        return str(self.parameters["dbname"])

    @contextmanager
    def connected(self) -> Iterator[Connection]:
        """Give a connection that reads every row, with the settings for comparing.

        Raises
        ------
        BackupError
            The login may not read every row.
        UnreachableError
            The server does not answer, or refuses the login.
        """

        def connect(complete: dict[str, Any]) -> Connection:
            return psycopg.connect(**complete, autocommit=True)

        wanted = self.parameters | {"connect_timeout": "10", "application_name": "lmskit backup"}
        with self.access.connected(connect, wanted, failure=psycopg.OperationalError) as connection:
            if self.role is not None:
                connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(self.role)))
            if connection.execute(_MAY_READ).fetchone() != (True,):
                raise BackupError(
                    f"The login {self.parameters.get('user')} may not read every row, so its backup would be incomplete. Use the login "
                    f"{roles.BACKUP}, which lmskit db bootstrap makes; on a server of your own a superuser lets it bypass row security: "
                    f"ALTER ROLE {roles.BACKUP} BYPASSRLS"
                )
            set_formats(connection)
            yield connection


def source_of(access: Access) -> BackupSource:
    """Return the database of the settings; the embedded server is started if need be.

    The login is the one that the address names, else `lmskit_backup`.
    """
    external = access.server.external
    if external is None:
        parameters = conninfo_to_dict(access.server.start().superuser_conninfo(DATABASE))
        return BackupSource(access, dict(parameters), None, roles.BACKUP, is_embedded=True)
    url = external if external.username else external.set(username=roles.BACKUP)
    parameters = {name: value for name, value in parameters_of(url).items() if name != "password"}
    password = access.password_of(url)
    if url.password is not None:
        parameters["password"] = url.password
    return BackupSource(access, parameters, password, None, is_embedded=False)
