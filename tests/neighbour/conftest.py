"""A server of its own for the neighbour, with a small bound on the memory of a session."""

import shutil
import tempfile
from pathlib import Path

import pytest

from lmskit.db import Access
from lmskit.settings import DEMO_ADMIN
from tests.conftest import FAST
from tests.neighbour.measure import alone
from tests.neighbour.tasks import tasks
from tests.neighbour.world import street

MEMORY = 512 * 1024**2
"""Bytes that a session may take."""
PATIENCE = 2
"""Seconds that the administrator's work waits for a lock."""


@pytest.fixture(scope="package")
def home():
    """A folder that the server's user can enter; a new one for each server, as other tests may come between the files of this folder."""
    made = Path(tempfile.mkdtemp(prefix="lmskit-neighbour-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.fixture(scope="package")
def made(home):
    """The server, the neighbour and the colleague, while the tests of this folder run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LMSKIT_HOME", str(home))
        patch.setenv("LMSKIT_LOCK_TIMEOUT", str(PATIENCE))
        patch.setattr("lmskit.db.cluster.launch.session_memory", lambda: MEMORY)
        with street(Access(default_person=DEMO_ADMIN), FAST) as filled:
            yield filled


@pytest.fixture(scope="package")
def work(home):
    """What the administrator does: imports, refreshes, enrols, reads a report and asks the doctor."""
    return [task for task in tasks(home) if task.name in {"import, theirs", "refresh, all", "enrol", "report", "doctor"}]


@pytest.fixture(scope="package")
def usual(made, work):
    """How long the administrator's work takes without a neighbour."""
    return alone(work)
