"""The command line in this process, against the test session's database."""

import datetime as dt

import pytest
from typer.testing import CliRunner, Result

from lmskit.cli import app
from lmskit.db import transaction
from lmskit.models import Course
from tests import factories


@pytest.fixture
def lmskit(admin_engine):
    """Run a command as the demonstration administrator."""

    def run(*arguments: str, typed: str | None = None) -> Result:
        result = CliRunner().invoke(app, arguments, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def course(admin_engine):
    """A course that is really there, with a lecturer and two weeks, until the test ends."""
    with transaction(admin_engine) as session:
        term = factories.term(session, ends_on=dt.date(2999, 12, 31))  # whenever the tests run, it is not over
        made = factories.course(session, title="Logic [bold]& sets[/bold]", in_term=term, weeks=2)
    yield made
    with transaction(admin_engine) as session:
        left = session.get(Course, made.id)
        if left is not None:
            session.delete(left)
