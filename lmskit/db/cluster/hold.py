"""A lock that the server's processes hold as long as one of them lives: also seen where the processes themselves are not.

Containers that share a home see neither each other's processes nor shared memory, so PostgreSQL's own lock lets two servers
write to the same data. The launcher locks a file and hands it on open; the operating system releases the lock with the last process
that has it. A server that was started by other means does not hold it, so a free lock proves nothing.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

if sys.platform == "win32":

    @contextmanager
    def handed_on(path: Path) -> Iterator[tuple[int, ...]]:  # noqa: ARG001 - Windows hands on no lock
        """Give nothing to hand on."""
        yield ()

    def is_held(path: Path) -> bool:  # noqa: ARG001 - as above
        """Whether a process of the server lives: not known on Windows."""
        return False
else:
    import fcntl

    @contextmanager
    def handed_on(path: Path) -> Iterator[tuple[int, ...]]:
        """Lock the file and give its descriptor, for the server to inherit. The caller has made sure that nobody holds it."""
        descriptor = os.open(path, os.O_RDONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield (descriptor,)
        finally:
            os.close(descriptor)  # without unlocking: the server goes on holding it

    def is_held(path: Path) -> bool:
        """Whether a process of the server lives, in whatever container."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False
