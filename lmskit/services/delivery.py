"""The dispatcher: claims a waiting message, hands it over, settles what became of it.

Three steps, so that no transaction is open while a mail server is spoken to, and none of them can be lost:

1. *claim*, in a transaction: the message is leased for longer than a hand-over can take, and its attempts are raised.
   A dispatcher that dies leaves a lease that runs out; the cap on attempts holds here, where every try passes.
2. *hand over*, in no transaction.
3. *settle*, in a transaction: the enrollment becomes active, or what was there before the request is restored.

After a crash between 2 and 3 a message is handed over again with the same Message-ID: it may arrive twice, never zero times.

The first and the third step are functions of the database (`migrations/sql/0005_dispatcher_up.sql`), so that a login which may call
them needs no other right.
"""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import Opener, retried
from lmskit.errors import DeliveryInDoubtError, MessagePostponedError, MessageRefusedError, NoMailServerError
from lmskit.services.mail import Letter, written
from lmskit.services.transport import Transport
from lmskit.vocabulary import OutboxStatus

LEASE = dt.timedelta(minutes=10)
MAX_ATTEMPTS = 8
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
SETTLING_ATTEMPTS = 9
"""What became of a message is worth more patience than other work: forgotten, the message is sent twice. About 13 seconds."""

Recorded = TypeVar("Recorded")


@dataclass(frozen=True)
class Claim:
    """A message that this dispatcher, and no other, may hand over until its lease ends; `attempts` tells its tries apart."""

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
    """Tried too often: dead letters. The enrollments are as they were before, or pending where the message may have arrived."""
    stopped: str | None = None
    """Why no message can be handed over at all; those left wait, and none of their tries is used up."""

    @property
    def sentence(self) -> str:
        """All of it in one sentence."""
        for_good, later = len(self.refused) + len(self.given_up), len(self.postponed)
        return f"{self.sent} handed over, {for_good} refused for good, {later} to be tried again."


def always() -> bool:
    """Say that there is no reason to stop."""
    return True


def deliver_waiting(
    begin: Opener, transport: Transport, *, lease: dt.timedelta = LEASE, go_on: Callable[[], bool] = always
) -> DeliveryReport:
    """Hand over every message that is due, over one connection.

    Parameters
    ----------
    begin
        See `lmskit.db.transaction.Opener`.
    transport
        Where the messages go.
    lease
        How long a claimed message is kept from other dispatchers; longer than a hand-over can take.
    go_on
        Asked before each message; False ends the run.

    Raises
    ------
    DatabaseError
        The database cannot be reached, also when tried again. What was accepted meanwhile may be sent twice.
    """
    report = DeliveryReport()
    try:
        _give_up(begin, report)
        while report.stopped is None and go_on() and (claim := _claimed(begin, lease)) is not None:
            _deliver(begin, transport, claim, report)
    finally:
        transport.close()
    return report


def deliver_one(begin: Opener, transport: Transport, message_id: int, *, lease: dt.timedelta = LEASE) -> DeliveryReport:
    """Hand over this message, if it is due and no other dispatcher has it; see `deliver_waiting`."""
    report = DeliveryReport()
    try:
        if (claim := _claimed(begin, lease, message_id)) is not None:
            _deliver(begin, transport, claim, report)
    finally:
        transport.close()
    return report


def claim_next(session: Session, *, lease: dt.timedelta = LEASE, wanted: int | None = None) -> Claim | None:
    """Lease the message that has waited longest, or the one wanted; None when none is due. No two dispatchers get the same."""
    statement = text(
        "SELECT id, attempts, message_id, recipient, template, context"
        " FROM lms.claim_message(:lease, :most_attempts, CAST(:wanted AS bigint))"
    )
    row = session.execute(statement, {"lease": lease, "most_attempts": MAX_ATTEMPTS, "wanted": wanted}).one_or_none()
    if row is None:
        return None
    letter = Letter(message_id=row.message_id, recipient=row.recipient, template=row.template, context=row.context)
    return Claim(id=row.id, attempts=row.attempts, letter=letter)


