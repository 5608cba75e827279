"""A Canvas gradebook: one row per student, one column per assignment.

A gradebook knows no attempts, only what came of them; each grade is the total of one.

Source of the format: `lib/gradebook_exporter.rb` of Canvas LMS.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.gradebook_layout import Assignment, layout_of, opened_csv
from lmskit.importers.canvas.person import SYSTEM, canvas_id, family_and_given
from lmskit.importers.canvas.totals import DIFFERENT, Totals
from lmskit.importers.cell import Column, UnreadableCellError
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.number_format import DecimalMark, decimal_mark, marks
from lmskit.importers.record import AttemptRecord, Cells, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, Record
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import optional_identifier
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NO_GRADE = {"": "blank", "EX": "excused (EX)", "N/A": "not assigned (N/A)", "-": "a dash"}
TEST_STUDENT = ("Student", "Test")
OF_A_REJECTED_ROW = "belongs to a row that is not imported"
WITHOUT_POINTS = "belongs to an assignment without points possible"


class Gradebook:
    """An opened gradebook; see `lmskit.importers.record.Source`."""

    format = "canvas-gradebook"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = opened_csv(path, options.delimiter)
        self.layout = layout_of(self.file)
        self.options = options
        self.grades = Cells(f"{self.file.name}: grades")
        self.parts = (self.file, self.grades)
        self.warnings = RowWarnings()
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self._decimal: DecimalMark | None = None
        self._begin()
        used = {*self.layout.names, self.layout.id, self.layout.sis_id, *(each.place for each in self.layout.assignments)}
        used |= set(Totals(self.layout, {}).columns.values())
        self.file.skipped_columns = tuple(column for place, column in enumerate(self.file.header) if place not in used)

    def _begin(self) -> None:
        self.grades.rows_in, self.grades.rejections = 0, []
        self.warnings.clear()
        self._without_grade: Counter[str] = Counter()
        self._without_comma = 0
        self._test_students: list[int] = []
        self._without_points: list[Assignment] = []

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        above = "the posting policy and the points possible" if self.layout.has_posting_row else "the points possible"
        notes = [*self.file.notes, f"{self.name}: the rows above the students, {above}, are not counted."]
        if self._decimal and (said := self._decimal.note(self.name)):
            notes.append(said)
        notes += [f"{self.name}: row {row} is Canvas's test student and is skipped." for row in self._test_students]
        if self._without_grade:
            counts = ", ".join(f"{self._without_grade[cell]:,} {what}" for cell, what in NO_GRADE.items() if self._without_grade[cell])
            notes.append(f"{self.name}: cells that hold no grade are not counted: {counts}.")
        if self._without_comma:
            notes.append(f"{self.name}: names without a comma, whose last word was taken for the family name: {self._without_comma:,}.")
        notes += [
            f"{self.name}: the assignment {each.title!r} has no points possible, so its grades are not imported."
            for each in self._without_points
        ]
        if not Totals(self.layout, {}).columns:
            notes.append(f"{self.name}: totals are not compared; without Current Points and Final Points it is not known how groups weigh.")
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the file: its quizzes, then row after row the student, the enrollment and the grades."""
        self._decimal = decimal_mark(self._numbers(), asked_for=self.options.decimal_mark)
        self._begin()
        score = Column(marks(self._decimal))
        possible: dict[int, float] = {}
        for each in self.layout.assignments:
            try:
                possible[each.place] = score[each.points]
            except UnreadableCellError:
                self._without_points.append(each)
            else:
                yield self._quiz(each, possible[each.place])
        totals = Totals(self.layout, possible)
        for row, cells in self._students():
            person = self._person(row, cells)
            if person is None:
                self._reject_grades(row, cells)
                continue
            yield person
            yield EnrollmentRecord(person.position, person.key)
            yield from self._grades(row, cells, person.key, possible=possible, score=score, totals=totals)

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The rows of students, and what stands among them."""
        for row, cells in self.file.rows():
            if row < self.layout.first_student:
                self.file.rows_in -= 1
            else:
                yield row, cells

    def _numbers(self) -> Iterator[str]:
        yield from (each.points for each in self.layout.assignments)
        for _, cells in self._rows():
            yield from (cells[each.place] for each in self.layout.assignments)

    def _students(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """The rows, without the test student, who has no id of the student-information system."""
        place = self.layout.sis_id
        for row, cells in self._rows():
            name = tuple(part.strip() for part in self.layout.name(cells).split(","))
            if name == TEST_STUDENT and (place is None or not cells[place].strip()):
                self.file.rows_in -= 1
                self._test_students.append(row)
            else:
                yield row, cells

    def _quiz(self, each: Assignment, possible: float) -> QuizRecord:
        title = each.title or f"Assignment {each.id}"
        if len(title) > LONGEST_TITLE:
            self.warnings.add(self.name, 1, each.header, title, f"is longer than {LONGEST_TITLE} characters: its end is left out")
            title = title[: LONGEST_TITLE - 1] + "…"
        return QuizRecord(Position(self.grades.name, 1, each.header), each.id, has_source_id=True, title=title, max_score=possible)

    def _person(self, row: int, cells: tuple[str, ...]) -> PersonRecord | None:
        """The student of a row; None if the row is rejected."""
        layout, header = self.layout, self.file.header
        column, cell = header[layout.id], cells[layout.id]
        if layout.names_nobody(cells):
            self.file.reject(row, None, None, "names nobody: it has neither a name nor an ID")
            return None
        try:
            source_id = canvas_id(cell).strip()
            column, cell = header[layout.names[0]], layout.name(cells)
            family, given = family_and_given(cell)
            self._without_comma += "," not in cell
            column, cell = "SIS User ID", "" if layout.sis_id is None else cells[layout.sis_id]
            key = PersonKey(source_id, optional_identifier(cell))
        except UnreadableCellError as error:
            self.file.reject(row, column, cell, str(error))
            return None
        return PersonRecord(Position(self.name, row), key, family, given, Role.STUDENT)

    def _reject_grades(self, row: int, cells: tuple[str, ...]) -> None:
        for each in self.layout.assignments:
            if (cell := cells[each.place].strip()) not in NO_GRADE:
                self._reject(row, each.header, cell, OF_A_REJECTED_ROW)

    def _reject(self, row: int, column: str, cell: str, reason: str) -> None:
        self.grades.rows_in += 1
        self.grades.reject(row, column, cell, reason)

    def _grades(
        self, row: int, cells: tuple[str, ...], person: PersonKey, *, possible: dict[int, float], score: Column[float], totals: Totals
    ) -> Iterator[AttemptRecord]:
        scores: dict[int, float] = {}
        not_counted: set[int] = set()
        is_complete = True
        for each in self.layout.assignments:
            cell = cells[each.place].strip()
            if cell in NO_GRADE:
                self._without_grade[cell] += 1
                if cell in {"EX", "N/A"}:
                    not_counted.add(each.place)
            elif each.place not in possible:
                is_complete = False
                self._reject(row, each.header, cell, WITHOUT_POINTS)
            else:
                try:
                    scores[each.place] = score[cell]
                except UnreadableCellError as error:
                    is_complete = False
                    self._reject(row, each.header, cell, str(error))
                else:
                    self.grades.rows_in += 1
                    place = Position(self.grades.name, row, each.header)
                    yield AttemptRecord(place, each.id, person, scores[each.place], possible[each.place], is_total=True)
        if is_complete:
            for total in totals.differences(cells, scores, not_counted, score.__getitem__):
                self.warnings.add(self.name, row, total.column, f"{total.cell} (recomputed {total.recomputed:.2f})", DIFFERENT)


def detect(path: Path) -> bool:
    """Whether a file is a Canvas gradebook, judged by its header and its row of points possible."""
    try:
        layout_of(opened_csv(path, None))
    except ImportFileError:
        return False
    return True


FORMAT = Format("canvas-gradebook", "Canvas gradebook", needs_course=True, detect=detect, open=Gradebook)
