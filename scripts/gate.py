"""The quality gate: every check runs even if an earlier one failed, and the summary shows which failed."""

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scripts.installer import without_python_variables


@dataclass(frozen=True)
class Check:
    """One tool of the gate, as arguments to the environment's Python."""

    name: str
    arguments: tuple[str, ...]

    @property
    def runs_tests(self) -> bool:
        """Whether it is pytest."""
        return "pytest" in self.arguments


WORKERS = str(min(os.cpu_count() or 1, 4))
"""Workers of pytest; each has its own database cluster."""

LINT = (
    Check("ruff check", ("-m", "ruff", "check", ".")),
    Check("ruff format", ("-m", "ruff", "format", "--check", ".")),
    Check("mypy", ("-m", "mypy")),
    Check("import contracts", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()")),
    Check("SQL", ("-m", "scripts.lint_sql")),
)
FORMAT = (
    Check("ruff check", ("-m", "ruff", "check", "--fix", ".")),
    Check("ruff format", ("-m", "ruff", "format", ".")),
)
TEST = (Check("tests, doctests, notebooks", ("-m", "pytest", "-n", WORKERS, "--dist", "loadfile")),)
TEST_LONG = (
    Check("long tests", ("-m", "pytest", "-m", "long", "tests")),
    Check("two hundred kills", ("-m", "pytest", "tests/reliability/test_kills.py", "--kills", "200")),
)
TEST_BROWSER = (Check("browser tests", ("-m", "pytest", "-m", "browser", "tests")),)


def run_checks(python: Path, checks: Sequence[Check], further: Sequence[str], *, root: Path) -> int:
    """Run each check, print the summary, and return 1 if a check failed.

    `further` arguments are passed to pytest: they choose a part of the tests, and that part runs alone.
    """
    summary: list[tuple[Check, int, float]] = []
    part = [check for check in checks if check.runs_tests] if further else []
    for check in part or checks:
        print(f"\n=== {check.name} ===", flush=True)
        started = time.monotonic()
        arguments = [*check.arguments, *(further if check.runs_tests else [])]
        status = subprocess.run([python, *arguments], check=False, cwd=root, env=without_python_variables()).returncode
        summary.append((check, status, time.monotonic() - started))
    print("\n=== summary ===")
    for check, status, seconds in summary:
        print(f"{'passed' if status == 0 else 'FAILED'}  {seconds:6.1f} s  {check.name}")
    print(flush=True)
    return int(any(status for _, status, _ in summary))
