"""Faults while enrolling and delivering: two people at once, the database down, addresses that do not exist."""

import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, delete, func, select, update

from lmskit.db import access, retried, transaction
from lmskit.db.cluster import Cluster
from lmskit.models import Course, OutboxMessage, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.delivery import MAX_ATTEMPTS, deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.retry import retry, retry_settled
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests import factories
from tests.reliability.conftest import make_intake
from tests.reliability.crew import ROOT, Crew
from tests.reliability.mail_server import OK, MailServer, Occurrence, until
from tests.reliability.test_kills import IN_HAND, smtp_to

HEAD_START = 0.7
"""Seconds for twelve processes to get ready to press at the same moment."""


def request_all(engine, intake):
    with transaction(engine) as session:
        for email in intake.emails:
            enroll(session, EnrollStudent(course=intake.course.code, email=email))


def test_twelve_administrators_who_double_click_enrol_once_and_send_one_message(
    *, say, admin_engine, administrators, intake_of, mail_server, tmp_path
):
    intake = intake_of(0)
    email = f"{factories.unique('double')}@example.org"
    mail_server.pause = 0.2
    with Crew(home=access().settings.home, smtp_port=mail_server.port) as crew:
        at = time.time() + HEAD_START
        files = [tmp_path / f"{number}.json" for number in range(len(administrators))]
        order = {"course": intake.course.code, "email": email, "at": at, "lease": 60}
        for person, file in zip(administrators, files, strict=True):
            crew.start("click", person=person, answers=str(file), **order)
        assert until(lambda: all(file.exists() for file in files))
    answers = [answer for file in files for answer in json.loads(file.read_text("utf-8"))]

    enrolled = f"{email} is enrolled in {intake.course.code}: active. The mail server 127.0.0.1 accepted the message."
    refused = sum(answer.startswith("AlreadyEnrolledError: ") for answer in answers)
    say(f"12 administrators x double click: {answers.count(enrolled)} enrolled, {refused} refused, {len(mail_server.accepted)} message")
    try:
        assert (len(answers), answers.count(enrolled), refused) == (24, 1, 23), answers
        assert mail_server.recipients() == [email]
        assert intake.statuses(admin_engine) == {email: EnrollmentStatus.ACTIVE}
    finally:
        with transaction(admin_engine) as session:
            session.execute(delete(Course).where(Course.id == intake.course.id))
            session.execute(delete(User).where(User.email == email))


@pytest.mark.long
def test_each_connection_cut_while_delivering_causes_at_most_one_duplicate(say, admin_engine, endpoint, intake_of, mail_server):
    intake = intake_of(60)
    mail_server.pause = 0.01
    request_all(admin_engine, intake)
    cuts, cuts_at_work, stop = 0, 0, threading.Event()

    def cut() -> None:
        nonlocal cuts, cuts_at_work
        login, accepted = admin_engine.url.username, 0
        with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
            while not stop.wait(random.uniform(0.001, 0.01)):
                if len(mail_server.accepted) < accepted + 2:
                    continue  # between two cuts some messages are sent, even on a slow machine
                statement = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = %s"
                if cuts_at_work <= cuts / 2:  # every other one is not between two transactions, but within one
                    row = connection.execute(f"{statement} AND state <> 'idle'", [login]).fetchone()
                    cuts_at_work += row[0] if row is not None else 0
                else:
                    row = connection.execute(statement, [login]).fetchone()
                n_ended = row[0] if row is not None else 0
                cuts += n_ended
                if n_ended:
                    accepted = len(mail_server.accepted)

    cutter = threading.Thread(target=cut)
    cutter.start()
    try:
        report = deliver_waiting(lambda: transaction(admin_engine), smtp_to(mail_server))
    finally:
        stop.set()
        cutter.join()
    duplicates = len(mail_server.accepted) - len(set(mail_server.recipients()))
    say(
        f"connections cut: {cuts}, {cuts_at_work} of them within a transaction, while {report.sent} messages were delivered; "
        f"{duplicates} duplicates"
    )
    assert cuts > 5
    assert cuts_at_work >= 3, "connections were cut within a transaction"
    # A claim that was committed although its connection was lost waits for its lease; all others are sent.
    left = [message for message in intake.messages(admin_engine) if message.status is not OutboxStatus.SENT]
    assert len(left) <= cuts
    with transaction(admin_engine) as session:
        session.execute(update(OutboxMessage).where(OutboxMessage.id.in_([message.id for message in left])).values(leased_until=None))
    deliver_waiting(lambda: transaction(admin_engine), smtp_to(mail_server))
    assert intake.statuses(admin_engine) == dict.fromkeys(intake.emails, EnrollmentStatus.ACTIVE)
    assert set(mail_server.recipients()) == set(intake.emails)
    assert len(mail_server.accepted) - len(set(mail_server.recipients())) <= cuts


