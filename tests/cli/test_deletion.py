"""`lmskit quiz|attempt|course|term|person delete` show what goes, ask, and delete it."""

import pytest

from lmskit.db import transaction
from lmskit.models import Course, Quiz, QuizAttempt, Term, User
from tests import factories


@pytest.fixture
def made(admin_engine):
    """A course with a quiz that one banked attempt is at, by the names and numbers that are typed."""
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
        quiz, student = factories.quiz(session, course, title="Sets"), factories.student(session)
        factories.enrollment(session, course, student)
        attempt = factories.attempt(session, quiz, student, banked=True)
        numbers = {Course: course.id, Quiz: quiz.id, QuizAttempt: attempt.id, Term: course.term_id, User: student.id}
        typed = {
            "quiz": (course.code, "Sets"), "attempt": (str(attempt.id),), "course": (course.code,),
            "term": (session.get_one(Term, course.term_id).code,), "person": (student.email,),
        }  # fmt: skip
    yield typed, numbers
    with transaction(admin_engine) as session:
        for model in (QuizAttempt, Quiz, Course, Term, User):
            if (row := session.get(model, numbers[model])) is not None:
                session.delete(row)
                session.flush()


def test_what_was_made_by_mistake_is_deleted_from_the_attempt_up_to_the_term(lmskit, made, admin_engine):
    typed, numbers = made
    refused = lmskit("quiz", "delete", *typed["quiz"], "--yes")
    assert (refused.exit_code, refused.stderr.startswith(f"The quiz Sets of {typed['course'][0]} has 1 attempt.")) == (1, True)
    assert (
        "no: banked"
        in lmskit("attempt", "list", *typed["course"], "--quiz", "Sets", "--student", *typed["person"], "--format", "csv").stdout
    )
    dry = lmskit("attempt", "delete", *typed["attempt"], "--dry-run").stdout
    assert dry.endswith("This was a dry run: nothing was changed.\n")
    for noun, model in (("attempt", QuizAttempt), ("quiz", Quiz), ("person", User), ("course", Course), ("term", Term)):
        with transaction(admin_engine) as session:
            assert session.get(model, numbers[model]) is not None
        assert lmskit(noun, "delete", *typed[noun], "--yes").stdout.startswith("Deleted: ")
        with transaction(admin_engine) as session:
            assert session.get(model, numbers[model]) is None


def test_nothing_is_deleted_without_a_yes(lmskit, made, admin_engine):
    typed, numbers = made
    asked = lmskit("attempt", "delete", *typed["attempt"])
    assert (asked.exit_code, "To go on without being asked: --yes" in asked.stderr) == (1, True)
    with transaction(admin_engine) as session:
        assert session.get(QuizAttempt, numbers[QuizAttempt]) is not None
