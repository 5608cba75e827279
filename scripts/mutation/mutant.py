"""A mutant: one fault in one file."""

from __future__ import annotations

import difflib
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Mutant:
    """One fault in one file of the project; `content` makes the whole faulty file."""

    path: str
    operator: str
    line: int
    content: Callable[[], str] = field(compare=False, repr=False)


def replaced(source: str, path: str, operator: str, start: int, stop: int, text: str) -> Mutant:  # noqa: PLR0917 - like a diff
    """Return the mutant that has `text` instead of the characters from `start` to `stop`; the lines after it keep their numbers."""
    text += "\n" * (source.count("\n", start, stop) - text.count("\n"))
    return Mutant(path, operator, source.count("\n", 0, start) + 1, lambda: source[:start] + text + source[stop:])


def difference(before: str, after: str) -> list[str]:
    r"""Return the changed lines, marked by - and +, without their indentation.

    >>> difference("if a:\n    b = 1\n", "if a:\n    b = 2\n")
    ['-b = 1', '+b = 2']
    """
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [line[0] + line[1:].strip() for line in lines if line[:1] in "+-" and line[:3] not in {"+++", "---"}]


def sample(mutants: Sequence[Mutant], size: int, seed: int) -> list[Mutant]:
    """Draw mutants evenly from operators and, within each, from files: every n-th from a random beginning."""
    chance = random.Random(seed)  # noqa: S311 - a sample, no secret
    kinds = sorted({mutant.operator for mutant in mutants})
    chance.shuffle(kinds)
    order = sorted(mutants, key=lambda mutant: (kinds.index(mutant.operator), mutant.path, mutant.line))
    if size >= len(order):
        return order
    step = len(order) / size
    begin = chance.random() * step
    return [order[int(begin + n * step)] for n in range(size)]
