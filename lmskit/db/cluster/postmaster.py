"""What the file postmaster.pid says, and whether it is still true."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil

CLOCK_TOLERANCE = 5.0
"""Seconds by which a process may seem younger than the file it wrote."""
CONNECT_TIMEOUT = 5.0


@dataclass(frozen=True)
class Postmaster:
    """The running or late server of a data directory."""

    pid: int
    started_at: float
    port: int
    socket_folder: str
    ready: bool

    def alive(self, data: Path) -> bool:
        """Whether the process of this number is still the server of this data directory.

        Numbers of processes are used again, after a restart of the machine almost at once.
        """
        try:
            process = psutil.Process(self.pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
                return False
            if process.create_time() > self.started_at + CLOCK_TOLERANCE:
                return False
            return same_folder(process.cwd(), data)
        except psutil.NoSuchProcess:
            return False
        except (psutil.AccessDenied, OSError):
            return True

    def answers(self) -> bool:
        """Whether somebody listens where the server should; the processes it leaves behind do not listen."""
        family = socket.AF_INET if os.name == "nt" else socket.AF_UNIX
        address = ("127.0.0.1", self.port) if os.name == "nt" else f"{self.socket_folder}/.s.PGSQL.{self.port}"
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_TIMEOUT)
            try:
                probe.connect(address)
            except OSError:
                return False
        return True


def read_postmaster(data: Path) -> Postmaster | None:
    """Return what postmaster.pid says, or None where there is none or it is being written."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return Postmaster(
            pid=abs(int(lines[0])),
            started_at=float(lines[2]),
            port=int(lines[3]) if len(lines) > 3 and lines[3].strip() else 0,  # noqa: PLR2004 - the fourth line is the port
            socket_folder=lines[4].strip() if len(lines) > 4 else "",  # noqa: PLR2004 - the fifth line is the socket's folder
            ready=len(lines) > 7 and lines[7].strip() == "ready",  # noqa: PLR2004 - the eighth line is the state
        )
    except (IndexError, ValueError):
        return None


def left_behind(data: Path) -> list[psutil.Process]:
    """Return the processes of this data directory; after the postmaster was killed, those it left behind.

    One of them may be in the middle of a long statement and not have noticed. It holds the shared memory,
    and no new server starts while it does.
    """
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if (process.info["name"] or "").startswith("postgres") and same_folder(process.cwd(), data):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def same_folder(one: str, other: Path) -> bool:
    """Whether both paths lead to one folder."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return False
