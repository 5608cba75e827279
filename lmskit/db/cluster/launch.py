"""Start and stop the server process, whatever the last one left behind; its state is in the file postmaster.pid."""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import socket
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from lmskit.db.cluster.binaries import installation, program
from lmskit.db.cluster.configuration import LOOPBACK, write_configuration
from lmskit.db.cluster.layout import socket_folder
from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser

START_LIMIT = 300.0
"""Seconds a server may take to start; recovery after a crash can be slow on a slow disk."""
STOP_LIMIT = 60.0
LEFTOVER_LIMIT = 10.0
"""Seconds in which the processes that a killed server left behind should notice and end."""
PAUSE = 0.05
TRIES = 12
FIRST_PORT, PORTS = 15000, 10000
"""Below the ports that operating systems hand out to outgoing connections."""
PORT_TAKEN = ("Address already in use", "could not bind", "could not create any TCP/IP sockets")
MEMORY_IN_USE = ("still in use", "lock file")
CONFIGURATION_MISTAKES = ("invalid value for parameter", "unrecognized configuration parameter", "syntax error in file", "No space left")

CLOCK_TOLERANCE = 5.0
"""Seconds by which a process may seem younger than the file it wrote."""
CONNECT_TIMEOUT = 5.0


@dataclass(frozen=True)
class Postmaster:
    """The server of a data directory, running or dead, as its file postmaster.pid describes it."""

    pid: int
    started_at: float
    port: int
    socket_folder: str
    ready: bool

    def alive(self, data: Path) -> bool:
        """Whether the process with this number is still the server of this data directory.

        Process numbers are used again, after a restart of the machine almost at once.
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
        """Whether a process listens at the server's address; the processes that a killed server leaves behind do not."""
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
    """Return the contents of postmaster.pid, or None if it does not exist or is being written."""
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

    One of them may be in a long statement and not have noticed. It holds the shared memory,
    and no new server starts as long as it does.
    """
    found = []
    for process in psutil.process_iter(["name"]):
        try:
            if (process.info["name"] or "").startswith("postgres") and same_folder(process.cwd(), data):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def same_folder(path: str, other: Path) -> bool:
    """Whether both paths lead to the same folder."""
    try:
        return Path(path).samefile(other)
    except OSError:
        return False


def launch(layout: Layout, user: ServerUser, install: Path, overrides: Mapping[str, str]) -> Postmaster:
    """Start the server and return when it accepts connections. The caller holds the lock.

    The previous port is used again if it is free, else another.
    """
    taken: set[int] = set()
    reason = ""
    for _ in range(TRIES):
        folder = socket_folder(layout, user)
        clear_away(layout, folder)
        port = free_port(layout, taken)
        write_configuration(layout, user, port=port, socket_folder=folder, overrides=overrides)
        seen = _log_sizes(layout)
        (layout.log / "start.log").unlink(missing_ok=True)
        # Paths relative to the working folder: pg_ctl hands them to a shell, where a home with a quote in its name would break.
        command = [
            str(program(install, "pg_ctl")), "start", "-D", "data", "-l", "log/start.log", "-w", "-t", str(int(START_LIMIT / 2)),
            "-o", "-c config_file=conf/postgresql.conf",
        ]  # fmt: skip
        run_as(user, command, layout.base)
        found = wait_until_ready(layout)
        if found is not None:
            layout.port.write_text(f"{found.port}\n", encoding="ascii")
            return found
        reason = _reason(layout, seen)
        if any(phrase in reason for phrase in PORT_TAKEN):
            taken.add(port)
        elif not any(phrase in reason for phrase in MEMORY_IN_USE):
            break
    if "No space left on device" in reason:
        message = f"The disk that holds {layout.home} is full. Free some space and try again."
        raise ClusterError(message)
    message = f"The database server does not start: {reason or 'it gave no reason.'} Its log is in {layout.log}."
    raise ClusterError(message)


def wait_until_ready(layout: Layout) -> Postmaster | None:
    """Wait while a server is starting; return None if it does not run or has ended."""
    deadline = time.monotonic() + START_LIMIT
    while True:
        found = read_postmaster(layout.data)
        if found is None or not found.alive(layout.data):
            return None
        if found.ready and found.answers():
            return found
        if time.monotonic() > deadline:
            message = (
                f"The database server (process {found.pid}) has not been ready for {START_LIMIT:.0f} s. "
                f"Its log is in {layout.log}. To end it: lmskit db stop"
            )
            raise ClusterError(message)
        time.sleep(PAUSE)


def shut_down(postmaster: Postmaster, layout: Layout) -> bool:
    """End a running server, first a fast shutdown, then an immediate one; return whether it has ended.

    It sends signals instead of calling pg_ctl, so it also works after the virtual environment was removed.
    """
    for number in (signal.SIGINT, signal.SIGQUIT) if os.name != "nt" else (None, None):
        if number is None:
            command = [str(program(installation(layout.version), "pg_ctl")), "stop", "-D", str(layout.data), "-m", "fast", "-W"]
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own arguments
        else:
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, number)
        deadline = time.monotonic() + STOP_LIMIT
        while time.monotonic() < deadline:
            if not postmaster.alive(layout.data):
                return True
            time.sleep(PAUSE)
    return False


def clear_away(layout: Layout, folder: Path) -> None:
    """Make sure that a killed server is dead, and remove what it left behind.

    PostgreSQL itself removes a stale postmaster.pid, unless the number in it now belongs to another process
    of the same user; it then refuses to start.
    """
    found = read_postmaster(layout.data)
    if found is None and not (layout.data / "postmaster.pid").exists():
        return
    deadline = time.monotonic() + LEFTOVER_LIMIT
    while (leftovers := left_behind(layout.data)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    for process in leftovers:
        # Their postmaster is dead, so nothing they do can be acknowledged any more.
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(leftovers, timeout=LEFTOVER_LIMIT)
    (layout.data / "postmaster.pid").unlink(missing_ok=True)
    for socket_file in folder.glob(".s.PGSQL.*"):
        socket_file.unlink(missing_ok=True)


def free_port(layout: Layout, taken: set[int]) -> int:
    """Return the previous port, or one derived from the folder's name, or any that is free."""
    candidates: list[int] = []
    with suppress(FileNotFoundError, ValueError):
        candidates.append(int(layout.port.read_text(encoding="ascii")))
    digest = hashlib.sha256(os.fsencode(layout.base)).digest()
    candidates.append(FIRST_PORT + int.from_bytes(digest[:4], "big") % PORTS)
    candidates.extend(random.sample(range(FIRST_PORT, FIRST_PORT + PORTS), 100))
    for port in candidates:
        if port not in taken and _is_free(port):
            return port
    message = f"No free port was found between {FIRST_PORT} and {FIRST_PORT + PORTS} on {LOOPBACK}."
    raise ClusterError(message)


