"""How many students an import may take out of a course without being asked to.

A roster of another course, or half of one, names hardly any student of the course, and would end the enrollments of all others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ImportFileError
from lmskit.importers import advice
from lmskit.rounding import count_text
from lmskit.services.withdrawal_check import MissingCountRow, withdrawal_check

if TYPE_CHECKING:
    from lmskit.importers.report import MissingCheck
    from lmskit.services.file_import.context import ImportContext


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
