"""What all imports share: one at a time, rehearsed if asked, every row accounted for, and a record of the run."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import psycopg
from sqlalchemy import CursorResult, func, select, text
from sqlalchemy.exc import DBAPIError

from lmskit.db.bulk import connection_of
from lmskit.db.transaction import longer_lock_timeout
from lmskit.errors import ConflictError, ImportFileError, InputError
from lmskit.importers.csv_file import MAX_REJECTIONS
from lmskit.importers.formats import ReadOptions
from lmskit.importers.report import Rejection, RowWarning
from lmskit.models import AuditEntry, ImportRun
from lmskit.services.permission import administrators_only
from lmskit.services.staging_table import StagingTable, analyze
from lmskit.vocabulary import ImportStatus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy.orm import Session

    from lmskit.importers.report import ImportReport, RowFinding

R = TypeVar("R", bound=tuple[object, ...])


class FindingRow(NamedTuple):
    """A rejection or a warning in a temporary table."""

    file: str
    row_number: int | None
    column_name: str | None
    value: str | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportOptions:
    """The options of one import; formats that have no use for an option ignore it."""

    reading: ReadOptions = field(default_factory=ReadOptions)
    """How to read the file: delimiter, decimal mark, columns, title."""
    course: str | None = None
    """Code of the course that the file is about, if the file does not say so itself."""
    same_course: bool = False
    """Whether the course of a sync is `course`, though that has another id of the system."""
    lecturer: str | None = None
    """Address of a lecturer in lmskit, for new courses without a teacher in the file."""
    term: str | None = None
    """Code of a term in lmskit, for new courses without a term in the file."""
    module: str | None = None
    """Module code of a course that the import makes; None for the code of the course."""
    week: int | None = None
    """Week of new quizzes whose title names no week."""
    weeks: Mapping[str, int | None] = field(default_factory=dict)
    """Weeks of new quizzes by their titles, whatever week a title names; None for no week."""
    without_week: bool = False
    """Store new quizzes of which nothing names a week without one; otherwise their results are rejected."""
    new_quizzes: bool = False
    """Whether a quiz of the file whose title is nearly that of a quiz in lmskit is another quiz; otherwise it is rejected."""
    same_quizzes: Mapping[str, str | None] = field(default_factory=dict)
    """By the title of a quiz of the file, the title of the quiz in lmskit that it is; None: it is a new quiz."""
    notify: bool = False
    """Enroll new students pending, until the message that confirms the enrollment is accepted; `services.delivery` sends it."""
    rename: bool = False
    """Take the names and addresses of the file for people who are found by an id and share neither with their row."""
    withdraw_missing: bool = False
    """Withdraw students who are enrolled in a course of the file but are not in the file."""
    withdraw_at_most: int | None = None
    """How many students may be withdrawn, as the person confirmed; None: as many as need no confirmation."""
    remove_missing: bool = False
    """Let results count no longer that students have at quizzes of the file though no row names them."""
    remove_at_most: int | None = None
    """Of how many students that may be, as the person confirmed; None: as many as need no confirmation."""
    dry_run: bool = False
    """Give the same report and write nothing."""


def require_one_week(options: ImportOptions) -> None:
    """Require that the options do not ask for a week and for none.

    Raises
    ------
    InputError
        `week` and `without_week` are both given.
    """
    if options.week is not None and options.without_week:
        raise InputError(f"--week {options.week} and --without-week say different weeks of the same quizzes. Give one of them.")


class StateCountRow(NamedTuple):
    """How many rows of a part, or entities of a kind, have a state."""

    name: str
    state: str
    n_rows: int


class TouchedRow(NamedTuple):
    """A student, course and week whose evidence is new or changed."""

    student_id: int
    course_id: int
    week_number: int


REJECTIONS = StagingTable("import_rejection", FindingRow)
WARNINGS = StagingTable("import_warning", FindingRow)


QUEUE_TIMES = 60
"""How many times as long as for other locks an import waits for the imports before it, which may take minutes; no lecturer can hold it up
here."""


@contextmanager
def importing(session: Session, format_: str, name: str, *, dry_run: bool, undoes: int | None = None) -> Iterator[ImportRun]:
    """Run an import within the session's transaction, one import at a time, and give out its run, which `record` completes.

    The audit trail names the run with everything that the import writes meanwhile. A dry run does what an import does and rolls it
    back, so it reports what would happen. A second import waits until the first one's transaction has ended.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    format_, name
        Of the file or folder; kept with the run.
    dry_run
        Roll back what was written.
    undoes
        The import that this run takes back.

    Raises
    ------
    NotPermittedError
        The signed-in person is not an administrator.
    ConflictError
        Another person changed the same rows at the same time.
    """
    with administrators_only("import files"):
        try:
            # An import counts rows in the middle of its transaction, which another import would not see.
            lock_imports(session)
            session.execute(text("SET LOCAL work_mem = '64MB'"))
            # The audit trail has times as texts, which an undo compares, in whatever zone the session of either is.
            session.execute(text("SET LOCAL TIME ZONE 'UTC'"))
            nested = session.begin_nested() if dry_run else None
            REJECTIONS.create(session)
            WARNINGS.create(session)
            run = _begun(session, format_, name, undoes)
            yield run
            _name_run(session, None)
            if nested is not None:
                nested.rollback()
            session.expire_all()  # SQL wrote rows that the session's objects do not reflect
        except (DBAPIError, psycopg.Error) as error:
            reason = error.orig if isinstance(error, DBAPIError) else error
            if isinstance(reason, (psycopg.errors.UniqueViolation, psycopg.errors.ForeignKeyViolation)):
                raise ConflictError("Another person changed the same rows during the import. Nothing was written; import again.") from error
            raise


def lock_imports(session: Session) -> None:
    """Wait until no other session imports, and keep others from it until the transaction ends."""
    with longer_lock_timeout(session, QUEUE_TIMES):
        session.execute(text("LOCK TABLE import_runs IN SHARE ROW EXCLUSIVE MODE"))


def _begun(session: Session, format_: str, name: str, undoes: int | None) -> ImportRun:
    """Add the run, so that all that is written from now on names it."""
    before = select(func.coalesce(func.max(AuditEntry.id), 0)).scalar_subquery()
    run = ImportRun(format=format_, name=name, status=ImportStatus.RUNNING, audit_from=before, undoes=undoes)
    session.add(run)
    session.flush()
    _name_run(session, run.id)
    return run


def _name_run(session: Session, run: int | None) -> None:
    """Let the audit trail name a run until the transaction ends or another is named; None: none."""
    session.execute(text("SELECT set_config('lmskit.import_run', :run, true)"), {"run": "" if run is None else str(run)})


def parts_of(file: str) -> dict[str, str]:
    """Return the statements of a `.sql` file in this package by name; each begins with a line `-- part: <name>`."""
    content = files(__package__).joinpath(file).read_text(encoding="utf-8")
    _, *pieces = re.split(r"^-- part: (\w+)$", content, flags=re.MULTILINE)
    return dict(zip(pieces[::2], pieces[1::2], strict=True))


class Statements:
    """Runs the parts of a `.sql` file in this package."""

    def __init__(self, session: Session, file: str) -> None:
        self._session, self._parts = session, parts_of(file)

    def run(self, *parts: str) -> int:
        """Run parts in this order and return how many rows the last one wrote."""
        written = 0
        for part in parts:
            # Foreign keys keep their plans as long as the connection lives: a plan made while a table was nearly empty
            # would read the whole table for each of the many rows that follow.
            self._session.execute(text("DISCARD PLANS"))
            result = self._session.execute(text(self._parts[part]))
            written = result.rowcount if isinstance(result, CursorResult) else 0
        return written

    def build(self, table: str, part: str) -> None:
        """Run a part that makes a temporary table, and collect statistics of the table."""
        self.run(part)
        analyze(self._session, table)

    def read(self, part: str, row: type[R]) -> list[R]:
        """Run a part and return its rows as named tuples, whose fields are its columns in the same order."""
        rows: list[Any] = connection_of(self._session).execute(self._parts[part].encode()).fetchall()
        return [row(*found) for found in rows]


def states_of(run: Statements, part: str) -> dict[str, Counter[str]]:
    """Run a part that counts states, and return the counts by name and state."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for name, state, count in run.read(part, StateCountRow):
        counts[name][state] = count
    return counts


