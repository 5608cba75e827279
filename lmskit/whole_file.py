"""Write a file whole or not at all: readers see the old content or the new, also when the machine stops half-way."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PART = ".part"
"""How the name of an unfinished file ends; it begins with a dot."""
STALE = 3600.0
"""Seconds after which an unfinished file was left behind by a process that has ended."""


@contextmanager
def whole_file(path: Path, *, before_rename: Callable[[Path], None] | None = None, is_new: bool = False) -> Iterator[BinaryIO]:
    """Open a binary file that replaces `path` when the block ends; if the block raises, `path` stays as it was.

    A file that is new replaces nothing: if another one has been made meanwhile, that stays, and `FileExistsError` is raised.
    Only the person who writes the file can read it, unless `before_rename` changes that: it is called with the finished
    file under its temporary name.
    """
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:60]}.", suffix=PART, dir=path.parent)
    part = Path(name)
    try:
        with _locked(descriptor):
            with os.fdopen(descriptor, "wb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            if before_rename is not None:
                before_rename(part)
            _put_new(part, path) if is_new else part.replace(path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno is not None and error.filename is None:
            raise OSError(error.errno, error.strerror, str(path)) from error  # a write names no file
        raise
    _flush_folder(path.parent)


def _put_new(part: Path, path: Path) -> None:
    """Give a finished file its name, unless another file has it."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # this kind of disk has no links
        path.open("xb").close()
        part.replace(path)
    else:
        part.unlink()


@contextmanager
def whole_text_file(path: Path, *, encoding: str = "utf-8", newline: str | None = "", is_new: bool = False) -> Iterator[TextIO]:
    """Do the same for text, such as rows of a CSV file; line ends are written as they are unless `newline` says otherwise."""
    # The text has a descriptor of its own: closing it writes the text out and leaves the file open, to be flushed to the disk.
    with whole_file(path, is_new=is_new) as file, os.fdopen(os.dup(file.fileno()), "w", encoding=encoding, newline=newline) as text:
        yield text


def write_whole(path: Path, content: bytes | str, *, before_rename: Callable[[Path], None] | None = None, is_new: bool = False) -> None:
    """Write `content`, text as UTF-8, so that `path` holds all of it or is as it was; with `is_new` it replaces no file.

    Raises
    ------
    OSError
        The folder does not exist or cannot be written to, or the disk is full.

    Examples
    --------
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "page.html", "<p>Grüße</p>")
    >>> [(file.name, file.read_text(encoding="utf-8")) for file in folder.iterdir()]
    [('page.html', '<p>Grüße</p>')]
    """
    with whole_file(path, before_rename=before_rename, is_new=is_new) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def remove_stale_parts(folder: Path) -> None:
    """Remove unfinished files that an ended process left in `folder` more than `STALE` seconds ago.

    A file that is still being written is left alone, however old the clock makes it: the clock may have been set meanwhile.
    """
    for part in folder.glob(f".*{PART}"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > STALE and not _is_being_written(part):
                part.unlink()


if sys.platform == "win32":

    @contextmanager
    def _locked(descriptor: int) -> Iterator[None]:  # noqa: ARG001 - Windows itself keeps an open file from being removed
        yield

    def _is_being_written(part: Path) -> bool:  # noqa: ARG001 - as above
        return False
else:
    import fcntl

    @contextmanager
    def _locked(descriptor: int) -> Iterator[None]:
        """Hold the file locked, also after it was closed, so that other processes see that it is being written."""
        held = os.dup(descriptor)
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        finally:
            os.close(held)

    def _is_being_written(part: Path) -> bool:
        try:
            with part.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):  # by this user, or perhaps by another
            return True
        except OSError:
            return False
        return False


def _flush_folder(folder: Path) -> None:
    """Have the folder's new entry on disk; Windows cannot open folders, and keeps a rename by itself."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except PermissionError:  # accounts may make files in it and not list it; the file itself is on disk
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
