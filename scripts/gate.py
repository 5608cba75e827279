"""The quality gate: every check runs even if an earlier one failed, and the summary shows which failed."""

import os
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, STDOUT

from scripts.installer import without_python_variables


@dataclass(frozen=True)
class Check:
    """One tool of the gate, as arguments to the environment's Python."""

    name: str
    arguments: tuple[str, ...]
    only_reads: bool = False
    """Whether it may run beside other checks; it shows its output when all before it have shown theirs."""
    folders: tuple[str, ...] = ()
    """Further arguments for pytest: the folders with its tests, unless others are given."""

    @property
    def runs_tests(self) -> bool:
        """Whether it is pytest."""
        return "pytest" in self.arguments


WORKERS = str(min(os.cpu_count() or 1, 4))
"""Workers of pytest; each has its own database cluster."""

LINT = (
    Check("ruff check", ("-m", "ruff", "check", "."), only_reads=True),
    Check("ruff format", ("-m", "ruff", "format", "--check", "."), only_reads=True),
    Check("mypy", ("-m", "mypy", "--num-workers", WORKERS), only_reads=True),
    Check("import contracts", ("-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"), only_reads=True),
    Check("SQL", ("-m", "scripts.lint_sql"), only_reads=True),
)
FORMAT = (
    Check("ruff check", ("-m", "ruff", "check", "--fix", ".")),
    Check("ruff format", ("-m", "ruff", "format", ".")),
)
SLOWEST = ("--durations", "12", "--durations-min", "5")
"""Which tests take longest is printed, since the limits of CI hold for all of them together."""
TEST = (Check("tests, doctests, notebooks", ("-m", "pytest", "-n", WORKERS, "--dist", "loadfile", "--no-loadscope-reorder", *SLOWEST)),)
"""The files in the order of `conftest.py`, not the ones with most tests first: a file may have few tests and take long."""
TWO = ("-n", "2", "--dist", "loadfile")
"""Two workers, also on larger machines: what they start works on more than one processor already."""
MEASURES = ("tests/neighbour", "tests/reliability")
"""Tests that compare times, or wait for what others do; another worker beside them would be one neighbour more."""
OTHERS = ("tests", *(f"--ignore={folder}" for folder in MEASURES))
RANDOM = ("--hypothesis-profile", "random")
TEST_LONG = (
    Check("long tests", ("-m", "pytest", "-m", "long", *TWO, "--no-loadscope-reorder", *SLOWEST), folders=OTHERS),
    Check("long tests that run alone", ("-m", "pytest", "-m", "long", *SLOWEST), folders=MEASURES),
)
TEST_EXHAUSTIVE = (
    Check(
        "exhaustive tests and random examples",
        ("-m", "pytest", "-m", "exhaustive or hypothesis", *RANDOM, *TWO, "--no-loadscope-reorder", *SLOWEST),
        folders=OTHERS,
    ),
    Check("kills", ("-m", "pytest", "-m", "long", "--kills", "200", *SLOWEST), folders=("tests/reliability",)),
)
"""Before a release, and whenever a machine has an hour for it."""
TEST_BROWSER = (Check("browser tests", ("-m", "pytest", "-m", "browser", *TWO, *SLOWEST), folders=("tests/browser",)),)


def run_checks(python: Path, checks: Sequence[Check], further: Sequence[str], *, root: Path) -> int:
    """Run each check, print the summary, and return 1 if a check failed.

    `further` arguments are passed to pytest: they choose a part of the tests, and that part runs alone. If they name files or folders,
    the first run of pytest takes them instead of its own.
    """
    summary: list[tuple[Check, int, float]] = []
    part = [check for check in checks if check.runs_tests] if further else []
    named = any((root / argument.partition("::")[0]).exists() for argument in further)
    chosen = (part[:1] if named else part) or checks
    with ThreadPoolExecutor() as pool:
        started = {check: pool.submit(_run, python, check.arguments, root=root, output=PIPE) for check in chosen if check.only_reads}
        for check in chosen:
            print(f"\n=== {check.name} ===", flush=True)
            if check in started:
                output, status, seconds = started[check].result()
                print(output, end="", flush=True)
            else:
                arguments = [*check.arguments, *(() if named else check.folders), *(further if check.runs_tests else ())]
                _, status, seconds = _run(python, arguments, root=root, output=None)
            summary.append((check, status, seconds))
    print("\n=== summary ===")
    for check, status, seconds in summary:
        print(f"{'passed' if status == 0 else 'FAILED'}  {seconds:6.1f} s  {check.name}")
    print(flush=True)
    return int(any(status for _, status, _ in summary))


def _run(python: Path, arguments: Sequence[str], *, root: Path, output: int | None) -> tuple[str, int, float]:
    """Run a tool; return what it printed if `output` is a pipe, its exit status and the seconds that it took."""
    began = time.monotonic()
    done = subprocess.run(
        [python, *arguments],
        check=False,
        cwd=root,
        env=without_python_variables(),
        stdout=output,
        stderr=None if output is None else STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    return done.stdout or "", done.returncode, time.monotonic() - began