def add_rejections(session: Session, rejections: Iterable[Rejection]) -> None:
    """Add what a reader rejected to the rejections of this import."""
    REJECTIONS.copy(session, _as_rows(rejections))


def add_warnings(session: Session, warnings: Iterable[RowWarning]) -> None:
    """Add the warnings of a reader to the warnings of this import."""
    WARNINGS.copy(session, _as_rows(warnings))


def _as_rows(findings: Iterable[RowFinding]) -> Iterator[FindingRow]:
    return (FindingRow(finding.file, finding.row, finding.column, finding.value, finding.reason) for finding in findings)


def all_rejections(session: Session, order: Sequence[str]) -> tuple[Rejection, ...]:
    """Return all rejections of this import, by file in the given order, and row.

    Raises
    ------
    ImportFileError
        There are more rejections than a report can list.
    """
    found = tuple(Rejection(*finding) for finding in _findings(session, REJECTIONS, order))
    if len(found) > MAX_REJECTIONS:
        raise ImportFileError(f"More than {MAX_REJECTIONS:,} rows cannot be imported; the first: {found[0]}. Nothing was written.")
    return found


def all_warnings(session: Session, order: Sequence[str]) -> tuple[RowWarning, ...]:
    """Return the warnings of this import, by file in the given order, and row; at most one more than `MAX_REJECTIONS`."""
    return tuple(RowWarning(*finding) for finding in _findings(session, WARNINGS, order))


def _findings(session: Session, table: StagingTable[FindingRow], order: Sequence[str]) -> list[FindingRow]:
    statement = text(
        f"SELECT {', '.join(table.columns)} FROM {table.name}"  # noqa: S608 - names from the two tables above
        " ORDER BY array_position(CAST(:files AS text[]), file), row_number, reason LIMIT :most"
    )
    rows = session.execute(statement, {"files": list(order), "most": MAX_REJECTIONS + 1})
    return [FindingRow(*row) for row in rows]


def record(session: Session, run: ImportRun, report: ImportReport) -> None:
    """Complete the run in `import_runs`, in the transaction of what it imported."""
    total = report.total
    run.format, run.name, run.sha256 = report.format, report.name, report.sha256
    run.status, run.finished_at = ImportStatus.DONE, func.clock_timestamp()
    run.rows_in, run.added, run.changed = total.rows_in, total.added, total.changed
    run.unchanged, run.rejected = total.unchanged, total.rejected
    run.report = report.as_json()
    session.flush()
