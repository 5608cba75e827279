"""A folder or an archive from elsewhere, zip or gzipped tar, as files by name.

An archive is unpacked into a private folder under names that lmskit chooses, so that no entry can be written anywhere
else. Its headers are checked before, and never trusted while unpacking.
"""

from __future__ import annotations

import gzip
import os
import stat
import struct
import tarfile
import weakref
import zipfile
import zlib
from collections.abc import Collection, Container, Iterator, Mapping
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Self

from lmskit.errors import ImportFileError
from lmskit.held_folder import HeldFolder, temporary_folder
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
from lmskit.importers.tar_archive import unpacked_tar

MAX_ENTRIES = 1000
METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}

_END = struct.Struct("<4s4H2LH")
_END_SIGNATURE, _ZIP64_SIGNATURE = b"PK\x05\x06", b"PK\x06\x07"
_LOCAL = struct.Struct("<4s5H3L2H")
_ZIP64_LOCATOR = 20
_LONGEST_COMMENT = 65_535
_ENCRYPTED = 0x1 | 0x40 | 0x2000
"""Flags of an entry: encrypted, strongly encrypted, with a masked header."""
_DAMAGED = (
    zipfile.BadZipFile,
    gzip.BadGzipFile,
    tarfile.TarError,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
"""Errors of the zipfile module on archives that are damaged or forged."""


class Folder(Mapping[str, Path]):
    """Files by their name within the folder or archive, with `/` between folders.

    Unpacked files are removed by `close`, when the `Folder` is no longer referred to, and at the latest when Python
    ends; so a reader of the files keeps the `Folder`. Those of a process that was killed are removed by a later one.
    """

    def __init__(self, name: str, files: Mapping[str, Path], others: Collection[str] = (), temporary: HeldFolder | None = None) -> None:
        self.name = name
        self.others = tuple(sorted(others))
        """Names of the other files, which were not asked for."""
        self._files = dict(sorted(files.items()))
        self._remove = weakref.finalize(self, temporary.remove) if temporary else None

    def __getitem__(self, name: str) -> Path:
        """The file of this name."""
        return self._files[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in order."""
        return iter(self._files)

    def __len__(self) -> int:
        """How many files there are."""
        return len(self._files)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove what was unpacked; a folder that was opened stays as it is."""
        if self._remove:
            self._remove()


def opened(path: Path, *, names: Container[str] | None = None, most: int = MAX_ENTRIES, tar: bool = False) -> Folder:
    """Open a folder, a zip archive or, if asked, a gzipped tar archive; a context manager that can also just be kept.

    If all files of an archive are in one folder, their names are without the name of the folder.

    Parameters
    ----------
    path
        The folder or archive.
    names
        The only files to unpack; by default all. The others are in `Folder.others`.
    most
        How many files there may be.
    tar
        Whether it may be a gzipped tar archive, which is read to its end even if it has nothing that is wanted.

    Raises
    ------
    ImportFileError
        There is no folder or archive, it has more files or more bytes than are read, it contains a link or another
        unusual entry, or it is damaged. No unpacked files are left then.
    """
    try:
        if path.is_dir():
            return _folder(path, names, most)
        if not path.exists():
            raise ImportFileError(f"There is no file or folder {path}. Check the path.")
        if not is_archive(path) and not (tar and is_gzipped(path)):
            raise ImportFileError(f"{path} is neither a folder nor a zip{' or tar.gz' if tar else ''} archive.")
    except OSError as error:
        raise ImportFileError(f"{path} cannot be read: {error.strerror or error}.") from error
    return _archive(path, names, most)


def is_archive(path: Path) -> bool:
    """Return whether a file begins like a zip archive."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(4) in {b"PK\x03\x04", _END_SIGNATURE}
    except OSError:
        return False


def is_gzipped(path: Path) -> bool:
    """Return whether a file begins like one that is packed with gzip."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as stream:
            return stream.read(2) == b"\x1f\x8b"
    except OSError:
        return False


def _folder(path: Path, names: Container[str] | None, most: int) -> Folder:
    files: dict[str, Path] = {}
    entries = (Path(root, name) for root, folders, inside in os.walk(path, onerror=_cannot_list) for name in [*folders, *inside])
    for count, file in enumerate(entries, start=1):
        inner = file.relative_to(path).as_posix()
        mode = file.lstat().st_mode
        if count > most:
            raise ImportFileError(f"{path.name} has more than {most:,} files. Put those to import into a folder of their own.")
        if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
            raise ImportFileError(f"{path.name}: {inner} is a link or not an ordinary file. Put the file itself into the folder.")
        if stat.S_ISREG(mode) and not is_added_by_system(inner):
            files[inner] = file
    wanted = {name: file for name, file in files.items() if names is None or name in names}
    return Folder(path.resolve().name, wanted, files.keys() - wanted.keys())


def _cannot_list(error: OSError) -> None:
    raise error


def _archive(path: Path, names: Container[str] | None, most: int) -> Folder:
    temporary = temporary_folder()
    try:
        with path.open("rb") as stream:
            if is_gzipped(path):
                unpacked, others = unpacked_tar(path.name, stream, names, most, temporary.path)
                return Folder(path.name, unpacked, others, temporary)
            _check_end(path.name, stream, most)
            with zipfile.ZipFile(stream) as archive:
                files = _checked(path.name, archive, stream, most)
                wanted = {name: entry for name, entry in files.items() if names is None or name in names}
                unpacked = _unpacked(path.name, archive, wanted, temporary.path)
        return Folder(path.name, unpacked, files.keys() - wanted.keys(), temporary)
    except BaseException as error:
        temporary.remove()
        if isinstance(error, _DAMAGED):
            raise ImportFileError(f"{path.name} is damaged or cut off: {_reason(error)}. Get it again.") from error
        if isinstance(error, OSError):
            raise ImportFileError(f"{path.name} cannot be unpacked: {error.strerror or error}.") from error
        raise


def _reason(error: BaseException) -> str:
    return str(error).rstrip(".") or type(error).__name__


def _check_end(archive: str, stream: BinaryIO, most: int) -> None:
    """Check the end of an archive before `zipfile` reads the whole table of contents into memory."""
    size = stream.seek(0, os.SEEK_END)
    if size > MAX_UNPACKED:
        raise ImportFileError(f"{archive} is larger than 2 GiB, which is the most that is read. Import it in parts.")
    start = stream.seek(max(0, size - _END.size - _LONGEST_COMMENT - _ZIP64_LOCATOR))
    tail = stream.read()
    end = tail.rfind(_END_SIGNATURE)
    if end < 0 or end + _END.size > len(tail):
        raise ImportFileError(f"{archive} is damaged or cut off: its table of contents is missing. Get it again.")
    if start + end >= _ZIP64_LOCATOR and tail[max(0, end - _ZIP64_LOCATOR) :][:4] == _ZIP64_SIGNATURE:
        raise ImportFileError(f"{archive} is in the ZIP64 form, which only archives need that are too large to be read. Pack it again.")
    _, _, _, _, entries, length, _, _ = _END.unpack_from(tail, end)
    if entries > most or length > max(MAX_DIRECTORY, entries * LONGEST_MEMBER_NAME):
        raise ImportFileError(f"{archive} has more than {most:,} files. Import it in parts.")


def _checked(archive: str, opened_archive: zipfile.ZipFile, stream: BinaryIO, most: int) -> dict[str, zipfile.ZipInfo]:
    """Return an archive's files by name, after checking its headers."""
    entries = opened_archive.infolist()
    if len(entries) > most:
        raise ImportFileError(f"{archive} has more than {most:,} files. Import it in parts.")
    for entry in entries:
        _check_entry(archive, entry)
    seen: set[str] = set()
    for entry in entries:
        folded = entry.filename.rstrip("/").casefold()
        if folded in seen:
            raise ImportFileError(f"{archive}: {entry.filename} is in it twice. Pack it again.")
        seen.add(folded)
    _check_overlap(archive, entries, opened_archive.start_dir, stream)
    files = {entry.filename: entry for entry in entries if not entry.is_dir() and not is_added_by_system(entry.filename)}
    return without_top_folder(files)


def _check_entry(archive: str, entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    check_name(archive, name)
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or (entry.is_dir() and entry.file_size):
        raise ImportFileError(f"{archive}: {name} is a link or not an ordinary file. Pack the file itself.")
    if entry.flag_bits & _ENCRYPTED:
        raise ImportFileError(f"{archive}: {name} is encrypted. Pack it again without a password.")
    if entry.compress_type not in METHODS:
        raise ImportFileError(f"{archive}: {name} is packed by a method that is not read. Pack it again as an ordinary zip.")


def _check_overlap(archive: str, entries: list[zipfile.ZipInfo], directory: int, stream: BinaryIO) -> None:
    """Refuse entries that share bytes, as in an archive that unpacks to far more than its ratio shows."""
    spans = sorted((entry.header_offset, entry.compress_size, entry.filename) for entry in entries)
    ends: list[int] = []
    for offset, length, name in spans:
        stream.seek(offset)
        signature, *_, name_length, extra_length = _LOCAL.unpack(stream.read(_LOCAL.size))
        if signature != b"PK\x03\x04":
            raise ImportFileError(f"{archive}: {name} is not where the table of contents says. Get it again.")
        ends.append(offset + _LOCAL.size + name_length + extra_length + length)
    starts = [*(offset for offset, _, _ in spans), directory]
    for (_, following), end, (_, _, name) in zip(pairwise(starts), ends, spans, strict=True):
        if end > following:
            raise ImportFileError(f"{archive}: {name} shares bytes with what follows it, as in a zip bomb. Nothing is imported.")


def _unpacked(archive: str, opened_archive: zipfile.ZipFile, entries: Mapping[str, zipfile.ZipInfo], target: Path) -> dict[str, Path]:
    """Write entries to files of their own, and count the bytes that are really unpacked."""
    packed = sum(entry.compress_size for entry in opened_archive.infolist())
    left = min(MAX_UNPACKED, max(RATIO_FLOOR, MAX_RATIO * packed))
    files: dict[str, Path] = {}
    for number, (name, entry) in enumerate(entries.items()):
        folder = target / str(number)
        folder.mkdir()
        files[name] = folder / PurePosixPath(name).name
        allowed = min(left, max(RATIO_FLOOR, MAX_RATIO * entry.compress_size))
        try:
            left -= _write(opened_archive, entry, files[name], allowed)
        except _DAMAGED as error:
            raise ImportFileError(f"{archive}: {name} is damaged or cut off: {_reason(error)}. Get it again.") from error
        if left < 0 or files[name].stat().st_size > allowed:
            raise ImportFileError(
                f"{archive}: {name} unpacks to more than is read: 2 GiB altogether and {MAX_RATIO} times the packed size. "
                "Nothing is imported."
            )
    return files


def _write(opened_archive: zipfile.ZipFile, entry: zipfile.ZipInfo, target: Path, allowed: int) -> int:
    """Unpack one entry and return its size in bytes; stop just beyond the allowed size."""
    size = 0
    with opened_archive.open(entry) as packed, target.open("xb") as stream:
        while size <= allowed and (chunk := packed.read(CHUNK)):
            stream.write(chunk)
            size += len(chunk)
    return size
