"""What can be wrong with a database of lmskit, each with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy.orm import Session

OLDEST_POSTGRES = 160000
OLDEST_PGVECTOR = (0, 8)
LONG_WAIT = "1 hour"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes
    ----------
    name
        Of the check; stable, in lower case.
    is_well
        Whether nothing has to be done.
    sentence
        What was found and, when it is not well, what to do.
    """

    name: str
    is_well: bool
    sentence: str


def database_findings(session: Session) -> Iterator[Finding]:
    """Look at the server, the tables and what waits to be done, as the person signed in."""
    yield _server(session)
    yield _pgvector(session)
    yield _row_security(session)
    yield _overdue_messages(session)


def _server(session: Session) -> Finding:
    number = int(session.execute(text("SELECT current_setting('server_version_num')")).scalar_one())
    shown = session.execute(text("SELECT current_setting('server_version')")).scalar_one()
    if number < OLDEST_POSTGRES:
        return Finding("server", is_well=False, sentence=f"The server is PostgreSQL {shown}; lmskit needs 16 or newer.")
    return Finding("server", is_well=True, sentence=f"PostgreSQL {shown} answers.")


def _pgvector(session: Session) -> Finding:
    version = session.execute(text("SELECT extversion FROM pg_extension WHERE extname = 'vector'")).scalar_one_or_none()
    if version is None or tuple(int(part) for part in str(version).split(".")[:2]) < OLDEST_PGVECTOR:
        found = f"pgvector {version}" if version else "no pgvector"
        return Finding(
            "pgvector",
            is_well=False,
            sentence=f"The database has {found}; lmskit needs 0.8 or newer. Install it, then: lmskit db bootstrap",
        )
    return Finding("pgvector", is_well=True, sentence=f"pgvector {version} is there.")


def _row_security(session: Session) -> Finding:
    """Alembic's own table is the one exception: it holds a revision number and no login has a right to it."""
    open_tables = (
        session.execute(
            text(
                "SELECT relname FROM pg_class WHERE relnamespace = to_regnamespace('lms') AND relkind IN ('r', 'p')"
                " AND relname <> 'alembic_version' AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
            )
        )
        .scalars()
        .all()
    )
    if open_tables:
        tables = ", ".join(open_tables)
        return Finding(
            "row security",
            is_well=False,
            sentence=f"Row security is off on {tables}. Restore it: ALTER TABLE … ENABLE, then FORCE ROW LEVEL SECURITY.",
        )
    return Finding("row security", is_well=True, sentence="Row security is on for every table.")


def _overdue_messages(session: Session) -> Finding:
    waiting = session.execute(
        text("SELECT count(*) FROM outbox WHERE status = 'waiting' AND available_at < now() - CAST(:wait AS interval)"), {"wait": LONG_WAIT}
    ).scalar_one()
    if waiting:
        verb = "message has" if waiting == 1 else "messages have"
        return Finding(
            "outbox",
            is_well=False,
            sentence=f"{waiting} {verb} waited for more than {LONG_WAIT}. Hand them over: lmskit enrollment deliver",
        )
    return Finding("outbox", is_well=True, sentence="No message is overdue.")
