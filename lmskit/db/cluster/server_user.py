"""The operating-system user that the server runs as.

PostgreSQL refuses to run as root. If root starts it, it runs as a system user of its own, `lmskit`, which is
made if missing. If it cannot be made, the user of a packaged PostgreSQL is taken. Never `nobody`: every
other service that runs as `nobody` could then read the data.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass

from lmskit.errors import ClusterError

SYSTEM_USER = "lmskit"
PACKAGED_USERS = ("postgres", "_postgres")
NO_LOGIN = "/usr/sbin/nologin"


@dataclass(frozen=True)
class ServerUser:
    """The user the server runs as. `switch` says whether that is another user than this process's."""

    name: str
    uid: int
    gid: int
    switch: bool


if sys.platform == "win32":

    def server_user(data_owner: int | None = None) -> ServerUser:  # noqa: ARG001 - files have no such owner on Windows
        """Return this process's user: on Windows the server itself gives up the rights it must not have."""
        return ServerUser(name=os.getlogin(), uid=0, gid=0, switch=False)

    def user_name(uid: int) -> str:
        """Return the name of an operating-system user, or its number if it has no name."""
        return f"number {uid}"
else:
    import fcntl
    import pwd

    def server_user(data_owner: int | None = None) -> ServerUser:
        """Return this process's user or, for root, the unprivileged user of the server.

        `data_owner` is the owner of existing data: if it is one of the possible users, that one is taken.
        """
        uid = os.geteuid()
        if uid != 0:
            return ServerUser(name=_name_needed(uid), uid=uid, gid=os.getegid(), switch=False)
        known = list(filter(None, map(_by_name, (SYSTEM_USER, *PACKAGED_USERS))))
        entry = next((known_user for known_user in known if known_user.pw_uid == data_owner), None)
        entry = entry or _by_name(SYSTEM_USER) or _make() or next(iter(known), None)
        if entry is None or entry.pw_uid == 0:
            message = (
                f"Started by root, the database server needs a system user named {SYSTEM_USER}, and it could not be made. "
                "Make it, or run lmskit as an ordinary user."
            )
            raise ClusterError(message)
        return ServerUser(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid, switch=True)

    def user_name(uid: int) -> str:
        """Return the name of an operating-system user, or its number if it has no name."""
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            return f"number {uid}"

    def _name_needed(uid: int) -> str:
        try:
            return pwd.getpwuid(uid).pw_name
        except KeyError:
            message = f"This system has no user with the number {uid}. PostgreSQL needs one with a name: run lmskit as an ordinary user."
            raise ClusterError(message) from None

    def _by_name(name: str) -> pwd.struct_passwd | None:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            return None

    def _make() -> pwd.struct_passwd | None:
        """Make the system user, one process at a time: when two programs add a user at once, both succeed and one user is lost.

        The lock is on the folder itself, so that no lock file is left in /etc as filelock would leave one.
        """
        folder = os.open("/etc", os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            return _by_name(SYSTEM_USER) or _add()
        finally:
            os.close(folder)

    def _add() -> pwd.struct_passwd | None:
        path = os.defpath + ":/usr/sbin:/sbin"
        for command in (
            ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", "--shell", NO_LOGIN, SYSTEM_USER],
            ["adduser", "-S", "-D", "-H", "-h", "/nonexistent", "-s", NO_LOGIN, SYSTEM_USER],
        ):
            program = shutil.which(command[0], path=path)
            if program is not None:
                # What counts is whether the user exists afterwards, even if the program complained.
                subprocess.run([program, *command[1:]], capture_output=True, check=False)  # noqa: S603 - fixed arguments
                entry = _by_name(SYSTEM_USER)
                if entry is not None:
                    return entry
        return None
