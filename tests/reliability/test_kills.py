"""Processes that enrol students or deliver messages are killed at any moment: nothing is lost, invented or left half done."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import pytest

from lmskit.db import access, transaction
from lmskit.services.delivery import deliver_waiting
from lmskit.services.smtp import SmtpServer
from lmskit.settings import Settings
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests.reliability.crew import Crew, kill
from tests.reliability.mail_server import MailServer, Occurrence

LEASE = 2.0
"""Seconds after which the message of a killed dispatcher can be claimed again."""
WORK = ("request", "enrol", "dispatch", "dispatch as mailer")
EVENTS = ("mail", "rcpt", "text", "accepted", "answered")
IN_HAND = ("mail", "rcpt", "text", "accepted")
"""Events between the claim of a message and the mail server's answer: the process that is killed then cannot have stored a result."""
LONGEST_LIFE = {"request": 3.0, "enrol": 0.8, "dispatch": 0.8, "dispatch as mailer": 0.8}
"""Seconds, by work, for starting, connecting and some messages. Processes that request enrollments live longer: they make the work for
the others."""
LONGEST_WAIT = 2.0
"""Seconds after which a process is killed even if its event has not occurred."""
TO_BEGIN = 0.4
"""Seconds from the start of a process to its first enrollment; where it takes longer, all of them live longer."""
OVER_ONE_MESSAGE = 4
"""Kills while the same message is sent. After eight interrupted tries it would be given up, which another test covers."""


@dataclass
class Victim:
    """A process to be killed: when an event has occurred for the n-th time, or after some time."""

    work: str
    event: str | None
    times: int
    dies_at: float


@dataclass
class Executioner:
    """Kills processes as planned, from the mail server's thread and from the test's own."""

    rng: random.Random
    slowness: float = 1.0
    """How many times longer than elsewhere work takes on this machine, at least 1."""
    victims: dict[int, Victim] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    """Number of kills by event."""
    killed_at_work: Counter[str] = field(default_factory=Counter)
    killed_over: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def condemn(self, pid: int, work: str) -> None:
        event = self.rng.choice((None, *EVENTS)) if work != "request" else None
        life = self.slowness * (self.rng.uniform(0, LONGEST_LIFE[work]) if event is None else LONGEST_WAIT)
        with self.lock:
            self.victims[pid] = Victim(work, event, self.rng.randint(1, 4), time.monotonic() + life)

    def hear(self, occurrence: Occurrence) -> None:
        name = occurrence.sender.partition("@")[0].removeprefix("w")
        with self.lock:
            victim = self.victims.get(int(name)) if name.isdigit() else None
            if victim is None or victim.event != occurrence.kind:
                return
            victim.times -= 1
            if victim.times <= 0 and self.killed_over[occurrence.recipient] < OVER_ONE_MESSAGE:
                self.killed_over[occurrence.recipient] += 1
                self._kill(int(name), f"at '{victim.event}'")

    def look(self) -> None:
        with self.lock:
            now = time.monotonic()
            for pid in [pid for pid, victim in self.victims.items() if victim.dies_at < now]:
                self._kill(pid, "at a random moment")

    def _kill(self, pid: int, why: str) -> None:
        victim = self.victims.pop(pid)
        if kill(pid):
            self.killed[why] += 1
            self.killed_at_work[victim.work] += 1


@pytest.fixture
def crew(mail_server):
    with Crew(home=access().settings.home, smtp_port=mail_server.port) as made:
        yield made


