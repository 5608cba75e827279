"""How Canvas writes people: one cell with the name, and an id of digits."""

from __future__ import annotations

import re

from lmskit.importers.cell import matching
from lmskit.importers.text_cell import family_name, given_name

SYSTEM = "canvas"
ESCAPED = re.compile(r'="(.*)"', re.DOTALL)

canvas_id = matching(r"\s*[0-9]{1,20}(~[0-9]{1,20})?\s*", "is not a Canvas id, which consists of digits")


def unescaped(name: str) -> str:
    """Return a name without the `="…"` that Canvas puts around one that begins with `=`, against formulas in spreadsheets."""
    found = ESCAPED.fullmatch(name)
    return found[1] if found else name


def family_and_given(name: str) -> tuple[str, str]:
    """Split a name into family and given name; without a comma the last word is the family name.

    Raises
    ------
    UnreadableCellError
        The text is empty or longer than a name may be.

    Examples
    --------
    >>> family_and_given("de la Cruz, Ana María"), family_and_given("Ana María Cruz"), family_and_given("Plato")
    (('de la Cruz', 'Ana María'), ('Cruz', 'Ana María'), ('Plato', ''))
    """
    family, comma, given = name.partition(",")
    if not comma:
        given, _, family = name.strip().rpartition(" ")
    if not family.strip():
        family, given = given, ""
    return family_name(family), given_name(given)
