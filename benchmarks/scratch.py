"""A new database server for one benchmark, removed when the benchmark ends."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def scratch_cluster() -> Iterator[Path]:
    """Return a folder for everything that the benchmark needs; lmskit's home is in it, whatever the environment says."""
    scratch = Path(tempfile.mkdtemp(prefix="lmskit-benchmark-"))
    scratch.chmod(0o755)  # as root, the server runs as another user, who must be able to pass through
    for name in [name for name in os.environ if name.startswith(("PG", "LMSKIT_"))]:
        del os.environ[name]
    os.environ["LMSKIT_HOME"] = str(scratch / "home")

    from lmskit.db import access

    try:
        yield scratch
    finally:
        access().dispose()
        access().server.cluster.stop()
        shutil.rmtree(scratch, ignore_errors=True)
