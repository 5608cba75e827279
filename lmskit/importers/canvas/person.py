"""How Canvas writes people: one cell with the name, and an id of digits."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lmskit.importers.cell import matching
from lmskit.importers.record import PersonRecord
from lmskit.readable import with_formula
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    from lmskit.importers.person_name import FullName
    from lmskit.importers.record import PersonKey, Position

SYSTEM = "canvas"
ESCAPED = re.compile(r'="(.*)"', re.DOTALL)

canvas_id = matching(r"\s*[0-9]{1,20}(~[0-9]{1,20})?\s*", "is not a Canvas id, which consists of digits")


def unescaped(name: str) -> str:
    """Return a name without the `="…"` that Canvas puts around one that begins with `=`, or the apostrophe of lmskit, against formulas."""
    found = ESCAPED.fullmatch(name)
    return found[1] if found else with_formula(name)


def student(position: Position, key: PersonKey, name: FullName) -> PersonRecord:
    """Return the student of a row, whose name is in one cell."""
    return PersonRecord(position, key, name.family, name.given, Role.STUDENT, is_split=name.is_split, doubt=name.doubt)
