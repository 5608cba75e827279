"""Two reports on a Moodle quiz, one row per attempt: *grades* contains the scores, *responses* the questions and answers.

Both number the questions in the same way, so the two reports of one quiz are about the same attempts. They contain neither
the title of the quiz nor the time zone of their times.

Source of the format: `mod/quiz/report` of Moodle.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.formats import Format, ReadOptions, detect_by_opening
from lmskit.importers.grade_table import QuizReportTable, quiz_title, short_text_questions, sum_of_scores
from lmskit.importers.moodle.person import SYSTEM, People
from lmskit.importers.moodle.times import TOO_LONG, duration, instant
from lmskit.importers.moodle.words import NO_GRADE, NOT_YET_GRADED, PERSON, UNFINISHED, columns_of, plain
from lmskit.importers.record import AttemptRecord, PersonKey, PersonRecord, Position, Record
from lmskit.importers.report import shortened
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.text_cell import visible_lines
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

ADDED_TO_TITLE = re.compile(
    r"-(?:grades|responses|Bewertungen|Antworten|notes|réponses|calificaciones|respuestas)(?: ?\(\d+\))?$", re.IGNORECASE
)
"""What Moodle adds to a quiz's title to make a file's name, and a browser to that of a second download."""
ROUNDING = 0.005
"""Moodle writes two decimals by default, and rounds the score of each question by itself."""
SMALLEST = 1e-9
NOT_FINISHED = "is an attempt that is not finished"
CHANGED_BY_HAND = "is not the sum of its questions' scores: the grade was changed, or the score of a question is missing"
TIMES = ("state", "started", "completed", "duration")
_POINTS = r"(?P<points>[0-9]{1,8}(?:[.,][0-9]{1,18})?)"
_GRADE = re.compile(rf"\s*+(?:grade|bewertung|note|calificación)\s*+/\s*+{_POINTS}\s*+", re.IGNORECASE)
_MARK = re.compile(rf"\s*+(?:Q|F|P)\s*+(?:\.\s*+)?(?P<number>[0-9]{{1,4}}[A-Za-z]?)\s*+/\s*+{_POINTS}\s*+")
_TEXT = re.compile(r"(?P<word>[^\W\d_][^0-9]{1,30}?)\s*+(?P<number>[0-9]{1,4}[A-Za-z]?)\s*+")
_TEXT_KINDS: Mapping[str, frozenset[str]] = {
    "prompt": frozenset({"question", "frage", "pregunta"}),
    "response": frozenset({"response", "antwort", "réponse", "respuesta"}),
    "right": frozenset({"right answer", "richtige antwort", "bonne réponse", "réponse correcte", "respuesta correcta"}),
}


@dataclass
class ReportedQuestion:
    """A question, by its number in the quiz, and the indices of its columns."""

    number: str
    points: float | None = None
    score: int | None = None
    prompt: int | None = None
    response: int | None = None


@dataclass(frozen=True)
class MoodleQuizLayout:
    """Which columns of a report contain what; columns are given by their index."""

    fields: Mapping[str, int]
    """Columns of `PERSON` and `TIMES`."""
    grade: int
    max_score: float
    questions: tuple[ReportedQuestion, ...]
    points_in_header: tuple[str, ...]
    """The points as they are written, since they show the decimal mark."""

    @property
    def has_texts(self) -> bool:
        """Whether it contains questions or answers, as the responses report does."""
        return any(question.prompt is not None or question.response is not None for question in self.questions)

    @property
    def is_scaled(self) -> bool:
        """Whether the points of the questions do not add up to the maximum of the grade."""
        points = [question.points for question in self.questions if question.points is not None]
        return bool(points) and abs(sum(points) - self.max_score) > ROUNDING * (len(points) + 1) + SMALLEST

    @property
    def columns_read(self) -> set[int]:
        """The columns that are read."""
        of_questions = (column for question in self.questions for column in (question.score, question.prompt, question.response))
        return {*self.fields.values(), self.grade, *(column for column in of_questions if column is not None)}


class MoodleQuizReport(QuizReportTable):
    """An opened report; see `lmskit.importers.record.Source`."""

    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions, *, responses: bool) -> None:
        file = CsvFile(path, [], whole=True, delimiter=options.delimiter)
        self.layout = layout_of(file, options.columns)
        self.format = "moodle-quiz-responses" if responses else "moodle-quiz-grades"
        if self.layout.has_texts != responses:
            has, other = ("responses", "moodle-quiz-responses") if self.layout.has_texts else ("no responses", "moodle-quiz-grades")
            raise ImportFileError(f"{file.name} has {has} and is not in the format {self.format}. Import it as {other}.")
        self.people = People(file, self.layout.fields)
        super().__init__(file, options, self.layout.columns_read, title=quiz_title(path, options, ADDED_TO_TITLE))
        self.clear()

    def clear(self) -> None:
        """Forget what was counted, before the file is read again."""
        self.warnings.clear()
        self._prompts: dict[str, str] = {}
        self._random: set[str] = set()
        self._averages = self._without_attempt = self._ended_by_duration = 0

    @property
    def notes(self) -> list[str]:
        """Notes on how the file was read."""
        name = self.name
        notes = [
            *self.notes_on_format,
            self.note_on_title,
            f"{name}: the report does not contain a time zone; times are read as UTC.",
        ]
        if self._ended_by_duration:
            notes.append(f"{name}: attempts whose end was computed from their duration: {self._ended_by_duration:,}.")
        if self._averages:
            notes.append(f"{name}: rows with averages are not counted: {self._averages:,}.")
        if self._without_attempt:
            notes.append(f"{name}: rows of students without an attempt are not counted: {self._without_attempt:,}.")
        if self.layout.is_scaled:
            notes.append(
                f"{name}: the points of the questions do not add up to {self.layout.max_score:g}, so scores are not compared with grades."
            )
        return [*notes, *self._notes_on_questions(), *self.warnings.notes]

    def _notes_on_questions(self) -> Iterator[str]:
        questions = self.layout.questions
        if questions:
            yield self.note_on_types
        if any(question.points is None for question in questions):
            yield (
                f"{self.name}: the report does not contain the points of the questions; new questions have 0 points, "
                "so import the grades report first."
            )
        if questions and not self._prompts:
            yield (f"{self.name}: the report does not contain the texts of the questions; new questions are called 'Question 1' and so on.")
        if self._random:
            numbers = ", ".join(sorted(self._random))
            yield f"{self.name}: questions drawn at random, of which the first text is kept: {numbers}."

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz is the last record."""
        self.clear()
        self.detect_scores(self._number_cells())
        yield from self.attempt_records(self._attempt_rows())
        questions = [
            (question.number, self._prompts.get(question.number, f"Question {question.number}"), question.points or 0)
            for question in self.layout.questions
        ]
        yield self.quiz(self.layout.max_score, short_text_questions(questions))

    def _number_cells(self) -> Iterator[str]:
        yield from self.layout.points_in_header
        columns = [self.layout.grade, *(question.score for question in self.layout.questions if question.score is not None)]
        for _, cells in self.file.rows():
            yield from (cells[column] for column in columns)

    def _attempt_rows(self) -> Iterator[tuple[int, tuple[str, ...]]]:
        """Give out the rows without averages, and without students who made no attempt."""
        for row, cells in self.file.rows():
            if self._has_times(cells):
                yield row, cells
            elif self._has_identifier(cells):
                self.file.rows_in -= 1
                self._without_attempt += 1
            elif not cells[self.people.columns["given_name"]].strip():
                self.file.rows_in -= 1
                self._averages += 1
            else:
                yield row, cells

    def _has_times(self, cells: Sequence[str]) -> bool:
        fields = self.layout.fields
        return any(cells[fields[field]].strip() not in NO_GRADE for field in TIMES if field in fields)

    def _has_identifier(self, cells: Sequence[str]) -> bool:
        return any(cells[column].strip() for field, column in self.people.columns.items() if field not in {"family_name", "given_name"})

    def person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        """Return the student of a row, or raise `RejectedRowError`."""
        return self.people.read(row, cells)

    def attempt(self, row: int, cells: tuple[str, ...], person: PersonKey) -> AttemptRecord:
        """Return the attempt of a row, or raise `RejectedRowError`."""
        started_at, submitted_at = self._times(cells)
        grade = self._score_in(cells, self.layout.grade)
        answers = self._answers(cells)
        points, graded = sum_of_scores(answers)
        tolerance = ROUNDING * (graded + 1) + SMALLEST
        if grade is not None and graded and not self.layout.is_scaled and abs(points - grade) > tolerance:
            cell = cells[self.layout.grade].strip()
            self.warn(row, self.file.header[self.layout.grade], f"{cell} (questions {points:g})", CHANGED_BY_HAND)
        self._keep_prompts(cells)
        return AttemptRecord(
            Position(self.name, row),
            self.title,
            person,
            grade,
            self.layout.max_score,
            is_total=False,
            started_at=started_at,
            submitted_at=submitted_at,
            answers=answers,
        )

    def _times(self, cells: Sequence[str]) -> tuple[dt.datetime | None, dt.datetime]:
        """Return when a finished attempt began and ended."""
        state, completed = self._field(cells, "state"), self._field(cells, "completed")
        if plain(state[1]) in UNFINISHED:
            raise RejectedRowError(*state, NOT_FINISHED)
        started = self._field(cells, "started")
        started_at = None if started[1] in NO_GRADE else value(instant, *started)
        submitted_at = value(instant, *completed) if completed[1] not in NO_GRADE else self._end_by_duration(cells, started_at)
        if started_at and submitted_at < started_at:
            raise RejectedRowError(*completed, "is before the attempt began")
        return started_at, submitted_at

    def _end_by_duration(self, cells: Sequence[str], started_at: dt.datetime | None) -> dt.datetime:
        """Return the end of an attempt of which the report contains only beginning and duration."""
        time_taken = self._field(cells, "duration")
        if started_at is None or time_taken[1] in NO_GRADE:
            raise RejectedRowError(*self._field(cells, "completed"), NOT_FINISHED)
        try:
            submitted_at = started_at + value(duration, *time_taken)
        except OverflowError:
            raise RejectedRowError(*time_taken, TOO_LONG) from None
        self._ended_by_duration += 1
        return submitted_at

    def _field(self, cells: Sequence[str], field: str) -> tuple[str, str]:
        """Return the header and the text of a field's cell; both are empty if the report has no such column."""
        column = self.layout.fields.get(field)
        return ("", "") if column is None else (self.file.header[column], cells[column].strip())

    def _score_in(self, cells: Sequence[str], column: int) -> float | None:
        """Return the score in a cell; None if the answer is not graded yet."""
        cell = cells[column].strip()
        if cell in NO_GRADE or plain(cell) in NOT_YET_GRADED:
            return None
        return value(self.score.__getitem__, self.file.header[column], cell)

    def _answers(self, cells: Sequence[str]) -> list[dict[str, Any]]:
        answers = []
        for question in self.layout.questions:
            response = None if question.response is None else _text_in(cells[question.response])
            score = None if question.score is None else self._score_in(cells, question.score)
            if response is not None or score is not None:
                answers.append({"question": question.number, "response": response, "score": score})
        return answers

    def _keep_prompts(self, cells: Sequence[str]) -> None:
        """Keep what one student was asked; a question drawn at random has different texts for different students."""
        for question in self.layout.questions:
            prompt = None if question.prompt is None else _text_in(cells[question.prompt])
            if prompt and self._prompts.setdefault(question.number, prompt) != prompt:
                self._random.add(question.number)


