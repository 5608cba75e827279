"""A lecturer who does what only administrators may do gets a sentence; the database enforces it."""

import pytest
from sqlalchemy.orm import Session

from lmskit.db import transaction
from lmskit.errors import NotPermittedError
from lmskit.queries.person import person_by_email
from lmskit.schemas.course import CreateCourse
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.person import CreatePerson
from lmskit.schemas.written_message import OfWelcome, SetWelcome
from lmskit.services.course import create_course
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.message_preview import preview_message
from lmskit.services.person import create_person
from lmskit.services.welcome import clear_welcome, set_welcome
from tests import factories

LECTURER = "demo.lecturer@example.org"
STUDENT = "new.student@example.org"


@pytest.fixture
def own(admin_engine, lecturer_engine):
    """A course of the lecturer's own."""
    with transaction(admin_engine) as session:
        made = factories.course(session, taught_by=person_by_email(session, LECTURER))
    yield made.code
    with transaction(admin_engine) as session:
        session.delete(session.merge(made))


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (lambda session, code: enroll(session, EnrollStudent(course=code, email=STUDENT, family_name="S")), "enrol students"),
        (lambda session, code: preview_message(session, OfWelcome(course=code)), "preview messages"),
        (lambda session, code: clear_welcome(session, OfWelcome(course=code)), "write the welcome message"),
        (lambda session, code: set_welcome(session, SetWelcome(course=code, subject="x", text="x")), "write the welcome message"),
        (lambda session, code: withdraw(session, course=code, who=STUDENT), "withdraw students"),
        (
            lambda session, code: create_course(session, CreateCourse(code="X", module_code="X", title="X", term=code, lecturer=LECTURER)),
            "create courses",
        ),
        (lambda session, _code: create_person(session, CreatePerson(email=STUDENT, family_name="S"), password="long enough"), "add people"),
    ],
)
def test_a_lecturer_is_referred_to_an_administrator(lecturer_engine, own, work, sentence):
    with Session(lecturer_engine) as session, pytest.raises(NotPermittedError, match=f"Only an administrator can {sentence}"):
        work(session, own)
