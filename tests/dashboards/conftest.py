"""Dashboards read what the test has written without committing it."""

from contextlib import nullcontext

import pytest

from lmskit.errors import UnreachableError


@pytest.fixture
def connection(part_of_module):
    """What a module writes once is there for each of its tests."""
    return part_of_module


@pytest.fixture
def in_session(session):
    """Open the test's session where a dashboard would open a snapshot."""
    return lambda: nullcontext(session)


class Losable:
    """A database whose connection a test can cut, and restore."""

    def __init__(self, open_session):
        self.lost = False
        self._open_session = open_session

    def __call__(self):
        if self.lost:
            raise UnreachableError("The database does not answer.")
        return self._open_session()


@pytest.fixture
def losable(in_session):
    return Losable(in_session)
