"""The dispatcher: claims a waiting message, sends it, and settles the result.

Three steps, so that no transaction is open while the mail server answers, and no message is lost:

1. *claim*, in a transaction: the message is leased for longer than sending can take, and its attempts are incremented.
   The lease of a dispatcher that dies expires. The limit on attempts is enforced here, because every try begins with a claim.
2. *send*, in no transaction.
3. *settle*, in a transaction: the enrollment becomes active, or its state before the request is restored.

After a crash between 2 and 3 a message is sent again with the same Message-ID: it may arrive twice, never zero times. That of an
invitation has another one for each try, since it brings another code: who drops what arrived before would keep a code that has stopped.

The first and the third step are functions of the database (`migrations/sql/0005_dispatcher_up.sql`), so that a login that may call
them needs no other right.
"""

import datetime as dt
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import PATIENT, Opener, retried, scram_verifier
from lmskit.errors import (
    DatabaseError,
    DeliveryInDoubtError,
    MessagePostponedError,
    MessageRefusedError,
    NoMailServerError,
    UpgradedMeanwhileError,
)
from lmskit.schemas.invitation import InvitationCode
from lmskit.services.mail import Letter, compose
from lmskit.services.outbox import INVITATION, new_message_id
from lmskit.services.transport import Transport
from lmskit.vocabulary import OutboxStatus

LEASE = dt.timedelta(minutes=10)
MAX_ATTEMPTS = 8
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(hours=6)
SETTLING_ATTEMPTS = 9
"""More attempts than for other work, about 13 seconds: if a result cannot be stored, the message is sent twice."""
LONGEST_OUTAGE_PAUSE = 60.0
"""Seconds between two attempts of a watch to use a database or mail server that cannot be reached."""
POLL = 0.2
"""Seconds after which a pausing watch asks whether to go on."""

Recorded = TypeVar("Recorded")


@dataclass(frozen=True)
class Claim:
    """A message that only this dispatcher may send until its lease ends; `attempts` is the number of the try."""

    id: int
    attempts: int
    letter: Letter


@dataclass(frozen=True)
class FailedMessage:
    """A message that was not accepted, and why."""

    recipient: str
    reason: str


@dataclass
class DeliveryReport:
    """Result of delivering the messages that were waiting."""

    sent: int = 0
    instead_of_mail: str = ""
    """A sentence that says where messages are written instead of being mailed; empty if they go to a mail server."""
    refused: list[FailedMessage] = field(default_factory=list)
    """Refused for good: the enrollments are as they were before the request."""
    postponed: list[FailedMessage] = field(default_factory=list)
    """They will be tried again."""
    given_up: list[FailedMessage] = field(default_factory=list)
    """Tried too often: dead letters. The enrollments are as they were before the request, or pending if the message may have arrived."""
    stopped: str | None = None
    """Why no message can be sent at all; the remaining ones wait, and none of their tries is used up."""

    @property
    def sentence(self) -> str:
        """The report in one sentence, and in another one where the messages are that were not mailed."""
        for_good, later = len(self.refused) + len(self.given_up), len(self.postponed)
        rest = f"{for_good} refused for good, {later} to be tried again."
        if self.sent and self.instead_of_mail:
            return f"{self.sent} written, {rest} {self.instead_of_mail}"
        return f"{self.sent} sent, {rest}"


def always() -> bool:
    """Always continue."""
    return True


def deliver_waiting(
    begin: Opener, transport: Transport, *, lease: dt.timedelta = LEASE, go_on: Callable[[], bool] = always
) -> DeliveryReport:
    """Send every message that is due, over one connection.

    Parameters
    ----------
    begin
        See `lmskit.db.transaction.Opener`.
    transport
        Sends a message.
    lease
        How long a claimed message is kept from other dispatchers; longer than sending can take.
    go_on
        Called before each message; False ends the run.

    Raises
    ------
    DatabaseError
        The database cannot be reached, even after several attempts. Messages accepted meanwhile may be sent twice.
    """
    report = DeliveryReport(instead_of_mail=transport.instead_of_mail)
    try:
        _give_up(begin, report)
        while report.stopped is None and go_on() and (claim := _claim(begin, lease)) is not None:
            _deliver(begin, transport, claim, report)
    finally:
        transport.close()
    return report


