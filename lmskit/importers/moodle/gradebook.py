"""A Moodle gradebook, exported as plain text: one row per student, one column per grade item and way to display it.

A gradebook does not contain attempts, only their result; each grade becomes the total of a student's attempts. The lowest and
the highest grade of an item are not in the file, except where points and percentages are side by side and they can be computed.
An item that does not begin at 0 is stored from 0 on: 3.6 on a scale from 1 to 6 is 2.6 of 5. The words of a scale are stored
as their percentages.

Source of the format: `grade/export/txt` of Moodle.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.cell import ColumnValues, UnreadableCellError
from lmskit.importers.cell_meaning import CellMeaning, ResultColumn, meaning_of
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import GradebookTable, meanings_of
from lmskit.importers.moodle.grade_range import decimals_shown
from lmskit.importers.moodle.item_scale import ItemScale
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.rounded_scores import RoundedScores
from lmskit.importers.moodle.words import NO_GRADE, PERSON, columns_of, plain
from lmskit.importers.record import AbsentScore, AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, Record
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError
from lmskit.importers.text_cell import one_line, visible_lines
from lmskit.limits import LONGEST_TITLE
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
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
YES_OR_NO: Mapping[str, str] = {"1": "yes", "0": "no"}
"""The numbers that are words in the column about suspension."""
SUSPENDED_OR_NOT = "does not say whether the student is suspended in Moodle: write Yes or No"
IN_A_REPEATED_TITLE = "is in one of several columns with the same title, so its grade item is not known: give each its own title in Moodle"
NO_GROUPS = "a gradebook has no groups; they come with the list of participants (moodle-participants)."
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
    groups_thousands = False

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file, options.columns)
        super().__init__(file, options, self.layout.columns_read)
        self.people = People(file, self.layout.fields, self.warnings)
        self._points = meanings_of(ResultColumn.MOODLE_GRADE)
        self._percentages = meanings_of(ResultColumn.MOODLE_PERCENTAGE)
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        super().clear()
        self._without_grade = self._suspended = 0
        self._rounded = RoundedScores()
        items = self.layout.items
        self._scales = {item.title: ItemScale(item.has_points, "percentage" in item.columns, len(items)) for item in items}

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = [*self.notes_on_format, f"{self.name}: {NO_GROUPS}"]
        if self._without_grade:
            notes.append(f"{self.name}: cells without a grade (blank or a dash) are not counted: {self._without_grade:,}.")
        if self._suspended:
            notes.append(f"{self.name}: students who are suspended in Moodle are imported as withdrawn: {self._suspended:,}.")
        if self.layout.totals:
            totals = ", ".join(item.title for item in self.layout.totals)
            notes.append(f"{self.name}: totals, which Moodle computes from other columns, are not imported: {totals}.")
        for title, scale in self._scales.items():
            if title not in self.layout.repeated:
                notes += [f"{self.name}: {note}" for note in scale.notes(title)]
        notes += [f"{self.name}: {note}" for note in self._rounded.notes()]
        return [*notes, *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: first the quizzes, then row after row the student, the enrollment and the grades."""
        self.clear()
        self.detect_scores(self._number_cells())
        self._see_grades()
        for title, scale in self._scales.items():
            if scale.has_points and scale.range is None:
                scale.given = self.given_maximum(title)
        for item in self.layout.items:
            if item.title not in self.layout.repeated and item.grades is not None:
                position = Position(self.name, 1, self.file.header[item.grades])
                yield QuizRecord(position, item.title, has_source_id=False, title=item.title, max_score=self._scales[item.title].max_score)
        yield from self.student_records(self._rows())

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        return self.rows_without_footers(list(self.people.columns.values()))

    def _number_cells(self) -> Iterator[str]:
        """Give out the cells that should be numbers; on the way, look at how many decimals they show."""
        shown = ColumnValues(decimals_shown)
        columns = [
            (item.columns[display], display, self._scales[item.title].decimals, self._meanings(display))
            for item in self.layout.items
            for display in item.columns
            if display in {"real", "percentage"}
        ]
        for _, cells in self._rows():
            for column, display, decimals, meanings in columns:
                if meanings[cells[column]] in {CellMeaning.SCORE, CellMeaning.PERCENT}:
                    decimals[display] = max(decimals[display], shown[cells[column]])
                    yield cells[column]

    def _meanings(self, display: str) -> ColumnValues[CellMeaning]:
        return self._points if display == "real" else self._percentages

    def _see_grades(self) -> None:
        """Look at all grades that have points and percentages, which show the scale of their item."""
        items = [item for item in self.layout.items if {"real", "percentage"} <= item.columns.keys()]
        for _, cells in self._rows() if items else ():
            for item in items:
                cell, percentage = cells[item.columns["real"]].strip(), self._percentage_in(item, cells)
                if percentage is None:
                    continue
                scale = self._scales[item.title]
                match self._points[cell]:
                    case CellMeaning.SCORE:
                        try:
                            scale.see(self.signed_score[cell], percentage)
                        except UnreadableCellError:
                            continue  # rejected when the cell is read as a grade
                    case CellMeaning.SCALE:
                        scale.see(cell, percentage)

    def _percentage_in(self, item: GradeItem, cells: Sequence[str]) -> float | None:
        """Return the percentage beside the points of an item; None if there is no readable one."""
        column = item.columns.get("percentage")
        if column is None or self._percentages[cells[column]] is not CellMeaning.PERCENT:
            return None
        try:
            return self.score[cells[column].strip().removesuffix("%").rstrip()]
        except UnreadableCellError:
            return None

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        return self.people.read(row, cells)

    def enrollment(self, person: PersonRecord, cells: tuple[str, ...]) -> EnrollmentRecord:
        """Return the enrollment of a student, or raise `RejectedRowError`; a suspended student is withdrawn."""
        suspended = self.layout.fields.get("suspended")
        cell = "" if suspended is None else cells[suspended].strip()
        meaning = meaning_of(ResultColumn.MOODLE_SUSPENDED, YES_OR_NO.get(cell, cell))
        if meaning is CellMeaning.UNREADABLE:
            raise RejectedRowError(self.file.header[suspended or 0], cell, SUSPENDED_OR_NOT)
        if meaning is not CellMeaning.WITHDRAWN:
            return EnrollmentRecord(person.position, person.key)
        self._suspended += 1
        return EnrollmentRecord(person.position, person.key, status=EnrollmentStatus.WITHDRAWN)

    def grades_in(self, cells: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Give out header and text of the cells of a row that should be grades."""
        for item in self.layout.items:
            if item.grades is not None and not self._meaning(item, cells).has_no_score:
                yield self.file.header[item.grades], cells[item.grades]

    def totals(self, row: int, cells: tuple[str, ...], person: PersonKey) -> Iterator[AttemptRecord | AbsentScore]:
        """Give out the grades of a row; the time of the export, which the last column has, is not that of a grade."""
        for item in self.layout.items:
            if item.grades is None:
                continue
            header, cell = self.file.header[item.grades], cells[item.grades].strip()
            meaning = self._meaning(item, cells)
            if meaning.has_no_score:
                self._without_grade += 1
                if meaning.takes_back and item.title not in self.layout.repeated:
                    yield AbsentScore(self.grade_position(row, header), item.title, person, meaning.value)
            elif item.title in self.layout.repeated:
                self.reject_grade(row, header, cell, IN_A_REPEATED_TITLE)
            elif grade := self.read_grade(row, header, cell, partial(self._grade, item, cells, meaning)):
                score, maximum, shown = grade
                if meaning is not CellMeaning.SCALE:
                    self._rounded.see(header, cell)
                yield AttemptRecord(
                    self.grade_position(row, header),
                    item.title,
                    person,
                    score,
                    maximum,
                    is_total=True,
                    feedback="\n".join(filter(None, (shown, _feedback(item, cells)))) or None,
                    rounding=0.0 if meaning is CellMeaning.SCALE else self._scales[item.title].rounding,
                )

    def _meaning(self, item: GradeItem, cells: Sequence[str]) -> CellMeaning:
        """Return the meaning of the grade of an item that has a column of grades."""
        return self._meanings("real" if item.has_points else "percentage")[cells[item.grades or 0]]

    def _grade(self, item: GradeItem, cells: Sequence[str], meaning: CellMeaning) -> tuple[float, float | None, str | None]:
        """Return the score of a grade, its maximum, and the grade as Moodle shows it if that is not the score."""
        cell, scale = cells[item.grades or 0].strip(), self._scales[item.title]
        if meaning is CellMeaning.SCALE:
            score, maximum = scale.score_of_word(cell, self._percentage_in(item, cells))
            return score, maximum, f"{cell} on the scale of the grade item"
        found = scale.range
        if meaning is not CellMeaning.SCORE:
            return *self.points_in(meaning, cell, scale.max_score), None
        if found is None or not found.low:
            return *self.points_in(meaning, cell, found.span if found else scale.given), None
        points = self.signed_score[cell]
        return found.score(points), found.span, f"{points:.15g} on a scale from {found.low:g} to {found.high:g}"


def _feedback(item: GradeItem, cells: Sequence[str]) -> str | None:
    column = item.columns.get("feedback")
    if column is None or cells[column].strip() in NO_GRADE:
        return None
    return visible_lines(cells[column]) or None


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
    if not graded and (lettered := [item.header for item in items if "letter" in item.columns]):
        raise ImportFileError(
            f"{file.name} is a Moodle gradebook with letters alone, such as those of {shortened(lettered[0])!r}; letters have no points. "
            "Export it with the grade display types Real and Percentage."
        )
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
