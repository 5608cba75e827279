"""Ending a person's sessions in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.errors import DatabaseSessionNotFoundError, NotPermittedError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def end_session(session: Session, pid: int) -> str:
    """End all sessions of the person whose session has this number; return the person's address.

    Work that is not committed is rolled back. PostgreSQL lets administrators end sessions by person, not one by one.

    Raises
    ------
    DatabaseSessionNotFoundError
        This database has no other session of that number.
    NotPermittedError
        The session does not belong to a person, or its login was not created by lmskit.
    """
    found = session.execute(
        text(
            "SELECT a.usename, u.id, u.email, a.pid = pg_backend_pid() AS is_this FROM pg_stat_activity AS a"
            " LEFT JOIN lms.users AS u ON u.db_role = a.usename"
            " WHERE a.pid = :pid AND a.datname = current_database() AND a.backend_type IS DISTINCT FROM 'parallel worker'"
        ),
        {"pid": pid},
    ).one_or_none()
    if found is None or found.is_this:
        raise DatabaseSessionNotFoundError(pid=pid)
    if found.id is None:
        raise NotPermittedError(
            f"The session {pid} belongs to {found.usename}, which is not a person's login. "
            f"To end it, as superuser: SELECT pg_terminate_backend({pid})"
        )
    ended = session.execute(text("SELECT lms.end_sessions(:person)"), {"person": found.id}).scalar_one()
    if ended is None:
        raise NotPermittedError(
            f"The server does not let lmskit end sessions of {found.email}. To end it, as superuser: SELECT pg_terminate_backend({pid})"
        )
    return str(found.email)
