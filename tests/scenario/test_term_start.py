"""A term begins by command line alone: from an empty folder, without demonstration people, to the first dashboard.

    python -m pytest tests/scenario -m long -s

prints how many commands it took and how many seconds.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lmskit.db import access
from lmskit.db.cluster import Cluster

pytestmark = pytest.mark.long

ROOT, ADA = "root@uni.example", "ada@uni.example"
BEFORE, NOW = "2030-AUTUMN", "2031-SPRING"
STUDENTS = [(f"student{number:02}@uni.example", f"Number {number:02}") for number in range(1, 13)]
DASHBOARD = """
from lmskit import connect
from lmskit.dashboards import MasteryDashboard
connect()
dashboard = MasteryDashboard("{course}")
print(dashboard.course.value, dashboard.message.value or "without a message")
"""


@dataclass
class CommandLine:
    """Runs `lmskit` as a person would, in a home of its own, and counts."""

    variables: dict[str, str]
    folder: Path
    commands: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, typed: str = "") -> str:
        self.commands.append(" ".join(arguments[:2]))
        return self.run("-m", "lmskit", *arguments, typed=typed)

    def run(self, *arguments: str, typed: str = "", person: str = "") -> str:
        there = self.variables | ({"LMSKIT_PERSON": person} if person else {})
        completed = subprocess.run(
            [sys.executable, *arguments], env=there, cwd=self.folder, input=typed, text=True, capture_output=True, check=False, timeout=120
        )
        assert completed.returncode == 0, (arguments, completed.stdout, completed.stderr)
        return completed.stdout


@pytest.fixture
def lmskit():
    folder = Path(tempfile.mkdtemp(prefix="lmskit-term-start-"))
    folder.chmod(0o711)  # as root, the server runs as another user, who must reach the folder
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    command_line = CommandLine(kept | {"LMSKIT_HOME": str(folder / "home")}, folder)
    try:
        yield command_line
        command_line.run("-m", "lmskit", "db", "stop")
    finally:
        Cluster(folder / "home", access().settings.postgres_version).stop()
        shutil.rmtree(folder, ignore_errors=True)


def write_files(folder):
    """A roster, and the results of the first two weeks."""
    roster = ["email,family_name,given_name", *(f"{email},Student,{name}" for email, name in STUDENTS)]
    (folder / "roster.csv").write_text("\n".join(roster), encoding="utf-8")
    results = ["email,quiz,week,score,max_score"]
    results += [f"{email},Week {week},{week},{(n * 7 + week) % 11},10" for n, (email, _) in enumerate(STUDENTS) for week in (1, 2)]
    (folder / "results.csv").write_text("\n".join(results), encoding="utf-8")


def test_a_term_begins_by_command_line_alone(lmskit):
    begun = time.monotonic()
    write_files(lmskit.folder)
    lmskit("init", "--email", ROOT, "--family-name", "Root", "--given-name", "", "--password-stdin", typed="a long password of root\n")
    assert ADA in lmskit("login", "create", ADA, "--family-name", "Lovelace", "--given-name", "Ada")
    lmskit("term", "create", BEFORE, "--name", "Autumn 2030", "--starts", "2030-09-16", "--ends", "2031-01-31")
    lmskit("course", "create", f"LOGIC-{BEFORE}", "--module", "LOGIC", "--title", "Logic", "--term", BEFORE, "--lecturer", ADA,
           "--week", "1: Sets", "--week", "2: Proofs")  # fmt: skip
    lmskit("term", "create", NOW, "--name", "Spring 2031", "--starts", "2031-02-17", "--ends", "2031-06-30")
    assert f"1 course of {BEFORE} copied into {NOW}." in lmskit("term", "copy", BEFORE, NOW, "--staff", "none", "--yes")
    assert f"The term {BEFORE} is closed." in lmskit("term", "close", BEFORE, "--yes")
    course = f"LOGIC-{NOW}"
    lmskit("import", "roster.csv", "--course", course)
    late = lmskit("enrollment", "add", course, "late@uni.example", "--family-name", "Late", "--yes")
    assert "active" in late
    lmskit("import", "results.csv", "--course", course)
    lmskit("mastery", "refresh")
    listed = lmskit("enrollment", "list", course, "--format", "csv")
    assert listed.count("@uni.example") == len(STUDENTS) + 1
    mean = sum((n * 7 + 1) % 11 / 10 for n in range(len(STUDENTS))) / len(STUDENTS)
    assert f"1\tSets\t{mean:.2f}\t" in lmskit("mastery", "show", course)
    by_commands = time.monotonic() - begun
    assert lmskit.run("-c", DASHBOARD.format(course=course)) == f"{course} without a message\n"
    print(f"{len(lmskit.commands)} commands in {by_commands:.0f} s; the dashboard after {time.monotonic() - begun:.0f} s")  # noqa: T201 - with -s
    assert len(lmskit.commands) == 13
