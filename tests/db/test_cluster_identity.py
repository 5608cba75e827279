"""Whatever the clock, the process numbers and the folders do: no live server is ended, and none is taken for another home's."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from lmskit.db import access
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.layout import SHORT_FOLDERS, Layout
from lmskit.db.cluster.postmaster import left_behind, send_signal, works_in
from lmskit.db.cluster.server_user import server_user
from lmskit.errors import ClusterError
from tests.db.test_cluster import ask, needs_root, postmaster_pid

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals, sockets and owners of POSIX")

FAKETIME = next((path for folder in ("/usr/lib", "/usr/lib64") for path in sorted(Path(folder).glob("**/libfaketime.so.1"))), None)
NAMESPACES = ["unshare", "--fork", "--pid", "--ipc", "--mount-proc", "--time", "--boottime", "1000000"]
"""Like another container, whose boot time differs: neither the processes nor the shared memory of this one are seen."""
TWICE = """
import sys
from pathlib import Path
from lmskit.db.cluster import Cluster, launch
from lmskit.errors import ClusterError
launch.LEFTOVER_LIMIT = 1.0
try:
    cluster = Cluster(Path(sys.argv[1]), int(sys.argv[2]), overrides={"fsync": "off", "shared_buffers": "16MB"})
    print([cluster.start().port for _ in range(2)][-1])
except ClusterError as error:
    print(error)
