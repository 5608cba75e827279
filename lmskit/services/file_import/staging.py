"""From a source's records to temporary tables: batches of each kind by COPY, so that a file of any size fits in memory."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import InputError
from lmskit.importers.record import AttemptRecord, CourseRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, TermRecord
from lmskit.limits import LONGEST_NAME
from lmskit.names import sort_name
from lmskit.progress import REPORT_EVERY
from lmskit.services.importing import add_rejections, analyze
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sqlalchemy.orm import Session

    from lmskit.importers.record import Record, Source
    from lmskit.progress import Progress

BATCH = 5000
"""Rows of a table that are collected before they are copied."""
MISSING_NUMBER = "NaN"

Row: TypeAlias = tuple[object, ...]

# What is missing is an empty text where tables are joined by it: nulls would not be equal to each other.
KEY = {"source_id": "text", "sis_id": "text", "email": "text"}
TABLES: Mapping[str, Mapping[str, str]] = {
    "file_unit": {"unit": "int4", "part": "int4", "row_number": "int4", "column_name": "text", "row_unit": "int4"},
    "file_term_row": {
        "n": "int4",
        "unit": "int4",
        "source_id": "text",
        "code": "text",
        "name": "text",
        "starts_on": "date",
        "ends_on": "date",
    },
    "file_person_row": {
        "n": "int4",
        "unit": "int4",
        **KEY,
        "family_name": "text",
        "given_name": "text",
        "sort_name": "text",
        "role": "text",
        "fault": "text",
    },
    "file_course_row": {
        "n": "int4",
        "unit": "int4",
        "source_id": "text",
        "code": "text",
        "module_code": "text",
        "title": "text",
        "term": "text",
    },
    "file_enrollment_row": {
        "n": "int4",
        "unit": "int4",
        **KEY,
        "course": "text",
        "role": "text",
        "status": "text",
        "started_on": "date",
        "ended_on": "date",
        "is_implied": "bool",
    },
    "file_attempt_row": {
        "n": "int4",
        "unit": "int4",
        **KEY,
        "quiz": "text",
        "score": "float8",
        "max_score": "float8",
        "is_total": "bool",
        "number": "int8",
        "started_at": "timestamptz",
        "submitted_at": "timestamptz",
        "answers": "text",
        "feedback": "text",
    },
}


@dataclass
class Staged:
    """What came out of the files that is not in a table: the quizzes, of which there are few, and the names of the parts."""

    parts: list[str] = field(default_factory=list)
    quizzes: dict[str, tuple[QuizRecord, int | None]] = field(default_factory=dict)
    """The first record of each quiz by its key, and the unit that names it, if that is one."""
    enrollment_parts: set[str] = field(default_factory=set)
    """Parts whose rows say who studies what."""


class _Batches:
    """Rows on their way into the tables."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._rows: dict[str, list[Row]] = {table: [] for table in TABLES}
        for table, columns in TABLES.items():
            stage(session, table, columns)

    def add(self, table: str, row: Row) -> None:
        rows = self._rows[table]
        rows.append(row)
        if len(rows) >= BATCH:
            self._copy(table)

    def finish(self) -> None:
        for table in TABLES:
            self._copy(table)
            analyze(self._session, table)

    def _copy(self, table: str) -> None:
        columns = TABLES[table]
        if self._rows[table]:
            copy_rows(self._session, table, list(columns), self._rows[table], types=list(columns.values()))
            self._rows[table] = []


class _Units:
    """Gives each place that records stand at its number, and knows to which row a cell belongs."""

    def __init__(self, batches: _Batches) -> None:
        self.parts: dict[str, int] = {}
        self._batches = batches
        self._last: dict[str, tuple[int, str | None, int]] = {}
        self._base: dict[str, str | None] = {}
        self.count = 0

    def of(self, place: Position) -> int:
        last = self._last.get(place.part)
        if last is not None and last[0] == place.row and last[1] == place.column:
            return last[2]
        if place.part not in self.parts:
            self.parts[place.part] = len(self.parts)
        self.count += 1
        self._last[place.part] = (place.row, place.column, self.count)
        row = (self.count, self.parts[place.part], place.row, place.column, self._row_of(place))
        self._batches.add("file_unit", row)
        return self.count

    def at(self, place: Position) -> int | None:
        """The unit that the last record of the part stands at, if it is this place."""
        last = self._last.get(place.part)
        return last[2] if last is not None and last[:2] == (place.row, place.column) else None

    def _row_of(self, place: Position) -> int | None:
        if place.column is None:
            return None
        if place.part not in self._base:
            self._base[place.part] = max((part for part in self.parts if place.part.startswith(f"{part}: ")), key=len, default=None)
        base = self._last.get(self._base[place.part] or "")
        return base[2] if base is not None and base[:2] == (place.row, None) else None


