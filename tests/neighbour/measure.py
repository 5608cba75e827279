"""Each way to stop others beside the administrator's work: how much later it ends, what it says, and what the doctor says."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg

from lmskit.settings import PROJECT_ROOT
from tests.neighbour.actor import HEAD_START
from tests.neighbour.tasks import command
from tests.neighbour.ways import BOUNDED
from tests.neighbour.world import CODES, NEIGHBOUR, OWN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.neighbour.tasks import Done, Task
    from tests.neighbour.ways import Way
    from tests.neighbour.world import Street

BOUND = 3.0
"""How many times as long as alone a task may take beside a neighbour whose means are locks, connections or memory."""
SHORTEST = 0.3
"""Seconds: a shorter task counts as one of this length, since the machine alone makes it three times as long now and then."""
REPEATS = 2
"""How often a task that ended too late is tried again before it counts."""
REASONS = (NEIGHBOUR, CODES[OWN], "Another person", "another session", "lock", "memory", "connection")
"""A sentence that names the reason holds one of these."""
MUST_BE_NAMED = ("cpu", "disk")
"""Means that nothing in PostgreSQL divides: while a neighbour takes them, the doctor has to name the login."""
NAMED_WITHIN = 30.0
"""Seconds in which it has to: a session is named after some seconds of processor time, which a busy machine gives it later."""
HOLD_START = 120.0
"""Seconds that a neighbour has at most to take the locks, or write the values, that it then holds."""
END_LIMIT = 20
"""Seconds in which the neighbour's process has to end."""


@dataclass
class Result:
    """What a way did to the others.

    Attributes
    ----------
    way
        The way.
    done
        How each task ended beside it.
    errors
        The errors that the neighbour met, by SQLSTATE, and the text of the first.
    named
        Whether the doctor named the neighbour.
    faults
        What must not be, a sentence each.
    """

    way: Way
    done: dict[str, Done] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    first_error: str = ""
    named: bool = False
    faults: list[str] = field(default_factory=list)

    def line(self, usual: Mapping[str, float]) -> str:
        """The result as a line of a table."""
        if self.way.refused:
            outcome = f"refused ({', '.join(self.errors)})"
        else:
            times = {name: done.seconds / max(usual[name], SHORTEST) for name, done in self.done.items() if done.is_done}
            slowest = max(times, key=lambda name: times[name], default="")
            stopped = [name for name, done in self.done.items() if not done.is_done]
            met = [f"{code} {n:,} times" for code, n in self.errors.items()]
            outcome = "; ".join([
                f"{times[slowest]:.1f} × ({slowest})" if slowest else "nothing was done",
                *([f"stopped: {', '.join(stopped)}"] if stopped else []),
                *([f"met {', '.join(met)}"] if met else []),
                "named by the doctor" if self.named else "not named",
            ])  # fmt: skip
        return f"{self.way.means:<10}  {self.way.name[:80]:<80}  {outcome}"


def alone(tasks: Sequence[Task], *, rounds: int = 2) -> dict[str, float]:
    """The seconds that each task takes without a neighbour: the median of some rounds, after one that does not count."""
    taken: dict[str, list[float]] = {task.name: [] for task in tasks}
    for number in range(rounds + 1):
        for task in tasks:
            done = task.run()
            assert done.is_done, f"{task.name} fails alone: {done.bug or done.said}"
            if number:
                taken[task.name].append(done.seconds)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def beside(street: Street, way: Way, tasks: Sequence[Task], usual: Mapping[str, float], *, bound: float = BOUND) -> Result:
    """Do the tasks beside a neighbour who does as `way` says, then end the neighbour's sessions as the doctor does.

    A task that takes more than `bound` times as long as alone is a fault if the way's means are locks, connections or memory.
    """
    result = Result(way)
    if way.refused:
        _refused(street, way, result)
        return result
    try:
        with street.superuser() as witness, _neighbour(street, way, result):
            for task in tasks:
                result.done[task.name] = _timely(task, usual[task.name], bound)
            result.named = any(_names(street, done) for name, done in result.done.items() if name == "doctor")
            if way.means in MUST_BE_NAMED and way.how != "hold":
                _be_named(street, result)
            _end_sessions(street, result)
            witness.execute("SELECT 1")
    except psycopg.OperationalError as error:
        result.faults.append(f"The server ended: {error}")
    result.faults += _faults(result, usual, bound)
    street.tidy()
    return result


