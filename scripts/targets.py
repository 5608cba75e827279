"""What can be asked of a checkout: `python bootstrap.py TARGET`, or `make TARGET`."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass

from scripts.environment import ROOT, Environment, environment
from scripts.gate import FORMAT, LINT, TEST, TEST_BROWSER, TEST_LONG, Check, run_checks
from scripts.installer import SetupError, without_python_variables
from scripts.lock import write_lock
from scripts.narration import Narration


@dataclass(frozen=True)
class Target:
    """Something to ask for, and what it does."""

    explanation: str
    run: Callable[[Environment, list[str]], int]
    needs_environment: bool = True


def _module(place: Environment, *arguments: str) -> int:
    command = [str(place.python), "-m", *arguments]
    return subprocess.run(command, check=False, cwd=place.root, env=without_python_variables()).returncode


def _in_place_of_this_process(place: Environment, *arguments: str) -> int:
    """Go on as the module, so that Ctrl-C and signals reach it and nothing else."""
    if sys.platform != "win32":
        os.chdir(place.root)
        os.execve(place.python, [str(place.python), "-m", *arguments], without_python_variables())  # noqa: S606 - no shell is wanted
    try:
        return _module(place, *arguments)
    except KeyboardInterrupt:
        return 130


def _run(place: Environment, further: list[str]) -> int:
    return _module(place, "lmskit", "demo") or _in_place_of_this_process(place, "lmskit", "lab", *further)


def _demo(place: Environment, further: list[str]) -> int:
    return _in_place_of_this_process(place, "lmskit", "demo", *further)


def _setup(place: Environment, further: list[str]) -> int:
    print(f"lmskit runs with {place.python} -m lmskit" + (f" {' '.join(further)}" if further else ""))
    return 0


def _checks(*checks: Check) -> Callable[[Environment, list[str]], int]:
    return lambda place, further: run_checks(place.python, checks, further, root=place.root)


def _clean_notebooks(place: Environment, further: list[str]) -> int:
    return _module(place, "scripts.clean_notebooks", *further)


def _golden(place: Environment, further: list[str]) -> int:
    return _module(place, "tests.importers.golden", *further)


TARGETS = {
    "run": Target("set everything up and open JupyterLab on the notebooks (further arguments: see lmskit lab --help)", _run),
    "demo": Target("set everything up without opening JupyterLab", _demo),
    "setup": Target("make the virtual environment and nothing else", _setup),
    "test": Target("ruff, mypy, import contracts, tests, doctests, notebooks (further arguments go to pytest)", _checks(*LINT, *TEST)),
    "test-long": Target("the tests that take minutes", _checks(*TEST_LONG)),
    "test-browser": Target("the tests that drive JupyterLab in Chromium", _checks(*TEST_BROWSER)),
    "lint": Target("ruff, mypy and import contracts alone", _checks(*LINT)),
    "format": Target("format the code and mend what ruff can mend", _checks(*FORMAT)),
    "golden": Target("write the expected results of tests/importers/samples again; read them as a diff", _golden),
    "clean-notebooks": Target("take the outputs out of notebooks/", _clean_notebooks),
    "lock": Target(
        "write requirements.lock anew from pyproject.toml (needs uv; --upgrade for newer versions)",
        lambda place, further: write_lock(place.root, further),
        needs_environment=False,
    ),
}


def usage() -> str:
    """The targets, one a line."""
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
    place = environment(ROOT)
    try:
        if TARGETS[name].needs_environment:
            place.prepare(Narration())
        return TARGETS[name].run(place, further)
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command goes on from here.", file=sys.stderr)
        return 130
