"""People in a text that a person pasted: addresses, names, or both, from a mail program, a spreadsheet or a list."""

from __future__ import annotations

import re
from typing import NamedTuple

ADDRESS = re.compile(r"""(?:<\s*|(?<![^\s<>,;"'()@]))([^\s<>,;"'()@]+@[^\s<>,;"'()@]+?)\.?\s*>?(?=[\s,;"')>]|$)""")
"""What looks like an address; whether mail can be sent to it is decided where it is used."""
AROUND_NAMES = " \t,\"'()\u00a0\u2022*"
"""Characters around a name that do not belong to it: separators, quotes and the signs of a list."""


class PastedPerson(NamedTuple):
    """One person of a pasted text.

    `line` is counted from 1, `typed` is the text itself. `email` is None where there is none, and `name` is empty where there is none;
    one of the two is there.
    """

    line: int
    typed: str
    email: str | None
    name: str


def pasted_people(text: str) -> list[PastedPerson]:
    r"""Return the people of a text, in its order.

    Each line has one or more people. Semicolons separate them, and so do commas after an address; a comma in a name stays, since
    "Family, Given" is one name. The name stands before its address, or behind it without a comma.

    Examples
    --------
    >>> [(who.name, who.email) for who in pasted_people("Ann Rae <Ann@x.org>, b@x.org; Rae, Ann")]
    [('Ann Rae', 'ann@x.org'), ('', 'b@x.org'), ('Rae, Ann', None)]
    >>> [(who.name, who.email) for who in pasted_people("Roe, Bo <bo@x.org>, c@x.org\nd@x.org\tDot Dee")]
    [('Roe, Bo', 'bo@x.org'), ('', 'c@x.org'), ('Dot Dee', 'd@x.org')]
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        for chunk in line.split(";"):
            found += _people_in(chunk, number)
    return found


def _people_in(chunk: str, line: int) -> list[PastedPerson]:
    found, end = list[PastedPerson](), 0
    for match in ADDRESS.finditer(chunk):
        name = chunk[end : match.start()].strip(AROUND_NAMES)
        found.append(PastedPerson(line, chunk[end : match.end()].strip(AROUND_NAMES), match[1].lower(), _one_line(name)))
        end = match.end()
    rest = chunk[end:]
    if not (name := rest.strip(AROUND_NAMES)):
        return found
    if len(found) == 1 and not found[0].name and not rest.lstrip(" \"')").startswith(","):
        return [found[0]._replace(typed=chunk.strip(AROUND_NAMES), name=_one_line(name))]
    return [*found, PastedPerson(line, name, None, _one_line(name))]


def _one_line(name: str) -> str:
    return " ".join(name.split())
