"""Values that cannot be shown as they are: a text that is too long, changes directions or begins a formula, a day that no calendar has."""

from __future__ import annotations

import datetime as dt
import re

from lmskit.limits import LONGEST_PROSE

# A day within the ends of Python's calendar, so that a change of the time zone does not leave it.
FIRST_DAY, LAST_DAY = dt.date(1, 1, 2), dt.date(9999, 12, 30)
"""What a stored day before or after Python's calendar is read as, so that it stays before or after all others."""
DIRECTIONS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Characters that embed, override or isolate a direction of writing, and disturb what follows them until they are closed.

Arabic and Hebrew need none of them, and keep their own invisible letters (U+200E, U+200F, U+061C), which disturb nothing.
"""
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""What a text begins with that a spreadsheet takes for a formula; the last four are wide letters, which some take for the narrow ones."""
TEXT_MARK = "'"
"""What stands before a text that begins like a formula."""
_FORMULA = f"['\" ]*+[{re.escape(''.join(each for each in FORMULA_STARTS if not each.isspace()))}]"
_AFTER_SEPARATOR = re.compile(f"(?<=[;\t\r\n])(?={_FORMULA})")
_MARK_AFTER_SEPARATOR = re.compile(f"(?<=[;\t\r\n]){TEXT_MARK}(?={_FORMULA})")


def without_directions(text: str) -> str:
    r"""Return a text without the characters that change the direction of what is written after it.

    Examples
    --------
    >>> without_directions("Week \u202e1"), without_directions("\u05d0\u200f!") == "\u05d0\u200f!"
    ('Week 1', True)
    """
    return text if text.isascii() else DIRECTIONS.sub("", text)


def as_cell(text: str) -> str:
    """Return a text as a cell that no spreadsheet reads as a formula and that leaves the direction of the cells after it alone."""
    return without_formula(without_directions(text))


def without_formula(cell: str) -> str:
    r"""Return a cell that no spreadsheet reads as a formula, from which `with_formula` makes the text again.

    A spreadsheet that divides a file at semicolons or tabs takes what follows them for a cell of its own, whatever quotes are around.

    Examples
    --------
    >>> without_formula("=HYPERLINK(...)"), without_formula("-12"), without_formula("Week 1"), without_formula("'=1")
    ("'=HYPERLINK(...)", "'-12", 'Week 1', "''=1")
    >>> without_formula("Stack; =1+1"), without_formula("a\n-b")
    ("Stack;' =1+1", "a\n'-b")
    """
    cell = _AFTER_SEPARATOR.sub(TEXT_MARK, cell)
    return f"{TEXT_MARK}{cell}" if cell.lstrip(f"{TEXT_MARK} ").startswith(FORMULA_STARTS) else cell


def with_formula(cell: str) -> str:
    """Return the text of which `without_formula` made a cell.

    Examples
    --------
    >>> with_formula("'=HYPERLINK(...)"), with_formula("'-12"), with_formula("'Week 1'"), with_formula("''=1")
    ('=HYPERLINK(...)', '-12', "'Week 1'", "'=1")
    >>> with_formula("Stack;' =1+1")
    'Stack; =1+1'
    """
    if cell.startswith(TEXT_MARK) and cell.lstrip(f"{TEXT_MARK} ").startswith(FORMULA_STARTS):
        cell = cell[1:]
    return _MARK_AFTER_SEPARATOR.sub("", cell)


def bounded(text: str, longest: int = LONGEST_PROSE) -> str:
    """Return the beginning of a text that is longer than any that lmskit accepts, and how long it is; otherwise the text.

    What would change the direction of the text after it is left out.

    Examples
    --------
    >>> bounded("objectives"), bounded("x" * 50_000, 3)
    ('objectives', 'xxx… (50,000 characters)')
    """
    text = without_directions(text)
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text):,} characters)"


def minute(moment: dt.datetime) -> str:
    """Write a moment as people read it, with its zone, the same on every machine.

    Examples
    --------
    >>> minute(dt.datetime(2026, 10, 5, 14, 20, tzinfo=dt.timezone(dt.timedelta(hours=2))))
    '2026-10-05 12:20 UTC'
    """
    return f"{moment.astimezone(dt.UTC):%Y-%m-%d %H:%M} UTC"


def day_or_time(value: object) -> str | None:
    """Return a day or a time as tables show it, also one beyond Python's calendar; None for any other value.

    Examples
    --------
    >>> day_or_time(LAST_DAY), day_or_time(dt.date(2026, 9, 14)), day_or_time("2026")
    ('after the year 9999', '2026-09-14', None)
    >>> day_or_time(dt.datetime(2026, 10, 5, 14, 20, 31, 7, tzinfo=dt.UTC)), day_or_time(dt.datetime(2026, 10, 5, 14, 20, 31))
    ('2026-10-05 14:20 UTC', '2026-10-05 14:20')
    """
    if not isinstance(value, dt.date):  # a datetime is a date too
        return None
    day = value.date() if isinstance(value, dt.datetime) else value
    if day <= FIRST_DAY or day >= LAST_DAY:
        return "before the year 1" if day <= FIRST_DAY else "after the year 9999"
    if not isinstance(value, dt.datetime):
        return str(day)
    return minute(value) if value.tzinfo else f"{value:%Y-%m-%d %H:%M}"
