"""The questions of a classic quiz, and what a student answered, in the form in which a Student Analysis has it.

Source of the format: Quiz Questions and Submissions in Canvas's documentation; `submission_data` of the history of a submission, which
`app/models/quizzes/quiz_statistics/student_analysis.rb` of Canvas LMS reads in the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmskit.importers.canvas.quiz import CANVAS_DECIMALS, AnswerText
from lmskit.importers.canvas.web_service.calls import QUESTIONS, SUBMISSIONS
from lmskit.importers.canvas.web_service.course import id_of
from lmskit.importers.question_banks.markup import plain_text
from lmskit.importers.record import ReportedSlot
from lmskit.importers.text_cell import visible_lines
from lmskit.importers.web_service.json_record import decimal_of, instant_of, integer_of, records_of, text_of

if TYPE_CHECKING:
    import datetime as dt

TEXT_ONLY = "text_only_question"
"""What is shown between questions and asks nothing."""
CHOICE, TRUE_FALSE, MULTIPLE = "multiple_choice_question", "true_false_question", "multiple_answers_question"
MATCHING, DROPDOWNS, BLANKS = "matching_question", "multiple_dropdowns_question", "fill_in_multiple_blanks_question"
NUMERICAL, SHORT_ANSWER = "numerical_question", "short_answer_question"
ESSAY, FILE_UPLOAD = "essay_question", "file_upload_question"
WAITS = "pending_review"
FINISHED = frozenset({"complete", WAITS, "graded"})
"""States of an attempt that has ended."""
NOT_MARKED = "undefined"
"""What Canvas says about an answer that waits for a mark."""
RIGHT = 100
"""The weight of a right answer."""
MOST_DIGITS = 16.0
"""Digits of a number that count."""


@dataclass(frozen=True, slots=True)
class ListedAnswer:
    """What can be chosen, or is right, in a question or in one of its blanks."""

    id: str
    text: str
    blank: str
    match: str
    """The id of what belongs to it in a matching question."""
    number: tuple[float, float] | None
    """A number and by how much an answer may differ from it."""
    is_right: bool


@dataclass(frozen=True, slots=True)
class ListedQuestion:
    """A question of a quiz."""

    id: str
    kind: str
    text: str
    points: float
    answers: tuple[ListedAnswer, ...]
    targets: dict[str, str]
    """What can be matched, by its id."""

    def slot(self) -> ReportedSlot:
        """Return the question as a Student Analysis numbers it."""
        return ReportedSlot(self.id, self.points, CANVAS_DECIMALS, (self.text,), shows_options=self.kind in {CHOICE, TRUE_FALSE})

    @property
    def blanks(self) -> list[str]:
        """The blanks or dropdowns of the text, in their order."""
        return list(dict.fromkeys(answer.blank for answer in self.answers))


@dataclass(frozen=True, slots=True)
class ListedSubmission:
    """The result of a student in an assignment."""

    assignment: str
    user: str
    score: float | None
    is_excused: bool
    submitted_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class ListedResult:
    """The result of a student in an assignment, with the attempts if it is a quiz."""

    submission: ListedSubmission
    attempts: tuple[ListedAttempt, ...] = ()


@dataclass(frozen=True, slots=True)
class ListedAttempt:
    """An attempt at a quiz.

    Attributes
    ----------
    id
        Of all attempts of the student at the quiz together.
    answers
        What was answered, as Canvas has it; nothing while the attempt goes on.
    """

    id: str
    assignment: str
    user: str
    number: int
    is_finished: bool
    waits: bool
    submitted_at: dt.datetime | None
    score: float | None
    answers: tuple[dict[str, Any], ...]

    @property
    def asked(self) -> set[str]:
        """The ids of the questions."""
        return {text_of(each, "question_id", SUBMISSIONS) for each in self.answers}


def question_in(record: object) -> ListedQuestion:
    """Return the question of a record.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    number = id_of(record, "id", QUESTIONS)
    fields = record if isinstance(record, dict) else {}
    return ListedQuestion(
        number,
        text_of(record, "question_type", QUESTIONS),
        visible_lines(_plain(text_of(record, "question_text", QUESTIONS))) or f"Question {number}",
        decimal_of(record, "points_possible", QUESTIONS) or 0.0,
        tuple(_answer(each) for each in records_of(fields.get("answers"), QUESTIONS)),
        {
            text_of(each, "match_id", QUESTIONS): visible_lines(text_of(each, "text", QUESTIONS))
            for each in records_of(fields.get("matches"), QUESTIONS)
        },
    )


