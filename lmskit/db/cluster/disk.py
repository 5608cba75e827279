"""A full disk: recognised by what failed, named in one sentence, and survived by means of a reserve.

A server whose disk is full stops when it cannot write its write-ahead log, and needs another segment of it to start again.
A file of that use, the ballast, is given up then, so that the server starts and an administrator can make room.
"""

from __future__ import annotations

import errno
import os
import shutil
from contextlib import suppress
from typing import TYPE_CHECKING

from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from pathlib import Path

    from lmskit.db.cluster.layout import Layout
    from lmskit.db.cluster.server_user import ServerUser

MEGABYTE = 1 << 20
SEGMENT = 16 * MEGABYTE
"""What the server needs at once for its write-ahead log."""
BALLAST = 4 * SEGMENT
NEW_DATABASE = 128 * MEGABYTE
"""What a new database takes with its tables and the first segments of its write-ahead log."""
FULL = tuple(os.strerror(code) for code in (errno.ENOSPC, errno.EDQUOT))
"""How the operating system, and so PostgreSQL, says that a disk or a quota is full."""

NOT_WRITTEN = "checkpoint request failed"
"""What the server says, and no more than that, when it could not write its data."""


def says_full(reason: Exception | str) -> bool:
    """Whether an error, or what a program reported, is about a full disk or quota."""
    return any(phrase in str(reason) for phrase in FULL)


def is_full(folder: Path) -> bool:
    """Whether the disk has no room for another segment of the write-ahead log."""
    return shutil.disk_usage(folder).free < SEGMENT


def is_low(layout: Layout) -> bool:
    """Whether the ballast was given up, or could not be made, because the disk has no room for it."""
    return layout.data.exists() and not layout.ballast.exists() and shutil.disk_usage(layout.base).free < 2 * BALLAST


def disk_full(home: Path, *, new: bool = False) -> ClusterError:
    """Return the error for a full disk; `new` if a database was to be made on it."""
    existing = next(folder for folder in (home, *home.parents) if folder.exists())
    free = f"{shutil.disk_usage(existing).free // MEGABYTE} MB are free"
    if new:
        free += f", and a new database needs {NEW_DATABASE // MEGABYTE} MB"
    return ClusterError(f"The disk that holds {home} is full: {free}. Nothing is lost. Free some space on that disk, then try again.")


def unusable(home: Path, error: OSError) -> ClusterError:
    """Return the error for a home that the file system refuses."""
    if says_full(error):
        return disk_full(home)
    subject = error.filename or home
    return ClusterError(
        f"The database cannot be kept in {home}: {subject}: {error.strerror or error}. Choose a folder of your own with LMSKIT_HOME."
    )


def not_written(home: Path) -> ClusterError:
    """Return the error for data that could not be written, which is a full disk unless the disk is broken."""
    if is_full(home):
        return disk_full(home)
    return ClusterError(
        f"The database server could not write to the disk that holds {home}. Nothing is lost. "
        f"Make sure that the disk works and has {NEW_DATABASE // MEGABYTE} MB free, then try again."
    )


def keep_ballast(layout: Layout, user: ServerUser) -> None:
    """Make the ballast again if it is missing and the disk has room for twice as much."""
    with suppress(OSError):
        if _allocated(layout.ballast) >= BALLAST or shutil.disk_usage(layout.base).free < 2 * BALLAST:
            return
        layout.ballast.unlink(missing_ok=True)
        try:
            _fill(layout.ballast)
            if user.switch:
                os.chown(layout.ballast, user.uid, user.gid)  # its quota is what may be full
        except OSError:
            layout.ballast.unlink(missing_ok=True)


def release_ballast(layout: Layout) -> bool:
    """Give the ballast up; return False if there was none."""
    try:
        layout.ballast.unlink()
    except FileNotFoundError:
        return False
    return True


def _fill(path: Path) -> None:
    """Make a file that takes its size on the disk, also where the file system stores zeros as nothing."""
    with path.open("xb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, BALLAST)
        if _allocated(path) < BALLAST:
            for _ in range(BALLAST // MEGABYTE):
                file.write(os.urandom(MEGABYTE))


def _allocated(path: Path) -> int:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return 0
    return found.st_blocks * 512 if hasattr(found, "st_blocks") else found.st_size
