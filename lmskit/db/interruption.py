"""Ending a statement that is running, from another thread."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy.orm import Session

LONGEST_WAIT = 5.0
"""Seconds for the server to take the request."""


def interrupter(session: Session) -> Callable[[], None]:
    """Return what ends the statement that the session is running at that moment; where none is, it does nothing.

    Only while the session's transaction is open: its connection serves others afterwards.
    """
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        message = f"{type(connection).__name__} is no connection of psycopg"
        raise TypeError(message)

    def interrupt() -> None:
        with contextlib.suppress(psycopg.Error):  # a server that is gone runs nothing
            connection.cancel_safe(timeout=LONGEST_WAIT)

    return interrupt
