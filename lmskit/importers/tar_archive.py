"""A gzipped tar archive, unpacked as it is read: neither its size nor the number of its files shows before."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, BinaryIO, Self, cast

from lmskit.errors import ImportFileError
from lmskit.importers.archive_entry import (
    CHUNK,
    LONGEST_MEMBER_NAME,
    MAX_DIRECTORY,
    MAX_RATIO,
    MAX_UNPACKED,
    RATIO_FLOOR,
    check_name,
    is_added_by_system,
    without_top_folder,
)

if TYPE_CHECKING:
    from collections.abc import Container
    from pathlib import Path

MAX_HEADER = 1024**2
"""Bytes between the content of a file and that of the next one."""


class _Counted(io.RawIOBase):
    """A gzipped stream as it is unpacked, which refuses to unpack to far more than it has, and headers that fill the memory."""

    def __init__(self, archive: str, packed: BinaryIO) -> None:
        super().__init__()
        size = packed.seek(0, os.SEEK_END)
        packed.seek(0)
        self._archive = archive
        self._left = max(RATIO_FLOOR, MAX_RATIO * size)
        self._expected = MAX_HEADER
        self._stream = gzip.GzipFile(fileobj=packed, mode="rb")

    def readable(self) -> bool:
        return True

    def expect(self, content: int) -> None:
        """Allow for so many bytes of content, and for a header after them."""
        self._expected = content + MAX_HEADER

    def read(self, size: int = -1) -> bytes:
        piece = self._stream.read(size)
        self._left -= len(piece)
        self._expected -= len(piece)
        if self._left < 0:
            raise ImportFileError(f"{self._archive} unpacks to more than {MAX_RATIO} times its size. Nothing is imported.")
        if self._expected < 0:
            raise ImportFileError(f"{self._archive} describes a file by more than {MAX_HEADER // 1024**2} MiB. Pack it again.")
        return piece

    def finish(self) -> None:
        """Read to the end, where the checksum is."""
        self._expected = self._left
        while self.read(CHUNK):
            pass


class _Entry(tarfile.TarInfo):
    """An entry of a tar archive; one that is damaged is not the end of the archive, for which the module takes it."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        if not buf:
            raise tarfile.ReadError("its end is missing")
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            if any(buf):
                raise tarfile.ReadError(str(error)) from error
            raise


def unpacked_tar(
    archive: str, packed: BinaryIO, names: Container[str] | None, most: int, target: Path
) -> tuple[dict[str, Path], list[str]]:
    """Write the wanted files to files of their own, in one pass; return them, and the names of the others.

    Raises
    ------
    ImportFileError
        It has more files or more bytes than are read, or a link or another unusual entry.
    OSError, EOFError, ValueError, tarfile.TarError, zlib.error
        It is damaged or cut off, or cannot be read or written.
    """
    found: dict[str, Path | None] = {}
    seen: set[str] = set()
    left, left_for_names = MAX_UNPACKED, max(MAX_DIRECTORY, most * LONGEST_MEMBER_NAME)
    stream = _Counted(archive, packed)
    with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Entry) as entries:
        for number, entry in enumerate(entries):
            cast("Any", entries).members = []  # the module keeps each of them
            stream.expect(entry.size)
            name = entry.name.removeprefix("./")
            left_for_names -= len(name.encode(errors="replace"))
            if number >= most or left_for_names < 0:
                raise ImportFileError(f"{archive} has more than {most:,} files, or too long names of files. Import it in parts.")
            if entry.isdir() and name in {"", "."}:
                continue
            check_name(archive, name)
            if entry.issparse() or not (entry.isreg() or entry.isdir()):
                raise ImportFileError(f"{archive}: {name} is a link or not an ordinary file. Pack the file itself.")
            if name.casefold() in seen:
                raise ImportFileError(f"{archive}: {name} is in it twice. Pack it again.")
            seen.add(name.casefold())
            if entry.isdir() or is_added_by_system(name):
                continue
            # Whether all files are in one folder, whose name is left out, shows only at the end.
            if names is not None and name not in names and name.partition("/")[2] not in names:
                found[name] = None
                continue
            left -= entry.size
            if left < 0:
                raise ImportFileError(
                    f"{archive}: its files unpack to more than 2 GiB, which is the most that is read. Nothing is imported."
                )
            folder = target / str(number)
            folder.mkdir()
            found[name] = file = folder / PurePosixPath(name).name
            content = entries.extractfile(entry)
            assert content is not None  # noqa: S101 - an ordinary file
            with file.open("xb") as written:
                shutil.copyfileobj(content, written, CHUNK)
        stream.finish()
    found = without_top_folder(found)
    wanted = {name: file for name, file in found.items() if file is not None and (names is None or name in names)}
    return wanted, [name for name in found if name not in wanted]
