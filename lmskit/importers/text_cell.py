"""Readers of the texts of cells, each as strict as the column of the database in which the value is stored."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from lmskit.importers.cell import ColumnValues, UnreadableCellError
from lmskit.importers.spreadsheet_damage import refuse_damaged_id, refuse_error
from lmskit.limits import EARLIEST_YEAR, INVISIBLE_CHARACTERS, LATEST_YEAR, LONGEST_EXTERNAL_ID, LONGEST_PROSE
from lmskit.schemas.text import Address, Code, FamilyName, Name, Title

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_+-]+(?:\.[A-Za-z0-9_+-]+)*", re.ASCII)
LONGEST_LOCAL_PART, LONGEST_PLAIN_ADDRESS = 64, 200
_INVISIBLE = re.compile(INVISIBLE_CHARACTERS)
LOOSE_DAY = re.compile(
    r"(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?\s?(?:Z|UTC|[+-]\d{2}:?\d{2})?)?", re.ASCII
)
INSTANT = re.compile(r"(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2}:\d{2})(\.\d{1,6})?\s?(Z|UTC|[+-]\d{2}:?\d{2})?", re.ASCII)


def identifier(text: str) -> str:
    """Read an id of another system, unchanged but for blanks around it: `01103` keeps its zero."""
    text = text.strip()
    if not text:
        raise UnreadableCellError("is empty")
    refuse_damaged_id(text)
    if len(text) > LONGEST_EXTERNAL_ID:
        raise UnreadableCellError(f"is longer than {LONGEST_EXTERNAL_ID} characters")
    if not text.isprintable() and any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise UnreadableCellError("contains control characters")
    if not text.isascii() and _INVISIBLE.search(text):
        raise UnreadableCellError("contains characters that cannot be seen, so that it looks like another id")
    return text


def optional_identifier(text: str) -> str | None:
    """Read an id that may be missing."""
    return identifier(text) if text.strip() else None


def _valid(kind: Any, reason: str, refuse: Callable[[str], None] = refuse_error) -> Callable[[str], str]:  # noqa: ANN401 - as Pydantic's
    adapter: TypeAdapter[str] = TypeAdapter(kind)

    def read(text: str) -> str:
        refuse(text.strip())
        try:
            return adapter.validate_python(text)
        except ValidationError:
            raise UnreadableCellError(reason) from None

    return read


family_name = _valid(FamilyName, "is not a family name")
given_name = _valid(Name, "is not a given name")
code = _valid(Code, "is not a code: a code is part of file names, so it has no / or \\ and at most 100 characters", refuse_damaged_id)
title = _valid(Title, "is not a title of 1 to 300 characters in one line")
_address = _valid(Address, "is not an e-mail address that can receive mail")


# Addresses of a file share few domains, and checking one takes most of the time.
_domains = ColumnValues(lambda domain: _address(f"x@{domain}").removeprefix("x@"))


def plain_address(text: str) -> str | None:
    """Return an address as `optional_address` does, if it is a plain one of a domain that was read before; otherwise None."""
    local, _, domain = text.partition("@")
    if domain in _domains and len(text) < LONGEST_PLAIN_ADDRESS and len(local) <= LONGEST_LOCAL_PART and PLAIN_LOCAL_PART.fullmatch(local):
        return f"{local.lower()}@{_domains[domain]}"
    return None


def optional_address(text: str) -> str | None:
    """Read an e-mail address that may be missing."""
    text = text.strip()
    if not text:
        return None
    local, _, domain = text.partition("@")
    if PLAIN_LOCAL_PART.fullmatch(local) and len(local) <= LONGEST_LOCAL_PART and len(text) < LONGEST_PLAIN_ADDRESS:
        return f"{local.lower()}@{_domains[domain]}"
    return _address(text)


def optional_day(text: str) -> dt.date | None:
    """Read a date that may be missing, in the forms in which systems write it; of a date with a time only the date is kept.

    Examples
    --------
    >>> optional_day("2013-1-03 00:00:00"), optional_day("2023-09-04T00:00:00.000Z"), optional_day(" ")
    (datetime.date(2013, 1, 3), datetime.date(2023, 9, 4), None)
    """
    text = text.strip()
    if not text:
        return None
    found = LOOSE_DAY.fullmatch(text)
    try:
        day = dt.date(*map(int, found.groups())) if found else None
    except ValueError:
        day = None
    if not day or not EARLIEST_YEAR <= day.year <= LATEST_YEAR:
        raise UnreadableCellError("is not a date such as 2026-09-14")
    return day


def optional_instant(text: str) -> dt.datetime | None:
    """Read a date and time that may be missing; without a time zone it is in UTC.

    Examples
    --------
    >>> optional_instant("2026-09-25 20:00:00 UTC")
    datetime.datetime(2026, 9, 25, 20, 0, tzinfo=datetime.timezone.utc)
    >>> optional_instant("2026-09-25 14:00:00 -0600") == optional_instant("2026-09-25T20:00:00Z")
    True
    """
    text = text.strip()
    if not text:
        return None
    if found := INSTANT.fullmatch(text):
        day, time, fraction, zone = found.groups()
        try:
            instant = dt.datetime.fromisoformat(f"{day}T{time}{fraction or ''}{'+00:00' if zone in {None, 'Z', 'UTC'} else zone}")
            instant = instant.astimezone(dt.UTC)
            if EARLIEST_YEAR <= instant.year <= LATEST_YEAR:
                return instant
        except (ValueError, OverflowError):
            pass
    raise UnreadableCellError("is not a date and time such as 2026-09-25 20:00:00 UTC")


def one_line(text: str) -> str:
    r"""Return a text with single blanks instead of white space and of control characters.

    Examples
    --------
    >>> one_line(" Final\n\texam ")
    'Final exam'
    """
    return " ".join("".join(" " if unicodedata.category(character) in {"Cc", "Cs"} else character for character in text).split())


def visible_lines(text: str) -> str:
    r"""Return a text of several lines without control characters, cut at the longest text that is stored.

    Examples
    --------
    >>> visible_lines(" Well\x00 done\r\nsee page 3 ")
    'Well done\nsee page 3'
    """
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    kept = (character for character in lines if character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"})
    return "".join(kept).strip()[:LONGEST_PROSE].rstrip()
