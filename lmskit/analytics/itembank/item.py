"""What a question of the item bank is, and short ways to write one down."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    import numpy as np

Response: TypeAlias = str | float | bool | list[str]
"""What a student answers: text, a number, true or false, or the texts of the chosen options."""


@dataclass(frozen=True)
class Item:
    """One question with its key and with wrong responses that students might give.

    `options` are in the order they were written, the right ones first; whoever makes a quiz shuffles them. For a choice the
    answers and the wrong responses are texts of options.
    """

    type: QuestionType
    prompt: str
    answer: Response
    wrong: tuple[Response, ...]
    options: tuple[str, ...] = ()
    tolerance: float = 0.0

    @property
    def guessing(self) -> float:
        """The chance that someone who knows nothing answers rightly: one option of k, nothing for open questions."""
        if self.type is QuestionType.TRUE_FALSE:
            return 0.5
        return 1 / len(self.options) if self.type is QuestionType.CHOICE else 0.0


Template: TypeAlias = Callable[["np.random.Generator"], Item]
"""Makes a question with numbers of its own from a generator."""


@dataclass(frozen=True)
class Topic:
    """One syllabus week: templates give many questions each, concepts one."""

    title: str
    objectives: str
    templates: tuple[Template, ...]
    concepts: tuple[Item, ...]


@dataclass(frozen=True)
class Module:
    """A course of twelve weeks, as taught again every term."""

    code: str
    title: str
    topics: tuple[Topic, ...]


def choice(prompt: str, right: object, *wrong: object) -> Item:
    """Ask for one option; wrong options that read as the right one, or twice the same, are left out."""
    texts = list(dict.fromkeys(str(option) for option in (right, *wrong)))
    return Item(QuestionType.CHOICE, prompt, texts[0], tuple(texts[1:]), options=tuple(texts))


def multiple(prompt: str, right: tuple[str, ...], wrong: tuple[str, ...]) -> Item:
    """Ask for all right options: the wrong responses miss one, or take one too many."""
    misses = tuple([option for option in right if option != missed] for missed in right)
    extras = tuple([*right, extra] for extra in wrong)
    return Item(QuestionType.MULTIPLE, prompt, list(right), (*misses, *extras), options=(*right, *wrong))


def true_false(prompt: str, *, answer: bool) -> Item:
    """Ask whether a statement is true."""
    return Item(QuestionType.TRUE_FALSE, prompt, answer, (not answer,))


def numeric(prompt: str, answer: float, *wrong: float, tolerance: float = 0.0) -> Item:
    """Ask for a number; wrong responses within the tolerance of the answer are left out."""
    candidates = (*wrong, answer + 1, answer - 1 - tolerance)
    return Item(
        QuestionType.NUMERIC,
        prompt,
        answer,
        tuple(number for number in candidates if abs(number - answer) > tolerance),
        tolerance=tolerance,
    )


def short_text(prompt: str, accepted: str, *wrong: str) -> Item:
    """Ask for a word."""
    return Item(QuestionType.SHORT_TEXT, prompt, accepted, wrong)


def drawn(build: Callable[..., Item], *ranges: tuple[int, int]) -> Template:
    """Make a template from a function of whole numbers, each drawn from its range (both ends included)."""

    def template(generator: np.random.Generator) -> Item:
        # From uniform numbers alone: their stream is the same on every platform and in every NumPy.
        return build(*(low + int(generator.random() * (high - low + 1)) for low, high in ranges))

    return template
