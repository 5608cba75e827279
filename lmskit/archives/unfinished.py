"""Folders of archives that are being written: they have another name until they are whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_PART = ".part"


@contextmanager
def unfinished(folder: Path, name: str) -> Iterator[Path]:
    """Give a folder for an unfinished archive, which is gone at the end unless it was renamed; remove those of killed processes."""
    _remove_left(folder)
    part = Path(tempfile.mkdtemp(prefix=f".{name[:60]}.", suffix=_PART, dir=folder))
    try:
        with _held(part):
            yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


if sys.platform == "win32":

    @contextmanager
    def _held(folder: Path) -> Iterator[None]:  # noqa: ARG001 - folders cannot be locked
        yield

    def _remove_left(folder: Path) -> None: ...
else:
    import fcntl

    @contextmanager
    def _held(folder: Path) -> Iterator[None]:
        """Hold a folder locked; raise BlockingIOError if another process holds it."""
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(descriptor)

    def _remove_left(folder: Path) -> None:
        """Remove unfinished archives of processes that have ended."""
        for left in folder.glob(f".*{_PART}"):
            with contextlib.suppress(OSError), _held(left):
                shutil.rmtree(left)


def flush(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can do this."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
