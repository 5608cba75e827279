"""Folders of archives that are being written: they have another name until they are whole."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lmskit.held_folder import HeldFolder, remove_left

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PART = ".part"


@contextmanager
def unfinished(folder: Path, name: str) -> Iterator[Path]:
    """Give a folder for an unfinished archive, which is gone at the end unless it was renamed; remove those of killed processes."""
    remove_left(folder, f".*{_PART}")
    part = HeldFolder(folder, f".{name[:60]}.", _PART)
    try:
        yield part.path
    finally:
        part.remove()


def flush(folder: Path) -> None:
    """Have the names in a folder on the disk, where the system can do this."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
