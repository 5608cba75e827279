"""The teaching week that the title of a quiz names."""

from __future__ import annotations

import re

from lmskit.limits import LAST_WEEK

NAMED_WEEK = re.compile(r"(?<![^\W_])(?:week|wk|w|module|unit)[ \t]*+(?:[-:#.][ \t]*+)?0*([0-9]{1,2})(?![^\W_])", re.IGNORECASE | re.ASCII)


def week_named(title: str) -> int | None:
    """Return the first week from 1 to 60 that a title names; None if it does not name a week.

    Examples
    --------
    >>> week_named("Quiz: Week 3 (Real)"), week_named("wk-04 homework"), week_named("W12"), week_named("Module 7: Sets")
    (3, 4, 12, 7)
    >>> week_named("Midweek 3"), week_named("Week 99"), week_named("Final exam")
    (None, None, None)
    """
    weeks = (int(found) for found in NAMED_WEEK.findall(title))
    return next((week for week in weeks if 1 <= week <= LAST_WEEK), None)
