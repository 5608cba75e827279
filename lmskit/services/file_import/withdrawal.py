"""How many students an import may take out of a course without being asked to.

A roster of another course, or half of one, names hardly any student of the course, and would end the enrollments of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.importers.report import MissingCheck
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lmskit.services.file_import.context import ImportContext

MOST_UNCONFIRMED = 20
"""The most students of all courses of a file that are withdrawn without a confirmation."""
LARGEST_UNCONFIRMED_PERCENTAGE = 10
"""The most students of one course, in percent, that are withdrawn without a confirmation."""


class MissingCountRow(NamedTuple):
    """How many students of a course are not in the file.

    `n_enrolled` are those who were active or pending before the import, `n_by_hand` those of `n_missing` who were enrolled
    by a person, in a form or on the command line.
    """

    course: str
    n_enrolled: int
    n_missing: int
    n_by_hand: int


def withdrawal_check(courses: Sequence[MissingCountRow]) -> MissingCheck:
    """Decide whether the students who are not in the file can be withdrawn without a confirmation of their number.

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


def refuse_unconfirmed_withdrawals(check: MissingCheck, file: str, at_most: int | None) -> None:
    """Refuse to withdraw more students than was confirmed, or so many that their number has to be confirmed.

    Parameters
    ----------
    check
        What `withdrawal_check` found.
    file
        The name of the file that lacks the students.
    at_most
        The number that the person confirmed; None if there is none.

    Raises
    ------
    ImportFileError
        There are more students, or their number has to be confirmed.
    """
    students = count_text(check.count, "student")
    if at_most is not None and check.count > at_most:
        raise ImportFileError(
            f"{students} would be withdrawn because they are not in {file}, more than the confirmed {at_most:,}; nothing was written. "
            f"{advice.WITHDRAW_MORE.about(check.count)}"
        )
    if at_most is None and check.reasons:
        raise ImportFileError(
            f"{students} would be withdrawn because they are not in {file}, among them {', and '.join(check.reasons)}; "
            "nothing was written. "
            f"{advice.WITHDRAW_ALL.about(check.count)}"
        )


def check_withdrawals(context: ImportContext) -> None:
    """Count the students who are not in the file, and refuse to withdraw too many; a rehearsal only reports them."""
    asked = context.options.asked
    context.withdrawal = withdrawal_check(context.statements["enrollments"].read("missing_counts", MissingCountRow))
    if not asked.dry_run:
        refuse_unconfirmed_withdrawals(context.withdrawal, context.source.name, asked.withdraw_at_most)
