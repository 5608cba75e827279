"""Try a mutant: in a copy of the checkout, in a process of its own that begins with the libraries loaded."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, TextIO

import psutil
import pytest

if TYPE_CHECKING:
    from scripts.mutation.loaded import Task

Verdict = Literal["killed", "survived", "invalid", "unreached"]
"""Invalid: the statement does not run on any data, so that no test was needed to notice."""

NO_STATEMENT = re.compile(
    r"psycopg\.errors\.(SyntaxError|UndefinedColumn|UndefinedFunction|UndefinedTable|DatatypeMismatch|GroupingError|CannotCoerce"
    r"|AmbiguousColumn|AmbiguousFunction|WindowingError|InvalidColumnReference|InvalidTableDefinition)\b"
)
_LIBRARIES = (
    "pytest", "_pytest.assertion.rewrite", "numpy", "pandas", "pyarrow", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql",
    "psycopg", "pydantic", "pydantic_settings", "email_validator", "alembic.command", "rich.console", "jinja2", "typer", "defusedxml",
    "pwdlib", "filelock", "zmq", "yaml",
)  # fmt: skip


def copied(root: Path, to: Path) -> Path:
    """Copy the files of the checkout that git knows or would know, and return the copy's folder."""
    listed = subprocess.run(["git", "ls-files", "-coz", "--exclude-standard"], cwd=root, check=True, stdout=subprocess.PIPE, text=True)  # noqa: S607
    for name in filter(None, listed.stdout.split("\0")):
        if (root / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / name, to / name)
    return to


_HOME_PREFIX = "lmskit-tests-"
"""How tests/conftest.py begins the name of the home of its server."""
_PREPARE = """
from pathlib import Path
from lmskit.db import access, revision
from lmskit.db.cluster import Cluster
from lmskit.settings import Settings

cluster = Cluster(Settings().home, Settings().postgres_version, overrides={"fsync": "off", "full_page_writes": "off"})
cluster.start()
access().server.start()
revision.upgrade()
access().dispose()
cluster.stop()
"""


def prepared_home(copy: Path) -> Path:
    """Make a home with a migrated database, of which each trial takes a copy."""
    home = copy.with_name("home")
    environment = {**os.environ, "LMSKIT_HOME": str(home), "PYTHONPATH": str(copy)}
    subprocess.run([sys.executable, "-c", _PREPARE], cwd=copy, env=environment, check=True)
    return home


def _as_prepared(home: Path) -> None:
    make = tempfile.mkdtemp

    def mkdtemp(suffix: str | None = None, prefix: str | None = None, dir: str | None = None) -> str:  # noqa: A002 - the name of the original
        made = make(suffix, prefix, dir)
        if prefix == _HOME_PREFIX:
            subprocess.run(["cp", "-a", f"{home}/.", made], check=True)  # noqa: S607 - with owners, links and times
        return made

    tempfile.mkdtemp = mkdtemp  # type: ignore[assignment] # texts are enough here


def load_libraries() -> None:
    """Import once what every trial needs and is not ours."""
    for name in _LIBRARIES:
        __import__(name)


