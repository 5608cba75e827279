"""Past imports: what was imported, when, by whom, and with which result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.listings import IMPORT_RUNS
from lmskit.models import ImportRun, User
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

NEWEST_FIRST = RowOrder(ImportRun.id, (ImportRun.id,), descending=1)


@IMPORT_RUNS.documented
def import_runs(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: int | None = None) -> pd.DataFrame:
    """The imports, newest first. Dry runs are not among them: they write nothing.

    {columns}

    `after` begins the page after the import with this number, instead of at `offset`.
    """
    return IMPORT_RUNS.table(import_run_rows(session, limit=limit, offset=offset, after=after))


def import_run_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: int | None = None) -> Rows:
    """The rows of `import_runs`, for a list in the terminal."""
    statement = select(
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
    ).outerjoin(User, User.db_role == ImportRun.actor)
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def count_import_runs(session: Session) -> int:
    """The number of rows on all pages of `import_runs`."""
    return session.scalar(select(func.count()).select_from(ImportRun)) or 0
