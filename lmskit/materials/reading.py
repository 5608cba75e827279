"""Reading the text of materials in a child process with limits: the front of this package for services."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import IO, Self, cast

import psutil

from lmskit.errors import MaterialFileError, ReadingProcessError
from lmskit.limits import LARGEST_MATERIAL, LARGEST_MATERIAL_TEXT
from lmskit.materials.extraction.protocol import MIB, ReadingLimits, passage_from_json, text_from_json
from lmskit.materials.language import with_languages
from lmskit.materials.material_text import MaterialText
from lmskit.materials.passages import Passage
from lmskit.settings import environment_without_secrets

_POLL = 0.1
"""Seconds between two looks at the child's memory."""
_MOST_FILES = 500
"""Files after which a child is replaced, so that what libraries leave behind does not add up."""
_TO_END = 5
"""Seconds that an idle child has to end."""
_TO_START = 60
"""Seconds that a child has to load its libraries, on a busy machine."""
_LONGEST_ERROR = 64 * 1024


def read_material(content: bytes, *, name: str | None = None, limits: ReadingLimits | None = None) -> MaterialText:
    """Return the text of one file; of several, a `MaterialReader` is faster.

    Parameters
    ----------
    content
        All bytes of the file. Its kind is detected from them.
    name
        The file's name: for messages, as title if the file has none, and to distinguish Markdown from text.
    limits
        What reading may take.

    Raises
    ------
    MaterialFileError
        The file cannot be read. The message names the page, slide, cell or part.
    ReadingProcessError
        No process can be started to read files.
    """
    with MaterialReader(limits) as reader:
        return reader.read(content, name=name)


class MaterialReader:
    """Reads many files in one child process; a file that brings it down is refused alone, and the next one gets a new process.

    A context manager. It belongs to one thread.
    """

    def __init__(self, limits: ReadingLimits | None = None) -> None:
        self._limits = limits or ReadingLimits()
        self._child: _Child | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def read(self, content: bytes, *, name: str | None = None) -> MaterialText:
        """Return the text of a file, as `read_material` does."""
        shown = PurePath(name or "").name or "The file"
        if len(content) > LARGEST_MATERIAL:
            raise MaterialFileError(
                f"it is larger than {LARGEST_MATERIAL // MIB:,} MiB, which is the most that is read. Split it.", name=shown
            )
        if self._child is None or self._child.is_used_up:
            self.close()
            self._child = _Child(self._limits)
        reading = _Reading()
        try:
            result = self._child.read(content, name, reading)
        except _ReadingEnded as ended:
            self._child.kill()
            raise MaterialFileError(str(ended), name=shown, where=reading.where) from None
        except BaseException:
            self._child.kill()  # interrupted in the middle of a file
            raise
        if reading.refused:
            raise MaterialFileError(reading.refused, name=shown, where=reading.where)
        return with_languages(cast("MaterialText", result))

    def close(self) -> None:
        """End the child process."""
        if self._child is not None:
            self._child.close()
            self._child = None


class _ReadingEnded(Exception):  # noqa: N818 - not an error of the program
    """The child was killed at a limit, or died; the message says which."""


@dataclass(slots=True)
class _Reading:
    """How far the child has got with a file."""

    where: str | None = None
    refused: str | None = None


