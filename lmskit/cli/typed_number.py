"""Whole numbers as they are typed: one that no row can have is refused before a database is asked."""

from __future__ import annotations

from lmskit.errors import InputError
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.queries.page import check_page


def week_typed(week: int | None) -> int | None:
    """Return the week, if a course can have it.

    Raises
    ------
    InputError
        No course has such a week.

    Examples
    --------
    >>> week_typed(61)
    Traceback (most recent call last):
    lmskit.errors.input.InputError: --week: There is no week 61: a course has at most the weeks 1 to 60. ...
    """
    if week is not None and not FIRST_WEEK <= week <= LAST_WEEK:
        raise InputError(
            f"--week: There is no week {week}: a course has at most the weeks {FIRST_WEEK} to {LAST_WEEK}. "
            "To see those of a course: lmskit course show CODE"
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
