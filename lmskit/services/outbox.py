"""The outbox: messages as rows in the transaction of the change that they report, so that both happen or neither does."""

import datetime as dt
import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ARRAY, BigInteger, any_, cast, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import AddressError
from lmskit.models import Course, Enrollment, OutboxMessage, Term, User
from lmskit.schemas.text import is_invented
from lmskit.vocabulary import OutboxStatus

MESSAGE_ID_DOMAIN = "lmskit.invalid"
"""Message-IDs need a domain that belongs to no host."""
MESSAGE = "message"
"""The template of messages that an administrator wrote to students, and the kind of their text."""
WITHDRAWAL = "withdrawal"
"""The template of messages that say that a student was withdrawn."""
WITHOUT_ENROLLMENT = (MESSAGE, WITHDRAWAL)
"""Messages that change no enrollment, whatever becomes of them; they have no request sequence."""
INVITATION = "invitation"
"""The template of messages that bring the code of an invitation."""
WITHDRAWN_FIRST = "withdrawn before the message was sent"
CLOSED_FIRST = "the term was closed before the message was sent"
"""Why a cancelled message was not sent; stored with it."""


def enqueue(
    session: Session,
    *,
    enrollment: Enrollment,
    recipient: str,
    template: str,
    context: dict[str, Any],
    due: dt.datetime | None = None,
) -> OutboxMessage:
    """Add the message that confirms a requested enrollment; each request has one message. It is sent when it is `due`, by default now.

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
        **({} if due is None else {"available_at": due}),
    )
    try:
        with session.begin_nested():
            session.add(message)
    except IntegrityError as error:
        if violated_constraint(error) not in {"ck_outbox_recipient_can_receive", "ck_outbox_recipient_is_an_address"}:
            raise
        raise AddressError(student=recipient) from error
    return message


def enqueue_withdrawals(session: Session, course: Course, student_ids: Sequence[int]) -> None:
    """Add messages which say that students were withdrawn; none for students without an address that mail can be sent to."""
    term = session.get_one(Term, course.term_id).name
    of_these = User.id == any_(cast(student_ids, ARRAY(BigInteger)))
    statement = (
        select(User.id, User.email, User.family_name, User.shown_given_name, Enrollment.request_sequence, Enrollment.ended_on)
        .join(Enrollment, Enrollment.student_id == User.id)
        .where(Enrollment.course_id == course.id, of_these, User.email.is_not(None))
    )
    rows = [
        {
            # An import may enrol again without a new request, so the day is part of the reason.
            "idem_key": f"{WITHDRAWAL}:{course.id}:{person.id}:{person.request_sequence}:{person.ended_on}",
            "message_id": new_message_id(),
            "course_id": course.id,
            "student_id": person.id,
            "recipient": person.email,
            "template": WITHDRAWAL,
            "context": {
                "name": " ".join(part for part in (person.shown_given_name, person.family_name) if part),
                "course": course.code,
                "title": course.title,
                "term": term,
            },
        }
        for person in session.execute(statement)
        if not is_invented(person.email)
    ]
    if rows:
        session.execute(insert(OutboxMessage).on_conflict_do_nothing(index_elements=["idem_key"]), rows)


def enqueue_invitation(session: Session, number: int, *, person_id: int, recipient: str, context: dict[str, Any]) -> OutboxMessage:
    """Add the message of an invitation. It has no code: the code is made when the message is sent, and is stored nowhere."""
    message = OutboxMessage(
        idem_key=f"{INVITATION}:{number}",
        message_id=new_message_id(),
        student_id=person_id,
        recipient=recipient,
        template=INVITATION,
        context=context,
    )
    session.add(message)
    session.flush()
    return message


def idem_key(course_id: int, student_id: int, request_sequence: int) -> str:
    """The key of a request for an enrollment; the outbox holds one message for each."""
    return f"enroll:{course_id}:{student_id}:{request_sequence}"


def new_message_id() -> str:
    """A Message-ID that no other message has."""
    return f"<{secrets.token_hex(16)}@{MESSAGE_ID_DOMAIN}>"


def last_sequence(session: Session, course_id: int, student_id: int) -> int:
    """The highest request sequence among the messages of an enrollment; 0 without a message.

    An enrollment that was removed because its message was refused leaves the message behind, so the enrollment's own sequence
    is not enough.
    """
    statement = select(func.max(OutboxMessage.request_sequence)).where(
        OutboxMessage.course_id == course_id, OutboxMessage.student_id == student_id
    )
    return session.scalar(statement) or 0


def message_of(session: Session, enrollment: Enrollment) -> OutboxMessage | None:
    """The message of the enrollment's latest request."""
    statement = select(OutboxMessage).where(
        OutboxMessage.course_id == enrollment.course_id,
        OutboxMessage.student_id == enrollment.student_id,
        OutboxMessage.request_sequence == enrollment.request_sequence,
    )
    return session.scalars(statement).one_or_none()


def cancel(session: Session, message: OutboxMessage, *, reason: str, now: dt.datetime) -> bool:
    """Keep a message from being sent; False if it is too late, because it was sent or a dispatcher is sending it."""
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
