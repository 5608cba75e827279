"""Files of reports: names that every file system takes, and writing that leaves the old file or the new one, never half of it."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\..*)?|index", re.IGNORECASE)
"""What Windows keeps for devices, and our own page."""
PART = ".part"
STALE = 3600.0
"""Seconds after which a part that nobody finished may be removed."""


def file_names(codes: Iterable[str]) -> dict[str, str]:
    """Give each code the name of its file, without a suffix.

    A plain code is its own name. A code with anything else in it, or one that differs from another only in capitals, gets a mark
    of its own behind a tilde, which no plain code can hold: two codes never share a file.

    Examples
    --------
    >>> file_names(["AAA-2013J", "Logic & sets", "abc", "ABC"])
    {'AAA-2013J': 'AAA-2013J', 'Logic & sets': 'Logic-sets~239783d1', 'abc': 'abc~ba7816bf', 'ABC': 'ABC~b5d4045c'}
    """
    distinct = sorted(set(codes))
    shared = Counter(code.casefold() for code in distinct)
    return {code: code if _is_plain(code) and shared[code.casefold()] == 1 else _marked(code) for code in codes}


def _is_plain(code: str) -> bool:
    return PLAIN.fullmatch(code) is not None and RESERVED.fullmatch(code) is None


def _marked(code: str) -> str:
    words = re.sub(r"[^A-Za-z0-9._-]+", "-", code).strip("-._")[:60]
    return f"{words}~{hashlib.sha256(code.encode()).hexdigest()[:8]}"


def write_whole(path: Path, content: bytes) -> None:
    """Write a file that is there as a whole or not at all, also when the machine stops half-way."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=PART, dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _keep(path.parent)


def remove_stale_parts(folder: Path) -> None:
    """Remove what a build left behind that was ended half-way."""
    for part in folder.glob(f".*{PART}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > STALE:
                part.unlink()


def _keep(folder: Path) -> None:
    """Have the folder's entries on disk; where the system cannot (Windows), a rename is kept by itself."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
