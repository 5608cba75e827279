"""Handing messages over as they come, until told to stop: one line for each change, and patience where something is down."""

import time
from collections.abc import Callable

from lmskit.db import Opener
from lmskit.errors import DatabaseError
from lmskit.services.delivery import DeliveryReport, deliver_waiting
from lmskit.services.transport import Transport

LONGEST_PAUSE = 60.0
"""Seconds between two looks at a database or mail server that cannot be reached."""
STEP = 0.2
"""Seconds after which a pause asks whether it is to go on."""


def watch(begin: Opener, transport: Transport, *, every: float, go_on: Callable[[], bool], say: Callable[[str], None]) -> None:
    """Hand over what is due, every so many seconds.

    Parameters
    ----------
    begin, transport
        See `deliver_waiting`.
    every
        Seconds from one look at the outbox to the next; longer while the database or the mail server cannot be used.
    go_on
        Asked between messages and while pausing; False ends the watch, once the message in hand is settled.
    say
        Takes one line for each change: messages that were handed over or not, trouble that began or ended.
    """
    trouble: str | None = None
    pause = every
    while go_on():
        now: str | None
        try:
            report = deliver_waiting(begin, transport, go_on=go_on)
        except DatabaseError as error:
            now = str(error)
        else:
            _tell(report, say)
            now = report.stopped
        if now is not None and now != trouble:
            say(now)
        elif now is None and trouble is not None:
            say("Messages are handed over again.")
        pause = every if now is None else min(max(pause, 1.0) * 2, max(every, LONGEST_PAUSE))
        trouble = now
        _wait(pause, go_on)


def _tell(report: DeliveryReport, say: Callable[[str], None]) -> None:
    if report.sent or report.refused or report.postponed or report.given_up:
        say(report.sentence)
    for one in (*report.refused, *report.given_up, *report.postponed):
        say(f"{one.recipient}: {one.reason}")


def _wait(seconds: float, go_on: Callable[[], bool]) -> None:
    until = time.monotonic() + seconds
    while go_on() and (left := until - time.monotonic()) > 0:
        time.sleep(min(STEP, left))
