"""What closing a term would end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.models import Course, Enrollment, Term, User
from lmskit.rounding import count_text
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    import datetime as dt

    from sqlalchemy.orm import Session

FIRST_PENDING = 20
"""Pending enrollments that are named."""


@dataclass(frozen=True)
class OpenEnrollments:
    """The enrollments of a term that closing it would end, as far as the signed-in person can see them.

    Attributes
    ----------
    n_active, n_pending
        How many there are.
    pending
        Course and name of the first `FIRST_PENDING` pending ones, by course and name.
    """

    n_active: int
    n_pending: int
    pending: tuple[tuple[str, str], ...]

    @property
    def named(self) -> list[str]:
        """The pending ones, each as a line, and how many more there are."""
        lines = [f"{course}: {name}" for course, name in self.pending]
        more = self.n_pending - len(lines)
        return [*lines, f"… and {more:,} more"] if more else lines

    def sentences(self, term: Term, today: dt.date) -> list[str]:
        """What closing the term today does to them."""
        active, verb = count_text(self.n_active, "active enrollment"), "becomes" if self.n_active == 1 else "become"
        said = [f"{active} {verb} completed as of {completed_on(term, today)}."]
        if self.n_pending == 1:
            said.append("1 enrollment is pending, and is withdrawn: its message is not sent.")
        elif self.n_pending:
            said.append(f"{self.n_pending:,} enrollments are pending, and are withdrawn: their messages are not sent.")
        return said


def completed_on(term: Term, today: dt.date) -> dt.date:
    """The last day of enrollments that closing the term today completes: that of the term, unless it is still to come."""
    return min(term.ends_on, today)


def open_enrollments(session: Session, term: Term) -> OpenEnrollments:
    """The enrollments of a term that closing it would end."""
    in_term = Enrollment.course_id.in_(select(Course.id).where(Course.term_id == term.id))
    counted = select(Enrollment.status, func.count()).where(in_term).group_by(Enrollment.status)
    counts = {status: number for status, number in session.execute(counted)}  # noqa: C416 - a row is not a pair to mypy
    pending = (
        select(Course.code, User.name)
        .select_from(Enrollment)
        .join(Course, Course.id == Enrollment.course_id)
        .join(User, User.id == Enrollment.student_id)
        .where(in_term, Enrollment.status == EnrollmentStatus.PENDING)
        .order_by(Course.code.collate("C"), User.sort_name.collate("C"), User.id)
        .limit(FIRST_PENDING)
    )
    return OpenEnrollments(
        n_active=counts.get(EnrollmentStatus.ACTIVE, 0),
        n_pending=counts.get(EnrollmentStatus.PENDING, 0),
        pending=tuple((course, name) for course, name in session.execute(pending)),
    )