def submission_in(record: object) -> ListedSubmission:
    """Return the submission of a record.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    return ListedSubmission(
        id_of(record, "assignment_id", SUBMISSIONS),
        id_of(record, "user_id", SUBMISSIONS),
        decimal_of(record, "score", SUBMISSIONS),
        integer_of(record, "excused", SUBMISSIONS) == 1,
        instant_of(record, "submitted_at", SUBMISSIONS),
    )


def attempts_in(record: dict[str, Any]) -> list[ListedAttempt]:
    """Return the attempts in the history of a submission, each as it is now: Canvas lists their versions, the newest first.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    assignment, user = id_of(record, "assignment_id", SUBMISSIONS), id_of(record, "user_id", SUBMISSIONS)
    found: dict[int, ListedAttempt] = {}
    history = record.get("submission_history")
    listed = [each for each in history if each is not None] if isinstance(history, list) else history
    for version in records_of(listed, SUBMISSIONS):
        number = integer_of(version, "attempt", SUBMISSIONS)
        data = version.get("submission_data")
        if not number or number in found or data is None:
            continue
        state = text_of(version, "workflow_state", SUBMISSIONS)
        found[number] = ListedAttempt(
            text_of(version, "id", SUBMISSIONS),
            assignment,
            user,
            number,
            state in FINISHED and isinstance(data, list),
            state == WAITS,
            instant_of(version, "submitted_at", SUBMISSIONS),
            decimal_of(version, "score", SUBMISSIONS),
            tuple(records_of(data, SUBMISSIONS)) if isinstance(data, list) else (),
        )
    return [found[number] for number in sorted(found)]


def answer_of(given: dict[str, Any], question: ListedQuestion | None) -> dict[str, Any]:
    """Return an answer in its stored form; of a question that is gone from Canvas, only the text.

    Raises
    ------
    LmsAnswerError
        It has another form.
    """
    name = text_of(given, "question_id", SUBMISSIONS)
    waits = given.get("correct") == NOT_MARKED and not decimal_of(given, "points", SUBMISSIONS)
    score = None if waits else decimal_of(given, "points", SUBMISSIONS)
    response = _text(given, "text") if question is None else _response(given, question)
    return {"question": name, "response": response or None, "score": score}


def _response(given: dict[str, Any], question: ListedQuestion) -> AnswerText:
    """What was answered: one text, several, or pairs."""
    read = _READ.get(question.kind)
    return _text(given, "text") if read is None else read(given, question)


def _choice(given: dict[str, Any], question: ListedQuestion) -> str:
    chosen = _text(given, "answer_id")
    return next((answer.text for answer in question.answers if chosen and answer.id == chosen), "") or _text(given, "text")


def _choices(given: dict[str, Any], question: ListedQuestion) -> list[str]:
    return [answer.text for answer in question.answers if _text(given, f"answer_{answer.id}") == "1"]


def _matches(given: dict[str, Any], question: ListedQuestion) -> dict[str, str]:
    return {answer.text: question.targets.get(_text(given, f"answer_{answer.id}"), "") for answer in question.answers}


def _filled(given: dict[str, Any], question: ListedQuestion) -> dict[str, str]:
    return {blank: _text(given, f"answer_for_{blank}") for blank in question.blanks}


def _dropdowns(given: dict[str, Any], question: ListedQuestion) -> dict[str, str]:
    texts = {answer.id: answer.text for answer in question.answers}
    return {blank: texts.get(chosen, "") for blank, chosen in _filled(given, question).items()}


def _essay(given: dict[str, Any], _question: ListedQuestion) -> str:
    return visible_lines(_plain(text_of(given, "text", SUBMISSIONS)))


def _file(_given: dict[str, Any], _question: ListedQuestion) -> str:
    return ""


_READ: dict[str, Callable[[dict[str, Any], ListedQuestion], AnswerText]] = {
    CHOICE: _choice,
    TRUE_FALSE: _choice,
    MULTIPLE: _choices,
    MATCHING: _matches,
    BLANKS: _filled,
    DROPDOWNS: _dropdowns,
    ESSAY: _essay,
    FILE_UPLOAD: _file,
}
"""By the type of the question; others are answered with a text."""


def _answer(record: object) -> ListedAnswer:
    text = text_of(record, "text", QUESTIONS) or _plain(text_of(record, "html", QUESTIONS)) or text_of(record, "left", QUESTIONS)
    return ListedAnswer(
        text_of(record, "id", QUESTIONS),
        visible_lines(text),
        text_of(record, "blank_id", QUESTIONS),
        text_of(record, "match_id", QUESTIONS),
        _number(record),
        (decimal_of(record, "weight", QUESTIONS) or 0.0) >= RIGHT,
    )


def _number(record: object) -> tuple[float, float] | None:
    """The number of an answer with its tolerance, in the three forms that Canvas has."""
    exact, margin, start, end, about, digits = (
        decimal_of(record, name, QUESTIONS) for name in ("exact", "margin", "start", "end", "approximate", "precision")
    )
    if exact is not None:
        return exact, abs(margin or 0.0)
    if start is not None and end is not None:
        return (start + end) / 2, abs(end - start) / 2
    if about:
        known = min(max(digits or 1.0, 1.0), MOST_DIGITS)
        return about, 0.5 * 10.0 ** (math.floor(math.log10(abs(about))) + 1 - known)
    return None


def _text(given: dict[str, Any], name: str) -> str:
    return visible_lines(text_of(given, name, SUBMISSIONS))


def _plain(markup: str) -> str:
    return plain_text(markup, "html").text
