"""From a source's records to temporary tables: batches of each kind by COPY, so that a file of any size fits in memory."""

from __future__ import annotations

import datetime as dt
import json
import unicodedata
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import text

from lmskit.errors import InputError
from lmskit.importers import advice
from lmskit.importers.record import (
    AbsentScore,
    AttemptRecord,
    CourseRecord,
    EnrollmentRecord,
    ExcuseRecord,
    PersonKey,
    PersonRecord,
    Position,
    QuizRecord,
    TermRecord,
)
from lmskit.limits import DEEPEST_JSON, EARLIEST_YEAR, LARGEST_ANSWERS, LATEST_YEAR, LONGEST_NAME, LONGEST_PROSE, MOST_ATTEMPTS
from lmskit.names import sort_name
from lmskit.progress import REPORT_EVERY
from lmskit.services.file_import.staged_rows import (
    ABSENT,
    ADDED_PERSON,
    ATTEMPT,
    COURSE,
    ENROLLMENT,
    EXCUSE,
    OF_RECORDS,
    OPTION,
    PART,
    PERSON,
    POSITION,
    REJECTED,
    SECTION,
    TERM,
    AbsentRow,
    AttemptRow,
    CourseRow,
    EnrollmentRow,
    ExcuseRow,
    OptionRow,
    PartRow,
    PersonRow,
    PositionRow,
    SectionRow,
    TableRow,
    TermRow,
)
from lmskit.services.importing import add_rejections
from lmskit.services.staging_table import StagingTable, analyze
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    from lmskit.importers.record import Record, Source
    from lmskit.services.file_import.context import ImportContext

R = TypeVar("R", bound=tuple[object, ...])
BATCH = 5000
"""Rows of a table that are collected before they are copied."""
LONGEST_BATCH = 4 * 1024**2
"""Characters of answers and feedback that are collected before they are copied."""
MISSING_NUMBER = "NaN"
ACTIVE, PENDING = EnrollmentStatus.ACTIVE, EnrollmentStatus.PENDING


def stage_options(context: ImportContext) -> None:
    """Create the table of the options, and the empty tables of rejected positions and new people."""
    options = context.options
    course_id = options.course.id if options.course is not None else None
    today = dt.datetime.now(dt.UTC).date()
    asked = options.asked
    row = OptionRow(
        options.system, context.source.format, course_id, options.lecturer_id, options.term_id, today, asked.notify,
        MOST_ATTEMPTS, EARLIEST_YEAR, LATEST_YEAR, LARGEST_ANSWERS, DEEPEST_JSON, LONGEST_PROSE, asked.rename, asked.dry_run,
    )  # fmt: skip
    OPTION.create(context.session)
    OPTION.copy(context.session, [row])
    REJECTED.create(context.session)
    ADDED_PERSON.create(context.session)


def stage_records(context: ImportContext) -> None:
    """Read all records of the source into the tables `OF_RECORDS`, and its rejections into `import_rejection`.

    Raises
    ------
    InputError
        A record belongs to the course that the import is for, and no course was given.
    ImportFileError
        A file cannot be read to its end.
    """
    source, progress = context.source, context.progress
    staging = _Staging(context)
    step = f"Reading {source.name}"
    progress(step, 0, None)
    n = 0
    for n, record in enumerate(source.records(), 1):
        if n % REPORT_EVERY == 0:
            progress(step, n, None)
        if context.options.course is not None or not _needs_course(record):
            staging.add(n, record)
        elif not (isinstance(record, EnrollmentRecord) and source.may_lack_a_course):
            raise InputError(f"{source.name} does not say which course it is about. {advice.COURSE}")
    progress(step, n, n)
    staging.finish()
    for part in source.parts:
        add_rejections(context.session, part.rejections)
    context.parts = [part.name for part in source.parts]
    PART.create(context.session)
    PART.copy(context.session, _part_rows(source, staging.positions.parts))


def drop_tables(context: ImportContext) -> None:
    """Drop all temporary tables of the import, so that another import can follow in the same transaction."""
    tables = context.statements["outcomes"].read("temporary_tables", TableRow)
    context.session.execute(text(f"DROP TABLE {', '.join(table.name for table in tables)}"))


def _needs_course(record: Record) -> bool:
    if isinstance(record, EnrollmentRecord):
        return not record.course
    return isinstance(record, QuizRecord | AttemptRecord | ExcuseRecord | AbsentScore)


def _part_rows(source: Source, numbers: dict[str, int]) -> list[PartRow]:
    order = [part.name for part in source.parts]
    if unknown := [name for name in numbers if name not in order]:
        raise ValueError(f"{source.format}: records have positions in {unknown[0]!r}, which is not a part of the source")
    return [PartRow(number, name, order.index(name)) for name, number in numbers.items()]


class _Batches:
    """Rows on their way into the tables."""

    def __init__(self, context: ImportContext) -> None:
        self._session = context.session
        self._rows: dict[str, list[Any]] = {table.name: [] for table in OF_RECORDS}
        for table in OF_RECORDS:
            table.create(self._session)
        self._length = 0

    def add(self, table: StagingTable[R], row: R, *, length: int = 0) -> None:
        """Add a row; `length` is that of its texts without a limit, which one table has."""
        rows = self._rows[table.name]
        rows.append(row)
        self._length += length
        if len(rows) >= BATCH or (length and self._length > LONGEST_BATCH):
            table.copy(self._session, rows)
            rows.clear()
            if length:
                self._length = 0

    def finish(self) -> None:
        for table in OF_RECORDS:
            if rows := self._rows[table.name]:
                table.copy(self._session, rows)
            analyze(self._session, table.name)


