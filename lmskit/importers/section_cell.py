"""Cells that name the sections or groups of a student."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING

from lmskit.importers.record import SectionName
from lmskit.importers.text_cell import title

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from lmskit.vocabulary import SectionKind

MARKS = re.compile(r"[;|\n]")
PART = re.compile(r'([^\S\n]*"((?:[^"]|"")*+)"[^\S\n]*|[^;|\n]*)(?:[;|\n]|$)')
"""A name, which may be in quotation marks, of which those inside are doubled; then a mark may be in it."""
COMMAS = re.compile(r"[,;|\n]")
FEWEST_TOGETHER = 3
"""Students from whom on two names that no student has apart are one name: fewer can be in two groups by chance."""
SENTENCE = re.compile(r",? and |, ")


def sections_in(kind: SectionKind, cell: str) -> tuple[SectionName, ...]:
    r"""Return the sections or groups that a cell names, each once, with a semicolon between them.

    A name that contains a semicolon itself is in quotation marks, as `sections_cell` writes it.

    Parameters
    ----------
    kind
        What the column has.
    cell
        Its text.

    Raises
    ------
    UnreadableCellError
        A name is too long, or has characters that cannot be stored.

    Examples
    --------
    >>> from lmskit.vocabulary import SectionKind
    >>> [section.name for section in sections_in(SectionKind.GROUP, 'Lab A; "Lab B; Tue";')]
    ['Lab A', 'Lab B; Tue']
    """
    parts = (
        [quoted.replace('""', '"') if MARKS.search(quoted) else part for part, quoted in PART.findall(cell)]
        if '"' in cell
        else MARKS.split(cell)
    )
    names = dict.fromkeys(title(part) for part in parts if part.strip())
    return tuple(SectionName(kind, name) for name in names) or (SectionName(kind, ""),)


def sections_cell(names: Iterable[str]) -> str:
    """Return the cell from which `sections_in` reads these names.

    Examples
    --------
    >>> sections_cell(["Lab A", "Lab B; Tue"])
    'Lab A; "Lab B; Tue"'
    """
    return "; ".join('"{}"'.format(name.replace('"', '""')) if MARKS.search(name) else name for name in names)


def names_with_commas(cells: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Return the parts of cells that are one name with a comma in it: in no cell is one of the two without the other beside it.

    Moodle lists the groups of a student with commas between them, and their names can contain commas themselves.

    Examples
    --------
    >>> sorted(names_with_commas(["Group B, Tue", "Group A, Group B, Tue", "Group B, Tue", "Group A"]))
    [('Group B', 'Tue')]
    >>> sorted(names_with_commas(["Lab 1, Class 1", "Lab 1, Class 2", "Lab 2, Class 1", "Lab 2, Class 2"]))
    []
    """
    before, after, times = defaultdict(set), defaultdict(set), Counter[tuple[str, str]]()
    for cell in cells:
        for left, right in pairwise(("", *_parts(cell), "")):
            after[left].add(right)
            before[right].add(left)
            times[left, right] += 1
    return frozenset(
        (left, right)
        for (left, right), count in times.items()
        if left and right and count >= FEWEST_TOGETHER and len(after[left]) == len(before[right]) == 1
    )


def sections_in_list(kind: SectionKind, cell: str, joined: Collection[tuple[str, str]]) -> tuple[SectionName, ...]:
    """Return the groups that a cell of Moodle names, with commas between them.

    Parameters
    ----------
    kind
        What the column has.
    cell
        Its text.
    joined
        Neighbours that are one name (`names_with_commas`).

    Raises
    ------
    UnreadableCellError
        A name is too long, or has characters that cannot be stored.

    Examples
    --------
    >>> from lmskit.vocabulary import SectionKind
    >>> [section.name for section in sections_in_list(SectionKind.GROUP, "Group A, Group B, Tue", {("Group B", "Tue")})]
    ['Group A', 'Group B, Tue']
    """
    names: list[str] = []
    for left, right in pairwise(("", *_parts(cell))):
        if (left, right) in joined:
            names[-1] += f", {right}"
        else:
            names.append(right)
    return tuple(SectionName(kind, name) for name in dict.fromkeys(map(title, names))) or (SectionName(kind, ""),)


def _parts(cell: str) -> list[str]:
    return [part.strip() for part in COMMAS.split(cell) if part.strip()]


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
