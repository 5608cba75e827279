"""Operating-system users, each with a home, who run lmskit as installed for everybody and type at a terminal."""

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pexpect
import psutil

from tests.institution.exposure import Record

USERADD = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
USERDEL = shutil.which("userdel", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
PATIENCE = 150
PROMPT = "READY> "


@dataclass
class Person:
    """A user of the machine."""

    name: str
    uid: int
    gid: int
    home: Path
    programs: Path
    """The folder with the command `lmskit`."""
    record: Record
    variables: dict[str, str] = field(default_factory=dict)
    data: str = "data"
    """The folder of lmskit in the home."""

    @property
    def lmskit_home(self) -> Path:
        """The folder of the passfile and of sign-ins."""
        return self.home / self.data

    def environment(self, **variables: str) -> dict[str, str]:
        """The variables of this person's processes."""
        return {
            "HOME": str(self.home), "USER": self.name, "LOGNAME": self.name, "LANG": "C.UTF-8",
            "PATH": f"{self.programs}:/usr/local/bin:/usr/bin:/bin", "LMSKIT_HOME": str(self.lmskit_home),
            **self.variables, **variables,
        }  # fmt: skip

    def become(self) -> None:
        """In a child: become this user."""
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)

    def run(self, *command: str | Path, typed: str = "", status: int = 0, shown: bool = False, there: dict[str, str] | None = None) -> str:
        """Run a command and return what it prints; `shown` says that a password in it is shown on purpose, this once."""
        found = subprocess.run(
            [str(part) for part in command], env=self.environment(**there or {}), cwd=self.home, input=typed, capture_output=True,
            text=True, check=False, timeout=PATIENCE, user=self.uid, group=self.gid, extra_groups=[],
        )  # fmt: skip
        printed = found.stdout + found.stderr
        if not shown:
            self.record.add(f"printed by {' '.join(map(str, command))}", printed)
        assert found.returncode == status, printed
        assert "Traceback" not in printed
        return printed

    def lmskit(self, *arguments: str, typed: str = "", status: int = 0, shown: bool = False, there: dict[str, str] | None = None) -> str:
        """Run lmskit."""
        return self.run("lmskit", *arguments, typed=typed, status=status, shown=shown, there=there)

    @contextmanager
    def terminal(self, **variables: str) -> Iterator["Terminal"]:
        """Open an interactive bash, which keeps its history in the home."""
        environment = self.environment(**variables) | {"PS1": PROMPT, "TERM": "dumb", "COLUMNS": "400"}
        child = pexpect.spawn(
            "/bin/bash", ["--norc", "--noprofile", "-i"], env=environment,
            cwd=str(self.home), preexec_fn=self.become, encoding="utf-8", timeout=PATIENCE, echo=True, dimensions=(60, 400),
        )  # fmt: skip
        opened = Terminal(child, self)
        try:
            child.expect_exact(PROMPT)
            yield opened
            child.sendline("exit")
            child.expect(pexpect.EOF)
        finally:
            child.close(force=True)
            self.record.add(f"terminal of {self.name}", "".join(opened.transcript))

    @property
    def history(self) -> Path:
        """The file with the commands that were typed."""
        return self.home / ".bash_history"


class Terminal:
    """An interactive shell."""

    def __init__(self, child: "pexpect.spawn[str]", person: Person) -> None:
        self.child, self.person = child, person
        self.transcript: list[str] = []

    def type(self, command: str, *answers: tuple[str, str], status: int = 0) -> str:
        """Type a command and, at each of its questions (an expression), the answer; return what was shown."""
        self.child.sendline(command)
        shown = ""
        for question, answer in answers:
            asked = self.child.expect([question, re.escape(PROMPT)])
            assert asked == 0, f"{command}: no question {question!r}, but {self.child.before}"
            shown += str(self.child.before) + str(self.child.after)
            self.child.sendline(answer)
        self.child.expect_exact(PROMPT)
        shown += str(self.child.before)
        self.transcript.append(shown)
        self.child.sendline("echo status=$?")
        self.child.expect(r"status=(\d+)")
        found = int(self.child.match[1]) if self.child.match else -1
        self.child.expect_exact(PROMPT)
        assert found == status, shown
        return re.sub(r"\s+", " ", shown)


def end_processes_of(uid: int) -> None:
    """End what a user has left running; a user with processes cannot be removed."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.uids().real == uid:
                process.kill()


@contextmanager
def users(names: list[str], programs: Path, record: Record) -> Iterator[Callable[[str], Person]]:
    """Make users of the machine, and remove them with their homes at the end; yields a function from a name to its person."""
    marked = {name: f"lmskit-{name[:8]}-{secrets.token_hex(3)}" for name in names}
    made: dict[str, Person] = {}
    with ExitStack() as removing:
        for name, user in marked.items():
            home = Path("/var/tmp") / user  # noqa: S108 - made by useradd, for the user alone
            subprocess.run([str(USERADD), "-m", "-d", str(home), "-s", "/bin/bash", user], check=True, capture_output=True)
            removing.callback(subprocess.run, [str(USERDEL), "-r", user], check=False, capture_output=True)
            home.chmod(0o700)
            found = home.stat()
            removing.callback(end_processes_of, found.st_uid)
            made[name] = Person(user, found.st_uid, found.st_gid, home, programs, record)
        yield made.__getitem__
