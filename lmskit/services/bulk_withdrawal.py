"""Withdrawing many students of a course at once; a number that is large for the course has to be confirmed, as in imports."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, any_, cast, func, select, update

from lmskit.errors import ManyWithdrawalsError
from lmskit.models import Enrollment, User
from lmskit.queries.course import course_by_code
from lmskit.queries.section import in_section
from lmskit.services.enrollment import locked_enrollment, withdraw_enrolled
from lmskit.services.outbox import enqueue_withdrawals
from lmskit.services.pasted_people import Meant, PastedReport, PastedRow, meant_by
from lmskit.services.permission import administrators_only
from lmskit.services.withdrawal_check import MissingCountRow, withdrawal_check
from lmskit.vocabulary import EnrollmentStatus, PastedOutcome

if TYPE_CHECKING:
    from sqlalchemy import Select
    from sqlalchemy.orm import Session

    from lmskit.importers.report import MissingCheck
    from lmskit.models import Course
    from lmskit.schemas.enrollment import WithdrawSeveral

ENROLLED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.PENDING)
ADVICE = "No student of this course has this name. To list them: lmskit enrollment list COURSE"


@dataclass(frozen=True)
class WithdrawalReport(PastedReport):
    """What becomes of everyone who was chosen; `check` says whether their number has to be confirmed, and why."""

    check: MissingCheck


@administrators_only("withdraw students")
def withdraw_several(session: Session, request: WithdrawSeveral, *, dry_run: bool = False) -> WithdrawalReport:
    """Withdraw everyone who is chosen, as of today; attempts and mastery stay.

    Messages of pending enrollments are cancelled, and earlier end dates come back, as when one student is withdrawn. Who is not
    enrolled is left out and reported.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    request
        The course, who is chosen, and of how many students that may be.
    dry_run
        Report the same and write nothing; no confirmation is needed.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        There is no such course, or no such section in it.
    TooManyPastedError
        The text names more people than may be pasted at once.
    ManyWithdrawalsError
        There are more students than was confirmed, or their number has to be confirmed.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = course_by_code(session, request.course)
    if not dry_run:  # who is withdrawn or completes the course meanwhile is not counted: all are locked before they are read
        enrolled = _enrolled(course, Enrollment.student_id).order_by(Enrollment.student_id)
        session.execute(enrolled.with_for_update(key_share=True))
    n_enrolled = session.scalar(_enrolled(course, func.count())) or 0
    if request.people is not None:
        rows, chosen = _named(session, course, request.people)
    else:
        rows, chosen = _of_section(session, course, request.section)
    check = withdrawal_check([MissingCountRow(course.code, n_enrolled, len(chosen), 0)])
    if not dry_run:
        too_many = request.at_most is not None and len(chosen) > request.at_most
        if too_many or (request.at_most is None and check.reasons):
            reasons = check.reasons if request.at_most is None else [f"more than the confirmed {request.at_most:,}"]
            raise ManyWithdrawalsError(course=course.code, count=len(chosen), reasons=reasons)
        _withdraw(session, course, chosen, notify=request.notify)
    return WithdrawalReport(course.code, tuple(rows), check)


def _enrolled(course: Course, *columns: Any) -> Select[Any]:
    return select(*columns).select_from(Enrollment).where(Enrollment.course_id == course.id, Enrollment.status.in_(ENROLLED))


def _of_section(session: Session, course: Course, section: str | None) -> tuple[list[PastedRow], list[int]]:
    statement = (
        _enrolled(course, User.id, User.name)
        .join(User, User.id == Enrollment.student_id)
        .where(in_section(session, course.id, section, Enrollment.student_id))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    found = session.execute(statement).all()
    rows = [PastedRow(None, "", PastedOutcome.WITHDRAWN, name) for _, name in found]
    return rows, [student_id for student_id, _ in found]


def _named(session: Session, course: Course, text: str) -> tuple[list[PastedRow], list[int]]:
    meant = meant_by(session, text, course_id=course.id)
    ids = {each.person.id for each in meant if each.person is not None}
    statement = select(Enrollment.student_id, Enrollment.status).where(Enrollment.course_id == course.id, Enrollment.student_id.in_(ids))
    statuses = {row.student_id: row.status for row in session.execute(statement)}
    lines: dict[int, int | None] = {}
    rows = [_row(each, statuses, lines, course) for each in meant]
    return rows, list(lines)


def _row(each: Meant, statuses: dict[int, EnrollmentStatus], lines: dict[int, int | None], course: Course) -> PastedRow:
    """What becomes of one entry; adds who is withdrawn to `lines`."""
    if each.person is None and each.entry.email is None:
        return each.undecided(advice=ADVICE)
    status = None if each.person is None else statuses.get(each.person.id)
    if each.person is None or status is None:
        return each.row(PastedOutcome.UNKNOWN, f"Not enrolled in {course.code}.")
    if each.person.id in lines:
        return each.row(PastedOutcome.UNCHANGED, f"The same person as in line {lines[each.person.id]}.")
    if status is EnrollmentStatus.WITHDRAWN:
        return each.row(PastedOutcome.UNCHANGED, "Withdrawn already.")
    if status is EnrollmentStatus.COMPLETED:
        return each.row(PastedOutcome.REFUSED, "Has completed the course, so there is nothing to withdraw from.")
    lines[each.person.id] = each.entry.line
    return each.row(PastedOutcome.WITHDRAWN)


def _withdraw(session: Session, course: Course, students: list[int], *, notify: bool) -> None:
    """Withdraw the students: those who wait for a message one by one, since it is cancelled; all others in one statement."""
    of_these = Enrollment.student_id == any_(cast(students, ARRAY(BigInteger)))  # more of them than a statement has parameters
    unconfirmed: set[int] = set()
    pending = _enrolled(course, Enrollment.student_id).where(of_these, Enrollment.status == EnrollmentStatus.PENDING)
    for student_id in session.scalars(pending.order_by(Enrollment.student_id)).all():
        enrollment = locked_enrollment(session, course.id, student_id)
        if enrollment is not None and not withdraw_enrolled(session, enrollment):
            unconfirmed.add(student_id)
    session.execute(
        update(Enrollment)
        .where(Enrollment.course_id == course.id, of_these, Enrollment.status == EnrollmentStatus.ACTIVE)
        .values(status=EnrollmentStatus.WITHDRAWN, ended_on=func.greatest(dt.datetime.now(dt.UTC).date(), Enrollment.started_on))
        .execution_options(synchronize_session=False)
    )
    session.expire_all()
    if notify:
        enqueue_withdrawals(session, course, [student_id for student_id in students if student_id not in unconfirmed])
