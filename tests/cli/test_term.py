"""`lmskit term`: a term is created, and closed after its question."""

import datetime as dt

import pytest
from sqlalchemy import delete, select

from lmskit.db import transaction
from lmskit.models import Course, Enrollment, OutboxMessage, Term
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from tests import factories


@pytest.fixture
def code(admin_engine):
    """A code for a term, which is removed afterwards with its courses."""
    made = factories.unique("2020-AUTUMN")
    yield made
    with transaction(admin_engine) as session:
        courses = select(Course.id).join(Term, Term.id == Course.term_id).where(Term.code == made).scalar_subquery()
        session.execute(delete(OutboxMessage).where(OutboxMessage.course_id.in_(courses)))
        session.execute(delete(Enrollment).where(Enrollment.course_id.in_(courses)))
        session.execute(delete(Course).where(Course.id.in_(courses)))
        session.execute(delete(Term).where(Term.code == made))


def created(lmskit, code, *, ends="2021-01-31"):
    return lmskit("term", "create", code, "--name", "Autumn 2020", "--starts", "2020-09-14", "--ends", ends)


def test_a_term_is_created_once_and_its_days_are_in_order(lmskit, code):
    assert created(lmskit, code, ends="2020-09-14").stderr.startswith("--ends: The last day of the term must come after its first day.")
    assert created(lmskit, code).stdout.startswith(f"The term {code} was created: 2020-09-14 to 2021-01-31.")
    again = created(lmskit, code)
    assert (again.exit_code, again.stdout) == (1, "")
    assert again.stderr.startswith(f"There is already a term with the code {code}. Nothing was changed;")


def test_closing_says_first_who_is_concerned_and_asks(lmskit, admin_engine, code):
    created(lmskit, code)
    with transaction(admin_engine) as session:
        course = factories.course(session, in_term=session.scalars(select(Term).where(Term.code == code)).one())
        factories.enrollment(session, course, started_on=dt.date(2020, 9, 14))
        pending = factories.student(session, family_name="Vale", given_name="Ada")
        enroll(session, EnrollStudent(course=course.code, email=str(pending.email)))
    foretold = (
        f"{code} has 1 course, 2 students, 0 weeks and 0 quizzes; 0 attempts and 0 estimates of mastery: they stay as they are. "
        "1 active enrollment becomes completed as of 2021-01-31. 1 enrollment is pending, and is withdrawn: its message is not sent. "
        f"{course.code}: Vale, Ada"
    )
    dry = lmskit("term", "close", code, "--dry-run")
    assert " ".join(dry.stdout.split()) == f"{foretold} This was a dry run: nothing was changed."
    unasked = lmskit("term", "close", code)
    assert (unasked.exit_code, "--yes" in unasked.stderr) == (1, True)
    assert "open" in lmskit("term", "show", code).stdout
    closed = " ".join(lmskit("term", "close", code, "--yes").stdout.split())
    assert closed.startswith(f"{foretold} The term {code} is closed. 1 enrollment is completed, and 1 pending enrollment is withdrawn.")
    again = lmskit("term", "close", code, "--dry-run")
    assert (again.exit_code, again.stderr.startswith(f"The term {code} is closed. Nothing was changed.")) == (1, True)
    assert "1 enrollment is active again" in lmskit("term", "open", code).stdout
