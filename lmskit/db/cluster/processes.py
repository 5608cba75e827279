"""The sessions of the embedded server as the operating system shows them.

What each has taken, which PostgreSQL does not count; and a way to end them that needs no connection.
"""

from __future__ import annotations

import re
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from lmskit.db.cluster.postmaster import left_behind, send_signal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_TEMPORARY = re.compile(r"pgsql_tmp(\d+)\.")


@dataclass(frozen=True)
class Taken:
    """What a session has taken.

    Attributes
    ----------
    processor
        Seconds of processor time since it began.
    memory
        Bytes of memory of its own at this moment, without what all sessions share.
    temporary
        Bytes of its temporary files at this moment.
    """

    processor: float = 0.0
    memory: int = 0
    temporary: int = 0


def taken_by(data: Path, pids: Iterable[int]) -> dict[int, Taken]:
    """Return what these sessions of the server with this data directory have taken; without those that this user may not look at."""
    files = _temporary_files(data)
    taken = {}
    for pid in pids:
        with suppress(psutil.Error):
            process = psutil.Process(pid)
            times, memory = process.cpu_times(), process.memory_info()
            own = memory.rss - getattr(memory, "shared", 0)
            taken[pid] = Taken(times.user + times.system, max(own, 0), files.get(pid, 0))
    return taken


def _temporary_files(data: Path) -> dict[int, int]:
    """The bytes of temporary files by the number of the process that made them."""
    found: dict[int, int] = {}
    with suppress(OSError):
        for path in (data / "base" / "pgsql_tmp").rglob("*"):
            owner = _TEMPORARY.match(path.relative_to(data / "base" / "pgsql_tmp").parts[0])
            with suppress(OSError):  # it was removed meanwhile
                if owner is not None and path.is_file():
                    found[int(owner[1])] = found.get(int(owner[1]), 0) + path.stat().st_size
    return found


@dataclass(frozen=True)
class ServerSession:
    """A connection, as the operating system shows its process: it needs no connection to be seen.

    Attributes
    ----------
    pid
        Number of its process.
    login
        Name of its login; of a connection that has not signed in yet, the one it asks for.
    doing
        What PostgreSQL writes there: a command, `idle in transaction`, `authentication`.
    """

    pid: int
    login: str
    doing: str


_TITLE = re.compile(r"postgres: (?:[^:]+: )?(?P<login>\S+) (?P<database>\S+) (?:\[local\]|\S+\(\d+\)) (?P<doing>.*\S)")


def sessions_on_this_machine(data: Path) -> list[ServerSession]:
    """Return the sessions of the server with this data directory, without asking the server, which may have no connection left."""
    found = []
    for process in left_behind(data):
        with suppress(psutil.Error):
            title = _TITLE.fullmatch(" ".join(process.cmdline()).strip())
            if title is not None:
                found.append(ServerSession(process.pid, title["login"], title["doing"]))
    return sorted(found, key=lambda session: (session.login, session.pid))


def end_on_this_machine(data: Path, pid: int) -> tuple[str, int] | None:
    """End all sessions of the login whose session this is, by a signal; return the login and how many, or None.

    None if no session has that number, or this user may not end processes of the server.
    """
    sessions = sessions_on_this_machine(data)
    login = next((session.login for session in sessions if session.pid == pid), None)
    if login is None:
        return None
    own = [session for session in sessions if session.login == login]
    try:
        for session in own:
            send_signal(session.pid, signal.SIGTERM, data)
    except PermissionError:
        return None
    return login, len(own)
