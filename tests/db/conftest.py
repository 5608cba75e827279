"""Clusters of a test's own, in homes of their own."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from lmskit.db import access
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import copy_installation, installation, shared_files
from lmskit.db.cluster.layout import prepare_base, prepare_home
from lmskit.db.cluster.server_user import server_user

FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder for a home. Not below pytest's own, which is closed to the user as which the server runs if root starts it."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-home-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def template() -> Iterator[Path]:
    """The data directory of a cluster that was stopped before anything was written to it; copying takes less than initdb."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-template-"))
    made = Cluster(folder, access().settings.postgres_version, overrides=FAST)
    made.start()
    made.stop()
    yield made.layout.data
    shutil.rmtree(folder, ignore_errors=True)


def copy_of(template: Path, cluster: Cluster) -> None:
    """Give a cluster the data directory of the template."""
    user = server_user()
    cluster.layout.home.mkdir(parents=True, exist_ok=True)
    prepare_home(cluster.layout, user)
    prepare_base(cluster.layout, user)
    subprocess.run(["/bin/cp", "-a", str(template), str(cluster.layout.data)], check=True)


@pytest.fixture
def own_cluster(home: Path, template: Path) -> Iterator[Callable[..., Cluster]]:
    """A factory of clusters, each stopped at the end. They are in `home` unless another folder is given.

    With `initialise` there are no data yet, and the first start makes them.
    """
    with ExitStack() as stopping:

        def make(where: Path = home, *, installation: Path | None = None, initialise: bool = False) -> Cluster:
            made = Cluster(where, access().settings.postgres_version, overrides=FAST, installation=installation)
            stopping.callback(made.stop)
            if not initialise:
                copy_of(template, made)
            return made

        yield make


@pytest.fixture
def install_without_vector() -> Iterator[Path]:
    """A copy of the wheel's PostgreSQL in which pgvector was never installed."""
    folder = Path(tempfile.mkdtemp(prefix="lmskit-install-"))
    copy = copy_installation(installation(access().settings.postgres_version), folder)
    (shared_files(copy) / "extension" / "vector.control").unlink()
    yield copy
    shutil.rmtree(folder, ignore_errors=True)
