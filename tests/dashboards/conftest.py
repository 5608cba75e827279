"""Dashboards read what the test has written and not committed."""

from contextlib import nullcontext

import pytest

from lmskit.errors import UnreachableError


@pytest.fixture
def in_session(session):
    """Open the test's session wherever a dashboard would open a snapshot."""
    return lambda: nullcontext(session)


class Losable:
    """A database that a test can lose, and find again."""

    def __init__(self, opened):
        self.lost = False
        self._opened = opened

    def __call__(self):
        if self.lost:
            raise UnreachableError("The database does not answer.")
        return self._opened()


@pytest.fixture
def losable(in_session):
    return Losable(in_session)
