"""A Moodle gradebook, exported as plain text: one row per student, one column per grade item and way to display it.

A gradebook does not contain attempts, only their result; each grade becomes the total of a student's attempts. The maximum
of an item is not in the file, except where points and percentages are side by side and it can be computed from them.

Source of the format: `grade/export/txt` of Moodle.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import UnreadableCellError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import GradebookTable
from lmskit.importers.moodle.maximum import MaximumFinder
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.times import unix_time
from lmskit.importers.moodle.words import NO_GRADE, PERSON, columns_of, plain
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, Record
from lmskit.importers.report import shortened
from lmskit.importers.text_cell import one_line, visible_lines
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

DISPLAYS: Mapping[str, frozenset[str]] = {
    "real": frozenset({"real", "punkte", "brut"}),
    "percentage": frozenset({"percentage", "prozentsatz", "pourcentage", "porcentaje"}),
    "letter": frozenset({"letter", "note", "lettre", "letra"}),
    "feedback": frozenset({"feedback", "rückmeldung", "retroalimentación"}),
}
"""What a column shows of a grade item, by the last word of its header."""
OPTIONAL = ("suspended", "exported")
MAX_OF_PERCENTAGES = 100.0
IN_A_REPEATED_TITLE = "is in one of several columns with the same title, so its grade item is not known: give each its own title in Moodle"
_LONGEST_DISPLAY = 30
_QUIZ = re.compile(r"\s*(?:Quiz|Test|Cuestionario)\s*:\s*(?=\S)")
_MODULE = re.compile(r"\s*[^\W\d_][^:]{0,40}:")
_TOTAL = re.compile(r"(?:total|summe für|suma)\b.*|.*\b(?:total|gesamt)", re.IGNORECASE | re.DOTALL)


@dataclass
class GradeItem:
    """Something that is graded, and its columns."""

    header: str
    """The part that the headers of its columns have in common."""
    title: str
    columns: dict[str, int] = field(default_factory=dict)
    """Column indices by what the columns show: keys of `DISPLAYS`."""

    @property
    def is_total(self) -> bool:
        """Whether Moodle computed it from other items. An activity never is a total, whatever its name."""
        return not _MODULE.match(self.header) and bool(_TOTAL.fullmatch(self.header.strip()))

    @property
    def grades(self) -> int | None:
        """The column of its grades: points if there are any, else percentages."""
        return self.columns.get("real", self.columns.get("percentage"))

    @property
    def has_points(self) -> bool:
        """Whether its grades are points."""
        return "real" in self.columns


@dataclass(frozen=True)
class MoodleGradebookLayout:
    """Which columns of a gradebook contain what; columns are given by their index."""

    fields: Mapping[str, int]
    """Columns of `PERSON` and `OPTIONAL`."""
    items: tuple[GradeItem, ...]
    """The items that are imported."""
    totals: tuple[GradeItem, ...]
    repeated: frozenset[str]
    """Titles that several items have."""
    exported: int | None
    """The column with the time of export."""

    @property
    def columns_read(self) -> set[int]:
        """The columns that are read."""
        columns = {column for field, column in self.fields.items() if field not in OPTIONAL}
        columns |= {column for column in (self.fields.get("suspended"), self.exported) if column is not None}
        for item in self.items:
            columns |= {column for display, column in item.columns.items() if display != "letter"}
        return columns


class MoodleGradebook(GradebookTable):
    """An opened gradebook; see `lmskit.importers.record.Source`."""

    format = "moodle-gradebook"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file, options.columns)
        self.people = People(file, self.layout.fields)
        super().__init__(file, options, self.layout.columns_read)
        self._maxima: dict[str, MaximumFinder] = {}
        self._max_scores: dict[str, float | None] = {}
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        super().clear()
        self._without_grade = self._suspended = 0

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = self.notes_on_format
        if self._without_grade:
            notes.append(f"{self.name}: cells without a grade (blank or a dash) are not counted: {self._without_grade:,}.")
        if self._suspended:
            notes.append(f"{self.name}: students who are suspended in Moodle are imported as withdrawn: {self._suspended:,}.")
        if self.layout.totals:
            totals = ", ".join(item.title for item in self.layout.totals)
            notes.append(f"{self.name}: totals, which Moodle computes from other columns, are not imported: {totals}.")
        for item in self.layout.items:
            notes += self._notes_on_maximum(item)
        return [*notes, *self.warnings.notes]

    def _notes_on_maximum(self, item: GradeItem) -> Iterator[str]:
        if item.title in self.layout.repeated:
            return
        maximum = self._maxima.get(item.title)
        if not item.has_points:
            yield f"{self.name}: {item.title!r} has percentages and no points; its maximum score is set to 100."
        elif maximum and maximum.value is not None:
            yield f"{self.name}: {item.title!r} has the maximum score {maximum.value:g}, computed from its points and percentages."
        elif not maximum:
            yield f"{self.name}: {item.title!r} has points and no percentages, so its maximum score is that of the quiz in lmskit."
        elif maximum.is_contradictory:
            yield (
                f"{self.name}: the maximum score of {item.title!r} cannot be computed: none fits all points and percentages. "
                "Perhaps its lowest grade is not 0."
            )

    def records(self) -> Iterator[Record]:
        """Read the file: first the quizzes, then row after row the student, the enrollment and the grades."""
        self.clear()
        self.detect_scores(self._number_cells())
        self._maxima = self._find_maxima()
        self._max_scores = {item.title: self._max_score(item) for item in self.layout.items}
        for item in self.layout.items:
            if item.title not in self.layout.repeated and item.grades is not None:
                position = Position(self.name, 1, self.file.header[item.grades])
                yield QuizRecord(position, item.title, has_source_id=False, title=item.title, max_score=self._max_scores[item.title])
        yield from self.student_records(self.file.rows())

    def _max_score(self, item: GradeItem) -> float | None:
        if not item.has_points:
            return MAX_OF_PERCENTAGES
        maximum = self._maxima.get(item.title)
        return maximum.value if maximum else None

    def _number_cells(self) -> Iterator[str]:
        columns = [item.columns[display] for item in self.layout.items for display in item.columns if display in {"real", "percentage"}]
        for _, cells in self.file.rows():
            yield from (cells[column] for column in columns)

    def _find_maxima(self) -> dict[str, MaximumFinder]:
        items = [item for item in self.layout.items if {"real", "percentage"} <= item.columns.keys()]
        maxima = {item.title: MaximumFinder() for item in items}
        for _, cells in self.file.rows() if items else ():
            for item in items:
                points, percentage = cells[item.columns["real"]].strip(), cells[item.columns["percentage"]].strip()
                try:
                    score, share = self.score[points], self.score[_without_sign(percentage)]
                except UnreadableCellError:
                    continue  # rejected when the cell is read as a grade
                maxima[item.title].see(score, share, points_text=points, percentage_text=percentage)
        return maxima

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        return self.people.read(row, cells)

    def enrollment(self, person: PersonRecord, cells: tuple[str, ...]) -> EnrollmentRecord:
        """Return the enrollment of a student; a suspended student is withdrawn."""
        suspended = self.layout.fields.get("suspended")
        if suspended is None or cells[suspended].strip() in NO_GRADE:
            return EnrollmentRecord(person.position, person.key)
        self._suspended += 1
        return EnrollmentRecord(person.position, person.key, status=EnrollmentStatus.WITHDRAWN)

    def grades_in(self, cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Give out header and text of the cells of a row that are not empty and should be grades."""
        for item in self.layout.items:
            if item.grades is not None and cells[item.grades].strip() not in NO_GRADE:
                yield self.file.header[item.grades], cells[item.grades]

    def totals(self, row: int, cells: tuple[str, ...], person: PersonKey) -> Iterator[AttemptRecord]:
        """Give out the grades of a row, with the time of the export."""
        exported_at = self._exported_at(row, cells)
        for item in self.layout.items:
            if item.grades is None:
                continue
            header, cell = self.file.header[item.grades], cells[item.grades].strip()
            if cell in NO_GRADE:
                self._without_grade += 1
            elif item.title in self.layout.repeated:
                self.reject_grade(row, header, cell, IN_A_REPEATED_TITLE)
            elif (score := self.read_grade(row, header, cell, cell if item.has_points else _without_sign(cell))) is not None:
                yield AttemptRecord(
                    self.grade_position(row, header),
                    item.title,
                    person,
                    score,
                    self._max_scores[item.title],
                    is_total=True,
                    submitted_at=exported_at,
                    feedback=_feedback(item, cells),
                )

    def _exported_at(self, row: int, cells: tuple[str, ...]) -> dt.datetime | None:
        column = self.layout.exported
        if column is None or cells[column].strip() in NO_GRADE:
            return None
        try:
            return unix_time(cells[column])
        except UnreadableCellError as error:
            if "exported" in self.layout.fields:
                self.warn(row, self.file.header[column], cells[column], f"{error}, so the grades have no time")
            return None


