"""Cells that name the sections or groups of a student."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmskit.importers.record import SectionName
from lmskit.importers.text_cell import title

if TYPE_CHECKING:
    from collections.abc import Collection

    from lmskit.vocabulary import SectionKind

MARKS = re.compile(r"[;|\n]")
COMMAS = re.compile(r"[,;|\n]")
SENTENCE = re.compile(r",? and |, ")


def sections_in(kind: SectionKind, cell: str, separators: re.Pattern[str] = MARKS) -> tuple[SectionName, ...]:
    r"""Return the sections or groups that a cell names, each once.

    Parameters
    ----------
    kind
        What the column has.
    cell
        Its text.
    separators
        What stands between two names: `MARKS`, or `COMMAS` where names have no comma, as in Moodle.

    Raises
    ------
    UnreadableCellError
        A name is too long, or has characters that cannot be stored.

    Examples
    --------
    >>> from lmskit.vocabulary import SectionKind
    >>> [section.name for section in sections_in(SectionKind.GROUP, "Lab A; Lab B;")]
    ['Lab A', 'Lab B']
    """
    names = dict.fromkeys(title(part) for part in separators.split(cell) if part.strip())
    return tuple(SectionName(kind, name) for name in names) or (SectionName(kind, ""),)


def sections_in_sentence(kind: SectionKind, cell: str, known: Collection[str]) -> tuple[SectionName, ...]:
    """Return the sections that a cell of Canvas names, which writes several as a sentence: "A and B", or "A, B, and C".

    A name can contain "and" itself: the cell is taken apart only if each part is the whole text of another cell, one of `known`.

    Raises
    ------
    UnreadableCellError
        A name is too long, or has characters that cannot be stored.

    Examples
    --------
    >>> from lmskit.vocabulary import SectionKind
    >>> known = {"Lab A", "Lab B", "Law and Order"}
    >>> [section.name for section in sections_in_sentence(SectionKind.SECTION, "Lab A and Lab B", known)]
    ['Lab A', 'Lab B']
    >>> [section.name for section in sections_in_sentence(SectionKind.SECTION, "Law and Order", known)]
    ['Law and Order']
    """
    parts = [part.strip() for part in SENTENCE.split(cell)]
    names = dict.fromkeys(parts) if len(parts) > 1 and all(part in known for part in parts) else {cell.strip(): None}
    return tuple(SectionName(kind, title(name)) for name in names if name) or (SectionName(kind, ""),)
