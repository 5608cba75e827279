"""Values of elements in a backup: texts, whole numbers, decimal numbers and times; Moodle writes a special word for none."""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from lmskit.importers.row import RejectedRowError
from lmskit.limits import LARGEST_SCORE

if TYPE_CHECKING:
    from lmskit.importers.xml_file import XmlElement

NULL = "$@NULL@$"
"""What a backup has where the database has no value."""
LONGEST_NUMBER = 18
"""Digits of a number that fits into a bigint."""
LATEST = 253_402_300_799
"""Seconds since 1970 of the last moment of the year 9999."""


def number_of(element: XmlElement) -> int:
    """Return the number that an element has as its attribute `id`; 0 without one."""
    number = element.get("id", "")
    return int(number) if number.isascii() and number.isdecimal() and len(number) <= LONGEST_NUMBER else 0


def text(element: XmlElement, *path: str) -> str:
    """Return the text of a descendant; empty if there is none, or no value."""
    found = element.child(*path) if path else element
    content = "" if found is None else (found.text or "").strip()
    return "" if content == NULL else content


def integer(element: XmlElement, *path: str) -> int | None:
    """Return a whole number; None if there is no value.

    Raises
    ------
    RejectedRowError
        It is something else.
    """
    content = text(element, *path)
    if not content:
        return None
    digits = content.removeprefix("-")
    if not (digits.isascii() and digits.isdecimal()) or len(digits) > LONGEST_NUMBER:
        raise RejectedRowError(path[-1], content, "is not a whole number")
    return int(content)


def decimal(element: XmlElement, *path: str) -> float | None:
    """Return a decimal number; None if there is no value.

    Raises
    ------
    RejectedRowError
        It is something else.
    """
    content = text(element, *path)
    if not content:
        return None
    try:
        number = float(content) if content.isascii() and "_" not in content else math.nan
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RejectedRowError(path[-1], content, "is not a number")
    if abs(number) > LARGEST_SCORE:
        raise RejectedRowError(path[-1], content, f"is beyond {LARGEST_SCORE:,}, the most that is read")
    return number


def moment(element: XmlElement, *path: str) -> dt.datetime | None:
    """Return a time in UTC, which a backup has as seconds since 1970; None for 0, with which Moodle means none.

    Raises
    ------
    RejectedRowError
        It is no such number.
    """
    seconds = integer(element, *path)
    if not seconds:
        return None
    if not 0 < seconds <= LATEST:
        raise RejectedRowError(path[-1], str(seconds), "is not a time")
    return dt.datetime.fromtimestamp(seconds, dt.UTC)