def _text_in(cell: str) -> str | None:
    """Return the text of a cell; a dash is an empty cell."""
    return None if cell.strip() in NO_GRADE else visible_lines(cell) or None


def layout_of(file: CsvFile, given: Mapping[str, str]) -> MoodleQuizLayout:
    """Read the header.

    Parameters
    ----------
    file
        An opened report.
    given
        Headers that were given for fields of `PERSON` and `TIMES`.

    Raises
    ------
    ImportFileError
        It is not such a report.
    """
    grades = [(column, found) for column, header in enumerate(file.header) if (found := _GRADE.fullmatch(header))]
    if len(grades) != 1:
        has = ", ".join(map(shortened, file.header[:20]))
        raise ImportFileError(
            f"{file.name} is not a report on a Moodle quiz: one column such as 'Grade/10.00' is expected, "
            f"in English, German, French or Spanish; it has {has}."
        )
    grade, found = grades[0]
    fields = columns_of(file.name, file.header, (*PERSON, *TIMES), given)
    missing = [field for field in ("started", "completed") if field not in fields]
    if missing:
        raise ImportFileError(
            f"{file.name} has no column such as 'Started on' and 'Completed', in English, German, French or Spanish. "
            f"Say which column it is: {' '.join(f'--map {field}=HEADER' for field in missing)}"
        )
    questions, points = _questions(file.name, file.header)
    return MoodleQuizLayout(fields, grade, _number(found["points"]), questions, (found["points"], *points))


