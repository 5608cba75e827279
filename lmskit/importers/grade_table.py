"""What the readers of grade tables share: gradebooks with a column per quiz, and reports with a row per attempt.

They are CSV files whose rows are about students and some of whose cells are scores. How a system writes students, times
and answers is the subject of its own readers.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from lmskit.importers import advice
from lmskit.importers.cell import ColumnValues, UnreadableCellError
from lmskit.importers.cell_meaning import CellMeaning, meaning_of
from lmskit.importers.header_rows import is_footer
from lmskit.importers.number_format import DecimalMark, decimal_mark, score_reader
from lmskit.importers.person_cells import PersonCells
from lmskit.importers.record import AttemptRecord, Cells, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import one_line
from lmskit.limits import LARGEST_SCORE, LONGEST_TITLE

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.cell_meaning import ResultColumn
    from lmskit.importers.csv_file import CsvFile
    from lmskit.importers.formats import ReadOptions
    from lmskit.importers.record import AbsentScore, ExcuseRecord, Record, ReportedSlot

Grade = TypeVar("Grade")
IN_A_REJECTED_ROW = "belongs to a row that is not imported"
WITHOUT_SCALE = "is a grade in letters, and the file does not contain how many points it is: export points or percentages"
BELOW_ZERO = "is a total below 0: it is stored as 0"
MAX_OF_PERCENTAGES = 100.0
"""The maximum score of a result that is a percentage, if no other is known."""
STORED_DECIMALS = 4
"""What the database stores of a score."""


class GradeTable(ABC):
    """An opened CSV file with scores; a reader adds the rest of `lmskit.importers.record.Source`.

    Parameters
    ----------
    file
        The file, opened so that a row has all its cells.
    options
        How the file is to be read.
    columns_read
        Indices of the columns that are read. A report lists all others as skipped.
    """

    format: str
    system: str
    is_partial = False
    may_lack_a_course = False
    groups_thousands: ClassVar[bool] = True
    """Whether the system that writes the files may group the thousands of numbers."""

    def __init__(self, file: CsvFile, options: ReadOptions, columns_read: Collection[int]) -> None:
        self.file, self.options = file, options
        self.name, self.sha256 = file.name, file.text.sha256
        self.warnings = RowWarnings()
        self.person_cells = PersonCells(self.warnings)
        self._set_readers(DecimalMark("."))
        self._decimal: DecimalMark | None = None
        self._above = self._footers = 0
        self._known_titles: set[str] = set()
        file.skipped_columns = tuple(header for index, header in enumerate(file.header) if index not in columns_read)

    @property
    def notes_on_format(self) -> list[str]:
        """Notes on the encoding, the delimiter and the decimal mark with which the file was read, and on maximum scores."""
        decimal_note = self._decimal.note(self.name) if self._decimal else None
        above = f"{self.name}: scores above their maximum score, as for extra credit, are kept: {self._above:,}." if self._above else None
        unknown = ", ".join(repr(title) for title in self.options.max_scores if title not in self._known_titles)
        unused = f"{self.name} has no quiz {unknown} without a maximum score, so the one that was given is not used." if unknown else None
        footers = f"{self.name}: rows with sums, averages or footnotes are not counted: {self._footers:,}." if self._footers else None
        return [*self.file.notes, *filter(None, (decimal_note, above, unused, footers))]

    def rows_without_footers(self, of_people: Sequence[int], *, first_row: int = 0) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows of the file without those that sum up others or are footnotes, which are counted.

        Parameters
        ----------
        of_people
            The columns with names and ids.
        first_row
            The number of the first row that may be one.
        """
        self._footers = 0
        for row, cells in self.file.rows():
            if row >= first_row and is_footer(cells, of_people):
                self.file.rows_in -= 1
                self._footers += 1
            else:
                yield row, cells

    def detect_scores(self, number_cells: Iterable[str]) -> None:
        """Detect the decimal mark from all cells that should be numbers, for `score` and `signed_score`."""
        self._above = 0
        self._known_titles.clear()
        self._decimal = decimal_mark(
            number_cells,
            given=self.options.decimal_mark,
            file=self.name,
            delimiter=self.file.delimiter,
            groups_thousands=self.groups_thousands,
        )
        self._set_readers(self._decimal)

    def _set_readers(self, decimal: DecimalMark) -> None:
        self.score: ColumnValues[float] = ColumnValues(score_reader(decimal))
        """Scores by the text of their cells, once `detect_scores` was called."""
        self.signed_score: ColumnValues[float] = ColumnValues(score_reader(decimal, low=-LARGEST_SCORE))
        """Scores that may be below 0."""

    def given_maximum(self, title: str) -> float | None:
        """Return the maximum score that a person gave for a quiz of which the file does not contain it; None if none was given."""
        given = self.options.max_scores.get(title)
        if given is not None:
            self._known_titles.add(title)
        return given

    def points_in(self, meaning: CellMeaning, cell: str, maximum: float | None) -> tuple[float, float | None]:
        """Return the score that a cell with this meaning gives, and its maximum, which is unknown if it is None.

        Parameters
        ----------
        meaning
            The meaning of the cell; it is not one of those without a score.
        cell
            Its text.
        maximum
            The maximum score of what is graded; None if the file does not contain it.

        Raises
        ------
        UnreadableCellError
            The cell does not give a score.
        """
        score, maximum = self._points_in(meaning, cell, maximum)
        self._above += maximum is not None and score > maximum > 0
        return score, maximum

    def _points_in(self, meaning: CellMeaning, cell: str, maximum: float | None) -> tuple[float, float | None]:
        if meaning is CellMeaning.SCALE:
            raise UnreadableCellError(WITHOUT_SCALE)
        if meaning is CellMeaning.PERCENT:
            share = self.score[cell.strip().removesuffix("%").rstrip()]
            return (share, MAX_OF_PERCENTAGES) if maximum is None else (round(share * maximum / 100, STORED_DECIMALS), maximum)
        if meaning in {CellMeaning.FULL, CellMeaning.ZERO}:
            if maximum is None:
                raise UnreadableCellError("means all or no points, and the file does not contain how many points there are")
            return (maximum if meaning is CellMeaning.FULL else 0.0), maximum
        return self.score[cell], maximum

    def reject_row(self, row: int, error: RejectedRowError) -> None:
        """Report that a row is not imported."""
        self.file.reject(row, error.column, error.cell, error.reason)

    def warn(self, row: int, column: str, cell: str, reason: str) -> None:
        """Report that a row is imported although something about one of its cells is unusual."""
        self.warnings.add(self.name, row, column, cell, reason)


