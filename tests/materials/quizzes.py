"""The labelled quizzes, with what each question is searched for, and the materials of their courses."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np

from lmskit.materials.folder import week_in
from lmskit.materials.passages import Passage
from lmskit.materials.reading import MaterialReader
from lmskit.queries.missed_questions import search_text
from lmskit.simulation.question_bank import DrawnQuestion, bank_modules
from tests.materials.questions import Answer
from tests.real_data import REAL_DATA

FILE = Path(__file__).with_suffix(".toml")
REAL = "software_carpentry"


@dataclass(frozen=True)
class CourseMaterial:
    """A file of a course."""

    week: int | None
    passages: tuple[Passage, ...]


@dataclass(frozen=True)
class QuizQuestion:
    """A question of the quiz of a week."""

    course: str
    week: int
    search_text: str
    answers: tuple[Answer, ...]
    held_out: bool
    """Whether nothing may be chosen by it."""

    def passages(self, materials: Mapping[str, CourseMaterial]) -> set[tuple[str, int]]:
        """File and number, from 1, of every passage to read again."""
        return {
            (answer.file, number)
            for answer in self.answers
            for number, passage in enumerate(materials[answer.file].passages, start=1)
            if answer.is_in(passage.body)
        }


def quiz_questions() -> list[QuizQuestion]:
    """All questions, in the order of the file; the numbers of the demonstration's questions are drawn with a fixed seed."""
    found = []
    generator = np.random.default_rng(1)
    bank = {module.code: module for module in bank_modules()}
    for week in _weeks():
        number = week["number"]
        if "questions" in week:
            rows = [_row(question["prompt"], (question["right"],), week["topic"]) for question in week["questions"]]
            answers = [question["answers"] for question in week["questions"]]
        else:
            topic = bank[week["course"]].topics[number - 1]
            drawn = [*(template.draw(generator) for template in topic.templates), *topic.concepts]
            rows = [_row(question.prompt, _right(question), topic.title) for question in drawn]
            answers = week["answers"]
        for position, (row, of_one) in enumerate(zip(rows, answers, strict=True)):
            labels = tuple(Answer(*answer.split(": ", 1)) for answer in of_one)
            found.append(QuizQuestion(week["course"], number, search_text(row), labels, held_out=(position + number) % 2 == 1))
    return found


def course_materials(course: str) -> dict[str, CourseMaterial]:
    """The materials of a course, by the names of their files."""
    if course == REAL:
        weeks = {week["material"]: week["number"] for week in _weeks() if "material" in week}
        return _read(REAL_DATA / "materials" / REAL, weeks)
    with as_file(files("lmskit.simulation").joinpath("materials", course)) as folder:
        return _read(folder, {path.name: week_in(path.relative_to(folder).as_posix()) for path in folder.rglob("*")})


def _read(folder: Path, weeks: Mapping[str, int | None]) -> dict[str, CourseMaterial]:
    paths = sorted(path for path in folder.rglob("*.*") if path.is_file() and path.name != "materials.csv")
    with MaterialReader() as reader:
        read = {path.name: tuple(reader.read(path.read_bytes(), name=path.name).passages) for path in paths}
    return {name: CourseMaterial(weeks.get(name), passages) for name, passages in read.items()}


@cache
def _weeks() -> list[dict[str, Any]]:
    weeks: list[dict[str, Any]] = tomllib.loads(FILE.read_text(encoding="utf-8"))["week"]
    return weeks


def _row(prompt: str, right: tuple[str, ...], topic: str) -> dict[str, Any]:
    options = [{"id": str(number), "text": text} for number, text in enumerate(right)]
    return {"prompt": prompt, "options": options, "answer": [option["id"] for option in options], "topic": topic}


def _right(question: DrawnQuestion) -> tuple[str, ...]:
    if not question.options:
        return ()
    return tuple(question.answer) if isinstance(question.answer, list) else (str(question.answer),)
