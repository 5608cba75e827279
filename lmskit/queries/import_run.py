"""Past imports: what was imported, when, by whom, and with which result."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, case, cast, func, select
from sqlalchemy.orm import aliased

from lmskit.errors import ImportRunNotFoundError
from lmskit.listings import IMPORT_RUNS, WRITTEN_ROWS
from lmskit.models import AuditEntry, ImportRun, QuizAttempt, User
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.vocabulary import ImportStatus

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

_Undo = aliased(ImportRun)
_UNDONE_BY = select(func.max(_Undo.id)).where(_Undo.undoes == ImportRun.id).correlate(ImportRun).scalar_subquery().label("undone_by")
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
        ImportRun.undoes,
        _UNDONE_BY,
    ).outerjoin(User, User.db_role == ImportRun.actor)
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def import_run(session: Session, number: int) -> ImportRun:
    """The import with this number.

    Raises
    ------
    ImportRunNotFoundError
        There is none.
    """
    run = session.get(ImportRun, number)
    if run is None:
        raise ImportRunNotFoundError(number=number)
    return run


def undone_by(session: Session, run: ImportRun) -> list[int]:
    """The numbers of the runs that took an import back, wholly or in part, in order."""
    return list(
        session.scalars(
            select(ImportRun.id).where(ImportRun.undoes == run.id, ImportRun.status == ImportStatus.DONE).order_by(ImportRun.id)
        )
    )


@WRITTEN_ROWS.documented
def written_rows(session: Session, run: ImportRun) -> pd.DataFrame:
    """What an import wrote, by table; empty if it changed nothing or its changes are not in the audit trail.

    {columns}
    """
    return WRITTEN_ROWS.table(written_row_counts(session, run))


def written_row_counts(session: Session, run: ImportRun) -> Rows:
    """The rows of `written_rows`, for a list in the terminal."""
    counted = cast(func.coalesce(AuditEntry.new, AuditEntry.old)["rows"].astext, BigInteger)
    n_rows = case((AuditEntry.row_key == "*", counted), else_=1)

    def of(action: str) -> ColumnElement[int]:
        return cast(func.coalesce(func.sum(n_rows).filter(AuditEntry.action == action), 0), BigInteger)

    changed = func.count(AuditEntry.row_key.distinct()).filter(AuditEntry.action == "update")
    later = aliased(ImportRun)
    # Imports run one after the other, so all is before the next one.
    next_from = select(func.coalesce(func.min(later.audit_from), 2**63 - 1)).where(later.id > run.id).scalar_subquery()
    statement = (
        select(AuditEntry.table_name, of("insert").label("added"), changed.label("changed"), of("delete").label("removed"))
        .where(AuditEntry.id > run.audit_from, AuditEntry.id <= next_from, AuditEntry.import_run_id == run.id)
        .group_by(AuditEntry.table_name)
        .order_by(AuditEntry.table_name)
    )
    return rows(session, statement)


def runs_that_added(session: Session, attempts: ColumnElement[bool], *, limit: int) -> list[int]:
    """The numbers of the imports that added attempts of which a condition is true, newest first; those that the audit trail still knows."""
    numbers = select(func.range_agg(func.int8range(QuizAttempt.id, QuizAttempt.id, "[]"))).where(attempts).scalar_subquery()
    statement = select(AuditEntry.import_run_id).where(
        AuditEntry.table_name == "quiz_attempts",
        AuditEntry.action == "insert",
        AuditEntry.import_run_id.is_not(None),
        AuditEntry.numbers.op("&&")(numbers),
    )
    return list(session.scalars(statement.distinct().order_by(AuditEntry.import_run_id.desc()).limit(limit)))


def count_import_runs(session: Session) -> int:
    """The number of rows on all pages of `import_runs`."""
    return session.scalar(select(func.count()).select_from(ImportRun)) or 0
