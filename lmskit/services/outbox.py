"""Messages to send, as rows in the transaction of the change they tell of: both happen, or neither."""

import datetime as dt
import secrets
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.db import violated_constraint
from lmskit.errors import AddressError
from lmskit.models import Enrollment, OutboxMessage
from lmskit.vocabulary import OutboxStatus

MESSAGE_ID_DOMAIN = "lmskit.invalid"
"""Message-IDs need a domain of their own and no host behind it."""


def enqueue(session: Session, *, enrollment: Enrollment, recipient: str, template: str, context: dict[str, Any]) -> OutboxMessage:
    """Add the message that tells of a request for a place; there is one for each request.

    Raises
    ------
    AddressError
        The recipient's address cannot receive mail.
    """
    reason = (enrollment.course_id, enrollment.student_id, enrollment.request_sequence)
    message = OutboxMessage(
        idem_key=f"enroll:{reason[0]}:{reason[1]}:{reason[2]}",
        message_id=f"<{secrets.token_hex(16)}@{MESSAGE_ID_DOMAIN}>",
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


def last_sequence(session: Session, enrollment: Enrollment) -> int:
    """The highest request sequence that a message of this place has had; 0 without one.

    A place that was removed because its message was refused leaves its message behind, so the row alone does not tell.
    """
    statement = select(func.max(OutboxMessage.request_sequence)).where(
        OutboxMessage.course_id == enrollment.course_id, OutboxMessage.student_id == enrollment.student_id
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
