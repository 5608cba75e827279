"""Processes that are killed, forked by one that has imported everything, so that each starts within milliseconds.

A module that is run calls `fork_for_each_line`; a test starts it as `Forks`.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Self

import psutil

from tests.reliability.crew import ROOT


def fork_for_each_line(work: Callable[[str], None]) -> None:
    """Do the work of each line of standard input in a process of its own, and print its id."""
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            try:
                work(line.strip())
            finally:
                os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
        threading.Thread(target=os.waitpid, args=(pid, 0), daemon=True).start()


class Forks:
    """A module that forks a process for each line."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        self._forks = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_about: object) -> None:
        for child in psutil.Process(self._forks.pid).children():
            child.kill()
        self._forks.communicate()

    def start(self, order: str) -> int:
        """Start one, and return its id."""
        self.order(order)
        return int(self.line())

    def order(self, order: str) -> None:
        """Have one started."""
        assert self._forks.stdin is not None
        self._forks.stdin.write(f"{order}\n")
        self._forks.stdin.flush()

    def line(self) -> str:
        """The next line that is printed."""
        assert self._forks.stdout is not None
        return self._forks.stdout.readline().strip()