def _names(street: Street, doctor: Done) -> bool:
    """Whether the doctor's answer names the neighbour."""
    return any(word in doctor.said for word in (NEIGHBOUR, street.login))


def _be_named(street: Street, result: Result) -> None:
    """Ask the doctor until it names the neighbour who is still at it, as a person does who finds the server slow."""
    deadline = time.monotonic() + NAMED_WITHIN
    while not result.named:
        done = command("doctor")
        result.named = _names(street, done)
        if not result.named and time.monotonic() > deadline:
            result.faults.append(f"The doctor does not name the neighbour: {done.said.strip()[-300:]!r}")
            return


def _refused(street: Street, way: Way, result: Result) -> None:
    """Send the statements of a way that PostgreSQL refuses."""
    code = ""
    with street.superuser(), psycopg.connect(street.conninfo(), autocommit=True) as connection:
        try:
            for statement in way.statements:
                connection.execute(statement.encode())
        except psycopg.Error as error:
            code, result.first_error = error.sqlstate or "", str(error).splitlines()[0]
    result.errors = {code: 1} if code else {}
    if code not in way.refused:
        result.faults.append(f"It is not refused with {' or '.join(way.refused)}, but: {result.first_error or 'succeeds'}")
        street.tidy()


def _timely(task: Task, usual: float, bound: float) -> Done:
    """Do a task; do it again if it ends late, and return the quickest."""
    done = task.run()
    for _ in range(REPEATS):
        if done.bug or not done.is_done or done.seconds <= bound * max(usual, SHORTEST):
            break
        done = min(done, task.run(), key=lambda each: each.seconds)
    return done


def _faults(result: Result, usual: Mapping[str, float], bound: float) -> Iterator[str]:
    for name, done in result.done.items():
        times = done.seconds / max(usual[name], SHORTEST)
        if done.bug:
            yield f"{name} ends in a traceback: {done.bug}"
        elif done.is_done:
            if times > bound and result.way.means in BOUNDED:
                yield f"{name} takes {done.seconds:.1f} s, {times:.1f} × as long as alone"
        elif not any(reason in done.said for reason in REASONS) and name != "doctor":
            yield f"{name} stops without a reason: {done.said.strip()[-300:]!r}"
        elif name == "doctor":
            yield f"The doctor cannot look: {done.said.strip()[-300:]!r}"


def _end_sessions(street: Street, result: Result) -> None:
    """End the neighbour's sessions by `lmskit doctor --end`, as a person who reads the doctor's findings does."""
    pids = street.sessions()
    done = command("doctor", "--end", str(pids[-1])) if pids else None
    if done is not None and not done.is_done and "no longer has it" not in done.said:
        result.faults.append(f"The sessions cannot be ended: {done.bug or done.said.strip()[-300:]}")


@contextlib.contextmanager
def _neighbour(street: Street, way: Way, result: Result) -> Iterator[None]:
    """Let the neighbour do as the way says, in a process of its own, while the block runs."""
    order: dict[str, Any] = {
        "conninfo": street.conninfo(),
        "how": way.how,
        "sessions": way.sessions,
        "statements": way.statements,
        "head_start": HOLD_START if way.means in {"lock", "value"} and way.how != "loop" else HEAD_START,
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}  # it does as it likes
    command = [sys.executable, "-m", "tests.neighbour.actor"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=PROJECT_ROOT, env=environment) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(order) + "\n")
        process.stdin.flush()
        process.stdout.readline()
        try:
            yield
        finally:
            try:
                said, _ = process.communicate("\n", timeout=END_LIMIT)
                answer = json.loads(said.splitlines()[-1])
                result.errors, result.first_error = answer["errors"], answer["first"]
            except (subprocess.TimeoutExpired, IndexError, ValueError):
                process.kill()
                result.faults.append("The neighbour's process does not end")
