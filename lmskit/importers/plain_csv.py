"""A plain CSV file that somebody made: a roster, or results with one attempt per row.

Which column holds which field is told by its header, compared as a whole and without regard to capitals; `--map
FIELD=HEADER` says it where the header is another one. `HEADERS` lists the fields and the headers that are known.

A row without a quiz gives its person a place in the course. A row with a quiz holds an attempt; of somebody who has no
place yet it gives one as well. Without a number and a time of the attempt its score is a total, as in a gradebook.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column, UnreadableCellError, one_of, whole_number
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.number_format import DecimalMark, decimal_mark, score_reader
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import (
    code,
    family_name,
    given_name,
    optional_address,
    optional_day,
    optional_identifier,
    optional_instant,
    title,
)
from lmskit.limits import LAST_WEEK
from lmskit.vocabulary import EnrollmentStatus, Role

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path
    from typing import TypeVar

    from lmskit.importers.record import Record

    T = TypeVar("T")

SYSTEM = "csv"
HEADERS: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "user id", "student id"),
    "sis_id": ("sis_id", "sis id", "sis user id"),
    "email": ("email", "e-mail", "email address", "e-mail address", "mail"),
    "family_name": ("family_name", "family name", "last name", "lastname", "surname"),
    "given_name": ("given_name", "given name", "first name", "firstname"),
    "name": ("name", "full name", "student"),
    "course": ("course", "course code"),
    "role": ("role",),
    "status": ("status",),
    "started_on": ("started_on", "start date"),
    "ended_on": ("ended_on", "end date"),
    "quiz": ("quiz", "quiz title"),
    "week": ("week",),
    "score": ("score", "points"),
    "max_score": ("max_score", "max score", "points possible"),
    "attempt": ("attempt",),
    "submitted_at": ("submitted_at", "submitted at", "submitted"),
}
"""The fields, and the headers of columns that hold them unless somebody says otherwise."""
TELLING = ("id", "sis_id", "email")
"""Fields by which people are told apart."""
OF_RESULTS = ("week", "score", "max_score", "attempt", "submitted_at")
ROLES = {"": None, "student": Role.STUDENT, "learner": Role.STUDENT, "lecturer": Role.LECTURER, "teacher": Role.LECTURER}
STATUSES = {"": None, **{status.value: status for status in EnrollmentStatus if status is not EnrollmentStatus.PENDING}}
NO_GRADE = {"", "-", "EX", "N/A"}
MOST_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a field stands: the place in a row, and the header."""

    index: int
    header: str


class PlainCsv:
    """An opened file; see `lmskit.importers.record.Source`."""

    format = "csv"
    system = SYSTEM
    is_partial = False
    may_lack_a_course = False
    warnings = ()

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.parts = (self.file,)
        self.fields = fields_of(self.file, options.columns)
        self._options = options
        self._decimal: DecimalMark | None = None
        used = {cell.index for cell in self.fields.values()}
        self.file.skipped_columns = tuple(header for place, header in enumerate(self.file.header) if place not in used)

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        said = self._decimal.note(self.name) if self._decimal else None
        columns = ", ".join(f"{field} from {cell.header!r}" for field, cell in self.fields.items() if cell.header != field)
        return [*self.file.notes, *([f"{self.name}: {columns}."] if columns else []), *([said] if said else [])]

    def records(self) -> Iterator[Record]:
        """Read the file."""
        self._decimal = None
        if "score" in self.fields:
            self._decimal = decimal_mark(self._numbers(), given=self._options.decimal_mark)
        reader = _Reader(self.fields, self._decimal, with_quizzes="quiz" in self.fields)
        for number, cells in self.file.rows():
            try:
                records = reader.read(Position(self.name, number), cells)
            except RejectedRowError as error:
                self.file.reject(number, error.column, error.cell, error.reason)
            else:
                yield from records

    def _numbers(self) -> Iterator[str]:
        places = [self.fields[field].index for field in ("score", "max_score") if field in self.fields]
        for _, cells in self.file.rows():
            yield from (cells[place] for place in places)


