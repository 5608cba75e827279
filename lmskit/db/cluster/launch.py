"""Start and stop the server process, whatever the last one left behind."""

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
from dataclasses import replace
from typing import TYPE_CHECKING

import psutil

from lmskit.db.cluster.binaries import installation, program
from lmskit.db.cluster.configuration import HAS_PEER, LOOPBACK, write_configuration
from lmskit.db.cluster.disk import FULL, NOT_WRITTEN, disk_full, is_full, not_written, release_ballast, says_full
from lmskit.db.cluster.hold import handed_on, is_held
from lmskit.db.cluster.layout import socket_folder
from lmskit.db.cluster.memory import limited, session_memory
from lmskit.db.cluster.postmaster import (
    Postmaster,
    answering_folder,
    is_moved,
    is_postmaster,
    is_suspended,
    left_behind,
    listener,
    read_postmaster,
    send_signal,
    serving,
    works_in,
)
from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser

START_LIMIT = 300.0
"""Seconds a server may take to start; recovery after a crash can be slow on a slow disk."""
STOP_LIMIT = 60.0
LEFTOVER_LIMIT = 10.0
"""Seconds in which the processes that a killed server left behind should notice and end."""
SILENCE_LIMIT = 10.0
"""Seconds in which a server that says it is ready should answer at its socket."""
KILL = getattr(signal, "SIGKILL", signal.SIGTERM)
"""On Windows, SIGTERM ends a process at once."""
PAUSE = 0.05
TRIES = 12
FIRST_PORT, PORTS = 15000, 10000
"""Below the ports that operating systems hand out to outgoing connections."""
PORT_TAKEN = ("Address already in use", "could not bind", "could not create any TCP/IP sockets")
MEMORY_IN_USE = ("still in use", "lock file")
CONFIGURATION_MISTAKES = ("invalid value for parameter", "unrecognized configuration parameter", "syntax error in file", *FULL)


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
        with handed_on(layout.held) as descriptors:
            run_as(user, limited(command, session_memory()), layout.base, hand_on=descriptors)
        found = wait_until_ready(layout)
        if found is not None:
            with suppress(OSError):  # the server may have taken the last of the disk
                layout.port.write_text(f"{found.port}\n", encoding="ascii")
            return found
        reason = _reason(layout, seen)
        if any(phrase in reason for phrase in PORT_TAKEN):
            taken.add(port)
        elif says_full(reason) or NOT_WRITTEN in reason or (not reason and is_full(layout.data)):  # a full disk takes no log either
            if not release_ballast(layout):
                raise not_written(layout.home) if NOT_WRITTEN in reason else disk_full(layout.home)
        elif not any(phrase in reason for phrase in MEMORY_IN_USE):
            break
    message = f"The database server does not start: {reason or 'it gave no reason.'} Its log is in {layout.log}."
    raise ClusterError(message)


def wait_until_ready(layout: Layout) -> Postmaster | None:
    """Wait while a server is starting; return None if it does not run or has ended."""
    deadline, silent_since = time.monotonic() + START_LIMIT, None
    while True:
        found = read_postmaster(layout.data)
        pid = serving(layout, found)
        if pid is None:
            return None
        refuse_suspended(layout, pid)
        if found is None or found.ready:
            if found is not None:
                refuse_moved(layout, found, pid)
                folder = answering_folder(layout, found, pid)
                if folder is not None:
                    return replace(found, socket_folder=folder)
            silent_since = silent_since or time.monotonic()
            if time.monotonic() > silent_since + SILENCE_LIMIT:
                message = (
                    f"The database server of {layout.home} (process {pid}) runs, but cannot be reached: "
                    "its socket or its file postmaster.pid was removed or changed. "
                    "Stop it, then start it again: lmskit db stop, lmskit db start"
                )
                raise ClusterError(message)
        if time.monotonic() > deadline:
            message = (
                f"The database server (process {pid}) has not been ready for {START_LIMIT:.0f} s. "
                f"Its log is in {layout.log}. To end it: lmskit db stop"
            )
            raise ClusterError(message)
        time.sleep(PAUSE)


