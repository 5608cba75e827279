"""One snapshot of the database for several connections, so that all reports of a term show the same state."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import access
from lmskit.db.bulk import connection_of
from lmskit.db.transaction import snapshot
from lmskit.errors import InputError
from lmskit.reporting.parameters import SNAPSHOT
from lmskit.settings import DEMO_ADMIN


def export_snapshot(session: Session) -> str:
    """Export the session's snapshot, and return its name, which is valid as long as the session's transaction is open."""
    return str(session.execute(text("SELECT pg_export_snapshot()")).scalar_one())


@contextmanager
def open_snapshot(name: str = "") -> Iterator[Session]:
    """Open a session that reads the snapshot with this name, or by default a snapshot of its own, and cannot write.

    Raises
    ------
    InputError
        The build that exported the snapshot has ended.
    """
    access().default_person = DEMO_ADMIN  # a report's notebook has a process of its own, and its cells do not sign in
    with snapshot() as session:
        if name:
            if not re.fullmatch(SNAPSHOT, name):
                raise InputError(f"{name!r} is not the name of a snapshot; leave the parameter snapshot empty.")
            try:
                connection_of(session).execute(sql.SQL("SET TRANSACTION SNAPSHOT {}").format(sql.Literal(name)))
            except (psycopg.errors.InvalidParameterValue, psycopg.errors.UndefinedObject) as error:
                raise InputError(f"The build that held the snapshot {name} has ended; leave the parameter snapshot empty.") from error
        yield session
