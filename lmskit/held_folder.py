"""Private folders that do not outlive their process, even if it is killed: a later process removes what an ended one has left."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

_PREFIX, _SUFFIX = "lmskit-", ".held"


class HeldFolder:
    """A new folder that only its owner can read, locked until it is removed or the process has ended.

    It gets the suffix of its name once it is locked, so one with the suffix that nobody holds was left by a process that has ended.
    Where folders cannot be locked, on Windows and on some file servers, it has no suffix.
    """

    def __init__(self, within: Path, prefix: str, suffix: str) -> None:
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=within))
        self._lock = _lock(made)
        self.path = made if self._lock is None else made.rename(f"{made}{suffix}")

    def remove(self) -> None:
        """Remove it with what is in it, unless it has been removed or renamed."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def temporary_folder() -> HeldFolder:
    """Make a folder among the temporary ones of the system, after those that ended processes of the user have left there are removed."""
    remove_left_temporary_folders()
    return HeldFolder(Path(tempfile.gettempdir()), _PREFIX, _SUFFIX)


def remove_left_temporary_folders() -> None:
    """Remove the temporary folders that ended processes of the user have left."""
    with contextlib.suppress(OSError):  # there is no folder for temporary files
        remove_left(Path(tempfile.gettempdir()), f"{_PREFIX}*{_SUFFIX}")


if sys.platform == "win32":

    def _lock(folder: Path) -> int | None:  # noqa: ARG001 - folders cannot be locked
        return None

    def remove_left(within: Path, pattern: str) -> None:
        """Remove nothing, since it is not known which folders are in use."""
else:
    import fcntl

    def _lock(folder: Path) -> int | None:
        """Return the descriptor that holds a folder; None if another process holds it, or it cannot be locked."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return None
        return descriptor

    def remove_left(within: Path, pattern: str) -> None:
        """Remove the user's folders with such names that no process holds."""
        for left in within.glob(pattern):
            with contextlib.suppress(OSError):  # it is gone meanwhile, no folder, or another person's
                if left.lstat().st_uid == os.geteuid() and (lock := _lock(left)) is not None:
                    shutil.rmtree(left, ignore_errors=True)
                    os.close(lock)
