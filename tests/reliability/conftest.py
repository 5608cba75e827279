"""Fixtures for the reliability tests: a mail server, and a course with many students."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import psycopg
import pytest
from sqlalchemy import URL, Engine, delete, select

from lmskit.db import generate_password, scram_verifier, transaction
from lmskit.db.cluster import Endpoint
from lmskit.db.roles import DISPATCHER
from lmskit.models import Course, Enrollment, OutboxMessage, Term, User
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests import factories
from tests.reliability.crew import MOST_KILLS
from tests.reliability.mail_server import MailServer

if os.name == "nt":
    collect_ignore_glob = ["*"]  # no fork, no SIGKILL


@pytest.fixture(scope="session")
def n_kills(request: pytest.FixtureRequest) -> int:
    """Processes to kill at one kind of work: a third of `--kills`, at most 50."""
    kills: int = request.config.getoption("--kills")
    return min(kills // 3, MOST_KILLS)


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server


@dataclass(frozen=True)
class Intake:
    """A course, and students who are not enrolled in it yet."""

    course: Course
    emails: list[str]

    def statuses(self, engine: Engine) -> dict[str, EnrollmentStatus]:
        """The status of each enrollment, by the student's address."""
        with transaction(engine) as session:
            statement = select(User.email, Enrollment.status).join_from(User, Enrollment, Enrollment.student_id == User.id)
            return {str(email): status for email, status in session.execute(statement.where(Enrollment.course_id == self.course.id))}

    def messages(self, engine: Engine) -> list[OutboxMessage]:
        """All messages about the course."""
        with transaction(engine) as session:
            return list(session.scalars(select(OutboxMessage).where(OutboxMessage.course_id == self.course.id)))

    def is_settled(self, engine: Engine) -> bool:
        """Whether no message waits."""
        return all(message.status is not OutboxStatus.WAITING for message in self.messages(engine))


def make_intake(engine: Engine, n_students: int) -> Intake:
    """Create a course and this many students."""
    with transaction(engine) as session:
        course = factories.course(session)
        emails = [f"{factories.unique('s')}@example.org" for _ in range(n_students)]
        for email in emails:
            factories.student(session, email=email)
    return Intake(course, emails)


@pytest.fixture
def intake_of(admin_engine) -> Iterator[Callable[[int], Intake]]:
    """Creates a course with this many students; they are deleted after the test."""
    made: list[Intake] = []

    def make(n_students: int) -> Intake:
        made.append(make_intake(admin_engine, n_students))
        return made[-1]

    yield make
    with transaction(admin_engine) as session:
        for intake in made:
            session.execute(delete(Course).where(Course.id == intake.course.id))
            session.execute(delete(Term).where(Term.id == intake.course.term_id))
            session.execute(delete(User).where(User.email.in_(intake.emails) | (User.id == intake.course.lecturer_id)))


@pytest.fixture
def dispatcher_url(cluster, endpoint: Endpoint) -> str:
    """The database's address with a login that may send messages and do nothing else."""
    password = generate_password()
    with psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {DISPATCHER} PASSWORD '{scram_verifier(password)}'".encode())
    url = URL.create("postgresql+psycopg", DISPATCHER, password, database="lmskit", query=endpoint.parameters())
    return url.render_as_string(hide_password=False)
