"""The index with which Moodle begins a gzipped backup: what is in it, known without unpacking it.

Source of the format: `lib/filestorage/tgz_packer.php` of Moodle, whose archives begin with a file `.ARCHIVE_INDEX`: a line with the number
of entries, then for each its name, kind, size and time, with tabs between them.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

INDEX = ".ARCHIVE_INDEX"
FIRST_LINE = b"Moodle archive file index."
LONGEST_LINE, LARGEST_INDEX = 4096, 64 * 1024**2


def lists(path: Path, name: str) -> bool | None:
    """Return whether the index of a gzipped archive lists a file; None if it does not begin with one."""
    if not path.is_file():  # opening a pipe would wait for what writes into it
        return None
    try:
        with gzip.open(path) as stream:
            entry = tarfile.TarInfo.frombuf(stream.read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
            if entry.name != INDEX or not entry.isreg() or entry.size > LARGEST_INDEX:
                return None
            lines = _lines(stream, entry.size)
            if not next(lines, b"").startswith(FIRST_LINE):
                return None
            return any(line.split(b"\t", 1)[0] == name.encode() for line in lines)
    except (OSError, EOFError, zlib.error, tarfile.TarError):
        return None


def _lines(stream: gzip.GzipFile, size: int) -> Iterator[bytes]:
    """Give out the lines of the next so many bytes; a line that is too long comes in pieces."""
    while size > 0 and (line := stream.readline(min(size, LONGEST_LINE))):
        size -= len(line)
        yield line
