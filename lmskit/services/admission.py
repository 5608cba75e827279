"""Enrolling one student from first to last: ask for the place, deliver the message, say where the place stands."""

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
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services import outbox
from lmskit.services.delivery import LEASE, deliver_one, deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.transport import Transport
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus

OTHERS = 2.0
"""Seconds for messages of others that wait: nobody who enrols one student waits for a whole roster."""
PATIENCE = 5.0
"""Seconds to wait for another dispatcher that has the message in hand."""
LOOK_AGAIN = 0.1


def admit(begin: Opener, transport: Transport, request: EnrollStudent, *, lease: dt.timedelta = LEASE) -> str:
    """Give a student a place and return the sentence that says so; other messages that are due are delivered too, for a moment.

    The place is committed as pending, together with its message, before anything is sent, so a crash loses neither.
    `begin`, `transport` and `lease`: see `deliver_waiting`.

    Raises
    ------
    MessageRefusedError
        The message was refused for good, so there is no place, or the one there was before.
    LmskitError
        See `enroll`; nothing was changed.
    """
    asked = _asked(begin, request)
    try:
        report = deliver_one(begin, transport, asked.message_id, lease=lease)
        status, reason = _outcome(begin, asked, until=time.monotonic() + PATIENCE)
    except LmskitError as error:
        return f"{request.email} has a place in {request.course}, pending: the message has not been sent. {error}"
    if report.stopped is None:
        with contextlib.suppress(LmskitError):
            until = time.monotonic() + OTHERS
            deliver_waiting(begin, transport, lease=lease, go_on=lambda: time.monotonic() < until)
    if status is EnrollmentStatus.ACTIVE:
        return f"{request.email} is enrolled in {request.course}: active. {transport.accepted}"
    if status is EnrollmentStatus.PENDING:
        later = "it waits for lmskit mail deliver" if report.stopped is not None else "the message will be tried again"
        if report.given_up:
            later = "the message was given up"
        return f"{request.email} has a place in {request.course}, pending: {later}. {reason}".strip()
    raise MessageRefusedError(f"{request.email} was not enrolled in {request.course}, because the message was refused. {reason}".strip())


@dataclass(frozen=True)
class _Asked:
    """A place that was asked for, and the message that tells of it."""

    course_id: int
    student_id: int
    message_id: int


def _asked(begin: Opener, request: EnrollStudent) -> _Asked:
    """Ask for the place, again if the database wants that."""
    tries = itertools.count(1)

    def ask() -> _Asked:
        is_first = next(tries) == 1
        with begin() as session:
            try:
                place = enroll(session, request)
            except AlreadyEnrolledError:
                # After a try whose connection was lost at the commit, it may be that one's own: it counted.
                found = None if is_first else _place_of(session, request)
                if found is None:
                    raise
                place = found
            message = outbox.message_of(session, place)
            if message is None:
                raise AlreadyEnrolledError(student=request.email, course=request.course, status=place.status)
            return _Asked(place.course_id, place.student_id, message.id)

    return retried(ask)


def _place_of(session: Session, request: EnrollStudent) -> Enrollment | None:
    course, student = course_by_code(session, request.course), person_by_email(session, request.email)
    return None if student is None else session.get(Enrollment, (course.id, student.id))


def _outcome(begin: Opener, asked: _Asked, *, until: float) -> tuple[EnrollmentStatus | None, str]:
    """What has become of the place, and what was said of the message; waits for another dispatcher that has it in hand."""
    while True:
        with begin() as session:
            message = session.get_one(OutboxMessage, asked.message_id, populate_existing=True)
            place = session.get(Enrollment, (asked.course_id, asked.student_id), populate_existing=True)
        in_hand = message.status is OutboxStatus.WAITING and message.leased_until is not None
        if not in_hand or time.monotonic() > until:
            return None if place is None else place.status, message.last_error or ""
        time.sleep(LOOK_AGAIN)
