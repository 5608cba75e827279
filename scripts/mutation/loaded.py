"""Try mutants in a process that has the tests loaded: each in a fork, with the faulty functions instead of the right ones.

This is ten times as fast as a process that imports everything anew, and possible if the fault is inside functions or in a file that they
read.
"""

from __future__ import annotations

import gc
import io
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import NoReturn

import psutil
import pytest

from scripts.mutation.trial import NO_STATEMENT, Verdict, mutated


@dataclass(frozen=True, slots=True)
class Task:
    """A mutant to try: its file and content, and the tests that may notice it."""

    path: str
    content: str
    tests: tuple[str, ...]


def codes(code: CodeType, known: dict[tuple[str, int], CodeType] | None = None) -> dict[tuple[str, int], CodeType]:
    """Return the code of all functions of a module by name and first line."""
    known = {} if known is None else known
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            known[inner.co_qualname, inner.co_firstlineno] = inner
            codes(inner, known)
    return known


def only_functions_differ(path: str, before: str, after: str) -> bool:
    """Say whether the mutant changes nothing that is executed when the module is imported."""
    if not path.endswith(".py"):
        return path.startswith("lmskit/services/")  # statements that are read when they are needed
    old, new = compile(before, path, "exec"), compile(after, path, "exec")
    was, becomes = codes(old), codes(new)
    classes = {name for name, _ in was if not name.endswith(">") and _is_class(was, name)}
    top = [(old, new), *((was[key], becomes[key]) for key in was if key[0] in classes and key in becomes)]
    return was.keys() == becomes.keys() and old != new and all(_same_outside(one, other) for one, other in top)


def _is_class(known: dict[tuple[str, int], CodeType], name: str) -> bool:
    return any("__qualname__" in code.co_names and not code.co_flags & 2 for (known_name, _), code in known.items() if known_name == name)


def _same_outside(one: CodeType, other: CodeType) -> bool:
    """Compare two codes without the functions in them."""

    def plain(code: CodeType) -> list[object]:
        return [repr(constant) for constant in code.co_consts if not isinstance(constant, CodeType)]

    return one.co_code == other.co_code and one.co_names == other.co_names and plain(one) == plain(other)


class Loop:
    """Instead of running the tests, tries each task with the tests that it names."""

    def __init__(self, copy: Path, home: Path, tasks: Sequence[Task], seconds: float, report: Callable[[int, Verdict, str], None]) -> None:
        self.copy, self.home, self.tasks, self.seconds, self.report = copy, home, tasks, seconds, report
        self.failed: list[tuple[str, str]] = []
        self.is_used = True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note a failure."""
        if report.failed:
            self.failed.append((report.nodeid, report.longreprtext))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Try all tasks."""
        used = Path(os.environ["LMSKIT_HOME"])
        named = {item.nodeid: item for item in session.items}
        gc.freeze()
        for n, task in enumerate(self.tasks):
            items = [named[test] for test in task.tests if test in named]
            if n == 0:
                verdict, by = self._one(task, None, items, used)
                if verdict != "survived":
                    pytest.exit(f"The tests fail without a fault: {by}")
            self.report(n, *self._one(task, task.content, items, used))
        return True

    def _one(self, task: Task, content: str | None, items: list[pytest.Item], used: Path) -> tuple[Verdict, str]:
        if self.is_used:
            shutil.rmtree(used, ignore_errors=True)
            subprocess.run(["cp", "-a", str(self.home), str(used)], check=True)  # noqa: S607 - with owners, links and times
        self.is_used = any("cluster" in item.fixturenames for item in items if isinstance(item, pytest.Function))
        said = self.copy.with_name("said.txt")
        said.write_text("", encoding="utf-8")
        file = self.copy / task.path
        original = file.read_text(encoding="utf-8")
        with mutated(file, original if content is None else content):
            child = os.fork()
            if child == 0:
                self._child(task, None if content is None else (original, content), items, said)
            end, status = time.monotonic() + self.seconds, None
            while status is None and time.monotonic() < end:
                done, code = os.waitpid(child, os.WNOHANG)
                status = os.waitstatus_to_exitcode(code) if done else None
                time.sleep(0.01)
            if status is None:
                os.killpg(child, signal.SIGKILL)
                os.waitpid(child, 0)
        _end_processes_in(used)
        text = said.read_text(encoding="utf-8")
        if status == 0:
            return "survived", ""
        if status is None:
            return "killed", "out of time"
        return "invalid" if NO_STATEMENT.search(text) else "killed", text.partition("\n")[0]

    def _child(self, task: Task, contents: tuple[str, str] | None, items: Iterable[pytest.Item], said: Path) -> NoReturn:
        code = 3
        try:
            os.setpgid(0, 0)
            if contents and task.path.endswith(".py"):
                _exchange(self.copy / task.path, *contents)
            order = list(items)
            with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
                for n, item in enumerate(order):
                    following = order[n + 1] if n + 1 < len(order) else None
                    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
                    if self.failed:
                        break
            said.write_text("\n".join(self.failed[0]) if self.failed else "", encoding="utf-8")
            code = 1 if self.failed else 0
        except BaseException as error:  # noqa: BLE001 - also a test that ends the session
            said.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        finally:
            os._exit(code)


def _exchange(file: Path, before: str, after: str) -> None:
    old, new = (codes(compile(content, str(file), "exec")) for content in (before, after))
    changed = {key: new[key] for key in old if old[key] != new[key]}
    gc.unfreeze()
    n = 0
    for function in gc.get_objects():
        if isinstance(function, FunctionType) and function.__code__.co_filename == str(file):
            key = (function.__code__.co_qualname, function.__code__.co_firstlineno)
            if key in changed and len(changed[key].co_freevars) == len(function.__code__.co_freevars):
                function.__code__ = changed[key]
                n += 1
    if not n:
        raise RuntimeError("The fault is in no function that is loaded.")


def _end_processes_in(home: Path) -> None:
    """End the server that a trial left running: it works in the trial's home."""
    for process in psutil.process_iter():
        try:
            inside = Path(process.cwd()).is_relative_to(home)
        except (psutil.Error, OSError):
            continue
        if inside:
            process.kill()