def _questions(name: str, header: Sequence[str]) -> tuple[tuple[ReportedQuestion, ...], list[str]]:
    """Return the questions, and their points as the header writes them."""
    questions: dict[str, ReportedQuestion] = {}
    points: list[str] = []
    for column, text in enumerate(header):
        kind, number = _kind_of(text)
        if kind is None or kind == "right":
            continue
        question = questions.setdefault(number, ReportedQuestion(number))
        if getattr(question, kind) is not None:
            raise ImportFileError(
                f"{name} has the column {shortened(text)!r} of question {number} more than once. Export the report again."
            )
        setattr(question, kind, column)
        if kind == "score" and (found := _MARK.fullmatch(text)):
            question.points = _number(found["points"])
            points.append(found["points"])
    if sum(question.points or 0 for question in questions.values()) > LARGEST_SCORE:
        raise ImportFileError(
            f"{name}: its questions have more than {LARGEST_SCORE:,} points altogether, which is the most that a quiz may have."
        )
    return tuple(questions.values()), points


def _kind_of(header: str) -> tuple[str | None, str]:
    """Return what a column contains of a question, and the number of the question."""
    if mark := _MARK.fullmatch(header):
        return "score", mark["number"]
    if text := _TEXT.fullmatch(header):
        return next((kind for kind, words in _TEXT_KINDS.items() if plain(text["word"]) in words), None), text["number"]
    return None, ""


def _number(text: str) -> float:
    """Read points in a header: Moodle groups no thousands, so a comma is a decimal mark."""
    return float(text.replace(",", "."))


def _format(name: str, title: str, *, responses: bool) -> Format:
    open_report = partial(MoodleQuizReport, responses=responses)
    return Format(name, title, needs_course=True, detect=detect_by_opening(open_report), open=open_report)


GRADES = _format("moodle-quiz-grades", "Moodle quiz: grades report", responses=False)
RESPONSES = _format("moodle-quiz-responses", "Moodle quiz: responses report", responses=True)
FORMATS = (GRADES, RESPONSES)