"""


def fresh(cluster: Cluster) -> Cluster:
    """The same home, as another process sees it."""
    return Cluster(cluster.layout.home, cluster.layout.version, overrides=cluster.overrides)


def rewrite_line(path: Path, number: int, text: str) -> None:
    lines = path.read_text().split("\n")
    lines[number] = text
    path.write_text("\n".join(lines))  # the same file, with the owner that it has


def start_twice(home: Path, *before: str, **environment: str) -> str:
    """Start the server of a home in a process of its own, as two snapshots do; return its port, or the sentence of the refusal."""
    command = [*before, sys.executable, "-c", TWICE, str(home), str(access().settings.postgres_version)]
    answer = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True, check=True)
    return answer.stdout.strip()


@pytest.fixture
def session_open() -> Iterator[contextlib.ExitStack]:
    """Closes at the end what a test keeps open, also if the server ended meanwhile."""
    with contextlib.suppress(psycopg.Error), contextlib.ExitStack() as stack:
        yield stack


# The clock -------------------------------------------------------------------------------------------------


def test_a_clock_that_was_set_after_the_start_ends_no_server(own_cluster, session_open):
    cluster = own_cluster()
    open_session = session_open.enter_context(psycopg.connect(cluster.start().superuser_conninfo()))
    pid, pid_file = postmaster_pid(cluster), cluster.layout.data / "postmaster.pid"
    started = int(pid_file.read_text().splitlines()[2])
    for hours in (-24, -1, 1):
        rewrite_line(pid_file, 2, str(started + 3600 * hours))  # what the server wrote by the clock as it was then
        other = fresh(cluster)
        assert other.running() is not None
        assert other.running() is not None
        assert [other.start().port for _ in range(2)] == [cluster.start().port] * 2
        assert postmaster_pid(cluster) == pid
        assert open_session.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.skipif(FAKETIME is None, reason="libfaketime is not installed (Debian: apt-get install faketime)")
def test_a_server_started_by_a_clock_an_hour_slow_is_not_ended_when_the_clock_is_right(own_cluster, home):
    cluster = own_cluster()
    slow = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "-1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1", "DONT_FAKE_MONOTONIC": "1"}
    port = int(start_twice(home, **slow))
    pid, endpoint = postmaster_pid(cluster), cluster.start()
    behind = ask(endpoint, f"SELECT now() < to_timestamp({psutil.Process(pid).create_time() - 1800})")
    assert behind is True, "the server's clock is an hour slow"
    assert [cluster.start().port for _ in range(2)] == [port] * 2
    assert postmaster_pid(cluster) == pid
    assert cluster.stop()


# Process numbers -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [pytest.param("sleep", marks=pytest.mark.long), "postgres"])
def test_a_process_of_the_same_user_with_the_old_servers_number_is_left_alone(own_cluster, home, name):
    cluster = own_cluster()
    cluster.start()
    victims = left_behind(cluster.layout.data)
    for victim in victims:
        victim.kill()
    psutil.wait_procs(victims, timeout=20)
    user = server_user()
    home.chmod(0o755)
    shutil.copy("/bin/sleep", home / name)
    bystander = subprocess.Popen([home / name, "60"], cwd="/", user=user.uid if user.switch else None)
    try:
        for path in (cluster.layout.data / "postmaster.pid", *cluster.layout.run.glob("*.lock")):
            rewrite_line(path, 0, str(bystander.pid))
        send_signal(bystander.pid, signal.SIGKILL, cluster.layout.data)
        assert cluster.running() is None
        assert not cluster.stop()
        assert ask(cluster.start(), "SELECT 1") == 1
        assert cluster.stop()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_a_server_whose_postmaster_pid_is_gone_is_named_and_can_be_stopped(own_cluster, session_open, monkeypatch):
    monkeypatch.setattr("lmskit.db.cluster.launch.SILENCE_LIMIT", 0.5)
    cluster = own_cluster()
    open_session = session_open.enter_context(psycopg.connect(cluster.start().superuser_conninfo()))
    pid, pid_file = postmaster_pid(cluster), cluster.layout.data / "postmaster.pid"
    for content in ("", "99999999\n", None):
        pid_file.unlink() if content is None else pid_file.write_text(content)
        with pytest.raises(ClusterError, match=rf"\(process {pid}\) runs, but cannot be reached: .*lmskit db stop"):
            fresh(cluster).start()
        assert open_session.execute("SELECT 1").fetchone() == (1,)
    assert fresh(cluster).stop()
    assert not psutil.pid_exists(pid) or works_in(pid, cluster.layout.data) is False


def test_a_server_whose_socket_was_removed_is_named_and_can_be_stopped(own_cluster, session_open, monkeypatch):
    monkeypatch.setattr("lmskit.db.cluster.launch.SILENCE_LIMIT", 0.5)
    cluster = own_cluster()
    open_session = session_open.enter_context(psycopg.connect(cluster.start().superuser_conninfo()))
    pid = postmaster_pid(cluster)
    for socket_file in cluster.layout.run.glob(".s.PGSQL.*"):
        socket_file.unlink()
    with pytest.raises(ClusterError, match=rf"\(process {pid}\) runs, but cannot be reached: its socket .*lmskit db stop"):
        fresh(cluster).start()
    assert open_session.execute("SELECT 1").fetchone() == (1,)
    assert fresh(cluster).stop()
    assert ask(fresh(cluster).start(), "SELECT 1") == 1


def test_a_server_that_a_signal_suspended_is_named_at_once_goes_on_and_can_be_stopped(own_cluster, monkeypatch):
    monkeypatch.setattr("lmskit.db.cluster.launch.STOP_LIMIT", 20)
    cluster = own_cluster()
    cluster.start()
    pid = postmaster_pid(cluster)
    for going_on in (True, False):
        os.kill(pid, signal.SIGSTOP)
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:  # the kernel takes a moment
            time.sleep(0.01)
        for attempt in (cluster.running, fresh(cluster).running, fresh(cluster).start):
            with pytest.raises(ClusterError, match=rf"\(process {pid}\) was suspended by a signal.* kill -CONT {pid}\. .*lmskit db stop$"):
                attempt()
        if going_on:
            os.kill(pid, signal.SIGCONT)
            assert ask(fresh(cluster).start(), "SELECT 1") == 1
    assert fresh(cluster).stop()
    assert ask(fresh(cluster).start(), "SELECT 1") == 1


# Copied and moved homes ------------------------------------------------------------------------------------


@pytest.fixture
def homes(home: Path) -> tuple[Path, Path]:
    """Two paths for a home."""
    home.chmod(0o755)
    return home / "old", home / "new"


def test_a_copy_of_a_running_home_has_its_own_server_and_leaves_the_other_alone(own_cluster, session_open, homes):
    original = own_cluster(homes[0])
    first = original.start()
    with psycopg.connect(first.superuser_conninfo(), autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
        connection.execute("CHECKPOINT")
    open_session = session_open.enter_context(psycopg.connect(first.superuser_conninfo()))
    pid = postmaster_pid(original)
    subprocess.run(["/bin/cp", "-a", str(homes[0]), str(homes[1])], check=True)
    copy = Cluster(homes[1], original.layout.version, overrides=original.overrides)
    assert copy.running() is None
    assert not copy.stop()
    try:
        second = copy.start()
        assert (second.host, second.port) != (first.host, first.port)
        assert ask(second, "SELECT current_setting('data_directory')") == str(copy.layout.data)
        assert ask(second, "SELECT n FROM kept") == 1
        assert fresh(original).start() == first
        assert copy.stop()
    finally:
        copy.stop()
    assert open_session.execute("SELECT 1").fetchone() == (1,)
    assert postmaster_pid(original) == pid


def test_a_home_moved_while_its_server_runs_says_so_and_nothing_is_lost(own_cluster, session_open, homes):
    original = own_cluster(homes[0])
    endpoint = original.start()
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    open_session = session_open.enter_context(psycopg.connect(endpoint.superuser_conninfo(), autocommit=True))
    pid = postmaster_pid(original)
    homes[0].rename(homes[1])

    with pytest.raises(ClusterError, match=r"is no longer there: .* set LMSKIT_HOME to the folder it is in now"):
        original.start()
    assert not homes[0].exists(), "no empty database was made instead"

    newcomer = own_cluster(homes[0])
    assert newcomer.start().port != endpoint.port, "another home at the old path has another server"

    moved = Cluster(homes[1], original.layout.version, overrides=original.overrides)
    for attempt in (moved.running, moved.start):
        with pytest.raises(ClusterError, match=rf"was moved to {homes[1]}/.* \(process {pid}\) .*lmskit db stop, lmskit db start$"):
            attempt()
    open_session.execute("INSERT INTO kept VALUES (2)")
    assert moved.stop()
    try:
        assert ask(moved.start(), "SELECT count(*) FROM kept") == 2
        assert moved.stop()
    finally:
        moved.stop()
    assert ask(newcomer.start(), "SELECT 1") == 1


# Containers ------------------------------------------------------------------------------------------------


@pytest.fixture
def container() -> list[str]:
    """The command that runs another in namespaces of its own."""
    if shutil.which("unshare") is None or subprocess.run([*NAMESPACES, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("namespaces cannot be made here: unshare is missing, or the kernel or the rights forbid them")
    return NAMESPACES


@needs_root
def test_another_container_uses_the_server_of_a_shared_home(own_cluster, container, home):
    cluster = own_cluster()
    port, pid = cluster.start().port, postmaster_pid(cluster)
    assert start_twice(home, *container) == str(port)
    assert postmaster_pid(cluster) == pid
    assert fresh(cluster).start().port == port


@needs_root
def test_another_container_that_cannot_see_the_server_starts_no_second_one_on_the_data(own_cluster, container, home):
    deep = home / ("x" * 120)
    home.chmod(0o755)
    cluster = own_cluster(deep)
    endpoint, pid = cluster.start(), postmaster_pid(cluster)
    assert endpoint.host.startswith(str(SHORT_FOLDERS))
    hidden = ["sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', endpoint.host]
    refusal = start_twice(deep, *container, *hidden)
    assert refusal.startswith(f"A database server works in {Layout(deep, cluster.layout.version).data}, and its processes cannot be seen")
    assert postmaster_pid(cluster) == pid
    assert ask(fresh(cluster).start(), "SELECT 1") == 1
    cluster.stop()
    shutil.rmtree(endpoint.host)