class _Chosen:
    """Keeps the tests of one mutant, in their order."""

    def __init__(self, tests: Sequence[str]) -> None:
        self.order = {test: n for n, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted((item for item in items if item.nodeid in self.order), key=lambda item: self.order[item.nodeid])


_SECONDS = itertools.count(10)


@contextmanager
def mutated(file: Path, content: str) -> Iterator[None]:
    """Give a file another content for a time, such that no compiled file of the other content is taken for it."""
    original, times = file.read_bytes(), file.stat()
    file.write_text(content, encoding="utf-8")
    os.utime(file, (times.st_atime, times.st_mtime + next(_SECONDS)))
    try:
        yield
    finally:
        file.write_bytes(original)
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def trial(copy: Path, tests: Sequence[str], most_seconds: float) -> tuple[Verdict, str]:
    """Run tests in the copy until one fails, and return the verdict and the name of that test."""
    output, temporary = copy.with_name("output.txt"), copy.with_name("tmp")
    temporary.mkdir(exist_ok=True)
    end = time.monotonic() + most_seconds
    child = os.fork()
    if child == 0:
        _run(copy, tests, output, temporary)
    status = None
    while status is None and time.monotonic() < end:
        done, code = os.waitpid(child, os.WNOHANG)
        status = os.waitstatus_to_exitcode(code) if done else None
        time.sleep(0.02)
    _end_processes(child, temporary, ended=status is not None)
    shutil.rmtree(temporary, ignore_errors=True)
    text = output.read_text(encoding="utf-8", errors="replace")
    if status in {0, pytest.ExitCode.NO_TESTS_COLLECTED}:
        return ("survived" if status == 0 else "unreached"), ""
    if status is not None and (NO_STATEMENT.search(text) or "error during collection" in text or "rror while loading conftest" in text):
        return "invalid", ""
    failed = re.search(r"(?m)^(?:FAILED|ERROR) (\S+)", text)
    return "killed", failed[1] if failed else "out of time" if status is None else text[-1500:]


def _run(copy: Path, tests: Sequence[str], output: Path, temporary: Path) -> None:
    code = 1
    try:
        os.setpgid(0, 0)
        _enter(copy, output, temporary)
        _as_prepared(copy.with_name("home"))
        files = list(dict.fromkeys(test.partition("::")[0] for test in tests))
        code = int(pytest.main([*_OPTIONS, *files], plugins=[_Chosen(tests)]))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


_OPTIONS = [
    "-x", "-q", "-rfE", "--no-header", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning", "--hypothesis-seed=0",
]  # fmt: skip


def _enter(copy: Path, output: Path, temporary: Path) -> None:
    """Work in the copy from now on, without the checkout."""
    file = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(file, 1)
    os.dup2(file, 2)
    os.chdir(copy)
    os.environ["TMPDIR"] = str(temporary)
    tempfile.tempdir = None
    for name in [name for name in sys.modules if name.partition(".")[0] in {"scripts", "lmskit", "tests"}]:
        del sys.modules[name]
    sys.path[:] = [str(copy), *(path for path in sys.path if "site-packages" in path or "lib/python" in path or path.endswith(".zip"))]
    sys.argv = ["pytest"]


def _end_processes(child: int, temporary: Path, *, ended: bool) -> None:
    """End what a trial left running: it works in the trial's folder."""
    if not ended:
        with suppress(ProcessLookupError):
            os.killpg(child, 9)
        os.waitpid(child, 0)
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if Path(process.cwd()).is_relative_to(temporary):
                process.kill()


def try_one_by_one(copy: Path, tasks: list[Task], most_seconds: float) -> Iterator[tuple[Task, tuple[Verdict, str]]]:
    """Try each task in a process that imports everything of ours anew."""
    if tasks:
        verdict, by = trial(copy, tasks[0].tests, most_seconds)
        if verdict != "survived":
            raise RuntimeError(f"The tests fail without a fault: {by}")
    for task in tasks:
        with mutated(copy / task.path, task.content):
            yield task, trial(copy, task.tests, most_seconds)


def try_loaded(copy: Path, tasks: list[Task], most_seconds: float) -> Iterator[tuple[Task, tuple[Verdict, str]]]:
    """Try all tasks from one process that has their tests loaded."""
    if not tasks:
        return
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _load(copy, tasks, most_seconds, os.fdopen(writing, "w", encoding="utf-8"))
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as reports:
        for line in reports:
            n, verdict, by = json.loads(line)
            yield tasks[n], (verdict, by)
    os.waitpid(child, 0)
    shutil.rmtree(copy.with_name("tmp"), ignore_errors=True)


def _load(copy: Path, tasks: list[Task], most_seconds: float, to: TextIO) -> NoReturn:
    def report(n: int, verdict: Verdict, by: str) -> None:
        to.write(json.dumps([n, verdict, by]) + "\n")
        to.flush()

    temporary = copy.with_name("tmp")
    temporary.mkdir(exist_ok=True)
    _enter(copy, copy.with_name("loaded.txt"), temporary)
    from scripts.mutation.loaded import Loop

    try:
        files = list(dict.fromkeys(test.partition("::")[0] for task in tasks for test in task.tests))
        pytest.main([*_OPTIONS, *files], plugins=[Loop(copy, copy.with_name("home"), tasks, most_seconds, report)])
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stdout.flush()
        os._exit(0)
