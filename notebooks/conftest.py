"""Run the notebooks as the people they are for, on a small demonstration of their own.

nbval starts a kernel for each notebook; the kernel inherits the environment of that moment. The
demonstration is made once for a run of pytest, however many workers it has, by the command that people use.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from scripts.exclusive import exclusive

PERSON = {
    "admin": "demo.admin@example.org",
    "lecturer": "demo.lecturer@example.org",
    "reports": "demo.admin@example.org",
}
"""Whose login the notebooks of a folder use."""

STUDENTS = "40"

SHARED = "LMSKIT_TEST_NOTEBOOKS_HOME"
"""Set by the process that starts the workers, which inherit it."""

MADE_HERE = SHARED not in os.environ
FOLDER = Path(tempfile.mkdtemp(prefix="lmskit-notebooks-") if MADE_HERE else os.environ[SHARED])
FOLDER.chmod(0o711)  # where root runs the tests, the server's own user passes through
os.environ[SHARED] = str(FOLDER)

VARIABLES = {
    "LMSKIT_HOME": str(FOLDER / "home"),
    "LMSKIT_REPORTS_DIR": str(FOLDER / "reports"),
    "PLOTLY_RENDERER": "plotly_mimetype",
}


def _prepare_demonstration() -> None:
    """Make the demonstration, or fail with the reason why the first attempt failed; other workers wait meanwhile."""
    outcome = FOLDER / "outcome"
    with exclusive(FOLDER / "lock", when_waiting=lambda: None):
        if not outcome.exists():
            done = _lmskit("demo", "--students", STUDENTS, "--no-reports")
            outcome.write_text("" if done.returncode == 0 else f"lmskit demo failed:\n{done.stdout}\n{done.stderr}", encoding="utf-8")
    if problem := outcome.read_text(encoding="utf-8"):
        pytest.fail(problem, pytrace=False)


def _lmskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    foreign = ("LMSKIT_", "PG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(foreign)} | VARIABLES
    return subprocess.run([sys.executable, "-m", "lmskit", *arguments], check=False, env=environment, capture_output=True, text=True)


@pytest.hookimpl(wrapper=True, trylast=True)  # within the wrappers of pytest, around the start of the kernel
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set what the kernel inherits, before nbval starts it with the notebook's first cell."""
    if type(item.parent).__name__ != "IPyNbFile":
        return (yield)
    _prepare_demonstration()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LMSKIT_DATABASE_URL", raising=False)
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        patch.setenv("LMSKIT_PERSON", PERSON[item.path.parent.name])
        return (yield)


def pytest_unconfigure() -> None:
    """Stop the demonstration's server and remove its home, once all workers are done."""
    if not MADE_HERE:
        return
    if (FOLDER / "outcome").exists():
        _lmskit("db", "stop")
    shutil.rmtree(FOLDER, ignore_errors=True)
