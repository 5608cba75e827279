"""How many students may be taken out of a course without a confirmation of their number: the rule of imports and of bulk withdrawals."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.importers.report import MissingCheck
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

MOST_UNCONFIRMED = 20
"""The most students of all courses of a file that are withdrawn without a confirmation."""
LARGEST_UNCONFIRMED_PERCENTAGE = 10
"""The most students of one course, in percent, that are withdrawn without a confirmation."""


class MissingCountRow(NamedTuple):
    """How many students of a course are to be withdrawn, such as because they are not in a file.

    `n_enrolled` are those who were active or pending before, `n_missing` those of them who are to be withdrawn, `n_by_hand` those of
    `n_missing` who were enrolled by a person, in a form or on the command line, where this is a reason to ask.
    """

    course: str
    n_enrolled: int
    n_missing: int
    n_by_hand: int


def withdrawal_check(courses: Sequence[MissingCountRow]) -> MissingCheck:
    """Decide whether students can be withdrawn without a confirmation of their number.

    Examples
    --------
    >>> withdrawal_check([MissingCountRow("CS101", 180, 18, 0)]).reasons
    ()
    >>> withdrawal_check([MissingCountRow("CS101", 180, 19, 1)]).reasons
    ('19 of 180 students of CS101 (11 %)', '1 student of CS101 who was enrolled by hand')
    >>> withdrawal_check([MissingCountRow("CS101", 500, 21, 0)]).reasons
    ('21 students, more than 20',)
    """
    count = sum(course.n_missing for course in courses)
    reasons = []
    for course in courses:
        if course.n_missing * 100 > course.n_enrolled * LARGEST_UNCONFIRMED_PERCENTAGE:
            share = f"{100 * course.n_missing / course.n_enrolled:.0f} %"
            reasons.append(f"{course.n_missing:,} of {count_text(course.n_enrolled, 'student')} of {course.course} ({share})")
        if course.n_by_hand:
            was = "was" if course.n_by_hand == 1 else "were"
            reasons.append(f"{count_text(course.n_by_hand, 'student')} of {course.course} who {was} enrolled by hand")
    if count > MOST_UNCONFIRMED and not reasons:
        reasons.append(f"{count:,} students, more than {MOST_UNCONFIRMED}")
    return MissingCheck(count, tuple(reasons))
