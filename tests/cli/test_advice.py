"""What a refusal advises is what a person at the command line can type."""

import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from tests.security.school import ADMIN, School


@pytest.fixture(scope="module")
def school(migrated_database):
    """A database with three people and nothing else."""
    return School(migrated_database, "lmskit_advice")


@pytest.fixture
def in_school(school, configure):
    """Run a command as the administrator of the database without courses."""

    def run(*arguments):
        configure(LMSKIT_DATABASE_URL=school.url(ADMIN).render_as_string(hide_password=False))
        found = CliRunner().invoke(app, arguments)
        assert found.exception is None or isinstance(found.exception, SystemExit), found.exception
        return found

    return run


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("mail", "list"), "There are no messages yet. An enrollment writes one: lmskit enrollment add"),
        (("mail", "list", "--status", "dead"), "There is no such message."),
        (("mastery", "refresh"), "There was nothing to estimate from: there is no course yet. To import courses"),
        (("knowledge", "fit"), "There are no graded answers yet"),
    ],
)
def test_a_database_without_courses_says_what_is_missing(in_school, arguments, advice):
    found = in_school(*arguments)
    assert found.exit_code == 0, found.output
    assert advice in found.output


def test_a_course_without_attempts_says_why_nothing_was_estimated(lmskit, course):
    done = lmskit("mastery", "refresh", "--course", course.code)
    assert "There was nothing to estimate from: no attempt of these courses is graded. To import" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("enrollment", "add", "{course}", "new.person@example.org"), "give the family name too (--family-name NAME --given-name NAME)."),
        (("enrollment", "add", "{course}", "no address"), "EMAIL: This is not an e-mail address"),
        (("enrollment", "add", "{course}", "x@example.org", "--given-name", "x" * 201), "--given-name: At most 200 characters."),
        (("course", "create", "a/b", "--title", "T", "--term", "T", "--lecturer", "x@example.org"), "COURSE: A code names files too"),
        (("course", "create", "C", "--title", "T", "--term", "T", "--lecturer", "x"), "--lecturer: This is not an e-mail address"),
        (("login", "create", "new.person@example.org"), "give the family name too (--family-name NAME --given-name NAME)."),
        (("login", "create", "new.person@example.org", "--family", "x" * 201), "--family-name: At most 200 characters."),
        (("login", "create", "x@example.org", "--family", "X", "--role", "student"), "--role: Students have no login."),
    ],
)
def test_a_refusal_names_the_options_and_arguments_of_the_command(lmskit, course, arguments, advice):
    refused = lmskit(*(argument.format(course=course.code) for argument in arguments))
    assert refused.exit_code == 1
    assert advice in refused.stderr
