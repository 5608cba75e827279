"""What every reader of a kind of file returns, and how it reports how far it has got."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lmskit.materials.block import Block
from lmskit.materials.page_links import PageLinks

At = Callable[[str], None]
"""Called with the page, slide, cell or part that is read next, so that a refusal can name it even if the process ends there."""


@dataclass(slots=True)
class Extracted:
    """The blocks of one file, with what it says about itself."""

    blocks: list[Block]
    title: str | None = None
    language: str | None = None
    """As the file declares it."""
    licence: str | None = None
    week: int | None = None
    length: int | None = None
    findings: list[str] = field(default_factory=list)
    page: PageLinks | None = None
    """Of a web page only."""


def ranges(numbers: Sequence[int], most: int = 12) -> str:
    """Return numbers in order as ranges, cut after some of them.

    >>> ranges([1, 2, 3, 5, 8, 9])
    '1–3, 5, 8–9'
    """
    spans: list[list[int]] = []
    for number in numbers:
        if spans and number == spans[-1][1] + 1:
            spans[-1][1] = number
        else:
            spans.append([number, number])
    shown = [str(first) if first == last else f"{first}–{last}" for first, last in spans[:most]]
    return ", ".join([*shown, *(["…"] if len(spans) > most else [])])
