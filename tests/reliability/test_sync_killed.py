"""A killed sync leaves whole parts in the database, and the next one goes on from there."""

import os
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select

from lmskit.db import transaction
from lmskit.importers.web_service.reading import BATCH
from lmskit.models import Course, ExternalId, QuizAttempt, Term, User
from lmskit.settings import DEMO_ADMIN
from tests import factories
from tests.moodle_server import TOKEN, MoodleServer, attempt, person, quiz
from tests.reliability.crew import ROOT

ATTEMPTS = BATCH + 100
STUDENTS = 40

pytestmark = pytest.mark.long


@pytest.fixture
def moodle():
    people = [person(1000 + nth, "Student", f"Killed{nth}") for nth in range(STUDENTS)]
    attempts = [attempt(nth + 1, 1000 + nth % STUDENTS, nth // STUDENTS + 1, "5", 1.0, "3.14") for nth in range(ATTEMPTS)]
    with MoodleServer(people, [quiz(7, "Killed", grade=20, points=4)], attempts).served() as server:
        yield server


@pytest.fixture
def course(admin_engine):
    with transaction(admin_engine) as session:
        made = factories.course(session, weeks=3)
    yield made
    with transaction(admin_engine) as session:
        people = list(session.scalars(select(User.id).where(User.email.like("student.killed%@example.org"))))
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == made.id))
        session.execute(delete(Course).where(Course.id == made.id))
        session.execute(delete(Term).where(Term.id == made.term_id))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(people)))
        session.execute(delete(User).where(User.id.in_([*people, made.lecturer_id])))


def syncing(moodle, course):
    """A process that syncs as a person does."""
    asked = ("sync", "moodle", "--url", moodle.url, "--course", f"{course.code}=SYNC", "--pause", "0")
    environment = os.environ | {"LMSKIT_MOODLE_TOKEN": TOKEN, "LMSKIT_PERSON": DEMO_ADMIN}
    return subprocess.Popen(
        [sys.executable, "-m", "lmskit", *asked], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def n_attempts(engine, course):
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.course_id == course.id))


def holders(name):
    """The processes of which a file of `/proc` has the token."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if TOKEN.encode() in (process / name).read_bytes():
                found.add(int(process.name))
    return found


def test_a_killed_sync_leaves_whole_parts_and_the_next_goes_on(admin_engine, moodle, course, n_kills):
    stored = 0

    def reviews():
        return moodle.calls("mod_quiz_get_attempt_review")

    for _ in range(n_kills):
        before = reviews()
        process = syncing(moodle, course)
        wanted = before + random.randint(1, ATTEMPTS)
        while process.poll() is None and reviews() < wanted:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        found = n_attempts(admin_engine, course)
        assert found in {0, BATCH, ATTEMPTS}
        assert found >= stored
        assert reviews() - before <= ATTEMPTS - stored, "what is stored is not read again"
        stored = found
    before = reviews()
    last = syncing(moodle, course)
    output, _ = last.communicate()
    assert last.returncode == 0, output
    assert n_attempts(admin_engine, course) == ATTEMPTS
    assert reviews() - before <= ATTEMPTS - stored
    before = len(moodle.asked)
    again = syncing(moodle, course)
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert len(moodle.asked) - before <= 12


def test_the_token_is_in_no_command_line_no_other_process_and_no_output(moodle, course):
    seen: list[tuple[set[int], set[int]]] = []
    moodle.attempts = moodle.attempts[:3]
    moodle.fault = lambda _function, _nth: seen.append((holders("cmdline"), holders("environ")))
    process = syncing(moodle, course)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert TOKEN.encode() not in output
    assert len(seen) > 3
    assert [each for each in seen if each != (set(), {process.pid})] == []
