"""The processes of these tests: forked, and killed by SIGKILL."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

import psutil

ROOT = Path(__file__).resolve().parents[2]
MOST_KILLS = 50
"""Processes that a test kills at one kind of work; for more it would have to make more people."""


class Crew:
    """Runs work in processes of their own, which use a mail server on this machine."""

    def __init__(self, *, home: Path, smtp_port: int) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LMSKIT_"))}
        self.environment = kept | {
            "LMSKIT_HOME": str(home),
            "LMSKIT_SMTP_HOST": "127.0.0.1",
            "LMSKIT_SMTP_PORT": str(smtp_port),
            "LMSKIT_SMTP_SECURITY": "none",
            "LMSKIT_SMTP_TIMEOUT": "10",
            "LMSKIT_MAIL_FROM": "crew@example.org",
            "PYTHONPATH": str(ROOT),
        }

    def __enter__(self) -> Self:
        self._forks = subprocess.Popen(
            [sys.executable, "-m", "tests.reliability.worker"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=self.environment,
        )  # fmt: skip
        return self

    def __exit__(self, *_about: object) -> None:
        for child in psutil.Process(self._forks.pid).children():
            child.kill()
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.close()
        self._forks.stdout.close()
        self._forks.wait()

    def start(self, work: str, **order: Any) -> int:
        """Start some work; return the id of the process that does it."""
        assert self._forks.stdin is not None
        assert self._forks.stdout is not None
        self._forks.stdin.write(json.dumps({"work": work, **order}) + "\n")
        self._forks.stdin.flush()
        return int(self._forks.stdout.readline())


def kill(pid: int) -> bool:
    """End a process as a power cut would; say whether it had not ended before."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
