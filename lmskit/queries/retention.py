"""What is kept longer than the institution has decided: the four periods, and what of each kind is due today."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

if TYPE_CHECKING:
    from collections.abc import Collection

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


class RetainedKind(NamedTuple):
    """A kind of data that has a period: its rows, the time from which the period counts, and when a row is due, as SQL."""

    name: str
    what: str
    rows: str
    time: str
    is_due: str


SETTLED_BEFORE = "status <> 'waiting' AND created_at < now() - make_interval(days => :days)"
LISTED_BEFORE = """
started_at < now() - make_interval(days => :days)
AND (jsonb_path_exists(report, '$."rejections"[0]') OR jsonb_path_exists(report, '$."oddities"[0]'))
"""
RECORDED_BEFORE = "at < now() - make_interval(days => :days)"
LAST_SEEN = """
(SELECT u.id, coalesce(max(t.ends_on)::timestamp AT TIME ZONE 'UTC', u.created_at) AS last_seen,
    coalesce(bool_or(t.state NOT IN ('closed', 'archived')), false) AS goes_on
 FROM users AS u
 LEFT JOIN student_enrollments AS e ON e.student_id = u.id
 LEFT JOIN courses AS c ON c.id = e.course_id
 LEFT JOIN terms AS t ON t.id = c.term_id
 WHERE u.role = 'student' GROUP BY u.id) AS student
"""
SEEN_BEFORE = "NOT goes_on AND last_seen < now() - make_interval(days => :days)"
"""A term ends when it is closed, whatever its last day."""
KINDS = {
    kind.name: kind
    for kind in (
        RetainedKind("messages", "sent, refused and dead messages", "outbox", "created_at", SETTLED_BEFORE),
        RetainedKind("imports", "findings about rows of imported files", "import_runs", "started_at", LISTED_BEFORE),
        RetainedKind("audit", "entries of the audit trail", "audit_log", "at", RECORDED_BEFORE),
        RetainedKind("students", "students whose terms are all closed, by the end of the last", LAST_SEEN, "last_seen", SEEN_BEFORE),
    )
}
"""What the settings `retention_…` are about."""


def due(session: Session, settings: Settings) -> list[Period]:
    """The four periods, with what is due today."""
    return [
        _period(session, KINDS["messages"], settings.retention_messages),
        _period(session, KINDS["imports"], settings.retention_imports),
        _period(session, KINDS["audit"], settings.retention_audit),
        _period(session, KINDS["students"], settings.retention_students),
    ]


def students_due(session: Session, days: int, *, among: Collection[int] | None = None) -> list[int]:
    """The ids of the students whose last term ended more than so many days ago, or who were never in a course since then; by id.

    Who has a term that is not closed is not among them. With `among`, only of these.
    """
    chosen = "(CAST(:among AS bigint[]) IS NULL OR id = ANY (:among))"
    statement = text(f"SELECT id FROM {LAST_SEEN} WHERE {chosen} AND {SEEN_BEFORE} ORDER BY id")  # noqa: S608 - constants above
    return list(session.scalars(statement, {"days": days, "among": None if among is None else sorted(among)}))


def _period(session: Session, kind: RetainedKind, days: int | None) -> Period:
    if days is None:
        return Period(kind.name, kind.what, None, 0, None)
    statement = text(f"SELECT count(*), min({kind.time}) FROM {kind.rows} WHERE {kind.is_due}")  # noqa: S608 - constants above
    n_due, oldest = session.execute(statement, {"days": days}).one()
    return Period(kind.name, kind.what, days, n_due, oldest)
