"""A row of a plain CSV file: from its cells, by the columns of the fields, to its records."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmskit.importers.cell import ColumnValues, whole_number
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn
from lmskit.importers.grade_table import meanings_of
from lmskit.importers.person_name import FullName
from lmskit.importers.plain_words import role as role_word
from lmskit.importers.plain_words import status as status_word
from lmskit.importers.record import (
    AbsentScore,
    AttemptRecord,
    EnrollmentRecord,
    ExcuseRecord,
    PersonKey,
    PersonRecord,
    Position,
    QuizRecord,
    SectionName,
)
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.section_cell import sections_in
from lmskit.importers.text_cell import code, title
from lmskit.importers.week import read_week
from lmskit.limits import MOST_ATTEMPTS
from lmskit.vocabulary import EnrollmentStatus, Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import TypeVar

    from lmskit.importers.grade_table import GradeTable
    from lmskit.importers.person_cells import PersonCells
    from lmskit.importers.record import Record
    from lmskit.importers.times import TimeReader

    T = TypeVar("T")

NOBODY = PersonKey()
NO_NAME = FullName("", "", is_split=False, doubt=None, mended=None)
SHORT_YEAR = "has a year of two digits, which is read as one from 2000 to 2099"
NAMES = ("family_name", "given_name", "name")
OF_ENROLLMENTS = ("status", "started_on", "ended_on", "course")


@dataclass(frozen=True, slots=True)
class FieldColumn:
    """The column of a field: its index and header."""

    index: int
    header: str
    before: int | None = None
    """The column with words before a family name, such as `von der`."""
    behind: int | None = None
    """The column with a second family name."""

    @property
    def indices(self) -> tuple[int, ...]:
        """All its columns in the order in which their texts are joined."""
        return tuple(index for index in (self.before, self.index, self.behind) if index is not None)


class PlainRowReader:
    """Reads rows one by one.

    Parameters
    ----------
    fields
        The columns of the fields that the file has.
    table
        The table, which reads the scores and the cells about people.
    title
        The title of the quiz of all rows if there is no column for it; None for a roster.
    times
        How days and times are read.
    """

    def __init__(self, fields: Mapping[str, FieldColumn], table: GradeTable, *, title: str | None, times: TimeReader) -> None:
        self._fields, self._table, self._title, self._times = fields, table, title, times
        people = table.person_cells
        readers = {"id": people.optional_id, "sis_id": people.optional_id, "email": people.address}
        self._ids = [(fields.get(field), read) for field, read in readers.items()]
        self._names = {field: fields[field] for field in NAMES if field in fields}
        self._describes_enrollments = any(field in fields for field in OF_ENROLLMENTS)
        self._of_sections = [(kind.value, partial(sections_in, kind)) for kind in SectionKind if kind.value in fields]
        self._role = ColumnValues(role_word)
        self._status = ColumnValues(status_word)
        self._day, self._instant = ColumnValues(times.day), ColumnValues(times.instant)
        self._written = ColumnValues(times.written)
        self.without_zone = 0
        """Times that were written without a zone."""
        self._week = ColumnValues(read_week)
        self._score_meaning = meanings_of(ResultColumn.PLAIN_SCORE)
        self._maximum_meaning = meanings_of(ResultColumn.PLAIN_MAXIMUM)
        self._attempt = ColumnValues(whole_number(1, MOST_ATTEMPTS, missing=""))

    def read(self, position: Position, cells: tuple[str, ...]) -> tuple[PersonRecord, list[Record]]:
        """Return the person of a row, and its other records.

        Raises
        ------
        RejectedRowError
            A cell does not contain a value of its column, or the row names no person.
        """
        key = PersonKey(*[None if column is None else read(position, column.header, cells[column.index]) for column, read in self._ids])
        if key == NOBODY:
            raise RejectedRowError(None, None, "names no person: it has neither an id nor an address")
        role = self._value("role", cells, self._role.__getitem__)
        attempt = self._attempt_of(position, cells, key)
        name = self._name(position, cells)
        person = PersonRecord(position, key, name.family, name.given, role, is_split=name.is_split, doubt=name.doubt)
        return person, [self._enrollment(position, cells, key, role, attempt), *attempt]

    def _enrollment(
        self, position: Position, cells: tuple[str, ...], key: PersonKey, role: Role | None, attempt: list[Record]
    ) -> EnrollmentRecord:
        if not self._describes_enrollments:
            sections = self._sections(cells)
            return EnrollmentRecord(position, key, None, role or Role.STUDENT, is_implied=bool(attempt), sections=sections)
        status = self._value("status", cells, self._status.__getitem__)
        started, ended = (self._time(field, position, cells, self._day) for field in ("started_on", "ended_on"))
        course = self._value("course", cells, code) if self._text("course", cells) else None
        implied = bool(attempt) and status is None
        days = (started, ended)
        of_course = (course, role or Role.STUDENT, status or EnrollmentStatus.ACTIVE)
        return EnrollmentRecord(position, key, *of_course, *days, is_implied=implied, sections=self._sections(cells))

    def _sections(self, cells: tuple[str, ...]) -> tuple[SectionName, ...]:
        """Return the sections and groups of a row, of each kind that the file has a column for."""
        if not self._of_sections:  # as most files
            return ()
        found = (self._value(field, cells, read) for field, read in self._of_sections)
        return tuple(section for sections in found if sections is not None for section in sections)

    def _attempt_of(self, position: Position, cells: tuple[str, ...], key: PersonKey) -> list[Record]:
        """Return the quiz of a row, and its attempt or excuse; an empty list if it has no quiz."""
        if "quiz" in self._fields:
            name = self._value("quiz", cells, _optional(title))
        else:
            name = self._title if self._title and self._text("score", cells) else None
        if not name:
            return []
        week = self._value("week", cells, self._week.__getitem__)
        score, max_score = self._score_in(cells, name)
        number = self._value("attempt", cells, self._attempt.__getitem__)
        submitted = self._time("submitted_at", position, cells, self._instant)
        quiz = QuizRecord(position, name, has_source_id=False, title=name, max_score=max_score, week_number=week)
        meaning = self._score_meaning[self._text("score", cells)]
        if meaning is CellMeaning.EXCUSED:
            return [quiz, ExcuseRecord(position, name, key)]
        if score is None and number is None and submitted is None:
            return [quiz, AbsentScore(position, name, key, meaning.value)] if meaning.takes_back else [quiz]
        is_total = number is None and submitted is None
        return [quiz, AttemptRecord(position, name, key, score, max_score, is_total, number=number, submitted_at=submitted)]

    def _name(self, position: Position, cells: tuple[str, ...]) -> FullName:
        texts = {field: (column.header, self._joined(column, cells)) for field, column in self._names.items()}
        return person_name(position, texts, self._table.person_cells)

    def _joined(self, column: FieldColumn, cells: tuple[str, ...]) -> str:
        text = cells[column.index].strip()
        if not text or (column.before is None and column.behind is None):
            return text
        return " ".join(filter(None, (cells[index].strip() for index in column.indices)))

    def _score_in(self, cells: tuple[str, ...], quiz: str) -> tuple[float | None, float | None]:
        """Return the score of a row and its maximum; None for what the row does not contain."""
        maximum = None
        if not self._maximum_meaning[self._text("max_score", cells)].has_no_score:
            maximum = self._value("max_score", cells, self._table.score.__getitem__)
        if maximum is None:
            maximum = self._table.given_maximum(quiz)
        meaning = self._score_meaning[self._text("score", cells)]
        if meaning.has_no_score:
            return None, maximum
        return self._value("score", cells, lambda cell: self._table.points_in(meaning, cell, maximum)) or (None, maximum)

    def _time(self, field: str, position: Position, cells: tuple[str, ...], values: ColumnValues[T | None]) -> T | None:
        """Return the day or time in a cell, and say if the century of its year was not written."""
        found = self._value(field, cells, values.__getitem__)
        if found is not None:
            written = self._written[text := self._text(field, cells)]
            self.without_zone += values is self._instant and written.time is not None and written.time.tzinfo is None
            if written.is_short:
                self._table.warn(position.row, self._fields[field].header, text, SHORT_YEAR)
        return found

    def _text(self, field: str, cells: tuple[str, ...]) -> str:
        column = self._fields.get(field)
        return "" if column is None else cells[column.index].strip()

    def _value(self, field: str, cells: tuple[str, ...], read: Callable[[str], T]) -> T | None:
        column = self._fields.get(field)
        return None if column is None else value(read, column.header, cells[column.index].strip())


def person_name(position: Position, texts: Mapping[str, tuple[str, str]], cells: PersonCells) -> FullName:
    """Return the name of a row; it is empty if the row has none.

    Parameters
    ----------
    position
        The row.
    texts
        Header and text of the columns of `NAMES` that there are.
    cells
        How the cells about people are read.

    Raises
    ------
    RejectedRowError
        A text is not a name, or there is a given name alone.
    """
    if "family_name" in texts:
        given = cells.given_name(position, *texts["given_name"]) if "given_name" in texts else ""
        header, text = texts["family_name"]
        if not text:
            if given:
                raise RejectedRowError(header, "", "is empty, though there is a given name")
            return NO_NAME
        return FullName(cells.family_name(position, header, text), given, is_split=False, doubt=None, mended=None)
    header, text = texts.get("name", ("", ""))
    return cells.full_name(position, header, text) if text.strip(", ") else NO_NAME


def _optional(read: Callable[[str], str]) -> Callable[[str], str]:
    return lambda text: read(text) if text else ""