def deliver_one(begin: Opener, transport: Transport, message_id: int, *, lease: dt.timedelta = LEASE) -> DeliveryReport:
    """Send this message, if it is due and no other dispatcher has claimed it; see `deliver_waiting`."""
    report = DeliveryReport(instead_of_mail=transport.instead_of_mail)
    try:
        if (claim := _claim(begin, lease, message_id)) is not None:
            _deliver(begin, transport, claim, report)
    finally:
        transport.close()
    return report


def claim_next(session: Session, *, lease: dt.timedelta = LEASE, wanted: int | None = None) -> Claim | None:
    """Claim the message that has waited longest, or the wanted one; None if none is due. No two dispatchers claim the same message."""
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
    """Record the outcome of a message and change its enrollment accordingly; return the outcome that was recorded.

    It differs from `outcome` for a message that is refused after a try that may have arrived: that message is dead, and its
    enrollment stays pending. None, with nothing recorded, if the message was settled before, or if it was not accepted and another
    dispatcher has claimed it meanwhile.
    """
    statement = text("SELECT CAST(lms.settle_message(:message, :attempt, CAST(:outcome AS lms.outbox_status), :reason) AS text)")
    values = {"message": claim.id, "attempt": claim.attempts, "outcome": outcome.value, "reason": reason}
    recorded = session.scalar(statement, values)
    return None if recorded is None else OutboxStatus(recorded)


def postpone(session: Session, claim: Claim, *, reason: str, doubtful: bool = False) -> None:
    """Let a message wait for its next try: longer each time, and spread at random. `doubtful` says that this try may have arrived."""
    pause = min(FIRST_PAUSE * 2 ** (claim.attempts - 1), LONGEST_PAUSE) * random.uniform(0.75, 1.25)  # noqa: S311 - spreads load, hides nothing
    statement = text("SELECT lms.postpone_message(:message, :attempt, :pause, :reason, :doubtful)")
    values = {"message": claim.id, "attempt": claim.attempts, "pause": pause, "reason": reason, "doubtful": doubtful}
    session.execute(statement, values)


def put_back(session: Session, claim: Claim, *, reason: str) -> None:
    """Return a claimed message untried: it is due as before, and the try does not count."""
    statement = text("SELECT lms.put_back_message(:message, :attempt, :reason)")
    session.execute(statement, {"message": claim.id, "attempt": claim.attempts, "reason": reason})


def _claim(begin: Opener, lease: dt.timedelta, wanted: int | None = None) -> Claim | None:
    def work() -> Claim | None:
        with begin() as session:
            return claim_next(session, lease=lease, wanted=wanted)

    return retried(work, lock_attempts=PATIENT)


def _deliver(begin: Opener, transport: Transport, claim: Claim, report: DeliveryReport) -> None:
    recipient = claim.letter.recipient

    def settled(step: Callable[[Session], Recorded]) -> Recorded:
        def work() -> Recorded:
            with begin() as session:
                return step(session)

        return retried(work, attempts=SETTLING_ATTEMPTS, lock_attempts=SETTLING_ATTEMPTS)

    try:
        transport.send(compose(settled(lambda session: _with_code(session, claim))))
    except NoMailServerError as error:
        report.stopped = reason = str(error)
        settled(lambda session: put_back(session, claim, reason=reason))
    except MessageRefusedError as error:
        reason = str(error)
        recorded = settled(lambda session: settle(session, claim, OutboxStatus.REFUSED, reason=reason))
        (report.given_up if recorded is OutboxStatus.DEAD else report.refused).append(FailedMessage(recipient, reason))
    except MessagePostponedError as error:
        reason = str(error)
        doubtful = isinstance(error, DeliveryInDoubtError)
        # A message that may have arrived is given up by `_give_up`, which leaves the enrollment pending.
        if claim.attempts < MAX_ATTEMPTS or doubtful:
            settled(lambda session: postpone(session, claim, reason=reason, doubtful=doubtful))
            report.postponed.append(FailedMessage(recipient, reason))
        else:
            settled(lambda session: settle(session, claim, OutboxStatus.DEAD, reason=reason))
            report.given_up.append(FailedMessage(recipient, reason))
    else:
        settled(lambda session: settle(session, claim, OutboxStatus.SENT))
        report.sent += 1


