"""Enrolling a student in a course, and withdrawing one.

A requested enrollment is `pending` until the mail server has accepted the message that confirms it (`services/delivery`).
A transaction that needs both rows locks the enrollment first and its message second, so that no two transactions deadlock.
"""

import datetime as dt

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import (
    AddressError,
    AlreadyEnrolledError,
    CourseCompletedError,
    NameNeededError,
    NotAStudentError,
    NotEnrolledError,
    PersonExistsError,
    StudentNotFoundError,
)
from lmskit.models import Course, Enrollment, Term, User
from lmskit.queries.course import course_by_code
from lmskit.queries.page import LAST_ROW
from lmskit.queries.person import found_person, person_by_email
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services import outbox
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person
from lmskit.vocabulary import EnrollmentStatus, Origin, OutboxStatus, Role, WelcomeTime

WELCOME = "welcome"
"""The template of the message that confirms an enrollment."""
FIRST_HOUR = dt.time(6, tzinfo=dt.UTC)
"""When messages of a term's first day are sent: it is that day then in nearly every country."""
ENDED_BEFORE = "ended_before"
"""Key in a message's context: the day an earlier enrollment had ended, to be restored if the message is refused."""


@administrators_only("enrol students")
def enroll(session: Session, request: EnrollStudent) -> Enrollment:
    """Request an enrollment: it becomes `pending`, and its message waits in the outbox; both or neither.

    A student who was withdrawn returns to the same enrollment. A person who is not in lmskit yet becomes a student, and then
    needs a name; a person who is in lmskit keeps theirs.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    NameNeededError
        No person has the address, and no name was given.
    NotAStudentError
        The address belongs to a lecturer or an administrator.
    AlreadyEnrolledError
        The student is enrolled: active, completed, or pending unless the message was given up.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = course_by_code(session, request.course)
    return request_enrollment(session, course, _student(session, request), welcome=request.welcome)


def request_enrollment(session: Session, course: Course, student: User, *, welcome: WelcomeTime = WelcomeTime.NOW) -> Enrollment:
    """Request the enrollment of a student who is in lmskit already; see `enroll`. It is pending until `welcome`, at least.

    Raises
    ------
    AddressError
        The student has no address, or one that cannot receive mail.
    """
    if student.email is None:
        raise AddressError(student=student.name)
    earlier_end = None
    # Not by `session.add`: the session may hold the row that this one conflicts with.
    statement = insert(Enrollment).values(
        course_id=course.id, student_id=student.id, status=EnrollmentStatus.PENDING, origin=Origin.FORM, started_on=_today()
    )
    try:
        with session.begin_nested():  # a conflict undoes this row only
            enrollment = session.scalars(statement.returning(Enrollment)).one()
    except IntegrityError as error:
        match violated_constraint(error):
            case "pk_student_enrollments":
                enrollment, earlier_end = _resumed(session, course, student)
            case "fk_student_enrollments_student_id_student_role":
                raise NotAStudentError(email=student.email) from error
            case _:
                raise
    enrollment.request_sequence = max(enrollment.request_sequence, outbox.last_sequence(session, course.id, student.id) + 1)
    session.flush()
    term = session.get_one(Term, course.term_id)
    context = welcome_context(
        family_name=student.family_name,
        given_name=student.shown_given_name,
        course=course.code,
        title=course.title,
        term=term.name,
        ended_before=earlier_end,
    )
    due = _first_moment(term) if welcome is WelcomeTime.AT_START else None
    outbox.enqueue(session, enrollment=enrollment, recipient=student.email, template=WELCOME, context=context, due=due)
    return enrollment


def welcome_due(session: Session, course: str) -> dt.datetime:
    """The moment from which messages to students of a course are sent that wait for the first day of its term.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return _first_moment(session.get_one(Term, course_by_code(session, course).term_id))


def _first_moment(term: Term) -> dt.datetime:
    return dt.datetime.combine(term.starts_on, FIRST_HOUR)


def welcome_context(
    *, family_name: str, given_name: str, course: str, title: str, term: str, ended_before: dt.date | None
) -> dict[str, str | None]:
    """The values in the message that confirms an enrollment, and the day an earlier enrollment had ended."""
    return {
        "name": " ".join(part for part in (given_name, family_name) if part),
        "course": course,
        "title": title,
        "term": term,
        ENDED_BEFORE: ended_before.isoformat() if ended_before is not None else None,
    }


