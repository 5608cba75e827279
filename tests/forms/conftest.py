"""Forms write into the test's transaction, which is rolled back."""

from contextlib import nullcontext

import pytest


@pytest.fixture
def in_session(session):
    """Open the test's session wherever a form would open a transaction."""
    return lambda: nullcontext(session)
