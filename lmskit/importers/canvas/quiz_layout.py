"""Which columns of a Canvas "Student Analysis" tell who and when, and which are questions.

Canvas translates the words of the header, so columns are known by their order: name, id, [sis_id], [root_account],
section, section_id, [section_sis_id], submitted, [attempt], then two columns for each question, and three at the end.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers.csv_file import CsvFile
from lmskit.importers.report import shortened
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

QUESTION = re.compile(r"(?P<id>[0-9]{1,20}): ?(?P<text>.*)", re.DOTALL)
POINTS = re.compile(r"(?:[0-9]{1,8}(?:[.,][0-9]{1,18})?)?", re.ASCII)
AT_THE_END = 3
"""n correct, n incorrect, score."""
ATTEMPT_NUMBER = re.compile(r"\s*[0-9]{1,6}\s*", re.ASCII)
LONGEST_PROMPT = 20_000
PEOPLE: Mapping[int, tuple[str, ...]] = {
    5: ("name", "id", "section", "section_id", "submitted"),
    6: ("name", "id", "root_account", "section", "section_id", "submitted"),
    7: ("name", "id", "sis_id", "section", "section_id", "section_sis_id", "submitted"),
    8: ("name", "id", "sis_id", "root_account", "section", "section_id", "section_sis_id", "submitted"),
}
"""By how many there are, `attempt` not counted."""
READ = ("name", "id", "sis_id", "submitted", "attempt")
NEEDED = ("name", "id", "submitted")


@dataclass(frozen=True, slots=True)
class QuestionColumns:
    """A question: the column of its answers; that of the points earned is the next."""

    place: int
    header: str
    id: str
    text: str
    points: float


@dataclass(frozen=True)
class QuizLayout:
    """Where everything stands in a report."""

    places: Mapping[str, int]
    """The columns that tell who and when, by their English name."""
    questions: tuple[QuestionColumns, ...]
    score: int


def opened_csv(path: Path, delimiter: str | None) -> CsvFile:
    """Open a CSV file all of whose columns are read by their place."""
    return CsvFile(path, [], whole=True, delimiter=delimiter)


def layout_of(file: CsvFile, said: Mapping[str, str]) -> QuizLayout:
    """Read the header, and the first row where the header alone does not tell.

    Parameters
    ----------
    file
        An opened report.
    said
        Headers by the English name of their column, where somebody says so.

    Raises
    ------
    ImportFileError
        It is no such report, or one that names nobody.
    """
    header = file.header
    first = next((place for place, column in enumerate(header) if QUESTION.fullmatch(column)), None)
    if first is None or first + 2 + AT_THE_END > len(header) or (len(header) - AT_THE_END - first) % 2:
        raise ImportFileError(
            f"{file.name} is no Student Analysis: after the columns about the student there are two for each question, such as "
            "“101: What is …” and “1.0”, and three more at the end."
        )
    return QuizLayout(_people(file, header[:first], said), _questions(file, first), len(header) - 1)


def _people(file: CsvFile, header: Sequence[str], said: Mapping[str, str]) -> Mapping[str, int]:
    if said:
        missing = [column for name, column in said.items() if name not in READ or column not in header]
        lacking = [name for name in NEEDED if name not in said]
        if missing or lacking:
            raise ImportFileError(
                f"{file.name}: say with --map which columns are {', '.join(NEEDED)} and, if there are any, sis_id and attempt; "
                f"the columns before the questions are {', '.join(map(shortened, header))}."
            )
        return {name: header.index(column) for name, column in said.items()}
    english = {name: header.index(name) for name in READ if name in header}
    if all(name in english for name in NEEDED):
        return english
    first_row = next((cells for _, cells in file.rows()), None)
    numbered = header[-1:] == ["attempt"] or (first_row is not None and bool(ATTEMPT_NUMBER.fullmatch(first_row[len(header) - 1])))
    names = PEOPLE.get(len(header) - numbered)
    if names is None:
        found = ", ".join(map(shortened, header)) or "nothing"
        raise ImportFileError(
            f"{file.name} has {found} before its questions. An anonymous report names no students, so it cannot be imported; "
            "otherwise say what is what: --map name=HEADER --map id=HEADER --map submitted=HEADER"
        )
    columns = (*names, "attempt") if numbered else names
    return {name: place for place, name in enumerate(columns) if name in READ}


def _questions(file: CsvFile, first: int) -> tuple[QuestionColumns, ...]:
    questions: dict[str, QuestionColumns] = {}
    for place in range(first, len(file.header) - AT_THE_END, 2):
        column, points = file.header[place : place + 2]
        found = QUESTION.fullmatch(column)
        if not found or not POINTS.fullmatch(points.strip()):
            raise ImportFileError(
                f"{file.name}, column {place + 1}: a question and its points are expected, such as “101: What is …” and “1.0”; "
                f"it has {shortened(column)!r} and {shortened(points)!r}."
            )
        if found["id"] in questions:
            raise ImportFileError(f"{file.name} has the question {found['id']} twice. Export the report again.")
        text = _visible(found["text"])[:LONGEST_PROMPT].strip() or f"Question {found['id']}"
        questions[found["id"]] = QuestionColumns(place, column, found["id"], text, float(points.strip().replace(",", ".") or 0))
    if sum(each.points for each in questions.values()) > LARGEST_SCORE:
        raise ImportFileError(
            f"{file.name}: its questions have more than {LARGEST_SCORE:,} points altogether, which is the most that a quiz has."
        )
    return tuple(questions.values())


def _visible(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(character for character in lines if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"})
