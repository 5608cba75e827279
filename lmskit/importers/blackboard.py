"""A Blackboard gradebook: one row per student, one column per item, as *Download Grades* of Blackboard Learn writes it.

The file is CSV, or a table with tabs in UTF-16 that is called `.xls`. A gradebook does not contain attempts, only their result;
each grade becomes the total of a student's attempts. Columns whose points are “up to” a number are computed by Blackboard.

Source of the format: *Download or print from the Grade Center* in the help of Blackboard Learn, and headers of files in public
repositories.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import UnreadableCellError, one_of
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import GradebookTable, meanings_of
from lmskit.importers.number_format import DecimalMark, score_reader
from lmskit.importers.record import (
    AbsentScore,
    AttemptRecord,
    EnrollmentRecord,
    ExcuseRecord,
    PersonKey,
    PersonRecord,
    Position,
    QuizRecord,
    Record,
    SectionName,
)
from lmskit.importers.report import shortened
from lmskit.importers.row import value
from lmskit.importers.text_cell import one_line, title
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import EnrollmentStatus, Role, SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SYSTEM = "blackboard"
FAMILY_NAME, GIVEN_NAME, USERNAME = NAMED = ("Last Name", "First Name", "Username")
STUDENT_ID, AVAILABILITY, CHILD_COURSE = OPTIONAL = ("Student ID", "Availability", "Child Course ID")
ITEM = re.compile(
    r"(?P<title>.*\S)\s*\[Total Pts: (?P<computed>up to )?(?P<points>[0-9][0-9.,]{0,20})(?: (?P<display>[A-Za-z/ ]{1,40}))?\]\s*"
    r"\|\s*(?P<id>[0-9]{1,20})",
    re.DOTALL,
)
"""The header of an item, such as `Quiz 1 [Total Pts: 10 Score] |12345`."""
PERCENTAGE = "Percentage"
AS_NUMBERS = {None, "Score", PERCENTAGE}
"""What the cells of an item that is imported show; letters, texts and ticks do not say how many points there are."""
PREVIEW = re.compile(r".+_previewuser", re.IGNORECASE)
"""The user name of a teacher's *student preview*."""
STATUS = one_of({"": EnrollmentStatus.ACTIVE, "Yes": EnrollmentStatus.ACTIVE, "No": EnrollmentStatus.WITHDRAWN})
WITHOUT_GRADE = {
    CellMeaning.ABSENT: "blank",
    CellMeaning.NOT_GRADED: "in progress or not graded yet",
}
points_of = score_reader(DecimalMark(".", is_given=True))
"""Points in a header, which have a decimal point whatever the cells have: `1,499` are thousands."""


@dataclass(frozen=True, slots=True)
class Item:
    """A column of grades with its id in Blackboard."""

    column: int
    header: str
    id: str
    title: str
    points: float
    shows_percentages: bool


@dataclass(frozen=True)
class BlackboardLayout:
    """The items of a gradebook, and the headers of those that are not imported."""

    items: tuple[Item, ...]
    computed: tuple[str, ...]
    """Totals and other columns that Blackboard computes from the items."""
    without_numbers: tuple[str, ...]
    """Items that show letters, texts or ticks."""