def _feedback(item: GradeItem, cells: Sequence[str]) -> str | None:
    column = item.columns.get("feedback")
    if column is None or cells[column].strip() in NO_GRADE:
        return None
    return visible_lines(cells[column]) or None


def _without_sign(percentage: str) -> str:
    return percentage.removesuffix("%").rstrip()


def layout_of(file: CsvFile, given: Mapping[str, str]) -> MoodleGradebookLayout:
    """Read the header.

    Parameters
    ----------
    file
        An opened gradebook.
    given
        Headers that were given for fields of `PERSON` and `OPTIONAL`.

    Raises
    ------
    ImportFileError
        It has no column of grades.
    """
    fields = columns_of(file.name, file.header, (*PERSON, *OPTIONAL), given)
    items = _items(file.header, set(fields.values()))
    graded = [item for item in items if item.grades is not None]
    if not graded:
        raise ImportFileError(
            f"{file.name} has no column of grades such as 'Quiz: Week 1 (Real)'; it has {', '.join(map(shortened, file.header[:20]))}. "
            "Export the gradebook from Moodle as a plain text file, with the grade display type real."
        )
    imported = tuple(item for item in graded if not item.is_total)
    last = len(file.header) - 1
    recognised = {*fields.values(), *(column for item in items for column in item.columns.values())}
    exported = fields.get("exported", None if last in recognised else last)
    titles = Counter(item.title for item in imported)
    repeated = frozenset(title for title, times in titles.items() if times > 1)
    return MoodleGradebookLayout(fields, imported, tuple(item for item in graded if item.is_total), repeated, exported)