@pytest.mark.long
def test_a_killed_mail_deliver_leaves_every_message_sent_or_waiting(say, admin_engine, intake_of, mail_server):
    intake = intake_of(4 * len(IN_HAND))
    request_all(admin_engine, intake)
    command = [sys.executable, "-m", "lmskit", "mail", "deliver"]
    environment = Crew(home=access().settings.home, smtp_port=mail_server.port).environment
    waiting: list[int] = []
    for event in IN_HAND:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
        seen = [0]

        def strike(occurrence: Occurrence, process: subprocess.Popen[bytes] = process, event: str = event, seen: list[int] = seen) -> None:
            seen[0] += occurrence.kind == event
            if seen[0] == 2:
                process.kill()

        mail_server.on = strike
        assert process.wait(60) == -signal.SIGKILL
        messages = intake.messages(admin_engine)
        left = [message for message in messages if message.status is OutboxStatus.WAITING]
        assert [message.attempts for message in left if message.leased_until is not None] == [1], "one message was in hand"
        assert {message.status for message in messages} == {OutboxStatus.WAITING, OutboxStatus.SENT}
        waiting.append(len(left))
        with transaction(admin_engine) as session:
            held = update(OutboxMessage).where(OutboxMessage.id.in_([message.id for message in left]))
            session.execute(held.values(leased_until=None, attempts=0))
    mail_server.on = lambda _occurrence: None
    assert subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
    duplicates = len(mail_server.accepted) - len(set(mail_server.recipients()))
    shown = ", ".join(map(str, waiting))
    say(f"mail deliver killed {len(waiting)} times with {shown} messages waiting: {duplicates} duplicates, none lost")
    assert min(waiting) >= len(intake.emails) / 2
    assert intake.statuses(admin_engine) == dict.fromkeys(intake.emails, EnrollmentStatus.ACTIVE)
    assert set(mail_server.recipients()) == set(intake.emails)
    assert duplicates <= len(waiting)


def test_after_a_deadlock_both_transactions_succeed(say, admin_engine, intake_of):
    intake = intake_of(2)
    gate = threading.Barrier(2)
    tries: Counter[object] = Counter()

    def rename(order: list[str]) -> None:
        def work() -> None:
            tries[tuple(order)] += 1
            with transaction(admin_engine) as session:
                session.execute(update(User).where(User.email == order[0]).values(given_name=order[0]))
                if tries[tuple(order)] == 1:
                    gate.wait(60)
                session.execute(update(User).where(User.email == order[1]).values(given_name=order[0]))

        retried(work)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(rename, order) for order in (intake.emails, intake.emails[::-1])]:
            done.result()

    say(f"deadlock: 2 pieces of work, {tries.total()} tries, both done")
    assert tries.total() == 3, "PostgreSQL cancelled one transaction, which was tried again"
    with transaction(admin_engine) as session:
        names = session.scalars(select(User.given_name).where(User.email.in_(intake.emails))).all()
    assert len(set(names)) == 1, "the last transaction wrote both rows"


