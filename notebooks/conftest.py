"""Run each notebook as a person of its audience, on a small demonstration database.

nbval starts a kernel for each notebook; the kernel inherits the environment at that moment. The demonstration is created once per
run of pytest, for all workers, with the command that people use.
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
"""The person whose login the notebooks of a folder use."""

STUDENTS = "40"

REPORTED_COURSE = "SIM-PROG-2026B"
"""The course of the demonstration that the notebook of reports is run for, since it names none."""

SHARED = "LMSKIT_TEST_NOTEBOOKS_HOME"
"""Set by the process that starts the workers, which inherit it."""

IS_FIRST_PROCESS = SHARED not in os.environ
FOLDER = Path(tempfile.mkdtemp(prefix="lmskit-notebooks-") if IS_FIRST_PROCESS else os.environ[SHARED])
FOLDER.chmod(0o711)  # if root runs the tests, the server runs as another user, who must reach the folder
os.environ[SHARED] = str(FOLDER)

VARIABLES = {
    "LMSKIT_HOME": str(FOLDER / "home"),
    "LMSKIT_REPORTS_DIR": str(FOLDER / "reports"),
    "PLOTLY_RENDERER": "plotly_mimetype",
}


def _prepare_demonstration() -> None:
    """Create the demonstration, or fail with the error of the first attempt; other workers wait until it exists."""
    outcome = FOLDER / "outcome"
    with exclusive(FOLDER / "lock", when_waiting=lambda: None):
        if not outcome.exists():
            run = _lmskit("demo", "--students", STUDENTS, "--no-reports")
            outcome.write_text("" if run.returncode == 0 else f"lmskit demo failed:\n{run.stdout}\n{run.stderr}", encoding="utf-8")
    if problem := outcome.read_text(encoding="utf-8"):
        pytest.fail(problem, pytrace=False)


def _lmskit(*arguments: str) -> subprocess.CompletedProcess[str]:
    prefixes = ("LMSKIT_", "PG")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(prefixes)} | VARIABLES
    return subprocess.run([sys.executable, "-m", "lmskit", *arguments], check=False, env=environment, capture_output=True, text=True)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Give the notebook of reports its course behind its parameters, as papermill does."""
    cell = getattr(item, "cell", None)
    if item.path.parent.name == "reports" and cell is not None and "parameters" in cell.metadata.get("tags", ()):
        cell.source += f"\ncourse = {REPORTED_COURSE!r}"


@pytest.hookimpl(wrapper=True, trylast=True)  # inside pytest's own wrappers, around the start of the kernel
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, None, None]:
    """Set the environment that the kernel inherits, before nbval starts it with the first cell of the notebook."""
    if type(item.parent).__name__ != "IPyNbFile":
        return (yield)
    _prepare_demonstration()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in VARIABLES.items():
            patch.setenv(name, value)
        patch.setenv("LMSKIT_PERSON", PERSON[item.path.parent.name])
        return (yield)


def pytest_unconfigure() -> None:
    """Stop the server of the demonstration and delete its home, after all workers have finished."""
    if not IS_FIRST_PROCESS:
        return
    if (FOLDER / "outcome").exists():
        _lmskit("db", "stop")
    shutil.rmtree(FOLDER, ignore_errors=True)