def settle(session: Session, claim: Claim, outcome: OutboxStatus, *, reason: str | None = None) -> OutboxStatus | None:
    """Record what became of a message, and of the place it tells of; return what was recorded.

    That is `outcome`, but for a message that is refused after a try that may have arrived: it is dead, and its place stays pending.
    None, with nothing done, where the message was settled before, or was not accepted and another dispatcher has it in hand.
    """
    statement = text("SELECT CAST(lms.settle_message(:message, :attempt, CAST(:outcome AS lms.outbox_status), :reason) AS text)")
    values = {"message": claim.id, "attempt": claim.attempts, "outcome": outcome.value, "reason": reason}
    recorded = session.scalar(statement, values)
    return None if recorded is None else OutboxStatus(recorded)


def postpone(session: Session, claim: Claim, *, reason: str, doubtful: bool = False) -> None:
    """Let a message wait: longer each time, and not all for the same moment. It is doubtful where this try may have arrived."""
    pause = min(FIRST_PAUSE * 2 ** (claim.attempts - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, hides nothing
    statement = text("SELECT lms.postpone_message(:message, :attempt, :pause, :reason, :doubtful)")
    values = {"message": claim.id, "attempt": claim.attempts, "pause": pause, "reason": reason, "doubtful": doubtful}
    session.execute(statement, values)


def put_back(session: Session, claim: Claim, *, reason: str) -> None:
    """Give a claimed message back untried: it is due as before, and the try does not count."""
    statement = text("SELECT lms.put_back_message(:message, :attempt, :reason)")
    session.execute(statement, {"message": claim.id, "attempt": claim.attempts, "reason": reason})


def _claimed(begin: Opener, lease: dt.timedelta, wanted: int | None = None) -> Claim | None:
    def work() -> Claim | None:
        with begin() as session:
            return claim_next(session, lease=lease, wanted=wanted)

    return retried(work)


def _deliver(begin: Opener, transport: Transport, claim: Claim, report: DeliveryReport) -> None:
    recipient = claim.letter.recipient

    def settled(step: Callable[[Session], Recorded]) -> Recorded:
        def work() -> Recorded:
            with begin() as session:
                return step(session)

        return retried(work, attempts=SETTLING_ATTEMPTS)

    try:
        transport.hand_over(written(claim.letter))
    except NoMailServerError as error:
        report.stopped = reason = str(error)
        settled(lambda session: put_back(session, claim, reason=reason))
    except MessageRefusedError as error:
        reason = str(error)
        recorded = settled(lambda session: settle(session, claim, OutboxStatus.REFUSED, reason=reason))
        (report.given_up if recorded is OutboxStatus.DEAD else report.refused).append(Trouble(recipient, reason))
    except MessagePostponedError as error:
        reason = str(error)
        doubtful = isinstance(error, DeliveryInDoubtError)
        # What may have arrived is given up by `_give_up`, which leaves the place pending.
        if claim.attempts < MAX_ATTEMPTS or doubtful:
            settled(lambda session: postpone(session, claim, reason=reason, doubtful=doubtful))
            report.postponed.append(Trouble(recipient, reason))
        else:
            settled(lambda session: settle(session, claim, OutboxStatus.DEAD, reason=reason))
            report.given_up.append(Trouble(recipient, reason))
    else:
        settled(lambda session: settle(session, claim, OutboxStatus.SENT))
        report.sent += 1


def _give_up(begin: Opener, report: DeliveryReport) -> None:
    """Declare messages dead that were tried as often as they may be, the last time by a dispatcher that died.

    They may have arrived, so their places are neither made active nor taken back: they stay pending until somebody decides.
    """

    def work() -> Trouble | None:
        with begin() as session:
            statement = text("SELECT recipient, reason FROM lms.give_up_message(:most_attempts)")
            row = session.execute(statement, {"most_attempts": MAX_ATTEMPTS}).one_or_none()
            return None if row is None else Trouble(row.recipient, row.reason)

    while (trouble := retried(work)) is not None:
        report.given_up.append(trouble)
