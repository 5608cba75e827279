"""How much memory one session of the embedded server may take.

`work_mem` is the client's to set, and nothing in PostgreSQL bounds what a statement takes. Without a limit of the operating system, one
session takes all memory, the kernel kills a process of the server, and the server ends all sessions. With a limit, that statement alone
fails with "out of memory".
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARE_OF_MACHINE = 8
"""A session may take one part in so many of the machine's memory: five sessions of one login leave some for others."""
LEAST_MEMORY = 512 * 1024**2
"""Bytes that a session may take on the smallest machine; what lmskit does itself takes less."""
CONTAINER_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
"""Where Linux says how much memory a container has: with control groups of version 2, and of version 1."""
HAS_LIMIT = sys.platform == "linux"
"""Whether the operating system limits what a process takes without counting the memory that all sessions share."""


def session_memory() -> int:
    """Return how many bytes one session may take: a share of the memory of this machine or container."""
    total = int(psutil.virtual_memory().total)
    for path in CONTAINER_LIMITS:
        with suppress(OSError, ValueError):  # a system without it, or "max"
            total = min(total, int(path.read_text(encoding="ascii")))
    return max(total // SHARE_OF_MACHINE, LEAST_MEMORY)


def limited(command: Sequence[str], limit: int) -> list[str]:
    """Return the command such that it and the processes it starts may take at most so many bytes each, where the system can limit that.

    A limit that the environment has set and that is lower stays.
    """
    if not HAS_LIMIT or not os.access("/bin/sh", os.X_OK):
        return list(command)
    script = 'if [ "$(ulimit -H -d)" = unlimited ] || [ "$(ulimit -H -d)" -gt "$0" ]; then ulimit -d "$0"; fi; exec "$@"'
    return ["/bin/sh", "-c", script, str(limit // 1024), *command]
