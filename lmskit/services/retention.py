"""Remove what is kept longer than the institution has decided: an act of an administrator, never of a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import CursorResult, text

from lmskit.queries.retention import LISTED_BEFORE, SETTLED_BEFORE
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

UNUSED_TEXTS = """
DELETE FROM message_texts AS t WHERE t.kind = 'message' AND NOT EXISTS (
    SELECT FROM outbox AS o WHERE o.course_id = t.course_id AND o.template = 'message' AND o.context ->> 'text_id' = t.id::text
)
"""


@administrators_only("remove what is due by the retention periods")
def remove_messages(session: Session, days: int) -> int:
    """Remove messages that were settled and are older than so many days, and texts without a message; return how many messages."""
    removed = _run(session, f"DELETE FROM outbox WHERE {SETTLED_BEFORE}", days)  # noqa: S608 - the constant above
    session.execute(text(UNUSED_TEXTS))
    return removed


@administrators_only("remove what is due by the retention periods")
def remove_findings(session: Session, days: int) -> int:
    """Remove the values of rows from reports of imports older than so many days, and leave the counts; return of how many imports."""
    # As an import does, so that none is in the middle of writing its report.
    session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))
    emptied = """report || '{"rejections": [], "oddities": []}'"""
    return _run(session, f"UPDATE import_runs SET report = {emptied} WHERE {LISTED_BEFORE}", days)  # noqa: S608 - constants above


@administrators_only("remove what is due by the retention periods")
def remove_audit_entries(session: Session, days: int) -> int:
    """Remove entries of the audit trail older than so many days, none of the last year, and record that; return how many."""
    removed = session.scalar(text("SELECT lms.remove_old_entries(now() - make_interval(days => :days))"), {"days": days})
    return int(removed or 0)


def _run(session: Session, statement: str, days: int) -> int:
    result = session.execute(text(statement), {"days": days})
    return result.rowcount if isinstance(result, CursorResult) else 0