class _Child:
    """A running process that reads files."""

    def __init__(self, limits: ReadingLimits) -> None:
        self._limits = limits
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115 - until the process has begun
        self._process = subprocess.Popen(  # noqa: S603 - our own program
            _program(limits),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=environment_without_secrets(PYTHONPATH=_packages(), PYTHONDONTWRITEBYTECODE="1", PYTHONUTF8="1", OPENBLAS_NUM_THREADS="1"),
            start_new_session=True,
        )
        self._end = weakref.finalize(self, _kill, self._process)
        self._lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=_collect, args=(self._process.stdout, self._lines), daemon=True).start()
        self._files = 0
        self._memory = 0
        """Bytes in use before the file."""
        self._wait_until_ready()

    @property
    def is_used_up(self) -> bool:
        """Whether the next file needs another process."""
        return self._files >= _MOST_FILES or self._process.poll() is not None

    def kill(self) -> None:
        """End it at once, with what it may have started."""
        self._end()

    def close(self) -> None:
        """Let it end; kill it if it does not."""
        with suppress(OSError):
            cast("IO[bytes]", self._process.stdin).close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_TO_END)
        self.kill()

    def _wait_until_ready(self) -> None:
        with self._errors:
            try:
                received = self._lines.get(timeout=_TO_START)
            except queue.Empty:
                received = b""
            if not received:
                self.kill()
                self._errors.seek(0)
                said = self._errors.read(_LONGEST_ERROR).decode(errors="replace").strip().splitlines() or ["no reason given"]
                raise ReadingProcessError(said[-1])

    def read(self, content: bytes, name: str | None, reading: _Reading) -> MaterialText | None:
        """Return what the child makes of a file; None if it refuses it."""
        self._files += 1
        threading.Thread(target=_send, args=(self._process.stdin, content, name), daemon=True).start()
        passages: list[Passage] = []
        left = LARGEST_MATERIAL_TEXT
        until = time.monotonic() + _TO_START
        while True:
            received = self._next_line(until)
            left -= len(received)
            if left < 0:
                raise _ReadingEnded(f"it has more than {LARGEST_MATERIAL_TEXT // MIB} MiB of text. Split it.")
            try:
                message, *values = json.loads(received)
                match message:
                    case "begun":
                        self._memory, until = self._memory_now(), time.monotonic() + self._limits.seconds
                    case "at":
                        (reading.where,) = map(str, values)
                    case "passage":
                        passages.append(passage_from_json(values[0]))
                    case "done":
                        return text_from_json(values[0], passages)
                    case "refused":
                        reason, where = values
                        reading.refused, reading.where = str(reason), where if where is None else str(where)
                        return None
            except (ValueError, TypeError) as error:
                raise _ReadingEnded(
                    "the process that read it answered what it should not. The file may be an attack; do not use it."
                ) from error

    def _next_line(self, until: float) -> bytes:
        while True:
            try:
                received = self._lines.get(timeout=_POLL)
            except queue.Empty:
                received = None
            if received == b"":
                raise _ReadingEnded(self._why_it_ended())
            if received is not None:
                return received
            if time.monotonic() > until:
                raise _ReadingEnded(
                    f"reading it takes longer than {self._limits.seconds:,} seconds. Split it, or save it in a simpler form."
                )
            if self._memory and self._memory_now() - self._memory > self._limits.memory:
                raise _ReadingEnded(f"it takes more than {self._limits.memory // MIB:,} MiB of memory to be read. Split it.")

    def _memory_now(self) -> int:
        with suppress(psutil.Error):
            return int(psutil.Process(self._process.pid).memory_info().rss)
        return 0

    def _why_it_ended(self) -> str:
        status = self._process.wait(_TO_END)
        if status < 0 and -status == getattr(signal, "SIGXCPU", None):
            return f"reading it takes more than {self._limits.computing:,} seconds of computing. Split it, or save it in a simpler form."
        how = signal.Signals(-status).name if status < 0 else f"status {status}"
        most = self._limits.memory // MIB
        return (
            f"reading it ended the process that read it ({how}): the file is damaged, or takes more than {most:,} MiB of memory. "
            "Save it again with the program that made it, or split it."
        )


def _program(limits: ReadingLimits) -> list[str]:
    return [sys.executable, "-P", "-s", "-m", "lmskit.materials.extraction.child", json.dumps(asdict(limits))]


def _packages() -> str:
    """The folders in which this process finds its packages, so that the child finds the same ones."""
    return os.pathsep.join(folder for folder in sys.path if folder and Path(folder).is_absolute() and Path(folder).exists())


def _send(stream: IO[bytes], content: bytes, name: str | None) -> None:
    with suppress(OSError, ValueError):  # the child has died, which its output shows
        stream.write(json.dumps([name, len(content)]).encode() + b"\n")
        stream.write(content)
        stream.flush()


def _collect(stream: IO[bytes], lines: queue.SimpleQueue[bytes]) -> None:
    """Pass on lines until the output ends; an empty line says that it has."""
    with suppress(OSError, ValueError):
        while received := stream.readline(LARGEST_MATERIAL_TEXT):
            lines.put(received)
    lines.put(b"")


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process with its group, and let go of its pipes."""
    if process.poll() is None or hasattr(os, "killpg"):
        with suppress(ProcessLookupError, PermissionError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            else:
                process.kill()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_TO_END)
    for stream in (process.stdin, process.stdout):
        with suppress(OSError, ValueError):
            if stream is not None:
                stream.close()
