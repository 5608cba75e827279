"""The columns of Moodle's reports on a quiz: which contain the student, the attempt, its grade and the questions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.moodle.words import PERSON, columns_of, plain
from lmskit.importers.report import shortened
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.csv_file import CsvFile

ROUNDING = 0.005
"""Moodle writes two decimals by default, and rounds the score of each question by itself."""
SMALLEST = 1e-9
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
    right: int | None = None
    decimals: int = 0
    """With how many decimals the points are written."""


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
        return any(column is not None for question in self.questions for column in (question.prompt, question.response, question.right))

    @property
    def is_scaled(self) -> bool:
        """Whether the points of the questions do not add up to the maximum of the grade."""
        points = [question.points for question in self.questions if question.points is not None]
        return bool(points) and abs(sum(points) - self.max_score) > ROUNDING * (len(points) + 1) + SMALLEST

    @property
    def rounding(self) -> float:
        """Half of the last decimal of scores, which are written as the points in the header are; 0 without decimals."""
        decimals = min(map(_decimals, self.points_in_header))
        return 0.5 * 10.0**-decimals if decimals else 0.0

    @property
    def ratio(self) -> float:
        """By what the scores of the questions are multiplied in the grade."""
        points = sum(question.points or 0 for question in self.questions)
        return self.max_score / points if self.is_scaled and points else 1.0

    @property
    def columns_read(self) -> set[int]:
        """The columns that are read."""
        of_questions = (
            column for question in self.questions for column in (question.score, question.prompt, question.response, question.right)
        )
        return {*self.fields.values(), self.grade, *(column for column in of_questions if column is not None)}


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
            f"{advice.WHICH_COLUMN.about(missing[0]) if len(missing) == 1 else advice.WHICH_TIMES}"
        )
    questions, points = _questions(file.name, file.header)
    return MoodleQuizLayout(fields, grade, _number(found["points"]), questions, (found["points"], *points))


def _questions(name: str, header: Sequence[str]) -> tuple[tuple[ReportedQuestion, ...], list[str]]:
    """Return the questions, and their points as the header writes them."""
    questions: dict[str, ReportedQuestion] = {}
    points: list[str] = []
    for column, text in enumerate(header):
        kind, number = _kind_of(text)
        if kind is None:
            continue
        question = questions.setdefault(number, ReportedQuestion(number))
        if getattr(question, kind) is not None:
            raise ImportFileError(
                f"{name} has the column {shortened(text)!r} of question {number} more than once. Export the report again."
            )
        setattr(question, kind, column)
        if kind == "score" and (found := _MARK.fullmatch(text)):
            question.points = _number(found["points"])
            question.decimals = _decimals(found["points"])
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


def _decimals(text: str) -> int:
    return len(text.replace(",", ".").partition(".")[2])
