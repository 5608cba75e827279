"""Connections through a pooler, such as PgBouncer, that hands each transaction to any of its own connections to the server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg import pq

from lmskit.errors import UnreachableError

if TYPE_CHECKING:
    import psycopg

WHO_IS_THERE = b"SELECT pg_catalog.pg_backend_pid(), session_user"


def is_pooled(connection: psycopg.Connection[object], login: str | None) -> bool:
    """Whether a pooler is between this process and the server, which then says another process number than the connection.

    Parameters
    ----------
    connection
        Just opened.
    login
        The name that it was opened with; None if libpq chose it.

    Raises
    ------
    UnreachableError
        The server sees another login, so it would show that login's rows: the pooler signs everybody in as one (`user=` of PgBouncer).
    """
    answer = connection.pgconn.exec_(WHO_IS_THERE)
    if answer.status != pq.ExecStatus.TUPLES_OK:
        connection.close()
        raise UnreachableError("The connection to the database was lost while it was opened. Try again.")
    process, seen = answer.get_value(0, 0), answer.get_value(0, 1)
    if login is not None and seen != login.encode():
        connection.close()
        message = (
            f"The pooler in front of the server signs you in as {(seen or b'').decode()} and not as {login}, so the database would not "
            "know who you are. Its operator has to remove user= from the pooler's entry for this database."
        )
        raise UnreachableError(message)
    return process != str(connection.pgconn.backend_pid).encode()