def test_after_a_serialization_failure_no_increment_is_lost(say, admin_engine, intake_of):
    intake, workers = intake_of(1), 4
    engine = admin_engine.execution_options(isolation_level="SERIALIZABLE")
    with transaction(admin_engine) as session:
        session.execute(update(User).where(User.email == intake.emails[0]).values(given_name="0"))
    gate = threading.Barrier(2)
    tries: Counter[object] = Counter()

    def count(worker: int) -> None:
        def work() -> None:
            tries[worker] += 1
            with transaction(engine) as session:
                seen = session.scalars(select(User.given_name).where(User.email == intake.emails[0])).one()
                if tries[worker] == 1:
                    gate.wait(60)
                session.execute(update(User).where(User.email == intake.emails[0]).values(given_name=str(int(seen) + 1)))

        retried(work)

    for _ in range(workers // 2):
        with ThreadPoolExecutor(2) as pool:
            for done in [pool.submit(count, worker) for worker in range(2)]:
                done.result()
        tries["before"], tries[0], tries[1] = tries["before"] + tries[0] + tries[1], 0, 0

    say(f"serialisation: {workers} increments, {tries['before']} tries, none lost")
    with transaction(admin_engine) as session:
        assert session.scalars(select(User.given_name).where(User.email == intake.emails[0])).one() == str(workers)
    assert tries["before"] > workers


@pytest.mark.long
def test_exactly_the_students_whose_message_was_accepted_become_active(say, admin_engine, intake_of, mail_server):
    intake, rng = intake_of(100), random.Random(7)
    shuffled = rng.sample(intake.emails, len(intake.emails))
    gone, later, dead = set(shuffled[:10]), set(shuffled[10:18]), set(shuffled[18:20])
    returning = set(shuffled[8:12])  # two of those are refused, two are asked to wait
    announced: Counter[str] = Counter()

    def answer(occurrence: Occurrence) -> str:
        if occurrence.kind != "rcpt":
            return OK
        announced[occurrence.recipient] += 1
        if occurrence.recipient in gone:
            return "550-5.1.1 The mailbox\r\n550 5.1.1 does not exist"
        is_busy = occurrence.recipient in later and announced[occurrence.recipient] <= 2
        return "451 4.3.0 Try again later" if is_busy or occurrence.recipient in dead else OK

    mail_server.answer = answer
    with transaction(admin_engine) as session:
        for person in session.scalars(select(User).where(User.email.in_(returning))):
            factories.enrollment(session, intake.course, person, status=EnrollmentStatus.WITHDRAWN, ended_on=factories.FIRST_DAY)
    request_all(admin_engine, intake)
    totals: Counter[str] = Counter()
    for _ in range(MAX_ATTEMPTS):
        report = deliver_waiting(lambda: transaction(admin_engine), smtp_to(mail_server))
        totals.update(sent=report.sent, refused=len(report.refused), postponed=len(report.postponed), given_up=len(report.given_up))
        with transaction(admin_engine) as session:
            retry(session, [message.id for message in intake.messages(admin_engine) if message.status is OutboxStatus.WAITING])

    statuses = intake.statuses(admin_engine)
    n_active = sum(status is EnrollmentStatus.ACTIVE for status in statuses.values())
    say(
        f"100 addresses, 10 refused for good, 8 temporarily, 2 for ever: {totals['sent']} accepted, {totals['refused']} refused, "
        f"{totals['postponed']} times postponed, {totals['given_up']} given up; {n_active} active"
    )
    assert (totals["sent"], totals["refused"], totals["given_up"]) == (88, 10, 2)
    assert set(mail_server.recipients()) == {email for email, status in statuses.items() if status is EnrollmentStatus.ACTIVE}
    assert set(mail_server.recipients()) == set(intake.emails) - gone - dead
    assert {email: status for email, status in statuses.items() if email in gone | dead} == dict.fromkeys(
        gone & returning, EnrollmentStatus.WITHDRAWN
    )
    refused = [message for message in intake.messages(admin_engine) if message.status is OutboxStatus.REFUSED]
    reasons = {message.recipient: message.last_error for message in refused}
    assert set(reasons) == gone
    assert all("550 5.1.1 The mailbox 5.1.1 does not exist" in str(reason) for reason in reasons.values()), reasons

    mail_server.answer = lambda _occurrence: OK
    with transaction(admin_engine) as session:
        requested = [retry_settled(session, outcome).requested_again for outcome in (OutboxStatus.REFUSED, OutboxStatus.DEAD)]
    deliver_waiting(lambda: transaction(admin_engine), smtp_to(mail_server))
    assert requested == [10, 2]
    assert intake.statuses(admin_engine) == dict.fromkeys(intake.emails, EnrollmentStatus.ACTIVE)


@pytest.fixture
def durable_home():
    """A home with a server of its own that flushes each commit to the disk, since the test kills it."""
    home = Path(tempfile.mkdtemp(prefix="lmskit-durable-"))
    yield home
    Cluster(home, access().settings.postgres_version).stop()
    shutil.rmtree(home, ignore_errors=True)


@pytest.mark.long
def test_a_watch_survives_the_death_of_the_database_server(say, durable_home, mail_server):
    kept = Crew(home=durable_home, smtp_port=mail_server.port).environment

    def lmskit(*arguments: str) -> None:
        subprocess.run([sys.executable, "-m", "lmskit", *arguments], check=True, cwd=ROOT, env=kept, capture_output=True)

    lmskit("db", "upgrade")
    lmskit("seed")
    cluster = Cluster(durable_home, access().settings.postgres_version)
    engine = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(cluster.start().superuser_conninfo("lmskit")), pool_pre_ping=True
    )
    intake = make_intake(engine, 40)
    request_all(engine, intake)
    engine.dispose()
    deaths: list[int] = []

    def all_arrived() -> bool:
        return len(set(mail_server.recipients())) == 40

    def strike(occurrence: Occurrence) -> None:
        if occurrence.kind == ("accepted", "answered")[len(deaths) % 2] and len(mail_server.accepted) >= 10 * (len(deaths) + 1):
            kill_server(durable_home)
            deaths.append(len(mail_server.accepted))

    mail_server.on = lambda occurrence: strike(occurrence) if len(deaths) < 3 else None
    command = [sys.executable, "-m", "lmskit", "mail", "deliver", "--watch", "--every", "0.2"]
    watch = subprocess.Popen(command, cwd=ROOT, env=kept, stdout=subprocess.PIPE, text=True)
    try:
        while not all_arrived():
            if not a_further_one_arrives(mail_server, seconds=30):
                end_leases(engine)
        assert until(lambda: intake.is_settled(engine), seconds=60)
    finally:
        watch.terminate()
        output, _ = watch.communicate(timeout=60)
    statuses = intake.statuses(engine)
    engine.dispose()
    duplicates = len(mail_server.accepted) - 40
    say(f"database server killed {len(deaths)} times under a watch: {len(statuses)} enrollments, {duplicates} duplicates")
    assert len(deaths) == 3
    assert statuses == dict.fromkeys(intake.emails, EnrollmentStatus.ACTIVE)
    assert duplicates <= 3
    assert watch.returncode == 0
    assert output.splitlines()[-1] == "Stopped; no message is being sent."


