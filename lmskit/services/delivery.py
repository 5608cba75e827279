"""The dispatcher: claims a waiting message, hands it over, settles what became of it.

Three steps, so that no transaction is open while a mail server is spoken to, and none of them can be lost:

1. *claim*, in a transaction: the message is leased for longer than a hand-over can take, and its attempts are raised.
   A dispatcher that dies leaves a lease that runs out; the cap on attempts holds here, where every try passes.
2. *hand over*, in no transaction.
3. *settle*, in a transaction: the enrollment becomes active, or what was there before the request is restored.

After a crash between 2 and 3 a message is handed over again with the same Message-ID: it may arrive twice, never zero times.
"""

import datetime as dt
import random
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from lmskit.errors import MessagePostponedError, MessageRefusedError
from lmskit.models import Enrollment, OutboxMessage
from lmskit.services.enrollment import end, ended_before, locked
from lmskit.services.mail import Letter, written
from lmskit.services.transport import Transport
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus

LEASE = dt.timedelta(minutes=10)
MAX_ATTEMPTS = 8
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)

Begin = Callable[[], AbstractContextManager[Session]]


@dataclass(frozen=True)
class Claim:
    """A message that this dispatcher, and no other, may hand over until its lease ends."""

    id: int
    attempts: int
    letter: Letter


@dataclass(frozen=True)
class Trouble:
    """A message that was not accepted, and why."""

    recipient: str
    reason: str


@dataclass
class DeliveryReport:
    """What became of the messages that were waiting."""

    sent: int = 0
    refused: list[Trouble] = field(default_factory=list)
    """For good: the enrollments are as they were before."""
    postponed: list[Trouble] = field(default_factory=list)
    """They will be tried again."""
    given_up: list[Trouble] = field(default_factory=list)
    """Tried too often: dead letters; the enrollments are as they were before."""


def deliver_waiting(begin: Begin, transport: Transport) -> DeliveryReport:
    """Hand over every message that is due.

    Parameters
    ----------
    begin
        Opens a transaction that commits when its block ends, such as `lmskit.db.transaction`.
    transport
        Where the messages go.
    """
    report = DeliveryReport()
    _give_up(begin, report)
    while True:
        with begin() as session:
            claim = claim_next(session)
        if claim is None:
            return report
        _deliver(begin, transport, claim, report)


def _deliver(begin: Begin, transport: Transport, claim: Claim, report: DeliveryReport) -> None:
    try:
        transport.hand_over(written(claim.letter))
    except MessageRefusedError as error:
        with begin() as session:
            settle(session, claim.id, OutboxStatus.REFUSED, reason=str(error))
        report.refused.append(Trouble(claim.letter.recipient, str(error)))
    except MessagePostponedError as error:
        with begin() as session:
            if claim.attempts < MAX_ATTEMPTS:
                postpone(session, claim, reason=str(error))
            else:
                settle(session, claim.id, OutboxStatus.DEAD, reason=str(error))
        (report.postponed if claim.attempts < MAX_ATTEMPTS else report.given_up).append(Trouble(claim.letter.recipient, str(error)))
    else:
        with begin() as session:
            settle(session, claim.id, OutboxStatus.SENT)
        report.sent += 1


def claim_next(session: Session) -> Claim | None:
    """Lease the message that has waited longest; None when none is due. No two dispatchers get the same."""
    statement = (
        select(OutboxMessage)
        .where(_is_due(), OutboxMessage.attempts < MAX_ATTEMPTS)
        .order_by(OutboxMessage.available_at, OutboxMessage.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    message = session.scalars(statement).one_or_none()
    if message is None:
        return None
    now = _now(session)
    message.attempts, message.leased_until = message.attempts + 1, now + LEASE
    session.flush()
    letter = Letter(message_id=message.message_id, recipient=message.recipient, template=message.template, context=message.context)
    return Claim(id=message.id, attempts=message.attempts, letter=letter)


def postpone(session: Session, claim: Claim, *, reason: str) -> None:
    """Let a message wait: longer each time, and not all for the same moment."""
    message = _unsettled(session, claim.id)
    if message is None:
        return
    pause = min(FIRST_PAUSE * 2 ** (claim.attempts - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, hides nothing
    now = _now(session)
    message.available_at, message.leased_until, message.last_error = now + pause, None, reason
    session.flush()


def settle(session: Session, message_id: int, outcome: OutboxStatus, *, reason: str | None = None) -> None:
    """Record what became of a message, and of the place it tells of; a message that was settled before stays as it is."""
    told = session.get_one(OutboxMessage, message_id)
    place = None
    if told.course_id is not None and told.student_id is not None:
        place = locked(session, told.course_id, told.student_id)
    message = _unsettled(session, message_id)
    if message is None:
        return
    now = _now(session)
    message.status, message.leased_until, message.last_error = outcome, None, reason
    message.sent_at = now if outcome is OutboxStatus.SENT else None
    session.flush()
    # A place that was withdrawn meanwhile, or asked for anew, is no longer the one that the message tells of.
    if place is None or place.status is not EnrollmentStatus.PENDING or place.request_sequence != message.request_sequence:
        return
    if outcome is OutboxStatus.SENT:
        place.status, place.previous_status = EnrollmentStatus.ACTIVE, None
        session.flush()
    else:
        _restore(session, place, message)


def _restore(session: Session, place: Enrollment, message: OutboxMessage) -> None:
    """Bring back what was there before the request."""
    if place.previous_status is not None:
        end(session, place, on=ended_before(message.context))
        return
    try:
        with session.begin_nested():
            session.delete(place)
    except IntegrityError:
        end(session, place)  # there is work of the student already, which is never deleted


def _give_up(begin: Begin, report: DeliveryReport) -> None:
    """Declare messages dead that were tried as often as they may be, the last time by a dispatcher that died included."""
    while True:
        with begin() as session:
            statement = select(OutboxMessage.id, OutboxMessage.recipient, OutboxMessage.last_error, OutboxMessage.attempts).where(
                _is_due(), OutboxMessage.attempts >= MAX_ATTEMPTS
            )
            found = session.execute(statement.order_by(OutboxMessage.id).limit(1)).one_or_none()
            if found is None:
                return
            reason = f"given up after {found.attempts} tries; the last one: {found.last_error or 'the dispatcher was interrupted'}"
            settle(session, found.id, OutboxStatus.DEAD, reason=reason)
        report.given_up.append(Trouble(found.recipient, reason))


def _is_due() -> ColumnElement[bool]:
    return and_(
        OutboxMessage.status == OutboxStatus.WAITING,
        OutboxMessage.available_at <= func.clock_timestamp(),
        or_(OutboxMessage.leased_until.is_(None), OutboxMessage.leased_until < func.clock_timestamp()),
    )


def _unsettled(session: Session, message_id: int) -> OutboxMessage | None:
    statement = select(OutboxMessage).where(OutboxMessage.id == message_id, OutboxMessage.status == OutboxStatus.WAITING)
    return session.scalars(statement.with_for_update().execution_options(populate_existing=True)).one_or_none()


def _now(session: Session) -> dt.datetime:
    """The server's time: dispatchers may run on machines whose clocks differ."""
    now: dt.datetime = session.scalars(select(func.clock_timestamp())).one()
    return now
