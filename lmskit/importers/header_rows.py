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


_SUMMARY = (
    r"(?:(?:overall|class|course|group|grand|quiz) )?(?:total|sum|count|average|avg\.?|mean|median|maximum|minimum"
    r"|standard deviation|std\.? ?dev\.?"
    r"|stdev|variance|points possible|possible points|out of|max(?:imum)?\.? (?:points|score|mark[s])|(?:max|min|avg|std)[.:]"
    r"|summe|gesamt|gesamtsumme|gesamtdurchschnitt|durchschnitt|mittelwert|anzahl|standardabweichung|maximalpunkte|maximale punkte(?:zahl)?"
    r"|max\.? punkte|höchstpunktzahl|somme|moyenne|médiane|écart[- ]type|nombre total|barème|points max|note maximale"
    r"|suma|media|mediana|promedio|desviación estándar|número total|puntuación máxima|puntos posibles)"
)
FOOTER = re.compile(rf"{_SUMMARY}(?![^\W\d_])[^\n]*", re.IGNORECASE)
"""The first cell of a row of a table that counts or sums up the others, or has the points that were possible."""
_OF_PEOPLE = (
    r"(?:(?:number )?of |no\. of |der |des |de |d['\u2019])?(?:students?|participants?|people|records|rows|entries|studierenden?"
    r"|studenten|teilnehmer(?:[*:_/]?innen)?|teilnehmenden?|personen|einträge|zeilen|étudiants|personnes|lignes|estudiantes|alumnos"
    r"|participantes|personas|filas)"
)
FOOTER_WITH_COUNT = re.compile(rf"{_SUMMARY}(?:[ :]+{_OF_PEOPLE})?[^\w@\n]*+(?:[0-9]++[^\w@\n]*+)*+", re.IGNORECASE)
"""The first cell of such a row where a number is in a column with names or ids: no further word, which could be a name, as in `Sum, Jo`."""
LONGEST_COUNT = 3
"""Digits of a number in a column with names or ids that may count the rows of a table; a longer one is an id."""
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
    >>> is_footer(["Sum", "12", ""], [0, 1]), is_footer(["Sum Wing", "12", ""], [0, 1]), is_footer(["Sum", "12345", ""], [0, 1])
    (True, False, False)
    """
    filled = counts = 0
    for index in of_people:
        if cells[index] and not cells[index].isspace():
            text = cells[index].strip()
            is_count = len(text) <= LONGEST_COUNT and text.isdecimal()
            counts += is_count
            filled += not is_count
            if filled > 1:  # most rows
                return False
    texts = [cell.strip() for cell in cells if cell.strip()]
    first = texts[0] if texts else ""
    if not (FOOTER_WITH_COUNT if counts else FOOTER).fullmatch(first) and not (len(texts) == 1 and FOOTNOTE.fullmatch(first)):
        return False
    return not filled or first in {cells[index].strip() for index in of_people}


def _without_empty_end(cells: list[str]) -> list[str]:
    width = len(cells)
    while width and not cells[width - 1].strip():
        width -= 1
    return cells[:width]