def stage_source(session: Session, source: Source, tell: Progress, *, has_course: bool) -> Staged:
    """Read all records of a source into the temporary tables `TABLES`, and what it rejected beside the other rejections.

    Raises
    ------
    InputError
        A record belongs to the course that the import is for, and there is none.
    ImportFileError
        A file cannot be read to its end.
    """
    batches = _Batches(session)
    units = _Units(batches)
    staged = Staged()
    step = f"Reading {source.name}"
    tell(step, 0, None)
    n = 0
    for n, record in enumerate(source.records(), 1):
        if n % REPORT_EVERY == 0:
            tell(step, n, None)
        if not has_course and _needs_course(record):
            if isinstance(record, EnrollmentRecord) and getattr(source, "may_lack_a_course", False):
                continue  # the file makes people; where they belong is for whoever imports it to say
            raise InputError(f"{source.name} does not say which course it is about. Name the course: --course CODE")
        _stage(record, n, batches, units, staged)
    tell(step, n, n)
    batches.finish()
    for part in source.parts:
        add_rejections(session, part.rejections)
    known = {part.name for part in source.parts}
    staged.parts = [part.name for part in source.parts]
    if unknown := [name for name in units.parts if name not in known]:
        message = f"{source.format}: records stand in {unknown[0]!r}, which is not among the parts of the source"
        raise ValueError(message)
    stage(session, "file_part", {"part": "int4", "name": "text", "position": "int4"})
    places = [(number, name, staged.parts.index(name)) for name, number in units.parts.items()]
    copy_rows(session, "file_part", ["part", "name", "position"], places, types=["int4", "text", "int4"])
    return staged


def _needs_course(record: Record) -> bool:
    return isinstance(record, QuizRecord | AttemptRecord) or (isinstance(record, EnrollmentRecord) and not record.course)


def _stage(record: Record, n: int, batches: _Batches, units: _Units, staged: Staged) -> None:
    match record:
        case QuizRecord():
            if record.key not in staged.quizzes:
                staged.quizzes[record.key] = (record, units.at(record.position))
        case PersonRecord():
            batches.add("file_person_row", _person(n, units.of(record.position), record))
        case EnrollmentRecord():
            staged.enrollment_parts.add(record.position.part)
            status = EnrollmentStatus.ACTIVE if record.status is EnrollmentStatus.PENDING else record.status
            told = (record.course or "", record.role.value, status.value, record.started_on, record.ended_on, record.is_implied)
            row = (n, units.of(record.position), *_key(record.person), *told)
            batches.add("file_enrollment_row", row)
        case AttemptRecord():
            batches.add("file_attempt_row", _attempt(n, units.of(record.position), record))
        case CourseRecord():
            names = (record.source_id, record.code, record.module_code or record.code, record.title or record.code)
            batches.add("file_course_row", (n, units.of(record.position), *names, record.term or ""))
        case TermRecord():
            days = (record.starts_on, record.ends_on)
            batches.add("file_term_row", (n, units.of(record.position), record.source_id, record.code, record.name or record.code, *days))


def _key(key: PersonKey) -> tuple[str, str, str]:
    return key.source_id or "", key.sis_id or "", (key.email or "").lower()


def _person(n: int, unit: int, record: PersonRecord) -> Row:
    family, given = record.family_name, record.given_name
    role = None if record.role is None else record.role.value
    return (n, unit, *_key(record.key), family, given, sort_name(family, given), role, _fault(family) or _fault(given))


def _attempt(n: int, unit: int, record: AttemptRecord) -> Row:
    marks = (
        None if record.score is None else float(record.score),
        None if record.max_score is None else float(record.max_score),
        record.is_total,
        record.number,
    )
    answers = json.dumps(list(record.answers)) if record.answers else "[]"
    times = (record.started_at, record.submitted_at)
    return (n, unit, *_key(record.person), record.quiz, *marks, *times, answers, record.feedback)


def _fault(name: str) -> str | None:
    """Why a name cannot be stored; None where it can."""
    if len(name) > LONGEST_NAME:
        return f"has a name of more than {LONGEST_NAME} characters"
    if name == MISSING_NUMBER:
        return "is called “NaN”, which is what a missing value looks like in a spreadsheet"
    if not name.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in name):
        return "has a name with control characters"
    return None
