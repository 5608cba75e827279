"""Where the embedded server listens, and who it has to be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.conninfo import make_conninfo

if TYPE_CHECKING:
    from pathlib import Path

SUPERUSER = "postgres"


@dataclass(frozen=True)
class Endpoint:
    """The address of a running embedded server.

    `host` is the socket's folder, or 127.0.0.1 where the operating system has no peer authentication.
    """

    host: str
    port: int
    server_user: str | None
    """Operating-system user the server must run as, so that nobody can pose as it; None over TCP."""
    superuser_passfile: Path | None = None
    """Where the superuser's password is kept; None where the operating system vouches for the superuser."""

    def parameters(self) -> dict[str, str]:
        """Return the libpq parameters that every connection to this server has."""
        parameters = {"host": self.host, "port": str(self.port)}
        if self.server_user is not None:
            parameters["requirepeer"] = self.server_user
        return parameters

    def superuser_conninfo(self, database: str = "postgres") -> str:
        """Return the superuser's connection string. For `bootstrap` only."""
        parameters = self.parameters()
        if self.superuser_passfile is not None:
            parameters["passfile"] = str(self.superuser_passfile)
        return make_conninfo("", user=SUPERUSER, dbname=database, connect_timeout=10, **parameters)