class GradebookTable(GradeTable):
    """A gradebook: one row per student, and grades that are counted as cells of a part of their own.

    A gradebook does not contain attempts, only their result: each grade becomes the total of a student's attempts at one
    quiz.
    """

    def __init__(self, file: CsvFile, options: ReadOptions, columns_read: Collection[int]) -> None:
        super().__init__(file, options, columns_read)
        self.grades = Cells(f"{file.name}: grades")
        self.parts = (file, self.grades)

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        self.grades.rows_in, self.grades.rejections = 0, []
        self.warnings.clear()

    def student_records(self, rows: Iterable[tuple[int, tuple[str, ...]]]) -> Iterator[Record]:
        """Give out row after row the student, the enrollment and the grades; with a rejected row its grades are rejected."""
        for row, cells in rows:
            try:
                person = self.person(row, cells)
                enrollment = self.enrollment(person, cells)
            except RejectedRowError as error:
                self.reject_row(row, error)
                for header, cell in self.grades_in(cells):
                    self.reject_grade(row, header, cell, IN_A_REJECTED_ROW)
                continue
            yield person
            yield enrollment
            yield from self.totals(row, cells, person.key)

    @abstractmethod
    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""

    @abstractmethod
    def enrollment(self, person: PersonRecord, cells: tuple[str, ...]) -> EnrollmentRecord:
        """Return the enrollment of the student of a row, or raise `RejectedRowError`."""

    @abstractmethod
    def grades_in(self, cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Give out header and text of the cells of a row that should be grades, or excuse the student."""

    @abstractmethod
    def totals(self, row: int, cells: tuple[str, ...], person: PersonKey) -> Iterator[AttemptRecord | ExcuseRecord | AbsentScore]:
        """Give out the grades and excuses of a row; those that cannot be read are rejected with `reject_grade`."""

    def reject_grade(self, row: int, header: str, cell: str, reason: str) -> None:
        """Count a grade and report that it is not imported."""
        self.grades.rows_in += 1
        self.grades.reject(row, header, cell, reason)

    def read_grade(self, row: int, header: str, cell: str, read: Callable[[], Grade]) -> Grade | None:
        """Count a grade and return what `read` returns; None if it is rejected, since `read` raised `UnreadableCellError`."""
        try:
            grade = read()
        except UnreadableCellError as error:
            self.reject_grade(row, header, cell, str(error))
            return None
        self.grades.rows_in += 1
        return grade

    def grade_position(self, row: int, header: str) -> Position:
        """Return the position of a grade."""
        return Position(self.grades.name, row, header)


class QuizReportTable(GradeTable):
    """A report on one quiz with a row per attempt. Such reports do not name their quiz, nor the types of its questions."""

    def __init__(self, file: CsvFile, options: ReadOptions, columns_read: Collection[int], *, title: str) -> None:
        super().__init__(file, options, columns_read)
        self.parts = (file,)
        self.title = title

    @property
    def note_on_title(self) -> str:
        """Note on where the title of the quiz comes from."""
        source = "as asked for" if self.options.title else f"after the name of the file, since the report does not name it; {advice.TITLE}"
        return f"{self.name}: the quiz is called {self.title!r}, {source}."

    @property
    def note_on_types(self) -> str:
        """Note on where types and options of questions come from."""
        return (
            f"{self.name}: the report does not contain types and options of questions. Import the question bank too, before or after it: "
            "its questions are found by their texts and right answers."
        )

    def attempt_records(self, rows: Iterable[tuple[int, tuple[str, ...]]]) -> Iterator[Record]:
        """Give out row after row the student, the enrollment and the attempt."""
        for row, cells in rows:
            try:
                person = self.person(row, cells)
                attempt = self.attempt(row, cells, person.key)
            except RejectedRowError as error:
                self.reject_row(row, error)
                continue
            yield person
            yield EnrollmentRecord(person.position, person.key, is_implied=True)
            yield attempt

    @abstractmethod
    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""

    @abstractmethod
    def attempt(self, row: int, cells: tuple[str, ...], person: PersonKey) -> AttemptRecord:
        """Return the attempt of a row, or raise `RejectedRowError`."""

    def total_in(self, row: int, column: int, cells: Sequence[str], meaning: CellMeaning) -> float | None:
        """Return the total of an attempt, which may be below 0; None if the attempt is not graded yet.

        Raises
        ------
        RejectedRowError
            The cell is not a score.
        """
        if meaning is CellMeaning.NOT_GRADED:
            return None
        header, cell = self.file.header[column], cells[column]
        total = value(self.signed_score.__getitem__, header, cell)
        if total < 0:
            self.warn(row, header, cell, BELOW_ZERO)
        return total

    def quiz(self, max_score: float, slots: Sequence[ReportedSlot]) -> QuizRecord:
        """Return the quiz that the report is on."""
        return QuizRecord(
            Position(self.name, 1),
            self.title,
            has_source_id=False,
            title=self.title,
            max_score=max_score,
            slots=slots,
            is_named_by_file=not self.options.title,
        )


def meanings_of(column: ResultColumn) -> ColumnValues[CellMeaning]:
    """Return the meanings of the cells of a column by their texts."""
    return ColumnValues(partial(meaning_of, column))


def quiz_title(path: Path, options: ReadOptions, added_by_system: re.Pattern[str]) -> str:
    """Return the title of the quiz of a report: the one asked for, else the file's name without what the system adds to it."""
    return one_line(options.title or added_by_system.sub("", path.stem))[:LONGEST_TITLE].strip() or "Quiz"


def sum_of_scores(answers: Iterable[dict[str, Any]]) -> tuple[float, int]:
    """Return the sum of the scores of answers, and how many of the answers have a score."""
    scores = [answer["score"] for answer in answers if answer["score"] is not None]
    return sum(scores), len(scores)