class _Reader:
    """Reads one row after the other."""

    def __init__(self, fields: Mapping[str, Cell], decimal: DecimalMark | None, *, with_quizzes: bool) -> None:
        self._fields, self._with_quizzes = fields, with_quizzes
        self._role = Column(_casefolded(one_of(ROLES)))
        self._status = Column(_casefolded(one_of(STATUSES)))
        self._day = Column(optional_day)
        self._mark = Column(score_reader(decimal or DecimalMark(".", is_given=True)))
        self._week = Column(whole_number(1, LAST_WEEK, missing=""))
        self._attempt = Column(whole_number(1, MOST_ATTEMPTS, missing=""))

    def read(self, position: Position, cells: tuple[str, ...]) -> list[Record]:
        """Return the records of a row.

        Raises
        ------
        RejectedRowError
            A cell holds no value of its column, or the row names nobody.
        """
        key = PersonKey(
            self._value("id", cells, optional_identifier),
            self._value("sis_id", cells, optional_identifier),
            self._value("email", cells, optional_address),
        )
        if key == PersonKey():
            raise RejectedRowError(None, None, "names nobody: it has neither an id nor an address")
        role = self._value("role", cells, self._role.__getitem__)
        attempt = self._attempt_of(position, cells, key)
        return [PersonRecord(position, key, *self._name(cells), role), self._enrollment(position, cells, key, role, attempt), *attempt]

    def _enrollment(
        self, position: Position, cells: tuple[str, ...], key: PersonKey, role: Role | None, attempt: list[Record]
    ) -> EnrollmentRecord:
        status = self._value("status", cells, self._status.__getitem__)
        started, ended = (self._value(field, cells, self._day.__getitem__) for field in ("started_on", "ended_on"))
        course = self._value("course", cells, code) if self._text("course", cells) else None
        implied = bool(attempt) and status is None
        return EnrollmentRecord(
            position, key, course, role or Role.STUDENT, status or EnrollmentStatus.ACTIVE, started, ended, is_implied=implied
        )

    def _attempt_of(self, position: Position, cells: tuple[str, ...], key: PersonKey) -> list[Record]:
        """The quiz and the attempt that a row tells of; nothing where it tells of none."""
        if not self._with_quizzes or not self._text("quiz", cells):
            return []
        name = self._value("quiz", cells, title) or ""
        week = self._value("week", cells, self._week.__getitem__)
        score = self._mark_in("score", cells)
        most = self._mark_in("max_score", cells)
        number = self._value("attempt", cells, self._attempt.__getitem__)
        submitted = self._value("submitted_at", cells, _instant)
        quiz = QuizRecord(position, name, has_source_id=False, title=name, max_score=most, week_number=week)
        if score is None and number is None and submitted is None:
            return [quiz]
        is_total = number is None and submitted is None
        return [quiz, AttemptRecord(position, name, key, score, most, is_total, number=number, submitted_at=submitted)]

    def _name(self, cells: tuple[str, ...]) -> tuple[str, str]:
        if "family_name" in self._fields:
            family = self._value("family_name", cells, _optional(family_name))
            given = self._value("given_name", cells, given_name) or ""
            if not family and given:
                raise RejectedRowError(self._fields["family_name"].header, "", "is empty, though there is a given name")
            return family or "", given
        family, _, given = self._text("name", cells).partition(",")
        header = self._fields["name"].header if "name" in self._fields else None
        if header is None or not (family.strip() or given.strip()):
            return "", ""
        return value(family_name, header, family), value(given_name, header, given)

    def _mark_in(self, field: str, cells: tuple[str, ...]) -> float | None:
        return None if self._text(field, cells) in NO_GRADE else self._value(field, cells, self._mark.__getitem__)

    def _text(self, field: str, cells: tuple[str, ...]) -> str:
        cell = self._fields.get(field)
        return "" if cell is None else cells[cell.index].strip()

    def _value(self, field: str, cells: tuple[str, ...], read: Callable[[str], T]) -> T | None:
        cell = self._fields.get(field)
        return None if cell is None else value(read, cell.header, cells[cell.index].strip())


def fields_of(file: CsvFile, said: Mapping[str, str]) -> dict[str, Cell]:
    """Find the column of each field.

    Raises
    ------
    ImportFileError
        A field that somebody mapped does not exist, or its column; two columns could hold the same field; or nothing
        tells people apart.
    """
    places = {field: Cell(_place_of(file, field, header), header) for field, header in said.items()}
    taken = {cell.index for cell in places.values()}
    by_header: dict[str, list[int]] = {}
    for place, header in enumerate(file.header):
        by_header.setdefault(header.strip().casefold(), []).append(place)
    for field, headers in HEADERS.items():
        found = [place for header in headers for place in by_header.get(header, []) if place not in taken]
        if field in places or not found:
            continue
        if len(found) > 1:
            names = " and ".join(repr(file.header[place]) for place in found[:2])
            raise ImportFileError(f"{file.name}: {names} could both be the {field}. Say which one: --map {field}=HEADER")
        places[field] = Cell(found[0], file.header[found[0]])
    if not any(field in places for field in TELLING):
        raise ImportFileError(
            f"{file.name} has no column that tells people apart: {', '.join(TELLING)}. It has {', '.join(file.header[:20])}. "
            "Say which column is which: --map email=HEADER"
        )
    results = [field for field in OF_RESULTS if field in places]
    if ("quiz" in places) != bool(results) or ("quiz" in places and "score" not in places):
        raise ImportFileError(f"{file.name}: results need a column quiz and a column score. Say which they are: --map quiz=HEADER")
    return {field: places[field] for field in HEADERS if field in places}


def _place_of(file: CsvFile, field: str, header: str) -> int:
    if field not in HEADERS:
        raise ImportFileError(f"There is no field {field!r}. Fields are {', '.join(HEADERS)}.")
    if file.header.count(header) != 1:
        many = "more than one column" if header in file.header else "no column"
        raise ImportFileError(f"{file.name} has {many} {header!r} for the field {field}. It has {', '.join(file.header[:20])}.")
    return file.header.index(header)


def _casefolded(read: Callable[[str], T]) -> Callable[[str], T]:
    return lambda text: read(text.casefold())


def _optional(read: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: read(text) if text else ""


def _instant(text: str) -> dt.datetime | None:
    """Read a point in time, or a day: its first moment, in UTC."""
    try:
        return optional_instant(text)
    except UnreadableCellError:
        day = optional_day(text)
        return None if day is None else dt.datetime.combine(day, dt.time(), tzinfo=dt.UTC)


def detect(path: Path) -> bool:
    """Whether a file has the columns of a roster or of results, under headers that are known."""
    try:
        fields = fields_of(CsvFile(path, [], whole=True), {})
    except ImportFileError:
        return False
    return "quiz" in fields or "family_name" in fields or "name" in fields


FORMAT = Format("csv", "Plain CSV", needs_course=False, detect=detect, open=PlainCsv)
