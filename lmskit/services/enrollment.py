"""Giving a student a place in a course, and ending it.

A place asked for is `pending` until the mail server has accepted the message that tells of it (`services/delivery`).
Whoever holds both rows locks the enrollment first and its message second, so that nobody waits for the other in turn.
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
from lmskit.names import display_name
from lmskit.queries.course import course_by_code
from lmskit.queries.person import person_by_email
from lmskit.schemas.enrollment import EnrollStudent, WithdrawStudent
from lmskit.services import outbox
from lmskit.services.permission import administrators_only
from lmskit.services.person import add_person
from lmskit.vocabulary import EnrollmentStatus, Origin, OutboxStatus, Role

WELCOME = "welcome"
"""The template of the message that confirms a place."""
ENDED_BEFORE = "ended_before"
"""Key in a message's context: the day an earlier stay had ended, to return to if the message is refused."""


@administrators_only("enrol students")
def enroll(session: Session, request: EnrollStudent) -> Enrollment:
    """Ask for a place: the enrollment becomes `pending`, and its message waits in the outbox, both or neither.

    Someone who left comes back to the same place. Someone not known yet becomes a student, and then needs a name;
    a person who is known keeps theirs.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    NameNeededError
        Nobody has the address, and no name was given.
    NotAStudentError
        The address belongs to a lecturer or an administrator.
    AlreadyEnrolledError
        The student has a place: active, completed, or pending unless its message was given up.
    NotPermittedError
        The signed-in person is no administrator.
    """
    course = course_by_code(session, request.course)
    return request_place(session, course, _student(session, request))


def request_place(session: Session, course: Course, student: User) -> Enrollment:
    """Ask for a place for a student who is known; see `enroll`.

    Raises
    ------
    AddressError
        The student has no address, or one that receives no mail.
    """
    name = display_name(student.family_name, student.given_name)
    if student.email is None:
        raise AddressError(student=name)
    earlier_end = None
    # Not by `session.add`: the session may know the row that this one clashes with.
    statement = insert(Enrollment).values(
        course_id=course.id, student_id=student.id, status=EnrollmentStatus.PENDING, origin=Origin.FORM, started_on=_today()
    )
    try:
        with session.begin_nested():  # a clash undoes this row only
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
    context = welcome_context(
        family_name=student.family_name,
        given_name=student.given_name,
        course=course.code,
        title=course.title,
        term=session.scalars(select(Term.name).where(Term.id == course.term_id)).one(),
        ended_before=earlier_end,
    )
    outbox.enqueue(session, enrollment=enrollment, recipient=student.email, template=WELCOME, context=context)
    return enrollment


def welcome_context(
    *, family_name: str, given_name: str, course: str, title: str, term: str, ended_before: dt.date | None
) -> dict[str, str | None]:
    """What the message that confirms a place says, and the day an earlier stay had ended."""
    return {
        "name": " ".join(part for part in (given_name, family_name) if part),
        "course": course,
        "title": title,
        "term": term,
        ENDED_BEFORE: ended_before.isoformat() if ended_before is not None else None,
    }


@administrators_only("withdraw students")
def withdraw(session: Session, *, course: str, email: str) -> Enrollment:
    """End a student's place today; what the student did stays.

    A place still pending is called back: its message is not sent any more, unless the mail server is being handed it
    at this moment, and a place that was only asked for again returns to the day it had ended.

    Raises
    ------
    CourseNotFoundError, StudentNotFoundError
        There is no such course, or nobody has the address.
    NotEnrolledError
        The student has no place in the course, or has left it.
    CourseCompletedError
        The student has completed it.
    NotPermittedError
        The signed-in person is no administrator.
    """
    request = WithdrawStudent(course=course, email=email)
    found = course_by_code(session, request.course)
    student = person_by_email(session, request.email)
    if student is None:
        raise StudentNotFoundError(student=request.email)
    return _end_place(session, found, student.id, called=request.email)


