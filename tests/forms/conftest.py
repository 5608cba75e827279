"""Forms write into the test's transaction, which is rolled back."""

from contextlib import nullcontext

import pytest

from lmskit.settings import settings


@pytest.fixture
def in_session(session):
    """Open the test's session wherever a form would open a transaction."""
    return lambda: nullcontext(session)


@pytest.fixture
def mail_dir(tmp_path, monkeypatch):
    monkeypatch.setenv("LMSKIT_MAIL_DIR", str(tmp_path / "mail"))
    settings.cache_clear()
    yield tmp_path / "mail"
    monkeypatch.undo()
    settings.cache_clear()
