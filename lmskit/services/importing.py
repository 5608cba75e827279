"""What all imports share: one at a time, rehearsed if asked, every row accounted for, the run recorded with what it wrote."""

from __future__ import annotations

import re
from contextlib import contextmanager
from importlib.resources import files
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import CursorResult, func, text
from sqlalchemy.exc import DBAPIError

from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import ConflictError, ImportFileError, NotPermittedError
from lmskit.importers.csv_file import MAX_REJECTIONS
from lmskit.importers.report import Rejection, RowWarning
from lmskit.models import ImportRun
from lmskit.vocabulary import ImportStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from lmskit.importers.report import ImportReport

FINDINGS = {"file": "text", "row_number": "integer", "column_name": "text", "value": "text", "reason": "text"}


@contextmanager
def importing(session: Session, *, dry_run: bool) -> Iterator[None]:
    """Run an import within the session's transaction, one import at a time.

    A dry run does all that an import does and takes it back, so what it reports is what would happen. A second import
    waits until the first one's transaction has ended.

    Raises
    ------
    NotPermittedError
        The signed-in person is no administrator.
    ConflictError
        Somebody changed the same rows at the same time.
    """
    try:
        # In the middle of its transaction another import has counted rows that nobody else sees.
        session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))
        session.execute(text("SET LOCAL work_mem = '64MB'"))
        nested = session.begin_nested() if dry_run else None
        stage(session, "import_rejection", FINDINGS)
        stage(session, "import_warning", FINDINGS)
        yield
        if nested is not None:
            nested.rollback()
        session.expire_all()  # rows were written past the session's objects
    except (DBAPIError, psycopg.Error) as error:
        match error.orig if isinstance(error, DBAPIError) else error:
            case psycopg.errors.InsufficientPrivilege():
                raise NotPermittedError("Only an administrator can import files. Sign in as one, or ask one to do it.") from error
            case psycopg.errors.UniqueViolation() | psycopg.errors.ForeignKeyViolation():
                raise ConflictError("Somebody changed the same rows during the import. Nothing was written; import again.") from error
        raise


class Statements:
    """The parts of a `.sql` file in this package, each of which begins with a line `-- part: <name>`."""

    def __init__(self, session: Session, file: str) -> None:
        self._session = session
        pieces = re.split(r"^-- part: (\w+)$", files(__package__).joinpath(file).read_text(encoding="utf-8"), flags=re.MULTILINE)
        self._parts = dict(zip(pieces[1::2], pieces[2::2], strict=True))

    def run(self, *parts: str) -> int:
        """Run parts in this order and return how many rows the last one wrote."""
        written = 0
        for part in parts:
            # Foreign keys keep their plans for as long as the connection lives: one made while a table was
            # nearly empty would read all of it for each of the many rows that follow.
            self._session.execute(text("DISCARD PLANS"))
            result = self._session.execute(text(self._parts[part]))
            written = result.rowcount if isinstance(result, CursorResult) else 0
        return written

    def build(self, table: str, part: str) -> None:
        """Run a part that makes a temporary table, and let the planner know what is in it."""
        self.run(part)
        analyze(self._session, table)

    def read(self, part: str) -> Sequence[Row[tuple[object, ...]]]:
        """Run a part and return its rows."""
        return self._session.execute(text(self._parts[part])).all()


def analyze(session: Session, table: str) -> None:
    """Let the planner know what is in a temporary table; nothing else does."""
    quoted = session.connection().dialect.identifier_preparer.quote(table)
    session.execute(text(f"ANALYZE pg_temp.{quoted}"))


def stage_rows(session: Session, table: str, columns: Mapping[str, str], rows: Iterable[Sequence[object]]) -> int:
    """Put rows into a new temporary table by binary COPY, and return how many there were.

    The types in `columns` are those of the values, by PostgreSQL's short names: `int4`, `float8`, `text`, `bool`, `date`.
    """
    stage(session, table, columns)
    return copy_rows(session, table, list(columns), rows, types=list(columns.values()))


def add_rejections(session: Session, rejections: Iterable[Rejection]) -> None:
    """Put what a reader rejected beside what the database rejects."""
    rows = [(one.file, one.row, one.column, one.value, one.reason) for one in rejections]
    copy_rows(session, "import_rejection", list(FINDINGS), rows)


def add_warnings(session: Session, warnings: Iterable[RowWarning]) -> None:
    """Put what a reader found odd beside what the database finds so."""
    rows = [(one.file, one.row, one.column, one.value, one.reason) for one in warnings]
    copy_rows(session, "import_warning", list(FINDINGS), rows)


def rejections(session: Session, order: Sequence[str]) -> tuple[Rejection, ...]:
    """All rejections of this import, by file in the given order, and row.

    Raises
    ------
    ImportFileError
        There are too many for a report that anybody would read.
    """
    found = tuple(Rejection(*finding) for finding in _findings(session, "import_rejection", order))
    if len(found) > MAX_REJECTIONS:
        raise ImportFileError(f"More than {MAX_REJECTIONS:,} rows cannot be imported; the first: {found[0]}. Nothing was written.")
    return found


def warnings(session: Session, order: Sequence[str]) -> tuple[RowWarning, ...]:
    """All warnings of this import, by file in the given order, and row."""
    return tuple(RowWarning(*finding) for finding in _findings(session, "import_warning", order))


def _findings(session: Session, table: str, order: Sequence[str]) -> list[tuple[str, int | None, str | None, str | None, str]]:
    statement = text(
        f"SELECT file, row_number, column_name, value, reason FROM {table}"  # noqa: S608 - one of two names above
        " ORDER BY array_position(CAST(:files AS text[]), file), row_number, reason LIMIT :most"
    )
    rows = session.execute(statement, {"files": list(order), "most": MAX_REJECTIONS + 1}).all()
    return [(row[0], row[1], row[2], row[3], row[4]) for row in rows]


def record(session: Session, report: ImportReport) -> ImportRun:
    """Write the run into `import_runs`, in the transaction of what it imported."""
    total = report.total
    run = ImportRun(
        format=report.format,
        name=report.name,
        sha256=report.sha256,
        status=ImportStatus.DONE,
        finished_at=func.clock_timestamp(),
        rows_in=total.rows_in,
        added=total.added,
        changed=total.changed,
        unchanged=total.unchanged,
        rejected=total.rejected,
        report=report.as_json(),
    )
    session.add(run)
    session.flush()
    return run
