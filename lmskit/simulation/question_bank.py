"""The questions of simulated courses, read from the files in ``questions/``.

Each file describes a module: twelve topics, one a week, with two kinds of questions. A concept is one fixed question. A template has
`numbers`, each drawn from a range (both ends included) whenever a question is made from it: in its texts they stand between « and », in
the answers of numeric and true-false questions they are part of an expression. An expression is Jinja's, which computes as Python does.
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from lmskit.vocabulary import QuestionType

if TYPE_CHECKING:
    import jinja2
    import numpy as np

AnswerValue: TypeAlias = str | float | bool | list[str]
"""An answer: a text, a number, true or false, or the texts of the chosen options."""
Numbers: TypeAlias = Mapping[str, int]

FILES = ("programming", "statistics", "linear_algebra")


@dataclass(frozen=True)
class DrawnQuestion:
    """A question with its key, and with wrong answers that students might give.

    `options` are in the order they were written, the right ones first; a quiz shuffles them. The answers of a choice question are texts
    of options.
    """

    type: QuestionType
    prompt: str
    answer: AnswerValue
    wrong: tuple[AnswerValue, ...]
    options: tuple[str, ...] = ()
    tolerance: float = 0.0

    @property
    def guessing(self) -> float:
        """The chance of a right answer without any knowledge: one option of k; 0 for open questions."""
        if self.type is QuestionType.TRUE_FALSE:
            return 0.5
        return 1 / len(self.options) if self.type is QuestionType.CHOICE else 0.0


@dataclass(frozen=True)
class Template:
    """Makes questions with numbers of their own.

    Attributes
    ----------
    ranges
        By name, the range of each number, both ends included.
    make
        From numbers by name to a question.
    """

    ranges: Mapping[str, tuple[int, int]]
    make: Callable[[Numbers], DrawnQuestion]

    def draw(self, generator: np.random.Generator) -> DrawnQuestion:
        """Make a question with numbers from a generator."""
        # From uniform numbers alone: their stream is the same on every platform and in every version of NumPy.
        return self.make({name: low + int(generator.random() * (high - low + 1)) for name, (low, high) in self.ranges.items()})


@dataclass(frozen=True)
class Topic:
    """One week of the syllabus."""

    title: str
    objectives: str
    templates: tuple[Template, ...]
    concepts: tuple[DrawnQuestion, ...]


@dataclass(frozen=True)
class Module:
    """A course of twelve weeks that is taught again every term."""

    code: str
    title: str
    topics: tuple[Topic, ...]


@functools.cache
def bank_modules() -> tuple[Module, ...]:
    """The modules of all files, in the order of `FILES`.

    Examples
    --------
    >>> [module.code for module in bank_modules()]
    ['PROG', 'STAT', 'LINA']
    """
    return tuple(_module(tomllib.loads(files("lmskit.simulation").joinpath(f"questions/{name}.toml").read_text("utf-8"))) for name in FILES)


def _module(written: dict[str, Any]) -> Module:
    topics = (
        Topic(
            topic["title"],
            topic["objectives"],
            tuple(Template({name: tuple(ends) for name, ends in entry["numbers"].items()}, _maker(entry)) for entry in topic["templates"]),
            tuple(_maker(entry)({}) for entry in topic["concepts"]),
        )
        for topic in written["topics"]
    )
    return Module(written["code"], written["title"], tuple(topics))


def _maker(entry: dict[str, Any]) -> Callable[[Numbers], DrawnQuestion]:
    """A function from numbers to the question that an entry of a file describes."""
    kind, prompt = QuestionType(entry["type"]), _text(entry["prompt"])
    if kind is QuestionType.NUMERIC:
        values, tolerance = _expression(f"[{', '.join([entry['answer'], *entry['wrong']])}]"), entry.get("tolerance", 0.0)
        return lambda numbers: _numeric(prompt(numbers), *values(numbers), tolerance=tolerance)
    if kind is QuestionType.TRUE_FALSE:
        answer = _expression(str(entry["answer"]).lower() if isinstance(entry["answer"], bool) else entry["answer"])
        return lambda numbers: _true_false(prompt(numbers), answer=answer(numbers))
    if kind is QuestionType.CHOICE:
        options = [_text(option) for option in (entry["answer"], *entry["wrong"])]
        return lambda numbers: _choice(prompt(numbers), [option(numbers) for option in options])
    if kind is QuestionType.MULTIPLE:
        return lambda numbers: _multiple(prompt(numbers), entry["answer"], entry["wrong"])
    return lambda numbers: DrawnQuestion(kind, prompt(numbers), entry["answer"], tuple(entry["wrong"]))


def _choice(prompt: str, options: list[str]) -> DrawnQuestion:
    """One option is right, the first; wrong options equal to it or to each other are left out."""
    texts = tuple(dict.fromkeys(options))
    return DrawnQuestion(QuestionType.CHOICE, prompt, texts[0], texts[1:], options=texts)


def _multiple(prompt: str, right: list[str], wrong: list[str]) -> DrawnQuestion:
    """Several options are right: a wrong answer lacks one of them, or has one too many."""
    lacking = tuple([option for option in right if option != missed] for missed in right)
    too_many = tuple([*right, extra] for extra in wrong)
    return DrawnQuestion(QuestionType.MULTIPLE, prompt, list(right), (*lacking, *too_many), options=(*right, *wrong))


def _true_false(prompt: str, *, answer: bool) -> DrawnQuestion:
    return DrawnQuestion(QuestionType.TRUE_FALSE, prompt, answer, (not answer,))


def _numeric(prompt: str, answer: float, *wrong: float, tolerance: float) -> DrawnQuestion:
    """The answer is a number; wrong answers within the tolerance of it are left out."""
    candidates = (*wrong, answer + 1, answer - 1 - tolerance)
    far = tuple(number for number in candidates if abs(number - answer) > tolerance)
    return DrawnQuestion(QuestionType.NUMERIC, prompt, answer, far, tolerance=tolerance)


@functools.cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(  # noqa: S701 - the texts are stored as text, and escaped where they are shown
        variable_start_string="«", variable_end_string="»", undefined=jinja2.StrictUndefined
    )
    environment.globals = {"round": round, "max": max, "min": min}
    return environment


def _text(written: str) -> Callable[[Numbers], str]:
    """A function from numbers to a text with them."""
    if "«" not in written:
        return lambda _: written
    return _environment().from_string(written).render


def _expression(written: str) -> Callable[[Numbers], Any]:
    """A function from numbers to the value of an expression."""
    return cast("Callable[[Numbers], Any]", _environment().compile_expression(written, undefined_to_none=False))
