"""Which releases of PostgreSQL and pgvector answer, and what is known against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.db.releases import (
    OLDEST_MAJOR,
    OLDEST_VECTOR,
    hole_in_postgres,
    hole_in_vector,
    postgres_release,
    release,
    shown,
)
from lmskit.queries.finding import Finding, note, well, wrong

if TYPE_CHECKING:
    from sqlalchemy import Connection

SERVER_RELEASE = "server-release-with-holes"
VECTOR_RELEASE = "pgvector-release-with-holes"
"""Access rules about the programs of the server; `lmskit doctor` reports them separately, as server and pgvector."""

_VECTOR = """
SELECT e.extversion, a.default_version FROM pg_extension AS e LEFT JOIN pg_available_extensions AS a ON a.name = e.extname
WHERE e.extname = 'vector'
"""


def server_release(connection: Connection) -> tuple[int, int]:
    """Return the release of PostgreSQL that answers, such as (18, 6)."""
    return postgres_release(int(connection.exec_driver_sql("SELECT current_setting('server_version_num')").scalar_one()))


def vector_releases(connection: Connection) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Return the release of pgvector that the database has, and that of the files on its server; None without pgvector.

    Holes are in the files; the database keeps the functions of its own release until the extension is updated.
    """
    row = connection.exec_driver_sql(_VECTOR).one_or_none()
    return None if row is None else (release(row.extversion), release(row.default_version or row.extversion))


def releases_with_holes(connection: Connection) -> list[tuple[str, str]]:
    """Return the access rules that the releases break, with what breaks them."""
    server, vector = server_release(connection), vector_releases(connection)
    found = [(SERVER_RELEASE, f"PostgreSQL {shown(server)}", hole_in_postgres(server))]
    if vector is not None:
        found.append((VECTOR_RELEASE, f"pgvector {shown(vector[1])}", hole_in_vector(vector[1])))
    return [(rule, f"{subject}; {hole}") for rule, subject, hole in found if hole]


def server_finding(connection: Connection, *, embedded: bool, installed: tuple[int, int] | None) -> Finding:
    """Check the release of PostgreSQL.

    Parameters
    ----------
    connection
        Any login's.
    embedded
        Whether the server is lmskit's own.
    installed
        The release of the programs that are installed for the embedded server.
    """
    found = server_release(connection)
    name = f"PostgreSQL {shown(found)}"
    if found[0] < OLDEST_MAJOR:
        return wrong("server", f"The server is {name}; lmskit needs {OLDEST_MAJOR} or newer.")
    hole = hole_in_postgres(found)
    harm = f" {hole}." if hole else ""
    if installed is not None and found < installed:
        return wrong("server", f"{name} runs, and {shown(installed)} is installed.{harm} To change over: lmskit db start")
    if hole is None:
        return well("server", f"{name} answers.")
    remedy = "Install the packages of a newer lmskit, then: lmskit db start" if embedded else "Install that release on the server."
    return wrong("server", f"{name} answers. {hole}, and lecturers have SQL. {remedy}")


def vector_finding(connection: Connection) -> Finding:
    """Check the release of pgvector."""
    found = vector_releases(connection)
    needed = shown(OLDEST_VECTOR)
    if found is None:
        return wrong("pgvector", f"The database has no pgvector; lmskit needs {needed} or newer. Install it, then: lmskit db bootstrap")
    of_database, of_server = found
    name = f"pgvector {shown(of_database)}"
    if of_database < OLDEST_VECTOR:
        return wrong("pgvector", f"The database has {name}; lmskit needs {needed} or newer. Install it, then: lmskit db bootstrap")
    hole = hole_in_vector(of_server)
    if hole is not None:
        return wrong("pgvector", f"The server has pgvector {shown(of_server)}. {hole}. Install it, then: lmskit db bootstrap")
    if of_database < of_server:
        return note("pgvector", f"The database has {name}, and its server {shown(of_server)}. To update it: lmskit db bootstrap")
    return well("pgvector", f"{name} is installed.")
