"""A Canvas "Student Analysis": one row per attempt at a quiz, with the answer to each question.

Source of the format: `app/models/quizzes/quiz_statistics/student_analysis.rb` of Canvas LMS.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.answer import AnswerForm
from lmskit.importers.canvas.person import SYSTEM, canvas_id, family_and_given
from lmskit.importers.canvas.quiz_layout import layout_of, opened_csv
from lmskit.importers.cell import Column, whole_number
from lmskit.importers.formats import Format, ReadOptions
from lmskit.importers.number_format import DecimalMark, decimal_mark, marks
from lmskit.importers.record import AttemptRecord, EnrollmentRecord, PersonKey, PersonRecord, Position, QuizRecord, Record
from lmskit.importers.row import RejectedRowError, value
from lmskit.importers.row_warnings import RowWarnings
from lmskit.importers.text_cell import one_line, optional_identifier, optional_instant
from lmskit.limits import LONGEST_TITLE
from lmskit.schemas.quiz import QuizContent, ShortTextQuestion
from lmskit.vocabulary import QuestionType, Role

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from lmskit.importers.canvas.quiz_layout import QuestionColumns

AS_DOWNLOADED = re.compile(r" (?:Quiz|Survey|Graded Survey|Practice Quiz) Student Analysis Report(?: ?\(\d+\))?$")
"""What Canvas adds to a quiz's title to make a file's name, and a browser to a second download."""
MOST_ATTEMPTS = 999_999
ROUNDING = 0.01
CHANGED_BY_HAND = "is not the sum of the answers' points: points were added or taken by hand, or some are not graded"

_number = whole_number(1, MOST_ATTEMPTS)


class StudentAnalysis:
    """An opened report; see `lmskit.importers.record.Source`."""

    format = "canvas-quiz"
    system = SYSTEM

    def __init__(self, path: Path, options: ReadOptions) -> None:
        self.file = opened_csv(path, options.delimiter)
        self.layout = layout_of(self.file, options.columns)
        self.options = options
        self.parts = (self.file,)
        self.warnings = RowWarnings()
        self.name, self.sha256 = self.file.name, self.file.text.sha256
        self.title = one_line(options.title or AS_DOWNLOADED.sub("", path.stem))[:LONGEST_TITLE] or "Quiz"
        used = {*self.layout.places.values(), self.layout.score}
        used |= {place for each in self.layout.questions for place in (each.place, each.place + 1)}
        self.file.skipped_columns = tuple(column for place, column in enumerate(self.file.header) if place not in used)
        self._forms = {each.id: AnswerForm() for each in self.layout.questions}
        self._decimal: DecimalMark | None = None

    @property
    def notes(self) -> list[str]:
        """What a report should say about how the file was read."""
        said = self._decimal.note(self.name) if self._decimal else None
        return [
            *self.file.notes,
            *([said] if said else []),
            f"{self.name}: the quiz is called {self.title!r}"
            + (
                ", as asked for."
                if self.options.title
                else " by the file's name, since the report does not tell; --title says it otherwise."
            ),
            f"{self.name}: Canvas does not tell what kind the questions are; new ones are kept as short texts without a key.",
            *self.warnings.notes,
        ]

    def records(self) -> Iterator[Record]:
        """Read the file: row after row the student, the enrollment and the attempt; the quiz comes last."""
        self._forms = {each.id: AnswerForm() for each in self.layout.questions}
        self._decimal = decimal_mark(self._numbers(), asked_for=self.options.decimal_mark)
        self.warnings.clear()
        score = Column(marks(self._decimal))
        most = 0.0
        for row, cells in self.file.rows():
            try:
                person = self._person(row, cells)
                attempt = self._attempt(row, cells, person.key, score)
            except RejectedRowError as rejected:
                self.file.reject(row, rejected.column, rejected.cell, rejected.reason)
                continue
            most = max(most, attempt.max_score or 0)
            yield person
            yield EnrollmentRecord(person.position, person.key, is_implied=True)
            yield attempt
        questions = self.layout.questions
        yield QuizRecord(
            Position(self.name, 1),
            self.title,
            has_source_id=False,
            title=self.title,
            max_score=most or sum(each.points for each in questions),
            questions=_stored(questions),
        )

    def _numbers(self) -> Iterator[str]:
        """The cells with numbers; in passing, the answers are looked at for their form."""
        for _, cells in self.file.rows():
            yield cells[self.layout.score]
            for each in self.layout.questions:
                yield cells[each.place + 1]
                if answer := cells[each.place].strip():
                    self._forms[each.id].see(answer)

    def _person(self, row: int, cells: tuple[str, ...]) -> PersonRecord:
        places = self.layout.places
        name, id_ = cells[places["name"]], cells[places["id"]]
        if not id_.strip():
            raise RejectedRowError(self.file.header[places["id"]], id_, "is empty: someone who was not signed in, or left Canvas")
        source_id = value(canvas_id, self.file.header[places["id"]], id_).strip()
        family, given = value(family_and_given, self.file.header[places["name"]], name)
        sis_cell = cells[places["sis_id"]] if "sis_id" in places else ""
        key = PersonKey(source_id, value(optional_identifier, "sis_id", sis_cell))
        return PersonRecord(Position(self.name, row), key, family, given, Role.STUDENT)

    def _attempt(self, row: int, cells: tuple[str, ...], person: PersonKey, score: Column[float]) -> AttemptRecord:
        places, header = self.layout.places, self.file.header
        when, total = cells[places["submitted"]], cells[self.layout.score]
        submitted_at = value(optional_instant, header[places["submitted"]], when)
        number = None
        if "attempt" in places and (cell := cells[places["attempt"]].strip()):
            number = value(_number, header[places["attempt"]], cell)
        earned = value(score.__getitem__, header[self.layout.score], total) if total.strip() else None
        answers, possible = self._answers(cells, score)
        graded = [answer["score"] for answer in answers if answer["score"] is not None]
        if earned is not None and len(graded) == len(answers) and answers and abs(sum(graded) - earned) > ROUNDING:
            self.warnings.add(self.name, row, header[self.layout.score], f"{total} (answers {sum(graded):g})", CHANGED_BY_HAND)
        return AttemptRecord(
            Position(self.name, row),
            self.title,
            person,
            earned,
            possible,
            is_total=False,
            number=number,
            submitted_at=submitted_at,
            answers=answers,
        )

    def _answers(self, cells: tuple[str, ...], score: Column[float]) -> tuple[list[dict[str, Any]], float]:
        """The answers of a row and what they are out of; two blank cells are a question that this student did not get."""
        answers: list[dict[str, Any]] = []
        possible = 0.0
        for each in self.layout.questions:
            cell, points = cells[each.place].strip(), cells[each.place + 1].strip()
            if not cell and not points:
                continue
            earned = value(score.__getitem__, f"points of {each.header}", points) if points else None
            answers.append({"question": each.id, "response": self._forms[each.id].read(cell) if cell else None, "score": earned})
            possible += each.points
        return answers, possible or sum(each.points for each in self.layout.questions)


def _stored(questions: Sequence[QuestionColumns]) -> list[dict[str, Any]]:
    asked = [ShortTextQuestion(id=each.id, type=QuestionType.SHORT_TEXT, prompt=each.text, points=each.points) for each in questions]
    return QuizContent(questions=tuple(asked)).stored_questions()


def detect(path: Path) -> bool:
    """Whether a file is a Student Analysis, judged by its header."""
    try:
        layout_of(opened_csv(path, None), {})
    except ImportFileError:
        return False
    return True


FORMAT = Format("canvas-quiz", "Canvas quiz: Student Analysis", needs_course=True, detect=detect, open=StudentAnalysis)