def a_further_one_arrives(mail_server: MailServer, *, seconds: float) -> bool:
    """Whether a message is accepted in this time."""
    n_accepted = len(mail_server.accepted)
    return until(lambda: len(mail_server.accepted) > n_accepted, seconds=seconds)


def end_leases(engine: Engine) -> None:
    """Let the leases of claims end whose commit counted though its answer was lost with the server; else they end after ten minutes.

    That no message arrives for half a minute has no other reason.
    """
    waiting = (OutboxMessage.status == OutboxStatus.WAITING, OutboxMessage.leased_until.is_not(None))
    with engine.begin() as connection:
        changed = connection.execute(update(OutboxMessage).where(*waiting).values(leased_until=func.clock_timestamp()))
    assert changed.rowcount


def kill_server(home: Path) -> None:
    """Kill the database server of a home with all its processes at once."""
    pid_file = Cluster(home, access().settings.postgres_version).layout.data / "postmaster.pid"
    server = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    for process in (server, *server.children(recursive=True)):
        process.kill()


def test_while_the_mail_server_is_down_no_try_is_used_up(admin_engine, intake_of):
    intake = intake_of(3)
    request_all(admin_engine, intake)
    with MailServer() as short_lived:
        pass
    report = deliver_waiting(lambda: transaction(admin_engine), smtp_to(short_lived))
    assert "cannot be reached" in str(report.stopped)
    messages = intake.messages(admin_engine)
    assert {(message.status, message.attempts, message.leased_until) for message in messages} == {(OutboxStatus.WAITING, 0, None)}
    assert set(intake.statuses(admin_engine).values()) == {EnrollmentStatus.PENDING}