class _Positions:
    """Numbers the positions of records, and finds the row to which a cell belongs."""

    def __init__(self, batches: _Batches) -> None:
        self.parts: dict[str, int] = {}
        self._batches = batches
        self._last: dict[str, tuple[int, str | None, int]] = {}
        """Row, column and number of the last position of each part."""
        self._base: dict[str, str | None] = {}
        self._count = 0
        self._last_position: Position | None = None
        """The position that has the number `_count`."""

    def number(self, position: Position) -> int:
        """Return the number of a position; a new one is added to the table. Records of one position follow each other."""
        if position is self._last_position:
            return self._count
        last = self._last.get(position.part)
        if last is not None and last[0] == position.row and last[1] == position.column:
            return last[2]
        if position.part not in self.parts:
            self.parts[position.part] = len(self.parts)
        self._count += 1
        self._last_position = position
        self._last[position.part] = (position.row, position.column, self._count)
        row_id = None if position.column is None else self._row_of(position)
        self._batches.add(POSITION, PositionRow(self._count, self.parts[position.part], position.row, position.column, row_id))
        return self._count

    def current(self, position: Position) -> int | None:
        """Return the number of a position if it is the last one of its part, else None."""
        last = self._last.get(position.part)
        return last[2] if last is not None and last[:2] == (position.row, position.column) else None

    def row_of(self, position: Position) -> int | None:
        """Return the number of the row that a position is or that holds it, if that is the last one of its part."""
        return self.current(position) if position.column is None else self._row_of(position)

    def _row_of(self, position: Position) -> int | None:
        """Return the number of the row that holds a cell: cells are in the part `<part of the row>: ...`."""
        if position.column is None:
            return None
        if position.part not in self._base:
            bases = (part for part in self.parts if position.part.startswith(f"{part}: "))
            self._base[position.part] = max(bases, key=len, default=None)
        base = self._last.get(self._base[position.part] or "")
        return base[2] if base is not None and base[:2] == (position.row, None) else None


class _Staging:
    """Adds records to the tables of their kinds."""

    def __init__(self, context: ImportContext) -> None:
        self._context, self._batches = context, _Batches(context)
        self.positions = _Positions(self._batches)

    def add(self, n: int, record: Record) -> None:
        batches = self._batches
        # Nearly all records of a large file are of these two kinds.
        if isinstance(record, PersonRecord):
            batches.add(PERSON, _person(n, self.positions.number(record.position), record))
            return
        if isinstance(record, EnrollmentRecord):
            self._context.enrollment_parts.add(record.position.part)
            batches.add(ENROLLMENT, _enrollment(n, self.positions.number(record.position), record))
            for section in record.sections:
                batches.add(SECTION, SectionRow(n, section.kind.value, section.name))
            return
        if isinstance(record, QuizRecord):
            self._context.quiz_records.setdefault(record.key, (record, self.positions.current(record.position)))
            return
        if isinstance(record, AbsentScore):
            position = record.position
            row = self.positions.row_of(position)
            cell = (position.part, position.row, position.column)
            batches.add(ABSENT, AbsentRow(n, row, *cell, *_key(record.person), record.quiz, record.why))
            return
        position_id = self.positions.number(record.position)
        match record:
            case AttemptRecord():
                attempt = _attempt(n, position_id, record)
                batches.add(ATTEMPT, attempt, length=len(attempt.answers) + len(attempt.feedback or ""))
            case ExcuseRecord():
                batches.add(EXCUSE, ExcuseRow(n, position_id, *_key(record.person), record.quiz, record.beside_results))
            case CourseRecord():
                names = (record.source_id, record.code, record.module_code or record.code, record.title or record.code)
                batches.add(COURSE, CourseRow(n, position_id, *names, record.term or ""))
            case TermRecord():
                name = record.name or record.code
                batches.add(TERM, TermRow(n, position_id, record.source_id, record.code, name, record.starts_on, record.ends_on))

    def finish(self) -> None:
        self._batches.finish()


def _key(key: PersonKey) -> tuple[str, str, str]:
    return key.source_id or "", key.sis_id or "", (key.email or "").lower()


def _person(n: int, position_id: int, record: PersonRecord) -> PersonRow:
    _, (source_id, sis_id, email), family, given, role, needs_role, is_split, doubt = record
    fault = _name_fault(family) or _name_fault(given)
    ids = (source_id or "", sis_id or "", email.lower() if email else "")
    return PersonRow(n, position_id, *ids, family, given, sort_name(family, given), role, fault, needs_role, is_split, doubt)


def _enrollment(n: int, position_id: int, record: EnrollmentRecord) -> EnrollmentRow:
    _, (source_id, sis_id, email), course, role, status, started_on, ended_on, is_implied, _sections = record
    ids = (source_id or "", sis_id or "", email.lower() if email else "")
    return EnrollmentRow(
        n, position_id, *ids, course or "", role, ACTIVE if status is PENDING else status, started_on, ended_on, is_implied
    )


def _attempt(n: int, position_id: int, record: AttemptRecord) -> AttemptRow:
    score = None if record.score is None else float(record.score)
    max_score = None if record.max_score is None else float(record.max_score)
    answers = json.dumps(list(record.answers)) if record.answers else "[]"
    return AttemptRow(
        n,
        position_id,
        *_key(record.person),
        record.quiz,
        score,
        max_score,
        record.is_total,
        record.number,
        record.started_at,
        record.submitted_at,
        answers,
        record.feedback,
        record.rounding,
    )


def _name_fault(name: str) -> str | None:
    """Return the reason why a name cannot be stored; None if it can."""
    if len(name) > LONGEST_NAME:
        return f"has a name of more than {LONGEST_NAME} characters"
    if name == MISSING_NUMBER:
        return "is called “NaN”, which is what a missing value looks like in a spreadsheet"
    if not name.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return "has a name with control characters"
    return None
