"""The process that reads files: no secrets in its environment, no database, limits on memory, time and files, killed at the limits.

It is started by `lmskit.materials.reading`. On Linux the kernel ends it at its limits. macOS does not enforce the limit of memory, and
Windows none of them; there, the parent alone watches, a few times a second.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import BinaryIO

import psutil

from lmskit.errors import MaterialFileError
from lmskit.materials.extraction.protocol import MIB, ReadingLimits, facts_to_json, line, passage_to_json
from lmskit.materials.extraction.reader import read, reader_of
from lmskit.materials.kinds import kind_of

_MOST_FILES_OPEN = 256


def main() -> None:
    """Read file after file from standard input until it ends."""
    limits = ReadingLimits(**json.loads(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)  # libraries in C print what they think of a file
    _limit_for_good()
    answers.write(line(["ready"]))
    incoming = sys.stdin.buffer
    while header := incoming.readline():
        name, length = json.loads(header)
        content = incoming.read(length)
        if len(content) < length:
            return  # the parent has ended
        _answer(answers, content, name, limits)


def _answer(answers: BinaryIO, content: bytes, name: str | None, limits: ReadingLimits) -> None:
    where: str | None = None

    def at(part: str) -> None:
        nonlocal where
        where = part
        answers.write(line(["at", part]))

    try:
        reader_of(kind_of(content, name))  # its libraries are not counted
        _limit_file(limits)
        answers.write(line(["begun"]))
        text = read(content, name, at)
        answers.writelines(line(["passage", passage_to_json(passage)]) for passage in text.passages)
        answers.write(line(["done", facts_to_json(text)]))
    except MaterialFileError as error:
        answers.write(line(["refused", error.reason, error.where or where]))
    except MemoryError:
        answers.write(line(["refused", f"it takes more than {limits.memory // MIB:,} MiB of memory to be read. Split it.", where]))
    except RecursionError:
        answers.write(line(["refused", "its parts are nested too deep. Save the file again.", where]))
    except Exception as error:  # noqa: BLE001 - a library met a file that its authors did not think of
        reason = f"it cannot be read ({type(error).__name__}). Save it again with the program that made it."
        answers.write(line(["refused", reason, where]))


def _limit_for_good() -> None:
    """No files are written, no other programs started, no memory image kept."""
    try:
        import resource
    except ImportError:
        return
    for limit, most in ((resource.RLIMIT_FSIZE, 0), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_NOFILE, _MOST_FILES_OPEN)):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, most))


def _limit_file(limits: ReadingLimits) -> None:
    """Set the limits of the next file, beyond what the process has used until now."""
    try:
        import resource
    except ImportError:
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(usage.ru_utime + usage.ru_stime) + 1 + limits.computing
    memory = psutil.Process().memory_info().vms + limits.memory
    for limit, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, memory)):
        with suppress(ValueError, OSError):
            resource.setrlimit(limit, (most, resource.getrlimit(limit)[1]))


if __name__ == "__main__":
    main()
