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
from lmskit.models import Course, Enrollment, ExternalId, QuizAttempt, Term, User
from lmskit.settings import DEMO_ADMIN
from tests import canvas_server, factories, moodle_server
from tests.reliability.crew import ROOT

ATTEMPTS = BATCH + 100
STUDENTS = 40
TOKENS = {"moodle": moodle_server.TOKEN, "canvas": canvas_server.TOKEN}
CALLS = {
    "moodle": ("mod_quiz_get_attempt_review", lambda stored: ATTEMPTS - stored),
    "canvas": ("/students/submissions", lambda _stored: 2 * ATTEMPTS // canvas_server.LARGEST_PAGE + ATTEMPTS // STUDENTS),
}
"""What reads attempts, and how often a sync asks for it at most; Canvas sends so many at once that all are listed again."""

pytestmark = pytest.mark.long


@pytest.fixture
def moodle():
    people = [moodle_server.person(1000 + nth, "Student", f"Killed{nth}") for nth in range(STUDENTS)]
    attempts = [moodle_server.attempt(nth + 1, 1000 + nth % STUDENTS, nth // STUDENTS + 1, "5", 1.0, "3.14") for nth in range(ATTEMPTS)]
    quiz = moodle_server.quiz(7, "Killed", grade=20, points=4)
    with moodle_server.MoodleServer(people, [quiz], attempts).served() as server:
        yield server


@pytest.fixture
def canvas():
    """Each student has one attempt at each of the quizzes."""
    quizzes = range(ATTEMPTS // STUDENTS)
    people = [each for nth in range(STUDENTS) for each in canvas_server.student(1000 + nth, f"Killed{nth}, Student")]
    assignments = [canvas_server.assignment(500 + nth, f"Killed {nth}", 10, quiz_id=90 + nth) for nth in quizzes]
    submissions = [
        canvas_server.taken(1000 + student, canvas_server.attempt(1, student, canvas_server.data(2, "3.14")), assignment=500 + quiz)
        for quiz in quizzes
        for student in range(STUDENTS)
    ]
    questions = {90 + nth: canvas_server.questions() for nth in quizzes}
    modules = [{"id": 1, "name": "Week 1", "items": [{"id": nth, "type": "Quiz", "content_id": 90 + nth} for nth in quizzes]}]
    with canvas_server.CanvasServer(people, [], assignments, submissions, questions, modules=modules).served() as server:
        yield server


@pytest.fixture
def course(admin_engine):
    with transaction(admin_engine) as session:
        made = factories.course(session, weeks=3)
    yield made
    with transaction(admin_engine) as session:
        people = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == made.id)))
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == made.id))
        session.execute(delete(Course).where(Course.id == made.id))
        session.execute(delete(Term).where(Term.id == made.term_id))
        session.execute(delete(ExternalId).where(ExternalId.person_id.in_(people)))
        session.execute(delete(User).where(User.id.in_([*people, made.lecturer_id])))


def syncing(system, server, course):
    """A process that syncs as a person does."""
    name = {"moodle": "SYNC", "canvas": "17"}[system]
    asked = ("sync", system, "--url", server.url, "--course", f"{course.code}={name}", "--pause", "0")
    environment = os.environ | {f"LMSKIT_{system.upper()}_TOKEN": TOKENS[system], "LMSKIT_PERSON": DEMO_ADMIN}
    return subprocess.Popen(
        [sys.executable, "-m", "lmskit", *asked], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def n_attempts(engine, course):
    with transaction(engine) as session:
        return session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.course_id == course.id))


def holders(name, token):
    """The processes of which a file of `/proc` has the token."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if token.encode() in (process / name).read_bytes():
                found.add(int(process.name))
    return found


@pytest.mark.parametrize("system", ["moodle", "canvas"])
def test_a_killed_sync_leaves_whole_parts_and_the_next_goes_on(admin_engine, request, course, n_kills, system):
    server = request.getfixturevalue(system)
    call, most_calls = CALLS[system]
    stored = 0
    for _ in range(n_kills):
        before = server.calls(call)
        process = syncing(system, server, course)
        wanted = before + random.randint(1, most_calls(0))
        while process.poll() is None and server.calls(call) < wanted:
            time.sleep(0.01)
        process.kill()
        process.communicate()
        found = n_attempts(admin_engine, course)
        assert found in {0, BATCH, ATTEMPTS}
        assert found >= stored
        assert server.calls(call) - before <= most_calls(stored), "what is stored is not read again"
        stored = found
    before = server.calls(call)
    last = syncing(system, server, course)
    output, _ = last.communicate()
    assert last.returncode == 0, output
    assert n_attempts(admin_engine, course) == ATTEMPTS
    assert server.calls(call) - before <= most_calls(stored)
    before = len(server.asked)
    again = syncing(system, server, course)
    output, _ = again.communicate()
    assert again.returncode == 0, output
    assert len(server.asked) - before <= 12


@pytest.mark.parametrize("system", ["moodle", "canvas"])
def test_the_token_is_in_no_command_line_no_other_process_and_no_output(request, course, system):
    server, token = request.getfixturevalue(system), TOKENS[system]
    seen: list[tuple[set[int], set[int]]] = []

    def look(_what, nth):
        if nth <= 3:
            seen.append((holders("cmdline", token), holders("environ", token)))

    server.fault = look
    process = syncing(system, server, course)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    assert token.encode() not in output
    assert len(seen) > 5
    assert [each for each in seen if each != (set(), {process.pid})] == []