@administrators_only("withdraw students")
def withdraw_by_id(session: Session, *, course: str, student_id: int) -> Enrollment:
    """End the place of a student who is on the course's roster, with or without an address; see `withdraw`."""
    found = course_by_code(session, course)
    student = session.get(User, student_id)
    if student is None or student.role is not Role.STUDENT:
        raise StudentNotFoundError(student=str(student_id))
    return _end_place(session, found, student.id, called=display_name(student.family_name, student.given_name))


def _end_place(session: Session, course: Course, student_id: int, *, called: str) -> Enrollment:
    enrollment = locked(session, course.id, student_id)
    if enrollment is None or enrollment.status is EnrollmentStatus.WITHDRAWN:
        raise NotEnrolledError(student=called, course=course.code)
    if enrollment.status is EnrollmentStatus.COMPLETED:
        raise CourseCompletedError(student=called, course=course.code)
    day = _call_back(session, enrollment) if enrollment.status is EnrollmentStatus.PENDING else None
    return end(session, enrollment, on=day)


def end(session: Session, enrollment: Enrollment, *, on: dt.date | None = None) -> Enrollment:
    """Set a place to withdrawn, by default today, and never before its first day."""
    enrollment.status = EnrollmentStatus.WITHDRAWN
    enrollment.previous_status = None
    enrollment.ended_on = max(on or _today(), enrollment.started_on)
    session.flush()
    return enrollment


def _student(session: Session, request: EnrollStudent) -> User:
    person = person_by_email(session, request.email)
    if person is None:
        if not request.family_name:
            raise NameNeededError(email=request.email)
        try:
            person = add_person(
                session, email=request.email, family_name=request.family_name, given_name=request.given_name, role=Role.STUDENT
            )
        except PersonExistsError:  # added by someone else meanwhile
            person = session.scalars(select(User).where(User.email == request.email)).one()
    if person.role is not Role.STUDENT:
        raise NotAStudentError(email=request.email)
    return person


def _resumed(session: Session, course: Course, student: User) -> tuple[Enrollment, dt.date | None]:
    """The place of someone who left, or whose message was given up, pending again, and the day an earlier stay had ended."""
    enrollment = locked(session, course.id, student.id)
    if enrollment is not None and enrollment.status is EnrollmentStatus.PENDING:
        given_up = outbox.message_of(session, enrollment)
        if given_up is not None and given_up.status is OutboxStatus.DEAD:
            enrollment.request_sequence += 1
            return enrollment, ended_before(given_up.context)
    if enrollment is None or enrollment.status is not EnrollmentStatus.WITHDRAWN:
        status = enrollment.status if enrollment is not None else EnrollmentStatus.PENDING
        raise AlreadyEnrolledError(student=str(student.email), course=course.code, status=status)
    earlier_end = enrollment.ended_on
    enrollment.previous_status, enrollment.status = enrollment.status, EnrollmentStatus.PENDING
    enrollment.ended_on = None
    enrollment.request_sequence += 1
    return enrollment, earlier_end


def _call_back(session: Session, enrollment: Enrollment) -> dt.date | None:
    message = outbox.message_of(session, enrollment)
    if message is None:
        return None
    outbox.call_back(session, message, reason=outbox.WITHDRAWN_FIRST, now=dt.datetime.now(dt.UTC))
    return ended_before(message.context) if enrollment.previous_status is EnrollmentStatus.WITHDRAWN else None


def ended_before(context: dict[str, object]) -> dt.date | None:
    """The day an earlier stay had ended, as the message of the new request remembers it."""
    day = context.get(ENDED_BEFORE)
    return dt.date.fromisoformat(str(day)) if day else None


def locked(session: Session, course_id: int, student_id: int) -> Enrollment | None:
    """A place, locked until the end of the transaction and as it now is; None where there is none."""
    statement = select(Enrollment).where(Enrollment.course_id == course_id, Enrollment.student_id == student_id)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _today() -> dt.date:
    return dt.datetime.now(dt.UTC).date()
