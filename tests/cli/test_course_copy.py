"""`lmskit course copy` and `lmskit term copy`: who comes along is asked, and everything is shown before."""

import datetime as dt

import pytest
from sqlalchemy import delete, select

from lmskit.db import transaction
from lmskit.models import Course, CourseStaff, Term, User
from lmskit.schemas.staff import AddStaff
from lmskit.services.staff import add_staff
from lmskit.services.term import open_term
from lmskit.vocabulary import TermState
from tests import factories


@pytest.fixture
def terms(admin_engine):
    """Two terms: a closed one with a course that has a co-lecturer, and an open one; they are removed afterwards."""
    with transaction(admin_engine) as session:
        before = factories.term(session, code=factories.unique("AUTUMN"))
        after = factories.term(session, code=factories.unique("SPRING"), starts_on=factories.FIRST_DAY + dt.timedelta(weeks=22))
        course = factories.course(session, code=f"CS-{before.code}", module_code="CS", in_term=before, weeks=2)
        factories.quiz(session, course)
        colleague = factories.lecturer(session)
        add_staff(session, AddStaff(course=course.code, email=str(colleague.email)))
    yield before.code, after.code, course.code, str(colleague.email)
    with transaction(admin_engine) as session:
        for term in (before.code, after.code):
            if session.scalar(select(Term.state).where(Term.code == term)) is TermState.CLOSED:
                open_term(session, term)
        ours = select(Term.id).where(Term.code.in_([before.code, after.code]))
        session.execute(delete(Course).where(Course.term_id.in_(ours)))
        session.execute(delete(Term).where(Term.id.in_(ours)))
        session.execute(delete(User).where(User.email == colleague.email))


def test_a_course_is_shown_first_and_then_copied(lmskit, terms, admin_engine):
    before, after, course, colleague = terms
    assert lmskit("term", "close", before, "--yes").exit_code == 0
    unasked = lmskit("course", "copy", course, "--term", after, "--yes")
    assert (unasked.exit_code, unasked.stdout) == (1, "")
    assert unasked.stderr.startswith(
        f"People work in {course} beside the responsible lecturer: {colleague} (co-lecturer). Nothing was changed."
    )
    assert "--staff all, --staff none" in unasked.stderr
    dry = lmskit("course", "copy", course, "--term", after, "--staff", colleague, "--dry-run")
    for sentence in (f"{course} → CS-{after}: A course.", "1 quiz with 0 questions and their keys", f"Staff: {colleague} (co-lecturer).",
                     "Not copied: students, sections and groups", "This was a dry run: nothing was changed."):  # fmt: skip
        assert sentence in " ".join(dry.stdout.split())
    assert lmskit("course", "show", f"CS-{after}").exit_code == 1
    wavering = lmskit("course", "copy", course, "--term", after, "--staff", "none", typed="n\n")
    assert (wavering.exit_code, lmskit("course", "show", f"CS-{after}").exit_code) == (1, 1)
    asked = lmskit("course", "copy", course, "--term", after, typed="all\ny\n")
    assert f"{colleague} (co-lecturer)" in asked.stdout
    assert asked.stdout.endswith(f"CS-{after} was created in {after}. To enrol a student: lmskit enrollment add CS-{after} EMAIL\n")
    with transaction(admin_engine) as session:
        copy = session.scalars(select(Course).where(Course.code == f"CS-{after}")).one()
        assert session.scalar(select(CourseStaff.role).where(CourseStaff.course_id == copy.id)) == "co-lecturer"


def test_a_term_is_copied_and_what_is_there_is_left_out(lmskit, terms):
    before, after, course, colleague = terms
    for option, typed in (("--dry-run", "none\n"), ("--staff=none", "")):
        tried = lmskit("term", "copy", before, after, option, typed=typed)  # neither answers every question
        assert tried.exit_code == 1
    unanswered = lmskit("term", "copy", before, after, typed="")
    assert f"{course}: " in unanswered.stdout
    assert f"beside the responsible lecturer: {course}: {colleague} (co-lecturer). Nothing" in " ".join(unanswered.stderr.split())
    assert "Say which of them come along into the copy (--staff all, --staff none" in " ".join(unanswered.stderr.split())
    done = lmskit("term", "copy", before, after, "--staff", "none", "--yes")
    assert (done.exit_code, done.stdout.endswith(f"1 course of {before} copied into {after}.\n")) == (0, True)
    again = lmskit("term", "copy", before, after, "--staff", "none", "--yes")
    assert again.exit_code == 3
    assert f"{course} is left out: there is already a course with the code CS-{after}" in " ".join(again.stdout.split())
    assert "There is nothing to copy." in again.stdout
    assert "Not copied" not in again.stdout
    empty = lmskit("term", "copy", after, before, "--staff", " ", "--yes")
    assert "all, none, or their addresses" in empty.stderr


def test_what_changed_between_preview_and_answer_is_not_copied(lmskit, terms, admin_engine, monkeypatch):
    _, after, course, colleague = terms

    def added_meanwhile(_question, **_how):
        with transaction(admin_engine) as session:
            factories.quiz(session, session.scalars(select(Course).where(Course.code == course)).one())

    monkeypatch.setattr("lmskit.cli.course_copy.confirmed", added_meanwhile)
    refused = lmskit("course", "copy", course, "--term", after, "--staff", colleague)
    assert refused.exit_code == 1
    assert f"Another person changed what is copied of {course}" in " ".join(refused.stderr.split())
    assert lmskit("course", "show", f"CS-{after}").exit_code == 1
