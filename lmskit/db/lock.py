"""A lock between processes, which the operating system releases when its holder dies."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmskit.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def exclusively(path: Path, *, timeout: float) -> Iterator[None]:
    """Hold the lock file `path` while the block runs; a second holder waits, also in the same process.

    The file stays: if it were removed, two processes could lock two different files of that name.

    Raises
    ------
    ClusterError
        Another process has held the lock for `timeout` seconds.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, timeout=timeout, mode=0o600, preserve_lock_file=True)
    try:
        lock.acquire()
    except Timeout:
        message = f"Another process has been busy with the database server for {timeout:.0f} s (it holds {path}). Try again later."
        raise ClusterError(message) from None
    try:
        yield
    finally:
        lock.release()
