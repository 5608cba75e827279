"""The administrator's work: the commands that import, refresh, enrol, list, build a report and ask the doctor, run in this process."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access
from lmskit.errors import LmskitError
from lmskit.reporting.course_report import course_report
from tests.neighbour.world import CODES, N_STUDENTS, OTHER, OWN, TERM

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_round = itertools.count(1)


@dataclass(frozen=True)
class Done:
    """How a task ended: after how many seconds, whether it was done, what it said, and the class of an error that is a bug."""

    seconds: float
    is_done: bool
    said: str
    bug: str = ""


@dataclass(frozen=True)
class Task:
    """Something that the administrator does."""

    name: str
    run: Callable[[], Done]


def tasks(folder: Path, *, kernels: bool = False) -> list[Task]:
    """What the administrator does; with `kernels`, reports are built as `lmskit report build` does, in a process of their own."""
    own, other = CODES[OWN], CODES[OTHER]

    def report() -> Done:
        return command("report", "build", "--term", TERM, "--course", own, "--output", str(folder)) if kernels else _read_report(own)

    return [
        Task("import, theirs", lambda: _import(folder, own)),
        Task("import, other", lambda: _import(folder, other)),
        Task("refresh, other", lambda: command("mastery", "refresh", "--course", other)),
        Task("refresh, all", lambda: command("mastery", "refresh")),
        Task("enrol", lambda: command("enrollment", "add", own, f"new{next(_round)}@example.org", "--family-name", "New", "--yes")),
        Task("quizzes", lambda: command("quiz", "list", own)),
        Task("audit", lambda: command("audit", "list", "--limit", "20")),
        Task("report", report),
        Task("doctor", _doctor),
    ]


def _import(folder: Path, course: str) -> Done:
    """Import a quiz that is new and one whose scores changed, with an attempt of each student."""
    n = next(_round)
    path = folder / "scores.csv"
    rows = [
        f"s{student}@example.org,{quiz},3,{(student + n) % 10},10,3,2026-03-01T10:00:00Z"
        for quiz in ("Week 3", f"Test {n}")
        for student in range(1, N_STUDENTS + 1)
    ]
    path.write_text("\n".join(["email,quiz,week,score,max score,attempt,submitted", *rows]), encoding="utf-8")
    return command("import", "csv", str(path), "--course", course)


def _doctor() -> Done:
    """A finding that something is wrong is an answer."""
    done = command("doctor")
    return Done(done.seconds, is_done="server: PostgreSQL" in done.said or "server sessions: " in done.said, said=done.said, bug=done.bug)


def command(*arguments: str) -> Done:
    """Run a command of lmskit as the administrator."""
    access().dispose()  # as a command that has just been started
    begun = time.perf_counter()
    result = CliRunner().invoke(app, arguments)
    seconds = time.perf_counter() - begun
    bug = "" if result.exception is None or isinstance(result.exception, SystemExit) else repr(result.exception)[:500]
    return Done(seconds, is_done=result.exit_code == 0, said=result.output, bug=bug)


def _read_report(course: str) -> Done:
    """Read the report and make its page, as the kernel of the report notebook does."""
    access().dispose()
    begun = time.perf_counter()
    try:
        report = course_report(course)
        pieces = (
            report.head(),
            report.glance(),
            report.level_shares(),
            report.heat_map_table(),
            report.help_table(),
            report.quiz_table(),
            report.reading_advice(),
        )
    except LmskitError as error:
        return Done(time.perf_counter() - begun, is_done=False, said=str(error))
    except Exception as error:  # noqa: BLE001 - which is what is looked for
        return Done(time.perf_counter() - begun, is_done=False, said="", bug=repr(error)[:500])
    return Done(time.perf_counter() - begun, is_done=all(pieces), said="")
