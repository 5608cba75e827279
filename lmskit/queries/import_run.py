"""Past imports: what was imported, when, by whom, and with which result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import desc, func, select

from lmskit.listings import IMPORT_RUNS
from lmskit.models import ImportRun, User
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@IMPORT_RUNS.documented
def import_runs(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The imports, newest first. Dry runs are not among them: they write nothing.

    {columns}
    """
    return IMPORT_RUNS.table(import_run_rows(session, limit=limit, offset=offset))


def import_run_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `import_runs`, for a list in the terminal."""
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
    )
    return rows(session, paged(statement, limit, offset))


def count_import_runs(session: Session) -> int:
    """The number of rows on all pages of `import_runs`."""
    return session.scalar(select(func.count()).select_from(ImportRun)) or 0
