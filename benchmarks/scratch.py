"""Database servers for benchmarks: one that is removed when the benchmark ends, or one that is kept."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from lmskit.db import Access
    from lmskit.db.cluster import Endpoint


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Return a folder that is removed when the block ends."""
    scratch = Path(tempfile.mkdtemp(prefix="lmskit-benchmark-"))
    scratch.chmod(0o755)  # as root, the server runs as another user, who must be able to pass through
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def live_in(home: Path) -> None:
    """Let what is made from now on have this home, whatever the environment says."""
    for name in [name for name in os.environ if name.startswith(("PG", "LMSKIT_"))]:
        del os.environ[name]
    os.environ["LMSKIT_HOME"] = str(home)


@contextmanager
def scratch_cluster() -> Iterator[Path]:
    """Return a folder for everything that the benchmark needs; lmskit's home is in it."""
    with scratch_folder() as scratch:
        live_in(scratch / "home")

        from lmskit.db import access

        try:
            yield scratch
        finally:
            access().dispose()
            access().server.cluster.stop()


def seeded_server() -> tuple[Endpoint, Engine]:
    """Start the server of a scratch cluster with an administrator; return where it listens, and the administrator's engine."""
    from lmskit.db import access, engine_for, keep_login, migrator_engine, revision, transaction
    from lmskit.services.seed import seed_administrator
    from lmskit.settings import DEMO_ADMIN

    endpoint = access().server.start()
    revision.upgrade()
    with transaction(migrator_engine()) as session:
        seed_administrator(session, keep_login)
    return endpoint, engine_for(DEMO_ADMIN)


@contextmanager
def kept_cluster(home: Path) -> Iterator[Access]:
    """Return access to a server whose data stay in `home`; it stops when the block ends."""
    live_in(home)

    from lmskit.db import Access

    kept = Access()
    try:
        yield kept
    finally:
        kept.dispose()
        kept.server.cluster.stop()
