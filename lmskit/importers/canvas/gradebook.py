"""A Canvas gradebook: one row per student, one column per assignment.

A gradebook does not contain attempts, only their result; each grade becomes the total of a student's attempts. `EX` excuses the student.

Source of the format: `lib/gradebook_exporter.rb` of Canvas LMS.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.person import SYSTEM, canvas_id, student, unescaped
from lmskit.importers.canvas.totals import DIFFERENT, Totals
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.grade_table import GradebookTable, meanings_of
from lmskit.importers.person_name import NOTE_ON_SPLIT_NAMES
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
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.section_cell import sections_in_sentence
from lmskit.importers.text_cell import one_line
from lmskit.limits import LONGEST_TITLE
from lmskit.readable import with_formula
from lmskit.vocabulary import SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

NAMES = ("Student", "LastName", "FirstName")
SIS_ID = "SIS User ID"
OPTIONAL_COLUMNS = (*NAMES, SIS_ID, "SIS Login ID", "Integration ID", "Root Account")
ASSIGNMENT = re.compile(r"(?P<title>.*) \((?P<id>[0-9]{1,20})\)\s*", re.DOTALL)
TOTALS = (
    "Current Points",
    "Final Points",
    "Current Score",
    "Unposted Current Score",
    "Final Score",
    "Unposted Final Score",
)
READ_ONLY = re.compile(
    r"(.* )?(Current Points|Final Points|(Unposted )?(Current|Final) (Score|Grade)|Override (Score|Grade))( \(.*\))?", re.DOTALL
)
"""Totals of the course or of a group of assignments, perhaps for one grading period."""
POINTS_POSSIBLE = "Points Possible"
POSTING = ("Manual Posting", "Muted")
WITHOUT_GRADE = {
    CellMeaning.ABSENT: "blank",
    CellMeaning.EXCUSED: "excused (EX) from what has no points possible",
    CellMeaning.NOT_ASSIGNED: "not assigned (N/A)",
    CellMeaning.WITHDRAWN: "withdrawn",
    CellMeaning.NOT_GRADED: "not graded yet",
}
NOT_COUNTED = {CellMeaning.EXCUSED, CellMeaning.NOT_ASSIGNED}
"""Cells that Canvas leaves out of its totals."""
TEST_STUDENT = ("Student", "Test")
WITHOUT_POINTS = "belongs to an assignment without points possible"


@dataclass(frozen=True, slots=True)
class Assignment:
    """A column of grades. `points` is the text of its cell in the row of points possible."""

    column: int
    header: str
    id: str
    title: str
    points: str


@dataclass(frozen=True)
class CanvasGradebookLayout:
    """Which columns and rows of a gradebook contain what; columns are given by their index."""

    names: tuple[int, ...]
    """The column of the whole name, or those of family name and given name."""
    id: int
    sis_id: int | None
    section: int
    assignments: tuple[Assignment, ...]
    totals: Mapping[str, int]
    """Columns of the totals of the whole course, by header."""
    has_posting_row: bool
    first_student: int
    """Number of the first row below the points possible."""

    def name(self, cells: Sequence[str]) -> str:
        """Return a row's name as one text, with a comma if family name and given name have columns of their own."""
        names = [unescaped(cells[column]) for column in self.names]
        return names[0] if len(names) == 1 else ", ".join(name.replace(",", " ") for name in names)

    def is_anonymous(self, cells: Sequence[str]) -> bool:
        """Return whether a row has neither a name nor an id."""
        return not cells[self.id].strip() and not any(cells[column].strip() for column in self.names)


