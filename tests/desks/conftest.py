"""Desks write into the test's transaction, which is rolled back."""

from contextlib import nullcontext

import pytest


@pytest.fixture
def in_session(session):
    """An opener that gives the test's session instead of a new transaction."""
    return lambda: nullcontext(session)


@pytest.fixture
def mail_dir(tmp_path, configure):
    configure(LMSKIT_MAIL_DIR=str(tmp_path / "mail"))
    return tmp_path / "mail"