def _is_free(port: int) -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if os.name != "nt":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def run_as(user: ServerUser, command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's user, in a session of its own.

    Variables of PostgreSQL and of the locale are not passed on: they could point the server elsewhere.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))} | {"LC_ALL": "C"}
    identity: dict[str, object] = {"user": user.uid, "group": user.gid, "extra_groups": []} if user.switch else {}
    if os.name == "nt":
        identity["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    else:
        identity |= {"umask": 0o077, "start_new_session": True}
    return subprocess.run(  # type: ignore[call-overload, no-any-return]  # noqa: S603 - our own arguments
        list(command), cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, **identity
    )


def _log_sizes(layout: Layout) -> dict[Path, int]:
    return {path: path.lstat().st_size for path in layout.log.glob("*.log")}


def _reason(layout: Layout, seen: dict[Path, int]) -> str:
    """Return what the server has logged since, only the fatal lines if there are any, without the prefixes of the log."""
    lines: list[str] = []
    for path in sorted(layout.log.glob("*.log")):
        if not path.is_symlink():
            with path.open("rb") as file:
                start = seen.get(path, 0)
                file.seek(start if start <= path.stat().st_size and path.name != "start.log" else 0)
                lines.extend(file.read(100_000).decode(errors="replace").splitlines())
    phrases = ("FATAL:", "PANIC:", *PORT_TAKEN, *CONFIGURATION_MISTAKES)
    relevant = [line for line in lines if any(phrase in line for phrase in phrases)] or lines[-3:]
    stripped = (re.split(r"(?:FATAL|PANIC|LOG|ERROR):  ", line)[-1].strip() for line in relevant)
    return " ".join(f"{line.rstrip('.')}." for line in dict.fromkeys(stripped) if line)
