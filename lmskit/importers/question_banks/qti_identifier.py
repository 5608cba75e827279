"""Ids of options and targets as identifiers of QTI 2.1, which are names of XML: letters, digits, and little else."""

from __future__ import annotations

import re

_OTHER = re.compile(r"^[^A-Za-z]|[^A-Za-z0-9.-]")
_WRITTEN = re.compile(r"_([0-9a-f]{1,6})_")
MOST = 0x10FFFF


def identifier_of(given: str) -> str:
    """Return an id as an identifier; every character that an identifier cannot have there is written by its number.

    Examples
    --------
    >>> identifier_of("A"), identifier_of("27"), identifier_of("a b")
    ('A', '_32_7', 'a_20_b')
    """
    return _OTHER.sub(lambda other: f"_{ord(other[0]):x}_", given)


def given_id(identifier: str) -> str:
    """Return the id that `identifier_of` wrote.

    Examples
    --------
    >>> [given_id(identifier_of(each)) for each in ("A", "27", "_32_7")]
    ['A', '27', '_32_7']
    """
    return _WRITTEN.sub(lambda written: chr(min(int(written[1], 16), MOST)), identifier)
