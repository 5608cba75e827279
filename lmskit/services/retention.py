"""What is kept no longer than the institution has decided: what is due, and its removal, which is an act of a person.

Nothing is removed by itself: the periods are settings, `due` shows what they mean today, and the functions here remove it.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import CursorResult, text

from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.settings import Settings


class Period(NamedTuple):
    """How long one kind of data is kept, and what of it is due today."""

    kind: str
    what: str
    days: int | None
    """None = kept for ever."""
    n_due: int
    oldest: dt.datetime | None
    """Of what is due."""


SETTLED_BEFORE = "status <> 'waiting' AND created_at < now() - make_interval(days => :days)"
LISTED_BEFORE = (
    "started_at < now() - make_interval(days => :days) AND"
    " (jsonb_path_exists(report, '$.rejections[0]') OR jsonb_path_exists(report, '$.oddities[0]'))"
)
RECORDED_BEFORE = "at < now() - make_interval(days => :days)"
LAST_SEEN = """
(SELECT u.id, coalesce(max(t.ends_on)::timestamp AT TIME ZONE 'UTC', u.created_at) AS last_seen
 FROM users AS u
 LEFT JOIN student_enrollments AS e ON e.student_id = u.id
 LEFT JOIN courses AS c ON c.id = e.course_id
 LEFT JOIN terms AS t ON t.id = c.term_id
 WHERE u.role = 'student' GROUP BY u.id) AS student
"""
SEEN_BEFORE = "last_seen < now() - make_interval(days => :days)"


@administrators_only("see what is due by the retention periods")
def due(session: Session, settings: Settings) -> list[Period]:
    """The four periods, with what is due today."""
    return [
        _period(session, "messages", "sent, refused and dead messages", settings.retention_messages, "outbox", "created_at", SETTLED_BEFORE),
        _period(session, "imports", "findings about rows of imported files", settings.retention_imports, "import_runs", "started_at", LISTED_BEFORE),
        _period(session, "audit", "entries of the audit trail", settings.retention_audit, "audit_log", "at", RECORDED_BEFORE),
        _period(session, "students", "students, by the end of their last term", settings.retention_students, LAST_SEEN, "last_seen", SEEN_BEFORE),
    ]


@administrators_only("remove what is due by the retention periods")
def remove_messages(session: Session, days: int) -> int:
    """Remove messages that were settled and are older than so many days; return how many."""
    return _run(session, f"DELETE FROM outbox WHERE {SETTLED_BEFORE}", days)  # noqa: S608 - the constant above


@administrators_only("remove what is due by the retention periods")
def remove_findings(session: Session, days: int) -> int:
    """Remove the values of rows from reports of imports older than so many days, and leave the counts; return of how many imports."""
    # As an import does, so that none is in the middle of writing its report.
    session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))
    emptied = "report || '{\"rejections\": [], \"oddities\": []}'"
    return _run(session, f"UPDATE import_runs SET report = {emptied} WHERE {LISTED_BEFORE}", days)  # noqa: S608 - constants above


@administrators_only("remove what is due by the retention periods")
def remove_audit_entries(session: Session, days: int) -> int:
    """Remove entries of the audit trail older than so many days, none of the last year, and record that; return how many."""
    removed = session.scalar(text("SELECT lms.remove_old_entries(now() - make_interval(days => :days))"), {"days": days})
    return int(removed or 0)


@administrators_only("see what is due by the retention periods")
def students_due(session: Session, days: int) -> list[int]:
    """The ids of the students whose last term ended more than so many days ago, or who were never in a course since then; by id."""
    statement = text(f"SELECT id FROM {LAST_SEEN} WHERE {SEEN_BEFORE} ORDER BY id")  # noqa: S608 - constants above
    return list(session.scalars(statement, {"days": days}))


def _period(session: Session, kind: str, what: str, days: int | None, table: str, time: str, condition: str) -> Period:
    if days is None:
        return Period(kind, what, None, 0, None)
    statement = text(f"SELECT count(*), min({time}) FROM {table} WHERE {condition}")  # noqa: S608 - constants above
    n_due, oldest = session.execute(statement, {"days": days}).one()
    return Period(kind, what, days, n_due, oldest)


def _run(session: Session, statement: str, days: int) -> int:
    result = session.execute(text(statement), {"days": days})
    return result.rowcount if isinstance(result, CursorResult) else 0
