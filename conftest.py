"""No setting of the person or the shell has an effect: pytest loads this file before a test, notebook or doctest reads one."""

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.variables import of_the_person

for _name in filter(of_the_person, list(os.environ)):
    del os.environ[_name]
if "LMSKIT_TEST_POSTGRES" in os.environ:
    os.environ["LMSKIT_POSTGRES_VERSION"] = os.environ["LMSKIT_TEST_POSTGRES"]

# Tests start hundreds of processes of lmskit: each would compile it anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# What a shell starts in the background ignores Ctrl-C, and would hand that on to the programs that tests end with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SLOW = ("db", "reporting", "security", "schema", "services", "reliability", "cli", "mastery", "importers")
"""Folders of tests with files that take long: they begin, so that all workers end at about the same time."""
ROOT = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Order the files; the tests of a file keep their order.

    One notebook is the first, since the others wait until it has made their demonstration.
    """
    notebooks = [item.path for item in items if item.path.suffix == ".ipynb" and item.path.is_relative_to(ROOT / "notebooks")]

    def turn(item: pytest.Item) -> int:
        top, folder, *_ = (*item.path.relative_to(ROOT).parts, "")
        if item.path.suffix == ".ipynb":
            return 0 if item.path == notebooks[0] else 2
        if top == "tests" and folder in SLOW:
            return 1 if folder == SLOW[0] else 3
        return 4 if top == "tests" else 5

    items.sort(key=turn)