class BlackboardGradebook(GradebookTable):
    """An opened gradebook; see `lmskit.importers.record.Source`."""

    format = "blackboard-gradebook"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, NAMED, optional=OPTIONAL, whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file)
        self._columns = {header: file.header.index(header) for header in (*NAMED, *OPTIONAL) if header in file.header}
        super().__init__(file, options, {*self._columns.values(), *(item.column for item in self.layout.items)})
        self._meaning = meanings_of(ResultColumn.BLACKBOARD_GRADE)
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        super().clear()
        self._without_grade: Counter[CellMeaning] = Counter()
        self._unavailable = 0
        self._previews: list[int] = []

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        name, layout = self.name, self.layout
        notes = [*self.notes_on_format]
        notes += [f"{name}: row {row} is the student preview of a teacher and is skipped." for row in self._previews]
        if self._unavailable:
            notes.append(f"{name}: students who are not available in Blackboard are imported as withdrawn: {self._unavailable:,}.")
        if self._without_grade:
            counts = ", ".join(
                f"{self._without_grade[meaning]:,} {words}" for meaning, words in WITHOUT_GRADE.items() if self._without_grade[meaning]
            )
            notes.append(f"{name}: cells without a grade are not counted: {counts}.")
        if layout.computed:
            notes.append(f"{name}: totals, which Blackboard computes from other columns, are not imported: {', '.join(layout.computed)}.")
        if layout.without_numbers:
            notes.append(
                f"{name}: items that show letters, texts or ticks are not imported: {', '.join(layout.without_numbers)}. "
                "To import them, give them the primary display Score in Blackboard, and download the grades again."
            )
        notes += [
            f"{name}: the item {item.title!r} has 0 points possible: its grades are not evidence of mastery."
            for item in layout.items
            if item.points == 0
        ]
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the file: its quizzes, then row after row the student, the enrollment and the grades."""
        self.detect_scores(cells[item.column] for _, cells in self._rows() for item in self.layout.items)
        self.clear()
        for item in self.layout.items:
            yield self._quiz(item)
        yield from self.student_records(self._students())

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        return self.rows_without_footers([self._columns[header] for header in (*NAMED, STUDENT_ID) if header in self._columns])

    def _students(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows without student previews."""
        for row, cells in self._rows():
            if PREVIEW.fullmatch(self._cell(USERNAME, cells).strip()):
                self.file.rows_in -= 1
                self._previews.append(row)
            else:
                yield row, cells

    def _cell(self, header: str, cells: tuple[str, ...]) -> str:
        """Return the text of a column, which is empty if the file lacks it."""
        column = self._columns.get(header)
        return "" if column is None else cells[column]

    def _quiz(self, item: Item) -> QuizRecord:
        name = item.title
        if len(name) > LONGEST_TITLE:
            self.warn(1, item.header, name, f"is longer than {LONGEST_TITLE} characters: its end is left out")
            name = name[: LONGEST_TITLE - 1] + "…"
        return QuizRecord(self.grade_position(1, item.header), item.id, has_source_id=True, title=name, max_score=item.points)

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        position, of_person = Position(self.name, row), self.person_cells
        key = PersonKey(
            source_id=of_person.id(position, USERNAME, self._cell(USERNAME, cells)),
            sis_id=of_person.optional_id(position, STUDENT_ID, self._cell(STUDENT_ID, cells)),
        )
        family_name = of_person.family_name(position, FAMILY_NAME, self._cell(FAMILY_NAME, cells))
        given_name = of_person.given_name(position, GIVEN_NAME, self._cell(GIVEN_NAME, cells))
        return PersonRecord(position, key, family_name, given_name, Role.STUDENT)

    def enrollment(self, person: PersonRecord, cells: tuple[str, ...]) -> EnrollmentRecord:
        """Return the enrollment of a student with the child course as section; who is not available is withdrawn."""
        status = value(STATUS, AVAILABILITY, self._cell(AVAILABILITY, cells).strip())
        sections: tuple[SectionName, ...] = ()
        if CHILD_COURSE in self._columns:
            child = self._cell(CHILD_COURSE, cells)
            sections = (SectionName(SectionKind.SECTION, value(title, CHILD_COURSE, child) if child.strip() else ""),)
        self._unavailable += status is EnrollmentStatus.WITHDRAWN
        return EnrollmentRecord(person.position, person.key, status=status, sections=sections)

    def grades_in(self, cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Give out header and text of the cells of a row that should be grades, or excuse the student."""
        for item in self.layout.items:
            meaning = self._meaning[cell := cells[item.column].strip()]
            if not meaning.has_no_score or meaning is CellMeaning.EXCUSED:
                yield item.header, cell

    def totals(self, row: int, cells: tuple[str, ...], person: PersonKey) -> Iterator[AttemptRecord | ExcuseRecord | AbsentScore]:
        """Give out the grades and excuses of a row; those that cannot be read are rejected."""
        for item in self.layout.items:
            header, cell = item.header, cells[item.column].strip()
            meaning = self._meaning[cell]
            if meaning is CellMeaning.EXCUSED:
                self.grades.rows_in += 1
                yield ExcuseRecord(self.grade_position(row, header), item.id, person)
            elif meaning.has_no_score:
                self._without_grade[meaning] += 1
                if meaning.takes_back:
                    yield AbsentScore(self.grade_position(row, header), item.id, person, meaning.value)
            else:
                shown = CellMeaning.PERCENT if item.shows_percentages and meaning is CellMeaning.SCORE else meaning
                if grade := self.read_grade(row, header, cell, partial(self.points_in, shown, cell, item.points)):
                    yield AttemptRecord(self.grade_position(row, header), item.id, person, grade[0], item.points, is_total=True)


def layout_of(file: CsvFile) -> BlackboardLayout:
    """Read the header.

    Raises
    ------
    ImportFileError
        No column is an item of a Blackboard gradebook, or the file has an item twice.
    """
    items: dict[str, Item] = {}
    computed: list[str] = []
    without_numbers: list[str] = []
    for column, header in enumerate(file.header):
        if not (found := ITEM.fullmatch(header.strip())):
            continue
        name = one_line(found["title"])
        if found["computed"]:
            computed.append(name)
        elif found["display"] not in AS_NUMBERS:
            without_numbers.append(name)
        elif found["id"] in items:
            raise ImportFileError(f"{file.name} has the item {found['id']} in more than one column. Remove one of them.")
        else:
            items[found["id"]] = Item(
                column, header, found["id"], name, _points(file, header, found["points"]), found["display"] == PERCENTAGE
            )
    if not (items or computed or without_numbers):
        headers = ", ".join(shortened(header) for header in file.header[:20])
        raise ImportFileError(
            f"{file.name} has no column such as 'Quiz 1 [Total Pts: 10 Score] |12345', as a Blackboard gradebook has; it has {headers}."
        )
    return BlackboardLayout(tuple(items.values()), tuple(computed), tuple(without_numbers))


def _points(file: CsvFile, header: str, text: str) -> float:
    try:
        return points_of(text)
    except UnreadableCellError as error:
        raise ImportFileError(f"{file.name}: the points of the column {shortened(header)} cannot be read: {text!r} {error}.") from error


FORMAT = Format(
    "blackboard-gradebook",
    "Blackboard gradebook",
    needs_course=True,
    detect=detect_by_opening(BlackboardGradebook),
    open=BlackboardGradebook,
)
