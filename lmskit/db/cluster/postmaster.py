"""The server process of a data directory: what its file postmaster.pid says, whether it runs, and who answers at its socket.

A process number may belong to another process by now, and a start time is computed from a clock that may be set.
So the server is known by what only it does: it listens at its socket, and it works in its data directory as that folder's owner.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lmskit.db.cluster.configuration import HAS_PEER, LOOPBACK

if TYPE_CHECKING:
    from lmskit.db.cluster.layout import Layout

CONNECT_TIMEOUT = 5.0
HIDDEN = 0
"""The number of a process that this one cannot see, as a process in another container."""
CHILD_TITLES = ("postgres:", "--fork")
"""How the command lines of the server's children begin, on POSIX and on Windows; the postmaster keeps the one it was started with."""


@dataclass(frozen=True)
class Postmaster:
    """The server of a data directory, running or dead, as its file postmaster.pid describes it."""

    pid: int
    data: str
    """The path of the data directory when the server started."""
    started: str
    port: int
    socket_folder: str
    ready: bool


def read_postmaster(data: Path) -> Postmaster | None:
    """Return the contents of postmaster.pid, or None if it does not exist or cannot be read as such."""
    try:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        return Postmaster(
            pid=abs(int(lines[0])),
            data=lines[1],
            started=lines[2],
            port=int(lines[3]) if len(lines) > 3 and lines[3].strip() else 0,  # noqa: PLR2004 - the fourth line is the port
            socket_folder=lines[4].strip() if len(lines) > 4 else "",  # noqa: PLR2004 - the fifth line is the socket's folder
            ready=len(lines) > 7 and lines[7].strip() == "ready",  # noqa: PLR2004 - the eighth line is the state
        )
    except (IndexError, ValueError):
        return None


def serving(layout: Layout, found: Postmaster | None) -> int | None:
    """Return the number of the process that serves the home's data, HIDDEN if it cannot be seen from here, None if none does.

    A server that is starting serves already. If postmaster.pid names none, the processes are searched for one.
    """
    if found is not None:
        works = works_in(found.pid, layout.data)
        if works or (works is None and listener(found.socket_folder, found.port) in {found.pid, HIDDEN}):
            return found.pid
        # In another container the server has another number, or cannot be seen; a socket within the home is this home's.
        number = listener(layout.run, found.port) if HAS_PEER else None
        if number == HIDDEN or (number is not None and works_in(number, layout.data)):
            return number
    return next((process.pid for process in left_behind(layout.data) if is_postmaster(process)), None)


def answering_folder(layout: Layout, found: Postmaster, pid: int) -> str | None:
    """Return the folder of the socket at which this server answers, or None if it does not answer."""
    folders = [found.socket_folder] if pid == found.pid else []
    return next((folder for folder in (*folders, str(layout.run)) if listener(folder, found.port) in {pid, HIDDEN}), None)


def is_moved(layout: Layout, found: Postmaster, pid: int) -> bool:
    """Whether the folder of the data was moved while its server ran; the server still opens files by their old paths."""
    return pid == found.pid and not same_folder(found.data, layout.data)


def works_in(pid: int, data: Path) -> bool | None:
    """Whether a process is one of the server's of this data directory; None if the operating system does not say.

    Data may have been copied or moved with their postmaster.pid: what counts is the folder itself, not its path.
    """
    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
            return False
        if HAS_PEER and process.uids().effective != data.stat().st_uid:
            return False
        if sys.platform == "linux":
            # Through the link itself: its text is a path of the process's own container, and marked when the folder was removed.
            return os.path.samestat(Path(f"/proc/{pid}/cwd").stat(), data.stat())
        return same_folder(process.cwd(), data)
    except (psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
        return False
    except (psutil.AccessDenied, OSError):
        return None


def is_suspended(pid: int) -> bool:
    """Whether a process was stopped by a signal, so that it goes on only after another one: it listens, and answers nobody."""
    try:
        return psutil.Process(pid).status() in {psutil.STATUS_STOPPED, psutil.STATUS_TRACING_STOP}
    except psutil.Error:
        return False


def left_behind(data: Path) -> list[psutil.Process]:
    """Return the processes of this data directory; after the postmaster was killed, those it left behind.

    One of them may be in a long statement and not have noticed. It holds the shared memory,
    and no new server starts as long as it does.
    """
    return [process for process in psutil.process_iter() if works_in(process.pid, data)]


def is_postmaster(process: psutil.Process) -> bool:
    """Whether a process of the server is the one that the others were started by."""
    try:
        return not any(part.startswith(CHILD_TITLES) for part in process.cmdline()[:2])
    except psutil.NoSuchProcess:
        return False
    except (psutil.AccessDenied, OSError):
        return True


def send_signal(pid: int, number: signal.Signals, data: Path) -> None:
    """Send a signal to a process of the server of this data directory, and to no other process that got its number meanwhile."""
    with suppress(ProcessLookupError):
        if not hasattr(os, "pidfd_open"):
            if works_in(pid, data):
                os.kill(pid, number)
            return
        descriptor = os.pidfd_open(pid)
        try:
            if works_in(pid, data):
                signal.pidfd_send_signal(descriptor, number)
        finally:
            os.close(descriptor)


def listener(folder: Path | str, port: int) -> int | None:
    """Return the number of the process that listens at this address, HIDDEN if that is not known, None if none does.

    The processes that a killed server leaves behind do not listen.
    """
    family = socket.AF_UNIX if HAS_PEER else socket.AF_INET
    address = f"{folder}/.s.PGSQL.{port}" if HAS_PEER else (LOOPBACK, port)
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.settimeout(CONNECT_TIMEOUT)
        try:
            probe.connect(address)
        except (BlockingIOError, TimeoutError):
            return HIDDEN  # it listens, with more connections waiting than the queue holds
        except OSError:
            return None
        if sys.platform != "linux":
            return HIDDEN
        return int(struct.unpack("3i", probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")))[0])


def same_folder(path: str, other: Path) -> bool:
    """Whether both paths lead to the same folder."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False
