"""Enrolling one student in one call: request the enrollment, deliver its message, and report the enrollment's status."""

import contextlib
import datetime as dt
import itertools
import time
from dataclasses import dataclass

from sqlalchemy.orm import Session

from lmskit.db import Opener, retried
from lmskit.errors import AlreadyEnrolledError, LmskitError, MessageRefusedError
from lmskit.models import Enrollment, OutboxMessage
from lmskit.queries.course import course_by_code
from lmskit.queries.person import person_by_email
from lmskit.queries.term import term_over
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services import outbox
from lmskit.services.delivery import LEASE, deliver_one, deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.transport import Transport
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus

TIME_FOR_OTHERS = 2.0
"""Seconds to spend on other waiting messages: a person who enrols one student does not wait for a whole roster."""
PATIENCE = 5.0
"""Seconds to wait for another dispatcher that has claimed the message."""
POLL = 0.1


def admit(begin: Opener, transport: Transport, request: EnrollStudent, *, lease: dt.timedelta = LEASE) -> str:
    """Enrol a student and return a sentence with the enrollment's status; for a moment, other messages that are due are sent too.

    The enrollment is committed as pending, together with its message, before anything is sent, so a crash loses neither.
    `begin`, `transport` and `lease`: see `deliver_waiting`.

    Raises
    ------
    MessageRefusedError
        The message was refused for good, so the enrollment is as it was before the request, or there is none.
    LmskitError
        See `enroll`; nothing was changed.
    """
    requested = _request(begin, request)
    pending = f"{request.email} is enrolled in {request.course}: pending."
    if requested.due > dt.datetime.now(dt.UTC):
        return f"{pending} {sent_later(requested.due)}"
    try:
        report = deliver_one(begin, transport, requested.message_id, lease=lease)
        status, reason = _outcome(begin, requested, until=time.monotonic() + PATIENCE)
    except LmskitError as error:
        return f"{pending} The message has not been sent. {error}"
    if report.stopped is None:
        with contextlib.suppress(LmskitError):
            until = time.monotonic() + TIME_FOR_OTHERS
            deliver_waiting(begin, transport, lease=lease, go_on=lambda: time.monotonic() < until)
    if status is EnrollmentStatus.ACTIVE:
        return f"{request.email} is enrolled in {request.course}: active. {transport.accepted}"
    if status is EnrollmentStatus.PENDING:
        if report.given_up:
            message = "The message was given up."
        elif report.stopped is not None:
            message = "The message waits; to send it: lmskit mail deliver."
        else:
            message = "The message will be tried again."
        return f"{pending} {message} {reason}".strip()
    raise MessageRefusedError(f"{request.email} was not enrolled in {request.course}, because the message was refused. {reason}".strip())


def sent_later(due: dt.datetime) -> str:
    """Say when enrollments become active whose messages wait for the first day of a term."""
    return f"It becomes active on {due:%Y-%m-%d}, once the message of that day is accepted; to send it then: lmskit mail deliver"


def over_sentence(session: Session, course: str) -> str:
    """Say that the last day of the course's term is past; empty if it is not.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    term = term_over(session, course_by_code(session, course).id, today=dt.datetime.now(dt.UTC).date())
    return "" if term is None else f"The term {term.code} of {course} ended on {term.ends_on}."


@dataclass(frozen=True)
class _Requested:
    """The keys of a requested enrollment and of its message."""

    course_id: int
    student_id: int
    message_id: int
    due: dt.datetime


def _request(begin: Opener, request: EnrollStudent) -> _Requested:
    """Request the enrollment, and try again if the connection is lost or the transactions of others conflict."""
    tries = itertools.count(1)

    def work() -> _Requested:
        is_first = next(tries) == 1
        with begin() as session:
            try:
                enrollment = enroll(session, request)
            except AlreadyEnrolledError:
                # If the connection was lost at the commit of an earlier try, that try may have made this enrollment.
                found = None if is_first else _enrollment_of(session, request)
                if found is None:
                    raise
                enrollment = found
            message = outbox.message_of(session, enrollment)
            if message is None:
                raise AlreadyEnrolledError(student=request.email, course=request.course, status=enrollment.status)
            return _Requested(enrollment.course_id, enrollment.student_id, message.id, message.available_at)

    return retried(work)


def _enrollment_of(session: Session, request: EnrollStudent) -> Enrollment | None:
    course, student = course_by_code(session, request.course), person_by_email(session, request.email)
    return None if student is None else session.get(Enrollment, (course.id, student.id))


def _outcome(begin: Opener, requested: _Requested, *, until: float) -> tuple[EnrollmentStatus | None, str]:
    """The enrollment's status and the message's last error; waits for another dispatcher that has claimed the message."""
    while True:
        with begin() as session:
            message = session.get_one(OutboxMessage, requested.message_id, populate_existing=True)
            enrollment = session.get(Enrollment, (requested.course_id, requested.student_id), populate_existing=True)
        is_claimed = message.status is OutboxStatus.WAITING and message.leased_until is not None
        if not is_claimed or time.monotonic() > until:
            return None if enrollment is None else enrollment.status, message.last_error or ""
        time.sleep(POLL)