def refuse_moved(layout: Layout, found: Postmaster, pid: int) -> None:
    """Refuse to use a server whose home was moved while it runs: it no longer finds its libraries, rules and logs.

    It is left alone, since sessions may be open in it.
    """
    if is_moved(layout, found, pid):
        message = (
            f"The database in {found.data} was moved to {layout.data} while its server (process {pid}) runs. Nothing is lost. "
            "Stop that server, which ends the sessions still open in it, then start it again: lmskit db stop, lmskit db start"
        )
        raise ClusterError(message)


def refuse_suspended(layout: Layout, pid: int) -> None:
    """Refuse to wait for a server that cannot answer, since its process was stopped by a signal, as by a debugger."""
    if is_suspended(pid):
        message = (
            f"The database server of {layout.home} (process {pid}) was suspended by a signal, so it lets no one in. Nothing is lost. "
            f"To let it go on: kill -CONT {pid}. To end it: lmskit db stop"
        )
        raise ClusterError(message)


def shut_down(pid: int, layout: Layout) -> bool:
    """End a running server, first a fast shutdown, then an immediate one; return whether it has ended.

    It sends signals instead of calling pg_ctl, so it also works after the virtual environment was removed.
    """
    for number in (signal.SIGINT, signal.SIGQUIT) if os.name != "nt" else (None, None):
        if number is None:
            command = [str(program(installation(layout.version), "pg_ctl")), "stop", "-D", str(layout.data), "-m", "fast", "-W"]
            subprocess.run(command, capture_output=True, check=False)  # noqa: S603 - our own arguments
        else:
            send_signal(pid, number, layout.data)
            if is_suspended(pid):
                send_signal(pid, signal.SIGCONT, layout.data)
        deadline = time.monotonic() + STOP_LIMIT
        while time.monotonic() < deadline:
            if works_in(pid, layout.data) is False:
                return True
            time.sleep(PAUSE)
    return False


def clear_away(layout: Layout, folder: Path) -> None:
    """Make sure that a killed server is dead, and remove what it left behind and PostgreSQL does not remove by itself.

    PostgreSQL refuses to start if the number in a stale postmaster.pid now belongs to another process of the same user.
    Otherwise its own lock on the data directory decides.
    """
    # The caller has found no postmaster, so these are the processes of a dead one.
    deadline = time.monotonic() + LEFTOVER_LIMIT
    while (leftovers := left_behind(layout.data)) and time.monotonic() < deadline:
        time.sleep(PAUSE)
    for process in leftovers:
        # Their postmaster is dead, so nothing they do can be acknowledged any more.
        if not is_postmaster(process):
            send_signal(process.pid, KILL, layout.data)
    psutil.wait_procs(leftovers, timeout=LEFTOVER_LIMIT)
    deadline = time.monotonic() + LEFTOVER_LIMIT
    while is_held(layout.held):
        if time.monotonic() > deadline:
            message = (
                f"A database server works in {layout.data}, and its processes cannot be seen from here, as if it ran in another container. "
                f"A second one would destroy the data. Stop it there: lmskit db stop (it holds {layout.held})"
            )
            raise ClusterError(message)
        time.sleep(PAUSE)
    found = read_postmaster(layout.data)
    if found is None or (psutil.pid_exists(found.pid) and works_in(found.pid, layout.data) is False):
        (layout.data / "postmaster.pid").unlink(missing_ok=True)
    for socket_file in folder.glob(".s.PGSQL.*"):
        if not HAS_PEER or listener(folder, int(re.sub(r"\D", "", socket_file.name) or 0)) is None:
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


def run_as(user: ServerUser, command: Sequence[str], folder: Path, *, hand_on: tuple[int, ...] = ()) -> subprocess.CompletedProcess[str]:
    """Run one of PostgreSQL's programs as the server's user, in a session of its own, with the open files to hand on to it.

    Variables of PostgreSQL and of the locale are not passed on: they could point the server elsewhere.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_", "LANG"))} | {"LC_ALL": "C"}
    identity: dict[str, object] = {"user": user.uid, "group": user.gid, "extra_groups": []} if user.switch else {}
    if os.name == "nt":
        identity["creationflags"] = getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0) | getattr(subprocess, "CREATE_NO_WINDOW", 0)
    else:
        identity |= {"umask": 0o077, "start_new_session": True, "pass_fds": hand_on}
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
