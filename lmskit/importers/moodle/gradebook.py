"""A Moodle gradebook, exported as plain text: one row per student, one column per grade item and way to show it.

A gradebook knows no attempts, only what came of them; each grade is the total of one. It does not tell what an item is
out of, except where points and percentages stand side by side.

Source of the format: `grade/export/txt` of Moodle.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import Column, UnreadableCellError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.moodle.gradebook_layout import GradeItem, layout_of
from lmskit.importers.moodle.maximum import Maximum
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.times import unix_time
from lmskit.importers.moodle.words import NO_GRADE
from lmskit.importers.number_format import DecimalMark, decimal_mark, marks
from lmskit.importers.record import AttemptRecord, Cells, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, Record
from lmskit.importers.row import RejectedRowError
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import visible_lines
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    Row = tuple[str, ...]

OF_A_REJECTED_ROW = "belongs to a row that is not imported"
OF_A_REPEATED_TITLE = (
    "stands below a title that several columns have, so it is not known of what it is the grade: give each its own in Moodle"
)
OUT_OF_100 = 100.0


class Gradebook:
    """An opened gradebook; see `lmskit.importers.record.Source`."""

    format = "moodle-gradebook"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(self.file, options.columns)
        self.people = People(self.file, self.layout.places)
        self.options = options
        self.grades = Cells(f"{self.file.name}: grades")
        self.parts = (self.file, self.grades)
        self.warnings = RowWarnings()
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self._decimal: DecimalMark | None = None
        self._maxima: dict[str, Maximum] = {}
        self._begin()
        used = self.layout.used
        self.file.skipped_columns = tuple(column for place, column in enumerate(self.file.header) if place not in used)

    def _begin(self) -> None:
        self.grades.rows_in, self.grades.rejections = 0, []
        self.warnings.clear()
        self._without_grade = self._suspended = 0

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        notes = self.file.notes
        if self._decimal and (said := self._decimal.note(self.name)):
            notes.append(said)
        if self._without_grade:
            notes.append(f"{self.name}: cells that hold no grade (blank or a dash) are not counted: {self._without_grade:,}.")
        if self._suspended:
            notes.append(f"{self.name}: students who are suspended in Moodle are taken as withdrawn: {self._suspended:,}.")
        if self.layout.totals:
            totals = ", ".join(item.title for item in self.layout.totals)
            notes.append(f"{self.name}: totals, which Moodle computes from other columns, are not imported: {totals}.")
        for item in self.layout.items:
            notes += self._notes_on(item)
        return [*notes, *self.warnings.notes]

    def _notes_on(self, item: GradeItem) -> Iterator[str]:
        maximum = self._maxima.get(item.title)
        if item.title in self.layout.repeated:
            return
        if not item.shows_points:
            yield f"{self.name}: {item.title!r} has percentages and no points; it is taken as out of 100."
        elif maximum and maximum.value is not None:
            yield f"{self.name}: {item.title!r} is out of {maximum.value:g}, as its points and percentages tell."
        elif not maximum:
            yield f"{self.name}: {item.title!r} has points and no percentages, so only the quiz that is here tells what it is out of."
        elif maximum.is_contradictory:
            yield (
                f"{self.name}: the points and percentages of {item.title!r} do not tell what it is out of: no maximum fits all students. "
                "Its least grade may not be 0."
            )

    def records(self) -> Iterator[Record]:
        """Read the file: first the quizzes, then row after row the student, the enrollment and the grades."""
        self._begin()
        self._decimal = decimal_mark(self._grade_cells(), asked_for=self.options.decimal_mark)
        score = Column(marks(self._decimal))
        self._maxima = self._find_maxima(score)
        self._begin()
        out_of = {item.title: self._out_of(item) for item in self.layout.items}
        for item in self.layout.items:
            if item.title not in self.layout.repeated and item.grades is not None:
                place = Position(self.name, 1, self.file.header[item.grades])
                yield QuizRecord(place, item.title, has_source_id=False, title=item.title, max_score=out_of[item.title])
        for row, cells in self.file.rows():
            try:
                person = self.people.read(row, cells)
            except RejectedRowError as error:
                self.file.reject(row, error.column, error.cell, error.reason)
                self._reject_grades(row, cells)
                continue
            yield person
            yield self._enrollment(person, cells)
            yield from self._grades(row, cells, person.key, out_of, score)

    def _out_of(self, item: GradeItem) -> float | None:
        if not item.shows_points:
            return OUT_OF_100
        maximum = self._maxima.get(item.title)
        return maximum.value if maximum else None

    def _grade_cells(self) -> Iterator[str]:
        places = [place for item in self.layout.items for display, place in item.places.items() if display in {"real", "percentage"}]
        for _, cells in self.file.rows():
            yield from (cells[place] for place in places)

    def _find_maxima(self, score: Column[float]) -> dict[str, Maximum]:
        both = [item for item in self.layout.items if {"real", "percentage"} <= item.places.keys()]
        maxima = {item.title: Maximum() for item in both}
        for _, cells in self.file.rows() if both else ():
            for item in both:
                points, percentage = cells[item.places["real"]].strip(), cells[item.places["percentage"]].strip()
                try:
                    maxima[item.title].see(score[points], score[_without_sign(percentage)], points_text=points, percentage_text=percentage)
                except UnreadableCellError:
                    continue  # said when the cell is read as a grade
        return maxima

    def _enrollment(self, person: PersonRecord, cells: Row) -> EnrollmentRecord:
        place = self.layout.places.get("suspended")
        if place is None or cells[place].strip() in NO_GRADE:
            return EnrollmentRecord(person.position, person.key)
        self._suspended += 1
        return EnrollmentRecord(person.position, person.key, status=EnrollmentStatus.WITHDRAWN)

    def _reject_grades(self, row: int, cells: Row) -> None:
        for item in self.layout.items:
            if item.grades is not None and cells[item.grades].strip() not in NO_GRADE:
                self._reject(row, self.file.header[item.grades], cells[item.grades], OF_A_REJECTED_ROW)

    def _reject(self, row: int, column: str, cell: str, reason: str) -> None:
        self.grades.rows_in += 1
        self.grades.reject(row, column, cell, reason)

    def _grades(
        self, row: int, cells: Row, person: PersonKey, out_of: Mapping[str, float | None], score: Column[float]
    ) -> Iterator[AttemptRecord]:
        exported_at = self._exported_at(row, cells)
        for item in self.layout.items:
            if item.grades is None:
                continue
            column, cell = self.file.header[item.grades], cells[item.grades].strip()
            if cell in NO_GRADE:
                self._without_grade += 1
            elif item.title in self.layout.repeated:
                self._reject(row, column, cell, OF_A_REPEATED_TITLE)
            else:
                try:
                    points = score[cell if item.shows_points else _without_sign(cell)]
                except UnreadableCellError as error:
                    self._reject(row, column, cell, str(error))
                    continue
                self.grades.rows_in += 1
                yield AttemptRecord(
                    Position(self.grades.name, row, column),
                    item.title,
                    person,
                    points,
                    out_of[item.title],
                    is_total=True,
                    submitted_at=exported_at,
                    feedback=self._feedback(item, cells),
                )

    def _exported_at(self, row: int, cells: Row) -> dt.datetime | None:
        place = self.layout.exported
        if place is None or cells[place].strip() in NO_GRADE:
            return None
        try:
            return unix_time(cells[place])
        except UnreadableCellError as error:
            if "exported" in self.layout.places:
                self.warnings.add(self.name, row, self.file.header[place], cells[place], f"{error}, so the grades have no time")
            return None

    @staticmethod
    def _feedback(item: GradeItem, cells: Row) -> str | None:
        place = item.places.get("feedback")
        if place is None or cells[place].strip() in NO_GRADE:
            return None
        return visible_lines(cells[place]) or None


def _without_sign(percentage: str) -> str:
    return percentage.removesuffix("%").rstrip()


def detect(path: Path) -> bool:
    """Whether a file is a Moodle gradebook, judged by its header."""
    try:
        Gradebook(path, ReadOptions())
    except ImportFileError:
        return False
    return True


FORMAT = Format("moodle-gradebook", "Moodle gradebook", needs_course=True, detect=detect, open=Gradebook)
