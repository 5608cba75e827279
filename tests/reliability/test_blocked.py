"""A lecturer holds what others need: the others' work ends with a sentence that says who it was, or goes on without it."""

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import pytest
from sqlalchemy import delete, func, select, text, update
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import engine_for, scram_verifier, snapshot, transaction
from lmskit.errors import LockedError
from lmskit.models import Course, Enrollment, OutboxMessage, QuizAttempt, Term, User
from lmskit.progress import waits_shown
from lmskit.queries.database_sessions import queues, session_findings
from lmskit.settings import DEMO_ADMIN
from lmskit.vocabulary import Role
from tests import factories
from tests.importers.plain import csv_file
from tests.reliability.mail_server import until

LIMIT = 0.8
"""Seconds to wait for a lock in these tests."""
HOLDER, BYSTANDER = "holder@example.org", "bystander@example.org"
HELD = r"whose transaction began at \d\d:\d\d and has been idle since \d\d:\d\d"


@pytest.fixture(autouse=True)
def _impatient(admin_engine, configure) -> None:
    configure(LMSKIT_LOCK_TIMEOUT=str(LIMIT))


@dataclass(frozen=True)
class Courses:
    """A course of the lecturer who holds locks, and one of another lecturer."""

    held: Course
    other: Course


@pytest.fixture
def courses(admin_engine, make_person) -> Iterator[Courses]:
    for email in (HOLDER, BYSTANDER):
        make_person(email, Role.LECTURER)
    with transaction(admin_engine) as session:
        people = {email: session.scalars(select(User).where(User.email == email)).one() for email in (HOLDER, BYSTANDER)}
        term = factories.term(session)
        made = Courses(*(factories.course(session, in_term=term, taught_by=people[email], weeks=2) for email in (HOLDER, BYSTANDER)))
        for course in (made.held, made.other):
            factories.attempt(session, factories.quiz(session, course), factories.enrollment(session, course).student_id)
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(QuizAttempt).where(QuizAttempt.course_id.in_([made.held.id, made.other.id])))
        session.execute(delete(Course).where(Course.id.in_([made.held.id, made.other.id])))
        session.execute(delete(Term).where(Term.id == term.id))


@contextmanager
def holding(*statements: str, email: str = HOLDER) -> Iterator[int]:
    """Let a person run statements in a transaction that stays open while the block runs; give the session's number."""
    with engine_for(email).connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
        yield connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        connection.invalidate()  # an administrator may have ended it


def lmskit(*arguments: str) -> tuple[int, str]:
    """Run a command as the administrator; return its exit status and what it printed."""
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, result.output


def test_who_holds_the_course_list_is_named_and_the_other_courses_are_refreshed(courses):
    with holding("SELECT id FROM courses FOR UPDATE") as pid:
        status, output = lmskit("mastery", "refresh")
        alone, alone_output = lmskit("mastery", "refresh", "--course", courses.held.code)
    assert (status, alone) == (3, 1)
    assert "1 added" in output
    assert f"{courses.other.code} was left" not in output
    held = rf"Courses that this needs are locked by the session {pid} of {HOLDER}, {HELD}\."
    advice = rf" Nothing was changed; try again in a moment, or end the sessions of that person: lmskit doctor --end {pid}\n"
    assert re.search(rf"{courses.held.code} was left as it is: {held}{advice}", output), output
    assert re.search(held + advice, alone_output), alone_output
    status, output = lmskit("mastery", "refresh")
    assert status == 0
    assert "1 added" in output


def test_a_week_that_is_held_stops_no_other_course(courses):
    with holding("SELECT FROM syllabi FOR UPDATE"):
        status, output = lmskit("mastery", "refresh")
    assert status == 3
    assert "1 added" in output
    assert f"{courses.held.code} was left as it is: Weeks of a syllabus that this needs are locked by" in output


def waiting(work: Callable[[], object], shown: list[str | None]) -> threading.Thread:
    """Do the work in a thread of its own, whose waits are collected; the thread has begun to wait."""

    def run() -> None:
        with waits_shown(shown.append), suppress(LockedError):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    assert until(lambda: bool(shown))
    return thread


def lock_course(code: str, person: str = DEMO_ADMIN) -> None:
    with transaction(engine_for(person)) as session:
        session.execute(text("SELECT FROM courses WHERE code = :code FOR UPDATE"), {"code": code})


def test_while_work_waits_it_says_for_whom_and_when_it_goes_on(courses, configure):
    configure(LMSKIT_LOCK_TIMEOUT="30")
    shown: list[str | None] = []
    with holding("SELECT id FROM courses FOR UPDATE") as pid:
        thread = waiting(lambda: lock_course(courses.held.code), shown)
        assert until(lambda: len(shown) >= 2)
    thread.join()
    assert re.fullmatch(rf"Waiting for the session {pid} of {HOLDER} \(since \d s\) …", str(shown[0]))
    assert shown[-1] is None


def test_a_lecturer_learns_only_that_it_is_another_session(courses):
    with holding("SELECT FROM courses FOR UPDATE", email=DEMO_ADMIN):
        shown: list[str | None] = []
        with pytest.raises(LockedError) as error, waits_shown(shown.append):
            lock_course(courses.held.code, HOLDER)
    assert shown[0] is not None
    assert shown[0].startswith("Waiting for another session (since ")
    assert str(error.value) == (
        "Courses that this needs are locked by another session. Nothing was changed; try again in a moment, or ask an administrator."
    )
    assert error.value.pids == ()


