"""The row of a table with its headers, which may be below a title, the date of an export, or the line `sep=;` of a spreadsheet.

A file is read from its first row unless a later one is clearly the header: it has the columns that are looked for or, for a
table of unknown columns, two headers that plain tables have, and more filled cells than each row above it.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from lmskit.importers.plain_headers import is_known

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

WIDEST = 10_000
"""Cells of a row beyond which no header is looked for any more, since no file with so many columns is read."""
ROWS_LOOKED_AT = 20
"""Filled rows among which the header is looked for."""
LONGEST = 100
"""Characters of a header that may be a known one."""
FEWEST_KNOWN = 2
"""Known headers that make a row the header of a table."""
SEPARATOR_LINE = re.compile(r"\ufeff?\"?sep=(?P<delimiter>[^\r\n])\"?\s*", re.IGNORECASE)
"""The first line that gives a spreadsheet program the delimiter."""


FOOTER = re.compile(
    r"(?:(?:overall|class|course|group|grand|quiz) )?(?:total|sum|count|average|avg\.?|mean|median|maximum|minimum"
    r"|standard deviation|std\.? ?dev\.?"
    r"|stdev|variance|points possible|possible points|out of|max(?:imum)?\.? (?:points|score|mark[s])|(?:max|min|avg|std)[.:]"
    r"|summe|gesamt|gesamtsumme|gesamtdurchschnitt|durchschnitt|mittelwert|anzahl|standardabweichung|maximalpunkte|maximale punkte(?:zahl)?"
    r"|max\.? punkte|höchstpunktzahl|somme|moyenne|médiane|écart[- ]type|nombre total|barème|points max|note maximale"
    r"|suma|media|mediana|promedio|desviación estándar|número total|puntuación máxima|puntos posibles)(?![^\W\d_])[^\n]*",
    re.IGNORECASE,
)
"""The first cell of a row of a table that counts or sums up the others, or has the points that were possible."""
FOOTNOTE = re.compile(
    r"(?:\*+ ?[^\W\d_]|\u00a9|\(c\) |n ?= ?[0-9]|-+ ?(?:ende|end|fin)\b|(?:page|seite|página|pág\.) [0-9]"
    r"|(?:stand|as of|date|datum|fecha|le)[: ]+[0-9]"
    r"|(?:exported|exportiert|exporté|exportado|generated|erstellt|erzeugt|généré|generado|printed|gedruckt|imprimé|impreso"
    r"|downloaded)\b"
    r"|(?:ende der|end of|fin de|fin del) |[0-9]{1,7} (?:students?|records?|rows?|entries|people|studierende|datens|teilnehm|einträge"
    r"|personen|zeilen|étudiant|lignes|personnes|estudiantes|alumnos|filas|registros))[^\n]*",
    re.IGNORECASE,
)
"""The only cell of a row below a table that says something about all of it."""


class HeaderRow(NamedTuple):
    """A header: the number of its row, its cells without the empty ones at their end, and how wide the row is with them."""

    row: int
    cells: list[str]
    width: int

    @property
    def known(self) -> int:
        """How many of its cells are headers that plain tables have."""
        return sum(len(cell) <= LONGEST and is_known(cell) for cell in self.cells)


def header_among(rows: Iterable[tuple[int, list[str]]], columns: Collection[str]) -> HeaderRow:
    """Return the header of a table: the first row that is not empty, unless a later one is clearly the header.

    Parameters
    ----------
    rows
        The number and the cells of each row.
    columns
        Headers that the table must have; empty if any table is read.

    Examples
    --------
    >>> rows = [(1, ["Students of 2026", ""]), (3, ["Name", "E-Mail"]), (4, ["Ada", "ada@example.org"])]
    >>> header_among(rows, [])
    HeaderRow(row=3, cells=['Name', 'E-Mail'], width=2)
    >>> header_among(rows, ["sourcedId"]).row
    1
    """
    first: HeaderRow | None = None
    most_filled = 0
    filled_rows = ((row, cells) for row, cells in rows if any(map(str.strip, cells)))
    for row, cells in islice(filled_rows, ROWS_LOOKED_AT):
        found = HeaderRow(row, _without_empty_end(cells), len(cells))
        if len(cells) > WIDEST:
            return first or found
        is_header = set(columns) <= set(found.cells) if columns else found.known >= FEWEST_KNOWN
        filled = sum(bool(cell.strip()) for cell in cells)
        if is_header and filled > most_filled:
            return found
        first, most_filled = first or found, max(most_filled, filled)
    return first or HeaderRow(1, [], 0)


def is_footer(cells: Sequence[str], of_people: Iterable[int]) -> bool:
    """Return whether a row sums up those above it or is a footnote, and is about no person.

    Parameters
    ----------
    cells
        A row.
    of_people
        The columns with names and ids. Only the first filled cell of the row, which says what it is, may be in one of them.

    Examples
    --------
    >>> is_footer(["Sum: 205", "", "17"], [0, 1]), is_footer(["Total", "Ada", "17"], [0, 1]), is_footer(["7", "Summer", ""], [0, 1])
    (True, False, False)
    >>> is_footer(["Page 1 of 1", "", ""], [0, 1]), is_footer(["Page", "", ""], [0, 1])
    (True, False)
    """
    filled = 0
    for index in of_people:
        if cells[index] and not cells[index].isspace():
            filled += not cells[index].strip().isdecimal()
            if filled > 1:  # most rows
                return False
    texts = [cell.strip() for cell in cells if cell.strip()]
    first = texts[0] if texts else ""
    if not FOOTER.fullmatch(first) and not (len(texts) == 1 and FOOTNOTE.fullmatch(first)):
        return False
    return not filled or first in {cells[index].strip() for index in of_people}


def _without_empty_end(cells: list[str]) -> list[str]:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return cells[:width]
