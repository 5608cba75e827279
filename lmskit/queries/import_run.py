"""What was imported, when, by whom, and what became of the rows."""

import pandas as pd
from sqlalchemy import desc, func, select
from sqlalchemy.orm import Session

from lmskit.models import ImportRun, User
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page


def import_runs(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The imports there were, newest first. Dry runs are not among them: they write nothing.

    ===========  ======  =====================================================================
    id           int64
    format       str     such as "oulad"
    name         str     of the file or folder, without its path
    status       str     `ImportStatus`
    actor        str     address of who imported; the login's name where it is nobody's any more
    started_at   object  `datetime` with time zone
    finished_at  object  the same, or None
    rows_in      int64   added + changed + unchanged + rejected
    added        int64
    changed      int64
    unchanged    int64
    rejected     int64
    ===========  ======  =====================================================================
    """
    check_page(limit, offset)
    statement = (
        select(
            ImportRun.id,
            ImportRun.format,
            ImportRun.name,
            ImportRun.status,
            func.coalesce(User.email, ImportRun.actor).label("actor"),
            ImportRun.started_at,
            ImportRun.finished_at,
            ImportRun.rows_in,
            ImportRun.added,
            ImportRun.changed,
            ImportRun.unchanged,
            ImportRun.rejected,
        )
        .outerjoin(User, User.db_role == ImportRun.actor)
        .order_by(desc(ImportRun.id))
        .limit(limit)
        .offset(offset)
    )
    texts = dict.fromkeys(("format", "name", "status", "actor"), "str")
    times = dict.fromkeys(("started_at", "finished_at"), "object")
    counts = dict.fromkeys(("rows_in", "added", "changed", "unchanged", "rejected"), "int64")
    return frame(session, statement, {"id": "int64", **texts, **times, **counts})


def count_import_runs(session: Session) -> int:
    """How many imports there were."""
    return session.scalar(select(func.count()).select_from(ImportRun)) or 0