def _items(header: Sequence[str], recognised: set[int]) -> list[GradeItem]:
    """Return the grade items in the order of their columns; a second column of one kind begins another item of the same name."""
    items: list[GradeItem] = []
    for column, text in enumerate(header):
        item, shown = (text, "") if column in recognised else _parted(text)
        display = next((display for display, words in DISPLAYS.items() if shown and plain(shown) in words), None)
        if not display:
            continue
        if not items or items[-1].header != item or display in items[-1].columns:
            items.append(GradeItem(item, title_of(item)))
        items[-1].columns[display] = column
    return items


def _parted(header: str) -> tuple[str, str]:
    """Part a header into the grade item and what its column shows, which is empty if the header ends otherwise.

    By searching from the end, and not by a regular expression, which would take a time that grows with the square of the blanks.

    Examples
    --------
    >>> _parted("Quiz: Sets (week 2) (Real)"), _parted("First name")
    (('Quiz: Sets (week 2)', 'Real'), ('First name', ''))
    """
    text = header.rstrip()
    item, opened, display = text[:-1].rpartition("(")
    if not (text.endswith(")") and opened and item.strip() and 0 < len(display) <= _LONGEST_DISPLAY) or ")" in display:
        return header, ""
    return item.rstrip(), display


def title_of(item: str) -> str:
    """Return a quiz's title without the word that Moodle puts before it; other activities keep theirs.

    Examples
    --------
    >>> title_of("Quiz: Week 1"), title_of("Cuestionario:Semana 1"), title_of("Assignment: Essay")
    ('Week 1', 'Semana 1', 'Assignment: Essay')
    """
    quiz = _QUIZ.match(item)
    return one_line(item[quiz.end() :] if quiz else item)[:LONGEST_TITLE].strip() or "Grade item"


FORMAT = Format("moodle-gradebook", "Moodle gradebook", needs_course=True, detect=detect_by_opening(MoodleGradebook), open=MoodleGradebook)
