"""The scores of one assignment, a row per student and a column per question, as Gradescope and automatic graders write them.

A question is a column whose header contains its number and its points, such as `1: Sorting (4.0 pts)`, `Q2 (6 points)` or
`Question 3 / 5`. The row is about the submission that counts; a student without one is enrolled and has no attempt.

Source of the format: *Download Grades* of an assignment in Gradescope.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import QuizReportTable, quiz_title, sum_of_scores
from lmskit.importers.plain_headers import columns_of_fields, plain_header
from lmskit.importers.plain_row import person_name
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, Record, ReportedSlot
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import one_line, optional_instant
from lmskit.limits import LARGEST_SCORE
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

SYSTEM = "gradescope"
ADDED_TO_TITLE = re.compile(r"_scores(?: ?\(\d+\))?$", re.IGNORECASE)
"""What Gradescope adds to an assignment's title to make a file's name, and a browser to that of a second download."""
OF_PEOPLE = ("sis_id", "id", "email", "family_name", "given_name", "name")
TOTALS = ("total score", "score", "total", "total points", "points", "gesamtpunkte", "summe", "punkte")
"""Headers of the column with the score of the whole assignment; of several the first is read."""
MAXIMA = ("max points", "max score", "maximum points", "points possible", "maximalpunkte")
TIMES = ("submission time", "submitted at", "submitted")
STATUS = "status"
MISSING, GRADED = frozenset({"missing", "not submitted"}), frozenset({"", "graded", "ungraded", "submitted"})
UNKNOWN_STATUS = "is not a state of a submission, which is Graded, Ungraded or Missing"
ROUNDING = 0.01
DECIMALS = 2
"""Decimals up to which points are compared with those of a bank."""
CHANGED_BY_HAND = "is not the sum of the questions' scores: points were added or taken off for the whole submission"
_NUMBER = re.compile(
    r"(?:(?:question|q|frage|aufgabe|exercise|task|problem|pregunta|ejercicio)\s*+\.?+\s*+)?+([0-9]{1,3}(?:\.[0-9]{1,3}){0,4}[a-z]?)"
)
_POINTS = re.compile(r"([0-9]{1,8}(?:[.,][0-9]{1,18})?)\s*+(pts?|points?|punkte?|p|puntos?)?\.?")


@dataclass(frozen=True, slots=True)
class ScoredQuestion:
    """A question and the column of its scores."""

    column: int
    header: str
    number: str
    text: str
    """Its title; empty if the header has only its number."""
    points: float


@dataclass(frozen=True)
class QuestionScoresLayout:
    """Which columns contain what; columns are given by their index, and are None if the table lacks them."""

    people: Mapping[str, int]
    """Columns of `OF_PEOPLE`."""
    total: int
    maximum: int | None
    status: int | None
    submitted: int | None
    questions: tuple[ScoredQuestion, ...]

    @property
    def columns_read(self) -> set[int]:
        """The columns that are read."""
        single = {column for column in (self.total, self.maximum, self.status, self.submitted) if column is not None}
        return {*self.people.values(), *single, *(question.column for question in self.questions)}


class QuestionScores(QuizReportTable):
    """An opened table; see `lmskit.importers.record.Source`."""

    format = "gradescope"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file, options.columns)
        title = quiz_title(path, options, ADDED_TO_TITLE)
        super().__init__(file, options, self.layout.columns_read, title=title if options.title else one_line(title.replace("_", " ")))
        self._all_points = sum(question.points for question in self.layout.questions)
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        self.warnings.clear()
        self._missing = 0
        self._largest_maximum = 0.0

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        notes = [*self.notes_on_format, self.note_on_title, self.note_on_types]
        if self._missing:
            notes.append(f"{self.name}: students without a submission, who are enrolled and have no attempt: {self._missing:,}.")
        return [*notes, *self.warnings.notes]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz is the last record."""
        self.clear()
        self.detect_scores(self._number_cells())
        for row, cells in self._rows():
            try:
                person = self.person(row, cells)
                attempt = None if self._is_missing(cells) else self.attempt(row, cells, person.key)
            except RejectedRowError as error:
                self.reject_row(row, error)
                continue
            yield person
            yield EnrollmentRecord(person.position, person.key, is_implied=True)
            if attempt is None:
                self._missing += 1
            else:
                yield attempt
        slots = [
            ReportedSlot(question.number, question.points, DECIMALS, (question.text,) if question.text else ())
            for question in self.layout.questions
        ]
        yield self.quiz(self._largest_maximum or self._all_points, slots)

    def _rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows without those that sum up the others."""
        return self.rows_without_footers(list(self.layout.people.values()))

    def _number_cells(self) -> Iterator[str]:
        layout = self.layout
        columns = [layout.total, *(question.column for question in layout.questions)]
        columns += [layout.maximum] if layout.maximum is not None else []
        for _, cells in self._rows():
            yield from (cells[column] for column in columns)

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        header, people = self.file.header, self.layout.people
        texts = {field: (header[column], cells[column].strip()) for field, column in people.items()}
        position, of_person = Position(self.name, row), self.person_cells
        key = PersonKey(
            sis_id=of_person.optional_id(position, *texts.get("sis_id", texts.get("id", ("", "")))),
            email=of_person.address(position, *texts.get("email", ("", ""))),
        )
        if key == PersonKey():
            raise RejectedRowError(None, None, "names no person: it has neither an id nor an address")
        name = person_name(position, texts, of_person)
        return PersonRecord(position, key, name.family, name.given, Role.STUDENT, is_split=name.is_split, doubt=name.doubt)

    def _is_missing(self, cells: Sequence[str]) -> bool:
        column = self.layout.status
        if column is None:
            return False
        status = cells[column].strip().casefold()
        if status not in MISSING | GRADED:
            raise RejectedRowError(self.file.header[column], cells[column], UNKNOWN_STATUS)
        return status in MISSING

    def attempt(self, row: int, cells: tuple[str, ...], person: PersonKey) -> AttemptRecord:
        """Return the attempt of a row, or raise `RejectedRowError`."""
        layout, header = self.layout, self.file.header
        answers: list[dict[str, Any]] = [
            {"question": question.number, "response": None, "score": self._score_in(cells, question.column)}
            for question in layout.questions
        ]
        total = self._score_in(cells, layout.total)
        maximum = self._all_points if layout.maximum is None else self._score_in(cells, layout.maximum) or self._all_points
        submitted = None if layout.submitted is None else value(optional_instant, header[layout.submitted], cells[layout.submitted])
        points, graded = sum_of_scores(answers)
        if total is not None and 0 < graded == len(answers) and abs(points - total) > ROUNDING:
            self.warn(row, header[layout.total], f"{cells[layout.total].strip()} (questions {points:g})", CHANGED_BY_HAND)
        self._largest_maximum = max(self._largest_maximum, maximum)
        position = Position(self.name, row)
        return AttemptRecord(position, self.title, person, total, maximum, is_total=False, submitted_at=submitted, answers=answers)

    def _score_in(self, cells: Sequence[str], column: int) -> float | None:
        """Return the score in a cell; None if nothing was graded yet."""
        cell = cells[column].strip()
        return value(self.score.__getitem__, self.file.header[column], cell) if cell not in {"", "-"} else None


def layout_of(file: CsvFile, given: Mapping[str, str]) -> QuestionScoresLayout:
    """Read the header.

    Parameters
    ----------
    file
        An opened table.
    given
        Headers that were given for fields of `OF_PEOPLE`.

    Raises
    ------
    ImportFileError
        It has no column of a question or of totals, or none that identifies students; or a question is in it twice.
    """
    has = ", ".join(map(shortened, file.header[:20])) or "no columns"
    questions = _questions(file)
    plain = [plain_header(text) for text in file.header]
    total = next((plain.index(word) for word in TOTALS if word in plain), None)
    if not questions or total is None:
        lacks = "column Total Score" if questions else "column of a question such as “1: Sorting (4.0 pts)”"
        raise ImportFileError(f"{file.name} has no {lacks}; it has {has}.")
    ignored = {field for field, text in given.items() if field in OF_PEOPLE and not text}
    given = {field: text for field, text in given.items() if field not in ignored}
    unknown = [f"{field}={text}" for field, text in given.items() if field not in OF_PEOPLE or text not in file.header]
    if unknown:
        raise ImportFileError(f"{file.name} has no such field or column: {unknown[0]}. Fields are {', '.join(OF_PEOPLE)}; it has {has}.")
    people = {field: file.header.index(text) for field, text in given.items()}
    for field, found in columns_of_fields(file.header, people, ignored).items():
        if field in OF_PEOPLE:
            people[field] = found[0]
    if not people.keys() & {"sis_id", "id", "email"}:
        raise ImportFileError(f"{file.name} has no column SID or Email to identify students; it has {has}. {advice.MAP_ADDRESS}")
    return QuestionScoresLayout(
        people=people,
        total=total,
        maximum=next((plain.index(word) for word in MAXIMA if word in plain), None),
        status=plain.index(STATUS) if STATUS in plain else None,
        submitted=next((plain.index(word) for word in TIMES if word in plain), None),
        questions=questions,
    )


def _questions(file: CsvFile) -> tuple[ScoredQuestion, ...]:
    """Return the questions without those of which only the parts are scored."""
    questions: dict[str, ScoredQuestion] = {}
    for column, header in enumerate(file.header):
        if (question := question_of(column, header)) is None:
            continue
        if question.number in questions:
            raise ImportFileError(f"{file.name} has the question {question.number} in more than one column. Remove one of them.")
        questions[question.number] = question
    whole = {number for number in questions for part in questions if part.startswith(f"{number}.")}
    kept = tuple(question for number, question in questions.items() if number not in whole)
    if sum(question.points for question in kept) > LARGEST_SCORE:
        raise ImportFileError(
            f"{file.name}: its questions have more than {LARGEST_SCORE:,} points altogether, which is the most that a quiz may have."
        )
    return kept


def question_of(column: int, header: str) -> ScoredQuestion | None:
    """Return the question of a column; None if its header does not contain a number and points.

    Examples
    --------
    >>> question_of(3, "1.2: Trees (6.0 pts)")
    ScoredQuestion(column=3, header='1.2: Trees (6.0 pts)', number='1.2', text='Trees', points=6.0)
    >>> [question.points for text in ("Q2 (4 points)", "Question 3 / 5") if (question := question_of(0, text))]
    [4.0, 5.0]
    >>> question_of(0, "Quiz 1 (123)"), question_of(0, "101: What is two (2)?")
    (None, None)
    """
    text = header.strip()
    if text.endswith(")"):
        label, opened, inside = text[:-1].rpartition("(")
        needs_word = True
    else:
        label, opened, inside = text.rpartition("/")
        needs_word = False
    points = _POINTS.fullmatch(inside.strip().casefold()) if opened else None
    number, _, name = label.partition(":")
    found = _NUMBER.fullmatch(number.strip().casefold())
    if points is None or found is None or (needs_word and points[2] is None):
        return None
    return ScoredQuestion(column, header, found[1], one_line(name), float(points[1].replace(",", ".")))


FORMAT = Format(
    "gradescope",
    "Gradescope, or scores by question",
    needs_course=True,
    detect=detect_by_opening(QuestionScores),
    open=QuestionScores,
)
