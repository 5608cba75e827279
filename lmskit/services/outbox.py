"""Messages to send, as rows in the transaction of the change they tell of: both happen, or neither."""

import datetime as dt
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from lmskit.db import violated_constraint
from lmskit.errors import AddressError, ConflictError, MessageNotFoundError, MessageSettledError, NotFoundError
from lmskit.models import Course, Enrollment, OutboxMessage, User
from lmskit.services import enrollment as places
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus

MESSAGE_ID_DOMAIN = "lmskit.invalid"
"""Message-IDs need a domain of their own and no host behind it."""
WITHDRAWN_FIRST = "withdrawn before the message was sent"
"""Why a message is not sent that was called back."""


@dataclass
class RetryReport:
    """What became of messages that were to be tried again."""

    asked_anew: int = 0
    """Places that are pending again, each with a new message."""
    due_now: int = 0
    """Messages that waited for their next try."""
    skipped: dict[int, str] = field(default_factory=dict)
    """By the message's number, why nothing was done about it."""

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        said = f"{self.asked_anew} asked for anew, {self.due_now} due at once"
        return f"{said}, {len(self.skipped)} left as they are." if self.skipped else f"{said}."


def enqueue(session: Session, *, enrollment: Enrollment, recipient: str, template: str, context: dict[str, Any]) -> OutboxMessage:
    """Add the message that tells of a request for a place; there is one for each request.

    Raises
    ------
    AddressError
        The recipient's address cannot receive mail.
    """
    message = OutboxMessage(
        idem_key=idem_key(enrollment.course_id, enrollment.student_id, enrollment.request_sequence),
        message_id=new_message_id(),
        course_id=enrollment.course_id,
        student_id=enrollment.student_id,
        request_sequence=enrollment.request_sequence,
        recipient=recipient,
        template=template,
        context=context,
    )
    try:
        with session.begin_nested():
            session.add(message)
    except IntegrityError as error:
        if violated_constraint(error) not in {"ck_outbox_recipient_can_receive", "ck_outbox_recipient_is_an_address"}:
            raise
        raise AddressError(student=recipient) from error
    return message


def idem_key(course_id: int, student_id: int, request_sequence: int) -> str:
    """What there is one message for: a request for a place."""
    return f"enroll:{course_id}:{student_id}:{request_sequence}"


def new_message_id() -> str:
    """A Message-ID that no other message has."""
    return f"<{secrets.token_hex(16)}@{MESSAGE_ID_DOMAIN}>"


def last_sequence(session: Session, course_id: int, student_id: int) -> int:
    """The highest request sequence that a message of this place has had; 0 without one.

    A place that was removed because its message was refused leaves its message behind, so the row alone does not tell.
    """
    statement = select(func.max(OutboxMessage.request_sequence)).where(
        OutboxMessage.course_id == course_id, OutboxMessage.student_id == student_id
    )
    return session.scalar(statement) or 0


def message_of(session: Session, enrollment: Enrollment) -> OutboxMessage | None:
    """The message of the place's present request."""
    statement = select(OutboxMessage).where(
        OutboxMessage.course_id == enrollment.course_id,
        OutboxMessage.student_id == enrollment.student_id,
        OutboxMessage.request_sequence == enrollment.request_sequence,
    )
    return session.scalars(statement).one_or_none()


def call_back(session: Session, message: OutboxMessage, *, reason: str, now: dt.datetime) -> bool:
    """Keep a message from being sent; False when it is too late, because it was sent or a dispatcher has it in hand."""
    statement = (
        update(OutboxMessage)
        .where(
            OutboxMessage.id == message.id,
            OutboxMessage.status == OutboxStatus.WAITING,
            or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < now),
        )
        .values(status=OutboxStatus.REFUSED, last_error=reason, leased_until=None)
        .returning(OutboxMessage.id)
    )
    return session.scalar(statement) is not None


@administrators_only("send messages again")
def retry(session: Session, message_ids: Iterable[int]) -> RetryReport:
    """Try messages again: one that waits is due at once; for one that was refused or given up, the place is asked for anew.

    The old message stays settled, and a new one tells of the new request. All of them, or none.

    Raises
    ------
    MessageNotFoundError
        There is no such message; it went with its course or student.
    MessageSettledError
        It was sent, is being handed over, was called back, or a later message tells of the same place.
    AlreadyEnrolledError
        The student has the place meanwhile.
    AddressError
        The student has no address that receives mail.
    """
    report = RetryReport()
    for message_id in dict.fromkeys(message_ids):
        _try_again(session, message_id, report)
    return report


@administrators_only("send messages again")
def retry_settled(session: Session, outcome: OutboxStatus) -> RetryReport:
    """Ask anew for every place whose last message was refused, or given up; what cannot be asked for is left, with the reason.

    Messages that were called back are no failures and are left without a word.
    """
    report, later = RetryReport(), aliased(OutboxMessage)
    newer = select(later.id).where(
        later.course_id == OutboxMessage.course_id,
        later.student_id == OutboxMessage.student_id,
        later.request_sequence > OutboxMessage.request_sequence,
    )
    statement = select(OutboxMessage.id).where(
        OutboxMessage.status == outcome,
        OutboxMessage.last_error.is_distinct_from(WITHDRAWN_FIRST),
        OutboxMessage.course_id.is_not(None),
        OutboxMessage.student_id.is_not(None),
        ~newer.exists(),
    )
    for message_id in session.scalars(statement.order_by(OutboxMessage.id)).all():
        try:
            with session.begin_nested():
                _try_again(session, message_id, report)
        except (AddressError, ConflictError, NotFoundError) as error:
            report.skipped[message_id] = str(error)
    return report


def _try_again(session: Session, message_id: int, report: RetryReport) -> None:
    message = session.get(OutboxMessage, message_id, populate_existing=True, with_for_update=True)
    if message is None:
        raise MessageNotFoundError(message=message_id)
    match message.status:
        case OutboxStatus.SENT:
            raise MessageSettledError(f"Message {message_id} was sent, so the student is enrolled or has left since. Nothing was changed.")
        case OutboxStatus.WAITING:
            _make_due(session, message)
            report.due_now += 1
        case OutboxStatus.REFUSED | OutboxStatus.DEAD:
            _ask_anew(session, message)
            report.asked_anew += 1


def _make_due(session: Session, message: OutboxMessage) -> None:
    now = session.scalars(select(func.clock_timestamp())).one()
    if message.leased_until is not None and message.leased_until > now:
        raise MessageSettledError(f"Message {message.id} is being handed over at this moment. Look again later: lmskit mail list")
    message.available_at = min(message.available_at, now)
    session.flush()


def _ask_anew(session: Session, message: OutboxMessage) -> None:
    course = session.get(Course, message.course_id) if message.course_id is not None else None
    student = session.get(User, message.student_id) if message.student_id is not None else None
    if course is None or student is None:
        raise MessageSettledError(f"Message {message.id} tells of no place in a course, so none can be asked for again.")
    if message.last_error == WITHDRAWN_FIRST:
        raise MessageSettledError(
            f"Message {message.id} was called back when the student was withdrawn. "
            f"To enrol the student again: lmskit enrollment add {course.code} {student.email}"
        )
    place = session.get(Enrollment, (course.id, student.id), populate_existing=True)
    has_place = place is not None and place.status is not EnrollmentStatus.WITHDRAWN
    if not has_place and message.request_sequence != last_sequence(session, course.id, student.id):
        raise MessageSettledError(f"A later message tells of the same place as message {message.id}. To see it: lmskit mail list")
    places.request_place(session, course, student)
