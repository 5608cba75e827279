"""Ending what somebody has left open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from lmskit.errors import DatabaseSessionNotFoundError, NotPermittedError

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def end_session(session: Session, pid: int) -> str:
    """End the sessions of the person to whom the one with this number belongs; return the person's address.

    What they have not committed is rolled back. PostgreSQL lets administrators end sessions by person, not singly.

    Raises
    ------
    DatabaseSessionNotFoundError
        This database has no session of that number.
    NotPermittedError
        The session is no person's, or its login was not made by lmskit.
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
            f"The session {pid} belongs to {found.usename}, which is no person. As superuser: SELECT pg_terminate_backend({pid})"
        )
    ended = session.execute(text("SELECT lms.end_sessions(:person)"), {"person": found.id}).scalar_one()
    if ended is None:
        raise NotPermittedError(
            f"The server does not let lmskit end sessions of {found.email}. As superuser: SELECT pg_terminate_backend({pid})"
        )
    return str(found.email)
