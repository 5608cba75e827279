"""A disk that is really full: said in one sentence, nothing acknowledged is lost, and the server starts again on its reserve."""

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.cli.doctor import disk as disk_finding
from lmskit.db import access, revision
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.disk import BALLAST, MEGABYTE
from lmskit.db.cluster.postmaster import left_behind
from lmskit.errors import ClusterError, DatabaseError
from tests.db.test_cluster import ask, needs_root

pytestmark = needs_root

FULL = r"^The disk that holds {} is full: \d+ MB are free{}\. Nothing is lost\. Free some space on that disk, then try again\.$"

COULD_NOT_WRITE = r"^The database server could not write to the disk that holds .* has 128 MB free, then try"


class Disk:
    """A small file system of its own, in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.filler = folder / "filler"

    def mount(self) -> bool:
        return self._mount("size=200m,mode=755")

    def resize(self, megabytes: int) -> None:
        assert self._mount(f"remount,size={megabytes}m")

    def fill(self) -> None:
        """Fill it to the last byte."""
        block = bytes(MEGABYTE)
        with contextlib.suppress(OSError), self.filler.open("ab", buffering=0) as file:
            while block:
                block = block[: file.write(block)]

    def empty(self) -> None:
        self.filler.unlink()

    def _mount(self, options: str) -> bool:
        command = ["mount", "-t", "tmpfs", "-o", options, "lmskit-test", str(self.folder)]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def disk(home: Path) -> Iterator[Disk]:
    """A disk of 200 MB."""
    made = Disk(home)
    if not made.mount():
        pytest.skip("a small file system cannot be mounted here")
    yield made
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def insert_until_refused(cluster: Cluster) -> int:
    """Insert rows of 1 MB, each in a transaction of its own; return how many were acknowledged when the disk was full."""
    n_acknowledged = 0
    with contextlib.suppress(psycopg.Error), psycopg.connect(cluster.start().superuser_conninfo(), autocommit=True) as connection:
        while True:
            # Uncompressed, and a full segment each time: what is full first is the write-ahead log, which ends the server.
            connection.execute("INSERT INTO kept SELECT string_agg(gen_random_uuid()::text, '') FROM generate_series(1, 30000)")
            n_acknowledged += 1
            connection.execute("SELECT pg_switch_wal()")
    return n_acknowledged


def kill(cluster: Cluster) -> None:
    processes = left_behind(cluster.layout.data)
    for process in processes:
        process.kill()
    psutil.wait_procs(processes, timeout=20)


def test_on_a_full_disk_no_half_database_is_made(disk, own_cluster):
    disk.resize(30)
    home = disk.folder / "home"
    cluster = own_cluster(home, initialise=True)
    with pytest.raises(ClusterError, match=FULL.format(home, ", and a new database needs 128 MB")):
        cluster.start()
    assert [path.name for path in cluster.layout.base.glob("data*")] == []
    disk.resize(400)
    assert ask(cluster.start(), "SELECT 1") == 1


@pytest.mark.long
def test_a_server_whose_log_is_full_starts_on_its_reserve_with_all_acknowledged_rows(say, disk, own_cluster):
    cluster = own_cluster(disk.folder / "home")
    with psycopg.connect(cluster.start().superuser_conninfo()) as connection:
        connection.execute("CREATE TABLE kept (content text)")
    assert cluster.layout.ballast.stat().st_blocks * 512 == BALLAST

    n_kept = insert_until_refused(cluster)
    disk.fill()
    kill(cluster)
    assert n_kept > 0
    assert ask(cluster.start(), "SELECT count(*) FROM kept") == n_kept
    assert not cluster.layout.ballast.exists()

    n_more = insert_until_refused(cluster)
    disk.fill()
    kill(cluster)
    with pytest.raises(ClusterError, match=FULL.format(cluster.layout.home, "")):
        cluster.start()
    disk.empty()
    disk.resize(400)
    assert ask(cluster.start(), "SELECT count(*) FROM kept") == n_kept + n_more
    assert cluster.layout.ballast.stat().st_blocks * 512 == BALLAST, "the reserve is made again"
    say(f"disk full: {n_kept} of {n_kept} and {n_more} of {n_more} acknowledged rows kept; started on the reserve")


def test_a_stopped_server_starts_on_a_full_disk_and_the_administrator_learns_of_it(disk, own_cluster, configure):
    cluster = own_cluster(disk.folder / "home")
    configure(LMSKIT_HOME=str(cluster.layout.home))
    low = "nearly full, and the server has no reserve on it. Free at least 128 MB there"
    assert low not in CliRunner().invoke(app, ["db", "start"]).output
    assert "reserve" not in disk_finding(cluster.layout.home).sentence
    cluster.stop()
    disk.fill()
    assert low in CliRunner().invoke(app, ["db", "start"]).output
    assert "The reserve with which the server starts on a full disk is used up" in disk_finding(cluster.layout.home).sentence
    assert cluster.stop()
    disk.fill()
    with pytest.raises(ClusterError, match=FULL.format(cluster.layout.home, "")):
        cluster.start()
    disk.empty()
    assert ask(cluster.start(), "SELECT 1") == 1


@pytest.mark.long
def test_a_server_that_cannot_be_prepared_or_migrated_on_a_full_disk_says_so_and_is_later(disk, own_cluster, configure):
    cluster = own_cluster(disk.folder / "home")
    cluster.start()
    configure(LMSKIT_HOME=str(cluster.layout.home))
    full = FULL.format(cluster.layout.home, "")
    disk.fill()
    with pytest.raises(ClusterError, match=full):
        access().server.start()
    cluster.stop()
    cluster.layout.ballast.unlink()
    disk.fill()
    with pytest.raises(ClusterError, match=full):
        access().server.start()
    disk.empty()
    assert access().server.start() == cluster.start()
    disk.fill()
    with pytest.raises(DatabaseError, match=r"^The disk of the database server is full\. Nothing was changed; free some space"):
        revision.upgrade()
    disk.empty()
    revision.upgrade()
    assert revision.current() == revision.head()


@pytest.mark.long
def test_a_server_stops_on_a_full_disk_and_keeps_what_was_acknowledged(disk, own_cluster):
    cluster = own_cluster(disk.folder / "home")
    with psycopg.connect(cluster.start().superuser_conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
        disk.fill()
        connection.execute("SELECT pg_switch_wal()")
    assert cluster.stop()
    assert left_behind(cluster.layout.data) == []
    assert ask(cluster.start(), "SELECT count(*) FROM kept") == 1000


def test_a_checkpoint_that_fails_is_put_into_a_sentence(own_cluster):
    cluster = own_cluster()
    endpoint = cluster.start()
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    needed = cluster.layout.data / "pg_logical" / "snapshots"  # by nothing but a checkpoint
    needed.rename(needed.with_suffix(".away"))
    try:
        with (
            pytest.raises(ClusterError, match=COULD_NOT_WRITE),
            cluster.file_errors(),
            psycopg.connect(endpoint.superuser_conninfo(), autocommit=True) as connection,
        ):
            connection.execute("CHECKPOINT")
        kill(cluster)
        with pytest.raises(ClusterError, match=COULD_NOT_WRITE):
            cluster.start()
    finally:
        needed.with_suffix(".away").rename(needed)
    assert ask(cluster.start(), "SELECT n FROM kept") == 1
