"""What a checkout can do: `python bootstrap.py TARGET`, or `make TARGET`."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from scripts.environment import ROOT, Environment, environment_of
from scripts.gate import FORMAT, LINT, TEST, TEST_BROWSER, TEST_EXHAUSTIVE, TEST_LONG, Check, run_checks
from scripts.installer import SetupError, without_python_variables
from scripts.lock import write_lock
from scripts.progress import ProgressPrinter


@dataclass(frozen=True)
class Target:
    """A word to type after `make`, and what it does."""

    explanation: str
    run: Callable[[Environment, list[str]], int]
    needs_environment: bool = True
    at_once: bool = False
    """Whether it need not wait until all packages are compiled: Python compiles what it imports."""


def _module(environment: Environment, *arguments: str) -> int:
    command = [str(environment.python), "-m", *arguments]
    return subprocess.run(command, check=False, cwd=environment.root, env=without_python_variables()).returncode


def _replace_this_process_by(environment: Environment, *arguments: str) -> int:
    """Go on as the module, so that Ctrl-C and signals reach the module alone."""
    if sys.platform != "win32":
        os.chdir(environment.root)
        os.execve(environment.python, [str(environment.python), "-m", *arguments], without_python_variables())  # noqa: S606 - without a shell
    try:
        return _module(environment, *arguments)
    except KeyboardInterrupt:
        return 130


def _run(environment: Environment, further: list[str]) -> int:
    return _module(environment, "lmskit", "demo") or _replace_this_process_by(environment, "lmskit", "lab", *further)


def _demo(environment: Environment, further: list[str]) -> int:
    return _replace_this_process_by(environment, "lmskit", "demo", *further)


def _setup(environment: Environment, further: list[str]) -> int:
    print(f"lmskit runs with {environment.python} -m lmskit" + (f" {' '.join(further)}" if further else ""))
    return 0


def _checks(*checks: Check) -> Callable[[Environment, list[str]], int]:
    return lambda environment, further: run_checks(environment.python, checks, further, root=environment.root)


def _clean_notebooks(environment: Environment, further: list[str]) -> int:
    return _module(environment, "scripts.clean_notebooks", *further)


def _golden(environment: Environment, further: list[str]) -> int:
    return _module(environment, "tests.importers.golden", *further)


TARGETS = {
    "run": Target("set everything up and open JupyterLab on the notebooks (further arguments: see lmskit lab --help)", _run, at_once=True),
    "demo": Target("set everything up without opening JupyterLab", _demo, at_once=True),
    "setup": Target("make the virtual environment and nothing else", _setup),
    "test": Target(
        "ruff, mypy, import contracts, tests, doctests, notebooks; further arguments choose a part of the tests, which runs alone",
        _checks(*LINT, *TEST),
    ),
    "test-long": Target("the tests that take minutes", _checks(*TEST_LONG)),
    "test-exhaustive": Target("before a release: every injected fault, 200 kills, random examples", _checks(*TEST_EXHAUSTIVE)),
    "test-browser": Target("the tests that drive JupyterLab in Chromium", _checks(*TEST_BROWSER)),
    "lint": Target("ruff, mypy and import contracts alone", _checks(*LINT)),
    "format": Target("format the code and repair what ruff can repair", _checks(*FORMAT)),
    "golden": Target("write the expected results of tests/importers/samples again; then read the diff", _golden),
    "clean-notebooks": Target("remove the outputs from notebooks/", _clean_notebooks),
    "lock": Target(
        "write requirements.lock again from pyproject.toml (needs uv; --upgrade for newer versions)",
        lambda environment, further: write_lock(environment.root, further),
        needs_environment=False,
    ),
}


def usage() -> str:
    """Return the targets, one per line."""
    return "python bootstrap.py TARGET [further arguments]\n\n" + "\n".join(
        f"  {name:<16} {target.explanation}" for name, target in TARGETS.items()
    )


def main(arguments: list[str]) -> int:
    """Do what the first argument names; return the exit status."""
    if arguments[:1] in ([], ["--help"], ["-h"], ["help"]):
        print(usage())
        return 0 if arguments else 2
    name, further = arguments[0], arguments[1:]
    if name not in TARGETS:
        print(f"There is no target {name!r}. Targets: {', '.join(TARGETS)}.", file=sys.stderr)
        return 2
    environment = environment_of(ROOT)
    try:
        if TARGETS[name].needs_environment:
            environment.prepare(ProgressPrinter(), at_once=TARGETS[name].at_once)
        return TARGETS[name].run(environment, further)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command continues from this step.", file=sys.stderr)
        return 130