def test_a_queue_is_followed_to_its_head_and_doctor_lists_it(courses, configure):
    configure(LMSKIT_LOCK_TIMEOUT="30")
    shown: list[str | None] = []
    in_the_middle = "UPDATE courses SET title = 'In the middle' WHERE code = :code"

    def stand_between() -> None:
        with transaction(engine_for(HOLDER)) as session:
            session.execute(text(in_the_middle), {"code": courses.held.code})

    with holding("SELECT id FROM courses FOR UPDATE") as pid:
        threads = [waiting(stand_between, []), waiting(lambda: lock_course(courses.held.code), shown)]
        with snapshot() as session:
            finding, *others = session_findings(session)
        with snapshot(engine_for(HOLDER)) as session:
            assert not queues(session).names_people
    for thread in threads:
        thread.join()
    assert shown[0] is not None
    assert shown[0].startswith(f"Waiting for the session {pid} of {HOLDER} ")
    assert (finding.name, finding.is_well, others) == (f"session {pid}", False, [])
    assert re.fullmatch(
        rf"{HOLDER} has a transaction open since \d\d:\d\d, idle since \d\d:\d\d and holds courses\. "
        rf"{HOLDER} \(session \d+\) since \d\d:\d\d, {DEMO_ADMIN} \(session \d+\) since \d\d:\d\d wait for it\. "
        rf"To end the sessions of that person: lmskit doctor --end {pid}",
        finding.sentence,
    ), finding.sentence
    with snapshot() as session:
        (nothing,) = session_findings(session)
    assert nothing.sentence == "No session waits for another, and no transaction was left open."


HOLDS = {
    "the own courses": (("SELECT id FROM courses FOR UPDATE",), {"refresh", "enroll", "import", "hand over"}),
    "a title that is not committed": (("UPDATE courses SET title = 'Not committed'",), {"refresh", "hand over"}),
    "the weeks": (("SELECT FROM syllabi FOR UPDATE",), {"refresh"}),
    "a week that is not committed": (
        ("INSERT INTO syllabi (course_id, week_number, topic, objectives) SELECT id, 3, 'Not committed', '' FROM courses",),
        {"weeks"},
    ),
    "the own person": (
        (f"SELECT set_my_password('{scram_verifier('x')}', '$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$aGFzaGhhc2g')",),
        {"close"},
    ),
}
"""What a lecturer leaves open in a transaction, and the work of an administrator that it stops; all other work ends as usual."""


def add_week(courses: Courses) -> None:
    with transaction() as session:
        factories.week(session, session.merge(courses.held), 3)


def hand_over(courses: Courses) -> None:
    with transaction() as session:
        session.execute(update(Course).where(Course.id == courses.held.id).values(lecturer_id=courses.other.lecturer_id))


def outcome(work: Callable[[], object], pid: int) -> str:
    """Do the work, which ends as usual or with the sentence that names the lecturer's session."""
    try:
        answer = work()
    except LockedError as error:
        answer = (1, str(error))
    status, output = answer if isinstance(answer, tuple) else (0, "")
    if status:
        assert f" locked by the session {pid} of {HOLDER}, whose transaction began at " in output, output
        assert f"lmskit doctor --end {pid}" in output
    return "stopped" if status else "done"


@pytest.mark.parametrize("held", [pytest.param(name, marks=[pytest.mark.long] if number > 1 else []) for number, name in enumerate(HOLDS)])
def test_what_a_lecturer_holds_stops_work_with_a_sentence_and_ending_the_session_frees_it(courses, held, tmp_path, admin_engine):
    statements, stopped = HOLDS[held]
    with transaction(admin_engine) as session:
        student = factories.address(factories.student(session))
    file = csv_file(tmp_path / "roster.csv", [("id", "email", "family_name"), ("imported-1", "imported.one@example.org", "One")])
    works: dict[str, Callable[[], object]] = {
        "refresh": lambda: lmskit("mastery", "refresh", "--course", courses.held.code),
        "enroll": lambda: lmskit("enrollment", "add", courses.held.code, student, "--yes"),
        "import": lambda: lmskit("import", "csv", str(file), "--course", courses.held.code),
        "weeks": lambda: add_week(courses),
        "hand over": lambda: hand_over(courses),
        "close": lambda: lmskit("login", "disable", "--yes", HOLDER, "--keep-courses"),
    }
    with holding(*statements) as pid:
        found = {name: outcome(works[name], pid) for name in works if name in stopped or name not in {"weeks", "hand over", "close"}}
        with transaction(admin_engine) as session:
            enrolled = set(session.scalars(select(User.email).join(Enrollment, Enrollment.student_id == User.id)))
            n_messages = session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.recipient == student))
        assert lmskit("doctor", "--end", str(pid)) == (0, f"The sessions of {HOLDER} are ended.\n")
        assert {name for name, how in found.items() if how == "stopped"} == stopped
        assert (student in enrolled, n_messages) == ((False, 0) if "enroll" in stopped else (True, 1)), "nothing is half-done"
        assert ("imported.one@example.org" in enrolled) == ("import" not in stopped)
        for name in stopped - {"close"}:
            assert outcome(works[name], pid) == "done", name
    emails = [student, "imported.one@example.org"]
    with transaction(admin_engine) as session:
        session.execute(delete(OutboxMessage).where(OutboxMessage.recipient == student))
        session.execute(delete(Enrollment).where(Enrollment.student_id.in_(select(User.id).where(User.email.in_(emails)))))
        session.execute(delete(User).where(User.email.in_(emails)))
