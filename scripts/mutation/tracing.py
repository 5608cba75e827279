"""A plugin of pytest that writes which test executes which line, and how long each test takes."""

from __future__ import annotations

import json
import os
from collections import defaultdict
from collections.abc import Generator
from pathlib import Path
from typing import Any

import coverage
import pytest

WRITE_TO = "TRACE_TO"
"""The environment variable that names the file to write."""


class Tracing:
    """Notes the lines of each test and of each fixture that several tests share."""

    def __init__(self, packages: list[str]) -> None:
        self.coverage = coverage.Coverage(data_file=None, include=[f"{package}/*" for package in packages])
        self.tests: dict[str, dict[str, Any]] = {}
        self.failed: set[str] = set()
        self.running = ""
        self.coverage.start()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Attribute lines to the test."""
        self.running = item.nodeid
        self.tests[item.nodeid] = {"seconds": 0.0, "fixtures": list(getattr(item, "fixturenames", []))}
        self.coverage.switch_context(item.nodeid)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Generator[None, object, object]:
        """Attribute lines to a fixture that further tests will use without executing it."""
        if fixturedef.scope == "function":
            return (yield)
        self.coverage.switch_context(f"fixture {fixturedef.baseid}::{fixturedef.argname}")
        try:
            return (yield)
        finally:
            self.coverage.switch_context(self.running)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the time of each test, and whether it passed."""
        self.tests[report.nodeid]["seconds"] += report.duration
        if not report.passed:
            self.failed.add(report.nodeid)

    def pytest_sessionfinish(self) -> None:
        """Write everything."""
        self.coverage.stop()
        data = self.coverage.get_data()
        here = Path.cwd()
        lines: dict[str, dict[int, list[str]]] = {}
        for path in data.measured_files():
            lines[str(Path(path).relative_to(here))] = {n: self._tests(of) for n, of in data.contexts_by_lineno(path).items()}
        tests = {name: test["seconds"] for name, test in self.tests.items() if name not in self.failed}
        Path(os.environ[WRITE_TO]).write_text(json.dumps({"tests": tests, "lines": lines}), encoding="utf-8")

    def _tests(self, contexts: list[str]) -> list[str]:
        found: dict[str, None] = {}
        for context in contexts:
            if context.startswith("fixture "):
                folder, _, fixture = context.removeprefix("fixture ").rpartition("::")
                found.update(dict.fromkeys(self._users[fixture, folder]))
            elif context:
                found[context] = None
        return [name for name in found if name not in self.failed]

    @property
    def _users(self) -> dict[tuple[str, str], list[str]]:
        """The tests that use a fixture, by its name and where it is defined."""
        if not hasattr(self, "_users_of"):
            self._users_of: dict[tuple[str, str], list[str]] = defaultdict(list)
            for name, test in self.tests.items():
                path = name.partition("::")[0]
                folders = ["", path, *(str(parent) for parent in Path(path).parents)]
                for fixture in test["fixtures"]:
                    for folder in folders:
                        self._users_of[fixture, folder].append(name)
        return self._users_of


def pytest_configure(config: pytest.Config) -> None:
    """Begin before the tests import anything of ours."""
    config.pluginmanager.register(Tracing(["lmskit"]), "tracing")