def smtp_to(server: MailServer) -> SmtpServer:
    return SmtpServer(Settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none", mail_from="test@example.org"))


@pytest.mark.long
def test_no_kill_leaves_an_enrollment_without_its_message_or_a_message_without_its_enrollment(
    *, request, say, admin_engine, administrators, dispatcher_url, intake_of, mail_server, crew
):
    n_kills: int = request.config.getoption("--kills")
    intake = intake_of(4 * n_kills + 20)
    rng = random.Random(20260914)
    began = time.monotonic()
    crew.start("request", course=intake.course.code, emails=intake.emails[:1], person=administrators[0], lease=LEASE)
    while not intake.statuses(admin_engine):
        assert time.monotonic() < began + 120
        time.sleep(0.01)
    executioner = Executioner(rng, max(1.0, (time.monotonic() - began) / TO_BEGIN))
    mail_server.on = executioner.hear
    started, made = time.monotonic(), 0

    def begin_work(work: str) -> None:
        nonlocal made
        made += 1
        if work in {"request", "enrol"}:
            first = rng.randrange(len(intake.emails))
            emails = intake.emails[first:] + intake.emails[:first]
            pid = crew.start(work, course=intake.course.code, emails=emails, person=administrators[made % 12], lease=LEASE)
        elif work == "dispatch":
            pid = crew.start("dispatch", person=administrators[made % 12], lease=LEASE)
        else:
            pid = crew.start("dispatch", url=dispatcher_url, lease=LEASE)
        executioner.condemn(pid, work)

    while executioner.killed.total() < n_kills:
        alive = {victim.work for victim in executioner.victims.values()}
        for work in WORK:
            if work not in alive:
                begin_work(work)
        mail_server.answered_after = rng.uniform(0, 0.01)
        executioner.look()
        time.sleep(0.001)
    with executioner.lock:
        for pid in list(executioner.victims):
            executioner._kill(pid, "at the end")
    mail_server.on = lambda _occurrence: None
    seconds = time.monotonic() - started

    end = time.monotonic() + 30 * LEASE
    while not intake.is_settled(admin_engine) and time.monotonic() < end:
        deliver_waiting(lambda: transaction(admin_engine), smtp_to(mail_server))
        time.sleep(0.1)

    messages = intake.messages(admin_engine)
    in_doubt = [message for message in messages if message.status is OutboxStatus.DEAD]
    statuses = intake.statuses(admin_engine)
    mailed = Counter(message.message_id for message in mail_server.accepted)
    recipients = set(mail_server.recipients())
    active = {email for email, status in statuses.items() if status is EnrollmentStatus.ACTIVE}
    duplicates = mailed.total() - len(mailed)
    in_hand = sum(executioner.killed[f"at '{event}'"] for event in IN_HAND)
    # The mail server accepts everything, so each further try of a message follows a process that died with it in hand.
    taken_up = sum(message.attempts for message in messages) - len(messages) + len(in_doubt)
    kills = executioner.killed.total()
    say(
        f"kill -9: {kills} in {seconds:.0f} s ({', '.join(f'{count} {why}' for why, count in sorted(executioner.killed.items()))}; "
        f"{', '.join(f'{count} of {work}' for work, count in sorted(executioner.killed_at_work.items()))}): "
        f"{len(statuses)} enrollments, {mailed.total()} messages accepted, {len(active - recipients)} active without a message, "
        f"{len(recipients - set(statuses))} messages without an enrollment, {duplicates} duplicates, "
        f"{in_hand} kills between claim and result, {taken_up} messages taken up again, "
        f"at most {max(message.attempts for message in messages)} tries, {len(in_doubt)} given up in doubt, their enrollments pending"
    )
    assert kills >= n_kills
    assert len(active) >= n_kills / 4, "there was work to be killed in"
    assert taken_up >= n_kills / 6, "processes died with a message in hand, and it was tried again"
    assert taken_up >= in_hand
    assert all(executioner.killed_at_work[work] for work in WORK), executioner.killed_at_work
    assert active <= recipients <= set(statuses)
    assert set(statuses) - active == {message.recipient for message in in_doubt}
    assert {statuses[message.recipient] for message in in_doubt} <= {EnrollmentStatus.PENDING}
    assert {message.status for message in messages} <= {OutboxStatus.SENT, OutboxStatus.DEAD}
    assert 8 * len(in_doubt) <= kills, "each took eight deaths"
    assert duplicates <= kills
    ids = {(message.recipient, message.message_id) for message in mail_server.accepted}
    assert len(ids) == len(mailed) == len(recipients), "a message that arrives twice has the same Message-ID"
    assert ids <= {(message.recipient, message.message_id) for message in messages}