class CanvasGradebook(GradebookTable):
    """An opened gradebook; see `lmskit.importers.record.Source`."""

    format = "canvas-gradebook"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = open_gradebook(path, options.delimiter)
        self.layout = layout_of(file)
        columns_read = {
            *self.layout.names,
            self.layout.id,
            self.layout.section,
            *(assignment.column for assignment in self.layout.assignments),
        }
        columns_read |= {self.layout.sis_id} if self.layout.sis_id is not None else set()
        self._totals = Totals(self.layout.totals, {}, has_posting_row=self.layout.has_posting_row)
        super().__init__(file, options, {*columns_read, *self._totals.columns.values()})
        self._meaning = meanings_of(ResultColumn.CANVAS_GRADE)
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        super().clear()
        self._possible: dict[int, float] = {}
        self._without_grade: Counter[CellMeaning] = Counter()
        self._without_comma = 0
        self._test_students: list[int] = []
        self._section_cells: set[str] = set()
        self._without_points: list[Assignment] = []

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        above = "the posting policy and the points possible" if self.layout.has_posting_row else "the points possible"
        notes = [*self.notes_on_format, f"{self.name}: the rows above the students, {above}, are not counted."]
        notes += [f"{self.name}: row {row} is Canvas's test student and is skipped." for row in self._test_students]
        if self._without_grade:
            counts = ", ".join(
                f"{self._without_grade[meaning]:,} {name}" for meaning, name in WITHOUT_GRADE.items() if self._without_grade[meaning]
            )
            notes.append(f"{self.name}: cells without a grade are not counted: {counts}.")
        if self._without_comma:
            notes.append(f"{self.name}: {NOTE_ON_SPLIT_NAMES}: {self._without_comma:,}.")
        notes += [
            f"{self.name}: the assignment {assignment.title!r} has no points possible, so its grades are not imported."
            for assignment in self._without_points
        ]
        notes += [
            f"{self.name}: the assignment {assignment.title!r} has 0 points possible: its grades are not evidence of mastery."
            for assignment in self.layout.assignments
            if self._possible.get(assignment.column) == 0
        ]
        if not self._totals.columns:
            notes.append(
                f"{self.name}: totals are not compared, since the weights of assignment groups are not known "
                "without the columns Current Points and Final Points."
            )
        return notes + self.warnings.notes

    def records(self) -> Iterator[Record]:
        """Read the file: its quizzes, then row after row the student, the enrollment and the grades."""
        self.detect_scores(self._number_cells())
        self.clear()
        self._section_cells = {cells[self.layout.section].strip() for _, cells in self.file.rows()}
        for assignment in self.layout.assignments:
            try:
                self._possible[assignment.column] = self.score[assignment.points]
            except UnreadableCellError:
                self._without_points.append(assignment)
            else:
                yield self._quiz(assignment)
        self._totals = Totals(self.layout.totals, self._possible, has_posting_row=self.layout.has_posting_row)
        yield from self.student_records(self._students())

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows below the points possible."""
        layout = self.layout
        of_people = [*layout.names, layout.id, *([] if layout.sis_id is None else [layout.sis_id])]
        for row, cells in self.rows_without_footers(of_people, first_row=layout.first_student):
            if row < layout.first_student:
                self.file.rows_in -= 1
            else:
                yield row, cells

    def _number_cells(self) -> Iterator[str]:
        yield from (assignment.points for assignment in self.layout.assignments)
        for _, cells in self._rows():
            yield from (cells[assignment.column] for assignment in self.layout.assignments)

    def _students(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows without the test student, who has no id of the student-information system."""
        sis_id = self.layout.sis_id
        for row, cells in self._rows():
            name = tuple(part.strip() for part in self.layout.name(cells).split(","))
            if name == TEST_STUDENT and (sis_id is None or not cells[sis_id].strip()):
                self.file.rows_in -= 1
                self._test_students.append(row)
            else:
                yield row, cells

    def _quiz(self, assignment: Assignment) -> QuizRecord:
        title = assignment.title or f"Assignment {assignment.id}"
        if len(title) > LONGEST_TITLE:
            self.warn(1, assignment.header, title, f"is longer than {LONGEST_TITLE} characters: its end is left out")
            title = title[: LONGEST_TITLE - 1] + "…"
        position = self.grade_position(1, assignment.header)
        return QuizRecord(position, assignment.id, has_source_id=True, title=title, max_score=self._possible[assignment.column])

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        layout, header = self.layout, self.file.header
        if layout.is_anonymous(cells):
            raise RejectedRowError(None, None, "does not name a student: it has neither a name nor an ID")
        self._sections_in(cells)  # a row whose section cannot be read is rejected as a whole
        position, name = Position(self.name, row), layout.name(cells)
        source_id = value(canvas_id, header[layout.id], self.person_cells.optional_id(position, header[layout.id], cells[layout.id]) or "")
        found = self.person_cells.full_name(position, header[layout.names[0]], name)
        self._without_comma += "," not in name
        sis_id = self.person_cells.optional_id(position, SIS_ID, "" if layout.sis_id is None else cells[layout.sis_id])
        return student(position, PersonKey(source_id, sis_id), found)

    def enrollment(self, person: PersonRecord, cells: tuple[str, ...]) -> EnrollmentRecord:
        """Return the enrollment of a student with its sections; a gradebook does not contain its status."""
        return EnrollmentRecord(person.position, person.key, sections=self._sections_in(cells))

    def _sections_in(self, cells: tuple[str, ...]) -> tuple[SectionName, ...]:
        read = partial(sections_in_sentence, SectionKind.SECTION, known=self._section_cells)
        return value(read, "Section", cells[self.layout.section])

    def grades_in(self, cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Give out header and text of the cells of a row that should be grades, or excuse the student."""
        for assignment in self.layout.assignments:
            meaning = self._meaning[cell := cells[assignment.column].strip()]
            if not meaning.has_no_score or self._excuses(assignment, meaning):
                yield assignment.header, cell

    def _excuses(self, assignment: Assignment, meaning: CellMeaning) -> bool:
        """Whether a cell excuses a student from a quiz, which has points possible."""
        return meaning is CellMeaning.EXCUSED and assignment.column in self._possible

    def totals(self, row: int, cells: tuple[str, ...], person: PersonKey) -> Iterator[AttemptRecord | ExcuseRecord | AbsentScore]:
        """Give out the grades and excuses of a row, and compare them with the totals beside them if all of them can be read."""
        possible, no_grade = self._possible, self._without_grade
        scores: dict[int, float] = {}
        not_counted: set[int] = set()
        is_complete = True
        for assignment in self.layout.assignments:
            column, header, cell = assignment.column, assignment.header, cells[assignment.column].strip()
            meaning = self._meaning[cell]
            if self._excuses(assignment, meaning):
                self.grades.rows_in += 1
                not_counted.add(column)
                yield ExcuseRecord(self.grade_position(row, header), assignment.id, person)
            elif meaning.has_no_score:
                no_grade[meaning] += 1
                if meaning.takes_back:
                    yield AbsentScore(self.grade_position(row, header), assignment.id, person, meaning.value)
                if meaning in NOT_COUNTED:
                    not_counted.add(column)
            elif column not in possible:
                is_complete = False
                self.reject_grade(row, header, cell, WITHOUT_POINTS)
            elif not (grade := self.read_grade(row, header, cell, partial(self.points_in, meaning, cell, possible[column]))):
                is_complete = False
            else:
                score = scores[column] = grade[0]
                yield AttemptRecord(self.grade_position(row, header), assignment.id, person, score, possible[column], is_total=True)
        if is_complete:
            for total in self._totals.differences(cells, scores, not_counted, self.score.__getitem__):
                self.warn(row, total.column, f"{total.cell} (recomputed {total.recomputed:.2f})", DIFFERENT)


def open_gradebook(path: Path, delimiter: str | None) -> CsvFile:
    """Open a file that has the columns of a gradebook.

    Raises
    ------
    ImportFileError
        It is not a gradebook.
    """
    file = CsvFile(path, ["ID", "Section"], optional=OPTIONAL_COLUMNS, whole=True, delimiter=delimiter)
    if "Student" not in file.header and not {"LastName", "FirstName"} <= set(file.header):
        found = ", ".join(shortened(header) for header in file.header[:20])
        raise ImportFileError(
            f"{file.name} has neither the column Student nor LastName and FirstName, as a Canvas gradebook has; it has {found}."
        )
    return file


def layout_of(file: CsvFile) -> CanvasGradebookLayout:
    """Read the header and the rows above the students.

    Raises
    ------
    ImportFileError
        The row of points possible is missing, or the file has an assignment twice.
    """
    header = file.header
    names = (header.index("Student"),) if "Student" in header else (header.index("LastName"), header.index("FirstName"))
    person = sorted({*names, header.index("ID")})
    has_posting_row, points_row = False, 0
    points: tuple[str, ...] = ()
    for row, cells in file.rows():
        named = [cells[column].strip() for column in person]
        if not any(named) and any(cell.startswith(POSTING) for cell in cells):
            has_posting_row = True
        elif POINTS_POSSIBLE in named and not cells[header.index("ID")].strip():
            points_row, points = row, cells
        else:
            first_student = row
            break
    else:
        first_student = points_row + 1
    if not points:
        raise ImportFileError(
            f"{file.name} lacks the row Points Possible under its header, so the maximum scores are not known. Export the gradebook again."
        )
    return CanvasGradebookLayout(
        names=names,
        id=header.index("ID"),
        sis_id=header.index(SIS_ID) if SIS_ID in header else None,
        section=header.index("Section"),
        assignments=_assignments(file, points),
        totals={column: header.index(column) for column in TOTALS if column in header},
        has_posting_row=has_posting_row,
        first_student=first_student,
    )


def _assignments(file: CsvFile, points: Sequence[str]) -> tuple[Assignment, ...]:
    """Find the assignments; the teacher's own columns are before the first of them, totals behind the last."""
    assignments: dict[str, Assignment] = {}
    for column, (header, possible) in enumerate(zip(file.header, points, strict=True)):
        found = ASSIGNMENT.fullmatch(header)
        has_points = any(character.isdigit() for character in possible)
        if not found or (not has_points and (not assignments or READ_ONLY.fullmatch(header))):
            continue
        if found["id"] in assignments:
            raise ImportFileError(f"{file.name} has the assignment {found['id']} in more than one column. Remove one of them.")
        assignments[found["id"]] = Assignment(column, header, found["id"], one_line(with_formula(found["title"])), possible.strip())
    return tuple(assignments.values())


def detect(path: Path) -> bool:
    """Return whether a file has the header of a Canvas gradebook and its row of points possible."""
    try:
        layout_of(open_gradebook(path, None))
    except ImportFileError:
        return False
    return True


FORMAT = Format("canvas-gradebook", "Canvas gradebook", needs_course=True, detect=detect, open=CanvasGradebook)
