"""The labelled questions about real course materials, with the passages that answer them."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lmskit.materials.passages import Passage

FILE = Path(__file__).with_suffix(".toml")
LONGEST_QUOTE = 8
"""Words of a passage that a label repeats: the materials themselves are not part of lmskit."""


@dataclass(frozen=True)
class Answer:
    """What the passages that answer a question contain."""

    file: str
    words: str

    def is_in(self, body: str) -> bool:
        """Whether a passage contains the words, however it is broken into lines."""
        return self.words in " ".join(body.split())


@dataclass(frozen=True)
class LabelledQuestion:
    """A question, and what answers it."""

    text: str
    language: str
    answers: tuple[Answer, ...]
    held_out: bool
    """Whether nothing may be chosen by it."""

    def passages(self, materials: Mapping[str, Iterable[Passage]]) -> set[tuple[str, int]]:
        """File and number, from 1, of every passage that answers the question."""
        return {
            (answer.file, number)
            for answer in self.answers
            for number, passage in enumerate(materials[answer.file], start=1)
            if answer.is_in(passage.body)
        }


def labelled_questions() -> list[LabelledQuestion]:
    """All questions, in the order of the file."""
    found = []
    for language, questions in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        for number, question in enumerate(questions):
            answers = tuple(Answer(*answer.split(": ", 1)) for answer in question["answers"])
            found.append(LabelledQuestion(question["text"], language, answers, held_out=number % 2 == 1))
    return found
