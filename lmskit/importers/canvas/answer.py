r"""What a student answered, as Canvas writes it into one cell.

Several answers are joined by commas, and a comma of their own is written `\,`; the two sides of a match are joined by
`=>`, and so are a blank and what was put into it. A single answer is written as it is, so that only all answers to a
question together tell which of these it has.
"""

from __future__ import annotations

import re
from typing import TypeAlias

Response: TypeAlias = str | list[str] | dict[str, str]
BETWEEN_ANSWERS = re.compile(r"(?<!\\),")
BETWEEN_SIDES = re.compile(r"(?<!\\)=>")


class AnswerForm:
    r"""In which form the answers to one question are written.

    Examples
    --------
    >>> form = AnswerForm()
    >>> form.see(r"red\, deep,blue")
    >>> form.read(r"red\, deep,blue"), form.read("blue")
    (['red, deep', 'blue'], ['blue'])
    >>> form = AnswerForm()
    >>> form.see("France=>Paris,Italy=>Rome")
    >>> form.read("France=>Rome,Italy=>Paris")
    {'France': 'Rome', 'Italy': 'Paris'}
    >>> AnswerForm().read("because, I think, a > b")
    'because, I think, a > b'
    """

    def __init__(self) -> None:
        self.seen = False
        self.are_pairs = True
        self.are_several = False

    def see(self, cell: str) -> None:
        """Look at an answer, before any is read."""
        self.seen = True
        self.are_several = self.are_several or "\\," in cell
        self.are_pairs = self.are_pairs and _pairs(cell) is not None

    def read(self, cell: str) -> Response:
        """Return an answer in its stored form."""
        if self.seen and self.are_pairs and (pairs := _pairs(cell)):
            return pairs
        if self.are_several:
            return [_plain(answer) for answer in BETWEEN_ANSWERS.split(cell)]
        return cell


def _pairs(cell: str) -> dict[str, str] | None:
    """The pairs of an answer in which all are pairs, each with another left side."""
    sides = [BETWEEN_SIDES.split(answer, maxsplit=1) for answer in BETWEEN_ANSWERS.split(cell)]
    if not all(len(pair) == 2 and pair[0].strip() for pair in sides):  # noqa: PLR2004 - a pair
        return None
    pairs = {_plain(left): _plain(right) for left, right in sides}
    return pairs if len(pairs) == len(sides) else None


def _plain(text: str) -> str:
    return text.replace("\\,", ",").replace("\\=>", "=>")
