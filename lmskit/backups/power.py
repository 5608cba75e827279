"""What the login of a restore may do: everything, as a superuser, or make roles and databases, as that of a managed server.

Such a login takes on the roles of lmskit until the restore ends. The roles of people are made by `lmskit_logins`, as administrators make
them, so that administrators go on managing them.
"""

from __future__ import annotations

import contextlib
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from lmskit.db import roles
from lmskit.errors import BackupError, VectorRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    Connection = psycopg.Connection[Any]

_ATTRIBUTES = "SELECT rolsuper, rolcreaterole AND rolcreatedb AND rolbypassrls FROM pg_catalog.pg_roles WHERE rolname = current_user"
_GRANTABLE = """
SELECT r.rolname FROM pg_catalog.pg_roles AS r
WHERE r.rolname = ANY (%s) AND pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION') ORDER BY 1
"""
_OF_OTHERS = """
SELECT r.rolname FROM pg_catalog.pg_roles AS r
WHERE r.rolname = ANY (%s) AND NOT r.rolsuper AND NOT pg_has_role(current_user, r.oid, 'MEMBER WITH ADMIN OPTION') ORDER BY 1
"""


@dataclass(frozen=True)
class Power:
    """What a connection's login may do.

    Attributes
    ----------
    connection
        Of the login.
    is_superuser
        Whether it may do everything.
    """

    connection: Connection
    is_superuser: bool

    def join(self) -> None:
        """Take on the roles of lmskit, as far as there are any that the login may grant; they are left when the restore ends."""
        for name in self._grantable():
            self.connection.execute(sql.SQL("GRANT {} TO CURRENT_USER WITH INHERIT TRUE, SET TRUE").format(sql.Identifier(name)))

    def leave(self) -> None:
        """Leave them again."""
        with contextlib.suppress(psycopg.Error):
            for name in self._grantable():
                self.connection.execute(sql.SQL("REVOKE {} FROM CURRENT_USER GRANTED BY CURRENT_USER").format(sql.Identifier(name)))

    def require_manageable(self, names: Iterable[str]) -> None:
        """Refuse to go on where roles of the backup were made by another login.

        Raises
        ------
        BackupError
            There are such roles; nothing was changed.
        """
        found = [] if self.is_superuser else [str(row[0]) for row in self.connection.execute(_OF_OTHERS, [list(names)]).fetchall()]
        if found:
            user = self.connection.info.user
            raise BackupError(
                f"Other logins made roles of the backup on this server, such as {found[0]}, so {user} may not change them. Nothing was "
                f"changed. Restore with the login of a superuser, or let a superuser run: GRANT {', '.join(found)} TO {user} "
                "WITH ADMIN TRUE, INHERIT FALSE, SET FALSE"
            )

    @contextmanager
    def as_manager_of_logins(self) -> Iterator[None]:
        """Make roles as `lmskit_logins` meanwhile, unless the login is a superuser."""
        if self.is_superuser:
            yield
            return
        self.connection.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(roles.LOGINS)))
        try:
            yield
        finally:
            self.connection.execute("RESET ROLE")

    def _grantable(self) -> list[str]:
        if self.is_superuser:
            return []
        wanted = [*roles.ROLES_OF_MIGRATOR, roles.BACKUP]
        return [str(row[0]) for row in self.connection.execute(_GRANTABLE, [wanted]).fetchall()]


@contextmanager
def power_of(connection: Connection) -> Iterator[Power]:
    """Give what the login may do, which leaves at the end the roles that it took on.

    Raises
    ------
    BackupError
        It could neither make logins nor a database, or would not see every row; or only a superuser can make the extension pgvector.
    """
    row = connection.execute(_ATTRIBUTES).fetchone()
    is_superuser, suffices = row or (False, False)
    if not is_superuser and not suffices:
        raise BackupError(
            f"The login {connection.info.user} cannot restore a backup: that takes a superuser, or a login with CREATEROLE, CREATEDB and "
            "BYPASSRLS, which makes roles and a database and sees every row. Give the address with such a login. On a server without "
            "one, restore by hand: docs/operating.md"
        )
    power = Power(connection, bool(is_superuser))
    try:
        yield power
    except VectorRefusedError:
        raise BackupError(
            f"On this server only a superuser can make the extension pgvector, which {connection.info.user} is not. What was there is as "
            "it was. Restore with the login of a superuser, or by hand: docs/operating.md"
        ) from None
    finally:
        power.leave()
