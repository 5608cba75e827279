"""One process that reads files, for all tests that do not end it."""

import pytest

from lmskit.materials.extraction.protocol import ReadingLimits
from lmskit.materials.reading import MaterialReader

SECRETS = {"PGPASSWORD": "secret", "LMSKIT_DATABASE_URL": "postgresql://x:secret@host/db", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(scope="session")
def reader():
    """It was started by a process that knows secrets."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in SECRETS.items():
            patch.setenv(name, value)
        opened = MaterialReader(ReadingLimits(memory=300 * 1024**2, computing=6, seconds=600))
        opened.read(b"few words", name="x.txt")
    with opened:
        yield opened
