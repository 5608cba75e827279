"""Which columns of a Moodle quiz report tell who and when, what the attempt earned, and what each question."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.moodle.words import PERSON, places_of, plain
from lmskit.importers.report import shortened
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.importers.csv_file import CsvFile

TIMES = ("state", "started", "completed", "duration")
_POINTS = r"(?P<points>[0-9]{1,8}(?:[.,][0-9]{1,18})?)"
_GRADE = re.compile(rf"\s*(?:grade|bewertung|note|calificación)\s*/\s*{_POINTS}\s*", re.IGNORECASE)
_MARK = re.compile(rf"\s*(?:Q|F|P)\s*\.?\s*(?P<number>[0-9]{{1,4}}[A-Za-z]?)\s*/\s*{_POINTS}\s*")
_TEXTS: Mapping[str, frozenset[str]] = {
    "prompt": frozenset({"question", "frage", "pregunta"}),
    "response": frozenset({"response", "antwort", "réponse", "respuesta"}),
    "right": frozenset({"right answer", "richtige antwort", "bonne réponse", "réponse correcte", "respuesta correcta"}),
}
_TEXT = re.compile(r"(?P<word>[^\W\d_][^0-9]{1,30}?)\s*(?P<number>[0-9]{1,4}[A-Za-z]?)\s*")
SMALLEST = 1e-9


@dataclass
class QuestionColumns:
    """A question, by its number in the quiz, and where its columns stand."""

    number: str
    points: float | None = None
    mark: int | None = None
    prompt: int | None = None
    response: int | None = None


@dataclass(frozen=True)
class ReportLayout:
    """Where everything stands in a report."""

    places: Mapping[str, int]
    grade: int
    out_of: float
    questions: tuple[QuestionColumns, ...]
    points_in_header: tuple[str, ...]
    """As they are written, since they tell the decimal mark."""

    @property
    def has_marks(self) -> bool:
        """Whether it tells what each question earned: the grades report does, the responses report does not."""
        return any(each.mark is not None for each in self.questions)

    @property
    def has_texts(self) -> bool:
        """Whether it tells what was asked or answered."""
        return any(each.prompt is not None or each.response is not None for each in self.questions)

    @property
    def is_scaled(self) -> bool:
        """Whether the questions' points do not add up to the grade."""
        points = [each.points for each in self.questions if each.points is not None]
        return bool(points) and abs(sum(points) - self.out_of) > 0.005 * (len(points) + 1) + SMALLEST

    @property
    def used(self) -> set[int]:
        """The columns that are read."""
        of_questions = {place for each in self.questions for place in (each.mark, each.prompt, each.response) if place is not None}
        return {*self.places.values(), self.grade, *of_questions}


def layout_of(file: CsvFile, said: Mapping[str, str]) -> ReportLayout:
    """Read the header.

    Raises
    ------
    ImportFileError
        It is no such report.
    """
    grades = [(place, found) for place, column in enumerate(file.header) if (found := _GRADE.fullmatch(column))]
    if len(grades) != 1:
        has = ", ".join(map(shortened, file.header[:20]))
        raise ImportFileError(
            f"{file.name} is no report on a Moodle quiz: one column such as 'Grade/10.00' is expected, "
            f"in English, German, French or Spanish; it has {has}."
        )
    grade, written = grades[0]
    places = places_of(file.name, file.header, (*PERSON, *TIMES), said)
    missing = [field for field in ("started", "completed") if field not in places]
    if missing:
        raise ImportFileError(
            f"{file.name} has no column such as 'Started on' and 'Completed', in English, German, French or Spanish. "
            f"Say which it is: {' '.join(f'--map {field}=HEADER' for field in missing)}"
        )
    questions, points = _questions(file.name, file.header)
    return ReportLayout(places, grade, _number(written["points"]), questions, (written["points"], *points))


def _questions(name: str, header: Sequence[str]) -> tuple[tuple[QuestionColumns, ...], list[str]]:
    questions: dict[str, QuestionColumns] = {}
    points: list[str] = []
    for place, column in enumerate(header):
        kind, number = _kind_of(column)
        if kind is None or kind == "right":
            continue
        question = questions.setdefault(number, QuestionColumns(number))
        if getattr(question, kind) is not None:
            raise ImportFileError(
                f"{name} has the column {shortened(column)!r} of question {number} more than once. Export the report again."
            )
        setattr(question, kind, place)
        if kind == "mark" and (mark := _MARK.fullmatch(column)):
            question.points = _number(mark["points"])
            points.append(mark["points"])
    if sum(each.points or 0 for each in questions.values()) > LARGEST_SCORE:
        raise ImportFileError(
            f"{name}: its questions have more than {LARGEST_SCORE:,} points altogether, which is the most that a quiz has."
        )
    return tuple(questions.values()), points


def _kind_of(column: str) -> tuple[str | None, str]:
    if mark := _MARK.fullmatch(column):
        return "mark", mark["number"]
    if text := _TEXT.fullmatch(column):
        return next((kind for kind, words in _TEXTS.items() if plain(text["word"]) in words), None), text["number"]
    return None, ""


def _number(text: str) -> float:
    """Read points in a header: Moodle groups no thousands, so a comma is a decimal mark."""
    return float(text.replace(",", "."))
