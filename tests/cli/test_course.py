import pytest
from sqlalchemy import delete, update

from lmskit.db import transaction
from lmskit.models import Course, Syllabus, Term, User
from lmskit.queries.course import course_outline
from tests import factories


@pytest.fixture
def lecturer(admin_engine, course):
    with transaction(admin_engine) as session:
        return session.get_one(User, course.lecturer_id).email


@pytest.fixture
def code(admin_engine):
    """A code that is free, and free again after the test."""
    made = factories.unique("CLI")
    yield made
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.code == made))
        session.execute(delete(Term).where(Term.code == made))


def test_a_course_is_created_with_weeks_and_a_new_term_and_shown(lmskit, code, lecturer):
    term = ["--term", code, "--term-name", "Spring 2027", "--term-starts", "2027-01-11", "--term-ends", "2027-04-30"]
    weeks = ["--week", "1: Truth", "--week", "2: Proof: direct and indirect"]
    created = lmskit("course", "create", code, "--title", "Logic", "--lecturer", lecturer, *term, *weeks)
    assert created.stdout == f"The course {code} was created with 2 weeks. To enrol a student: lmskit enrollment add {code} EMAIL\n"

    shown = lmskit("course", "show", code).stdout
    assert f"{code}: Logic (module {code})\n" in shown
    assert "2027-01-11 to 2027-04-30" in shown
    assert "Proof: direct and indirect" in shown
    listed = lmskit("course", "list", "--term", code).output
    assert code in listed
    assert "Rows 1 to 1 of 1." in listed


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"--week": "Truth"}, "--week, number 1: Write number, colon and topic, such as '1: Averages'."),
        ({"--week": "61: Truth"}, "--week, number 1: This must be at most 60."),
        ({"--lecturer": "nobody@example.org"}, "There is no lecturer with the address nobody@example.org. "),
        (
            {"--term": "NEVER"},
            "There is no term NEVER yet. To create it together with the course, give its name, first day and last day (--term-name NAME",
        ),
        ({"--title": " "}, "--title: This must not be empty."),
        ({"--term-name": "Spring"}, "--term-starts: This is needed. --term-ends: This is needed."),
    ],
)
def test_a_mistake_is_one_sentence_and_status_1(lmskit, code, lecturer, changes, sentence):
    options = {"--title": "Logic", "--term": "T", "--lecturer": lecturer} | changes
    result = lmskit("course", "create", code, *(part for pair in options.items() for part in pair))
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith(sentence)
    assert result.stderr.count("\n") == 1


def test_a_code_is_used_once(lmskit, admin_engine, course, lecturer):
    with transaction(admin_engine) as session:
        term = session.get_one(Term, course.term_id).code
    result = lmskit("course", "create", course.code, "--title", "Again", "--term", term, "--lecturer", lecturer)
    assert (result.exit_code, result.stderr[:33]) == (1, "There is already a course with th")


def test_a_title_is_shown_and_not_interpreted(lmskit, course):
    assert "Logic [bold]& sets[/bold]" in lmskit("course", "show", course.code).stdout


def test_pages_are_named(lmskit, admin_engine, course):
    with transaction(admin_engine) as session:
        term = session.get_one(Term, course.term_id)
        others = [factories.course(session, in_term=term).id for _ in range(2)]
    first = lmskit("course", "list", "--term", term.code, "--limit", "2")
    codes = [line.split()[0] for line in first.stdout.splitlines()[1:]]
    assert first.stderr == f"Rows 1 to 2 of 3, page 1 of 2. For the next ones: --offset 2, or --after {codes[1]}\n"
    rest = lmskit("course", "list", "--term", term.code, "--after", codes[1])
    assert rest.stderr == f"Rows after {codes[1]}: 1.\n"
    full = lmskit("course", "list", "--term", term.code, "--limit", "1", "--after", codes[0])
    assert f"1. For the next ones: --after {codes[1]}" in full.stderr
    final = rest.stdout.splitlines()[1].split()[0]
    assert lmskit("course", "list", "--term", term.code, "--after", final).stderr == f"There is nothing after {final}.\n"
    assert "There is nothing from row 8 on." in lmskit("course", "list", "--term", term.code, "--offset", "7").stderr
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id.in_(others)))


def test_a_term_without_courses_is_one_sentence(lmskit):
    assert lmskit("course", "list", "--term", "NEVER").stderr == "There are no courses in the term NEVER.\n"


def test_a_course_gets_another_title_and_other_weeks_and_what_is_not_named_stays(lmskit, course, admin_engine):
    with transaction(admin_engine) as session:
        session.execute(update(Syllabus).where(Syllabus.course_id == course.id).values(objectives="Write one."))
    weeks = ["--week", "2: Proof: direct", "--week", "4: Models", "--remove-week", "1"]
    changed = lmskit("course", "change", course.code, "--title", "Sets", *weeks)
    assert changed.stdout == f"{course.code} was saved. It has a new title. Added: week 4. Changed: week 2. Removed: week 1.\n"
    with transaction(admin_engine) as session:
        stored = course_outline(session, course.code)
    assert (stored.title, stored.weeks) == ("Sets", ((2, "Proof: direct", "Write one."), (4, "Models", "")))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ([], "Say what to change: --title, --week or --remove-week.\n"),
        (["--remove-week", "9"], "The syllabus of {code} has no week 9. To see its weeks: lmskit course show {code}\n"),
        (["--week", "1: A", "--week", "2:"], "--week, number 2: Write number, colon and topic, such as '1: Averages'.\n"),
        (["--title", " "], "--title: This must not be empty.\n"),
    ],
)
def test_a_change_of_a_course_that_cannot_be_made_is_refused_in_a_sentence(lmskit, course, options, sentence):
    result = lmskit("course", "change", course.code, *options)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence.format(code=course.code))