def _with_code(session: Session, claim: Claim) -> Letter:
    """The letter of a claim; that of an invitation with a new code and a new Message-ID, which are stored nowhere.

    Raises
    ------
    MessageRefusedError
        The invitation cannot be accepted any more.
    """
    if claim.letter.template != INVITATION:
        return claim.letter
    code = InvitationCode.made()
    statement = text("SELECT lms.issue_code(:message, :attempt, :selector, :verifier)")
    values = {"message": claim.id, "attempt": claim.attempts, "selector": code.selector, "verifier": scram_verifier(code.secret)}
    if not session.scalar(statement, values):
        raise MessageRefusedError("The invitation was accepted, revoked or replaced, or has expired, before its message was sent.")
    context = {**claim.letter.context, "code": code.shown, "recipient": claim.letter.recipient}
    return replace(claim.letter, message_id=new_message_id(), context=context)


def _give_up(begin: Opener, report: DeliveryReport) -> None:
    """Declare messages dead that have used up their tries, the last one by a dispatcher that died.

    They may have arrived, so their enrollments stay pending until an administrator decides.
    """

    def work() -> FailedMessage | None:
        with begin() as session:
            statement = text("SELECT recipient, reason FROM lms.give_up_message(:most_attempts)")
            row = session.execute(statement, {"most_attempts": MAX_ATTEMPTS}).one_or_none()
            return None if row is None else FailedMessage(row.recipient, row.reason)

    while (failed := retried(work, lock_attempts=PATIENT)) is not None:
        report.given_up.append(failed)


def ready_as_before() -> None:
    """Take it that the database is as it was."""


def watch(
    begin: Opener,
    transport: Transport,
    *,
    every: float,
    go_on: Callable[[], bool],
    say: Callable[[str], None],
    ready: Callable[[], None] = ready_as_before,
) -> None:
    """Send what is due, again and again: report each change in one line, and wait longer while a server cannot be reached.

    Parameters
    ----------
    begin, transport
        See `deliver_waiting`.
    every
        Seconds from one look at the outbox to the next; longer while the database or the mail server cannot be used.
    go_on
        Called between messages and while pausing; False ends the watch once the current message is settled.
    say
        Takes one line for each change: messages that were sent or not, an outage that began or ended.
    ready
        Called before each look at the outbox; a `DatabaseError` lets the messages wait.

    Raises
    ------
    UpgradedMeanwhileError
        By `ready`: database and lmskit were upgraded, and this process still has the code of before.
    """
    outage: str | None = None
    pause = every
    while go_on():
        now: str | None
        try:
            ready()
            report = deliver_waiting(begin, transport, go_on=go_on)
        except UpgradedMeanwhileError:
            raise
        except DatabaseError as error:
            now = str(error)
        else:
            _say_result(report, say)
            now = report.stopped
        if now is not None and now != outage:
            say(now)
        elif now is None and outage is not None:
            say("Messages are sent again.")
        pause = every if now is None else min(max(pause, 1.0) * 2, max(every, LONGEST_OUTAGE_PAUSE))
        outage = now
        _wait(pause, go_on)


def _say_result(report: DeliveryReport, say: Callable[[str], None]) -> None:
    if report.sent or report.refused or report.postponed or report.given_up:
        say(report.sentence)
    for message in (*report.refused, *report.given_up, *report.postponed):
        say(f"{message.recipient}: {message.reason}")


def _wait(seconds: float, go_on: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while go_on() and (left := until - time.monotonic()) > 0:
        time.sleep(min(POLL, left))
