"""Whole numbers as they are typed: one that no row can have is refused before a database is asked."""

from __future__ import annotations

import shlex

import typer

from lmskit.errors import InputError
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.queries.page import LAST_ROW, check_page


def week_typed(context: typer.Context, week: int | None) -> int | None:
    """Return the week, if a course can have it; the advice names the course that was typed.

    Raises
    ------
    InputError
        No course has such a week.
    """
    if week is not None and not FIRST_WEEK <= week <= LAST_WEEK:
        course = context.params.get("course")
        code = course[0] if isinstance(course, list | tuple) and course else course or None
        of_which, typed = ("a course", "CODE") if code is None else (code, shlex.quote(code))
        raise InputError(
            f"--week: There is no week {week}: a course has at most the weeks {FIRST_WEEK} to {LAST_WEEK}. "
            f"To see those of {of_which}: lmskit course show {typed}"
        )
    return week


def limit_typed(limit: int) -> int:
    """Return the number of rows to show, if a list shows so many."""
    check_page(limit, 0)
    return limit


def offset_typed(offset: int) -> int:
    """Return the number of rows to skip, if a list can skip so many."""
    check_page(1, offset)
    return offset


def attempt_typed(number: int) -> int:
    """Return the number of an attempt, if an attempt can have it.

    Raises
    ------
    InputError
        No attempt can have such a number.
    """
    return _row_typed(number, "attempt", "To list those of a course: lmskit attempt list COURSE")


def receipt_typed(number: int) -> int:
    """Return the receipt of a merge, if a merge can have it.

    Raises
    ------
    InputError
        No merge can have such a number.
    """
    return _row_typed(number, "merge with receipt", "To list them: lmskit person merges")


def run_typed(number: int) -> int:
    """Return the number of an import, if an import can have it.

    Raises
    ------
    InputError
        No import can have such a number.
    """
    return _row_typed(number, "import", "To list them: lmskit import list")


def _row_typed(number: int, what: str, advice: str) -> int:
    if not 1 <= number <= LAST_ROW:
        raise InputError(f"There is no {what} {number}. {advice}")
    return number
