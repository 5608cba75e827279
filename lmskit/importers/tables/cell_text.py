"""From the value of a cell of a workbook to the text that a CSV file of the same table would have.

A number is written in full and with a decimal point, since what a spreadsheet shows may be rounded. An id of digits is
written as it is shown, with the zeros and separators of its number format, since those belong to the id.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from decimal import Decimal

LARGEST_CERTAIN = 10**15
"""A spreadsheet keeps 15 digits of a number, so that the digits of a larger one are not certain."""
SMALLEST_WRITTEN_OUT = 1e-6
_MIDNIGHT = dt.time()
_DECIMALS = re.compile(r"(?:#,##)?0\.(0{1,9})", re.ASCII)
_PIECE = re.compile(r"\"([^\"]{0,40})\"|\\(.)|(0)|([ ()/.\-])|(\[[^\]]{0,40}\])", re.DOTALL)
_HAS_TIME = re.compile(r"[hs]", re.IGNORECASE)


def cell_text(value: object, number_format: str = "General") -> str:
    """Return the text of a value as a library reads it from a workbook.

    Examples
    --------
    >>> cell_text(123456, "00000000"), cell_text(20260001, "0000-0000"), cell_text(8.5), cell_text(20.0)
    ('00123456', '2026-0001', '8.5', '20')
    >>> cell_text(0.725, "0.0%"), cell_text(dt.datetime(2026, 4, 3), "dd.mm.yyyy"), cell_text(True), cell_text(None)
    ('72.5%', '2026-04-03', 'TRUE', '')
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case int() | float():
            return number_text(value, number_format)
        case dt.datetime():
            has_time = value.time() != _MIDNIGHT or bool(_HAS_TIME.search(number_format))
            return value.isoformat(" ", "seconds") if has_time else value.date().isoformat()
        case dt.timedelta():
            return duration_text(round(value.total_seconds()))
    return value.isoformat("seconds") if isinstance(value, dt.time) else str(value)


def number_text(value: float, number_format: str = "General") -> str:
    """Return a number in full with a decimal point, as a percentage, or as the digits that an id shows.

    Examples
    --------
    >>> number_text(8.5, "0.00"), number_text(8.125, "0.00")
    ('8.50', '8.125')
    >>> number_text(0.1 + 0.2), number_text(123456789.0, "0.00E+00"), number_text(1.5e-7), number_text(1.2345e20)
    ('0.3', '123456789', '0.00000015', '1.2345E+20')
    """
    if not math.isfinite(value):
        return str(value)
    shown = number_format.partition(";")[0]
    if "%" in shown:
        return f"{plain_number(float(Decimal(repr(float(value))) * 100))}%"
    if value == int(value) and 0 <= value < LARGEST_CERTAIN and (digits := _as_id(int(value), shown)):
        return digits
    if (fixed := _DECIMALS.fullmatch(shown)) and float(text := f"{value:.{len(fixed[1])}f}") == value:
        return text
    return plain_number(value)


def plain_number(value: float) -> str:
    """Return a number with up to 15 digits, and without an exponent unless digits are missing.

    Examples
    --------
    >>> plain_number(-2.50), plain_number(7), plain_number(12345678901234567890)
    ('-2.5', '7', '1.23456789012346E+19')
    """
    text = f"{value:.15g}"
    if "e" not in text:
        return text if text != "-0" else "0"
    if abs(value) >= LARGEST_CERTAIN:
        return text.upper()
    return f"{Decimal(text):f}"


def duration_text(seconds: int) -> str:
    """Return a duration as hours, minutes and seconds.

    Examples
    --------
    >>> duration_text(93_784), duration_text(-60)
    ('26:03:04', '-0:01:00')
    """
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    return f"{sign}{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"


def _as_id(number: int, shown: str) -> str:
    """Return the digits in a format with several zeros and separators; empty if the format is another."""
    pieces: list[str | None] = []
    position = 0
    while position < len(shown):
        found = _PIECE.match(shown, position)
        if not found:
            return ""
        quoted, escaped, zero, separator, _ = found.groups()
        if separator == ".":
            return ""
        if zero or quoted or escaped or separator:
            pieces.append(None if zero else quoted or escaped or separator)
        position = found.end()
    zeros = pieces.count(None)
    if zeros < 2 or len(str(number)) > zeros:  # noqa: PLR2004 - one zero is the format of whole numbers
        return ""
    digits = iter(str(number).zfill(zeros))
    return "".join(next(digits) if piece is None else piece for piece in pieces)