@administrators_only("withdraw students")
def withdraw(session: Session, *, course: str, who: str, notify: bool = False) -> Enrollment:
    """Withdraw a student from a course as of today; attempts and mastery stay. `who`: see `found_person`.

    With `notify`, a message about it waits in the outbox; not for a student whose enrollment is still pending.

    The message of a pending enrollment is cancelled, unless it is being sent at this moment. A student who had been withdrawn
    before gets the earlier end date back.

    Raises
    ------
    CourseNotFoundError, UnknownPersonError
        There is no such course or person.
    NotEnrolledError
        The student is not enrolled in the course, or is withdrawn already.
    CourseCompletedError
        The student has completed it.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    found, student = course_by_code(session, course), found_person(session, who)
    return _withdraw(session, found, student.id, name=student.email or student.name, notify=notify)


@administrators_only("withdraw students")
def withdraw_by_id(session: Session, *, course: str, student_id: int, notify: bool = False) -> Enrollment:
    """Withdraw a student who is on the course's roster, with or without an address; see `withdraw`."""
    found = course_by_code(session, course)
    student = session.get(User, student_id) if 0 < student_id <= LAST_ROW else None
    if student is None or student.role is not Role.STUDENT:
        raise StudentNotFoundError(student=str(student_id))
    return _withdraw(session, found, student.id, name=student.name, notify=notify)


def _withdraw(session: Session, course: Course, student_id: int, *, name: str, notify: bool) -> Enrollment:
    enrollment = locked_enrollment(session, course.id, student_id)
    if enrollment is None or enrollment.status is EnrollmentStatus.WITHDRAWN:
        raise NotEnrolledError(student=name, course=course.code)
    if enrollment.status is EnrollmentStatus.COMPLETED:
        raise CourseCompletedError(student=name, course=course.code)
    is_confirmed = withdraw_enrolled(session, enrollment)
    if notify and is_confirmed:
        outbox.enqueue_withdrawals(session, course, [student_id])
    return enrollment


def withdraw_enrolled(session: Session, enrollment: Enrollment) -> bool:
    """Withdraw a student who is active or pending and whose enrollment is locked; see `withdraw`.

    False if the student has surely got no message that confirms the enrollment.
    """
    earlier_end, is_confirmed = _cancel_request(session, enrollment) if enrollment.status is EnrollmentStatus.PENDING else (None, True)
    enrollment.status = EnrollmentStatus.WITHDRAWN
    enrollment.previous_status = None
    enrollment.ended_on = max(earlier_end or _today(), enrollment.started_on)
    session.flush()
    return is_confirmed


def _student(session: Session, request: EnrollStudent) -> User:
    person = person_by_email(session, request.email)
    if person is None:
        if not request.family_name:
            raise NameNeededError(email=request.email)
        try:
            person = add_person(
                session, email=request.email, family_name=request.family_name, given_name=request.given_name, role=Role.STUDENT
            )
        except PersonExistsError:  # another session added the person meanwhile
            person = session.scalars(select(User).where(User.email == request.email)).one()
    if person.role is not Role.STUDENT:
        raise NotAStudentError(email=request.email)
    return person


def _resumed(session: Session, course: Course, student: User) -> tuple[Enrollment, dt.date | None]:
    """Set a withdrawn enrollment, or one whose message was given up, to pending; return it with the day it had ended before."""
    enrollment = locked_enrollment(session, course.id, student.id)
    if enrollment is not None and enrollment.status is EnrollmentStatus.PENDING:
        given_up = outbox.message_of(session, enrollment)
        if given_up is not None and given_up.status is OutboxStatus.DEAD:
            return enrollment, ended_before(given_up.context)
    if enrollment is None or enrollment.status is not EnrollmentStatus.WITHDRAWN:
        status = enrollment.status if enrollment is not None else EnrollmentStatus.PENDING
        raise AlreadyEnrolledError(student=str(student.email), course=course.code, status=status)
    earlier_end = enrollment.ended_on
    enrollment.previous_status, enrollment.status = enrollment.status, EnrollmentStatus.PENDING
    enrollment.ended_on = None
    enrollment.request_sequence += 1
    return enrollment, earlier_end


def _cancel_request(session: Session, enrollment: Enrollment) -> tuple[dt.date | None, bool]:
    """Cancel the message of a pending enrollment.

    Return the day that an earlier enrollment had ended, if there was one; and whether the message may have arrived, or may arrive yet.
    """
    message = outbox.message_of(session, enrollment)
    if message is None:
        return None, False
    may_have_arrived = message.in_doubt or message.leased_until is not None  # also where the dispatcher died that was sending it
    is_cancelled = outbox.cancel(session, message, reason=outbox.WITHDRAWN_FIRST, now=dt.datetime.now(dt.UTC))
    is_confirmed = may_have_arrived or not is_cancelled
    return ended_before(message.context) if enrollment.previous_status is EnrollmentStatus.WITHDRAWN else None, is_confirmed


def ended_before(context: dict[str, object]) -> dt.date | None:
    """The day an earlier enrollment had ended, as stored with the message of the new request."""
    day = context.get(ENDED_BEFORE)
    return dt.date.fromisoformat(str(day)) if day else None


def locked_enrollment(session: Session, course_id: int, student_id: int) -> Enrollment | None:
    """The enrollment as stored now, locked until the end of the transaction; None if there is none.

    Not so that its key cannot be referred to: a lecturer's open transaction that added an attempt does so.
    """
    statement = select(Enrollment).where(Enrollment.course_id == course_id, Enrollment.student_id == student_id)
    return session.scalars(statement.with_for_update(key_share=True).execution_options(populate_existing=True)).one_or_none()


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
