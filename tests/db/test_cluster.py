"""The embedded server starts once, survives accidents, and admits no one who should not be admitted."""

import contextlib
import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lmskit.db import access
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.cluster.binaries import Wheel, installation, installation_from, program
from lmskit.db.cluster.layout import SHORT_FOLDERS, socket_folder
from lmskit.db.cluster.postmaster import left_behind, read_postmaster
from lmskit.db.cluster.server_user import server_user
from lmskit.errors import ClusterError

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals, sockets and owners of POSIX")
needs_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become another user")

STRANGER = 65534
STARTER = """
import sys
from pathlib import Path
from lmskit.db.cluster import Cluster
endpoint = Cluster(Path(sys.argv[1]), int(sys.argv[2]), overrides={"fsync": "off", "shared_buffers": "16MB"}).start()
print(endpoint.port, flush=True)
sys.stdin.readline()
"""


def starter(home: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", STARTER, str(home), str(access().settings.postgres_version)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True)


def ask(endpoint: Endpoint, statement: str) -> object:
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def postmaster_pid(cluster: Cluster) -> int:
    found = read_postmaster(cluster.layout.data)
    assert found is not None
    return found.pid


def wait_until(condition: Callable[[], bool], limit: float = 20) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def has_ended(pid: int) -> bool:
    """Whether a process is gone, or only waits for its parent to notice."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


@contextlib.contextmanager
def as_stranger() -> Iterator[None]:
    """Be an unprivileged user in this thread of execution, with root's way back."""
    os.setegid(STRANGER)
    os.seteuid(STRANGER)
    try:
        yield
    finally:
        os.seteuid(0)
        os.setegid(0)


# Starting and stopping -------------------------------------------------------------------------------------


def test_a_running_server_is_found_without_a_program_or_a_pause(cluster: Cluster, monkeypatch: pytest.MonkeyPatch):
    endpoint = cluster.start()
    for module, name in ((subprocess, "Popen"), (time, "sleep")):
        monkeypatch.setattr(module, name, pytest.fail)
    assert cluster.start() == endpoint


def test_processes_that_start_it_at_once_get_one_server(own_cluster, home):
    cluster = own_cluster(initialise=True)
    processes = [starter(home) for _ in range(4)]
    answers = [process.communicate("\n", timeout=120)[0].strip() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4
    assert set(answers) == {str(cluster.start().port)}
    assert len([process for process in left_behind(cluster.layout.data) if process.pid == postmaster_pid(cluster)]) == 1


def test_it_outlives_the_process_that_started_it_and_that_process_group(own_cluster, home):
    cluster = own_cluster(initialise=True)
    process = starter(home)
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.readline()
    pid = postmaster_pid(cluster)
    os.killpg(process.pid, signal.SIGINT)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    process.stdout.close()
    process.stdin.close()
    assert ask(cluster.start(), "SELECT 1") == 1
    assert postmaster_pid(cluster) == pid
    assert os.getsid(pid) not in {os.getsid(0), process.pid}


def test_a_starter_killed_half_way_leaves_nothing_half_done(own_cluster, home):
    cluster = own_cluster(initialise=True)
    for pause in (0.3, 0.6, 0.9):
        process = starter(home)
        time.sleep(pause)
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert ask(cluster.start(), "SELECT 1") == 1
    assert [path.name for path in cluster.layout.base.glob("data.*")] == []


def test_stopping_twice_says_that_there_was_nothing_to_stop(own_cluster):
    cluster = own_cluster()
    assert not cluster.stop()
    cluster.start()
    assert cluster.stop()
    assert cluster.running() is None
    assert not cluster.stop()


# Crashes ---------------------------------------------------------------------------------------------------


def test_a_killed_client_does_no_harm(own_cluster):
    cluster = own_cluster()
    endpoint = cluster.start()
    psql = program(installation(cluster.layout.version), "psql")
    client = subprocess.Popen([psql, "-X", "-c", "SELECT pg_sleep(60)", endpoint.superuser_conninfo()])
    wait_until(lambda: ask(endpoint, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'") == 1)
    pid = postmaster_pid(cluster)
    client.kill()
    client.wait()
    assert ask(cluster.start(), "SELECT 1") == 1
    assert postmaster_pid(cluster) == pid


@pytest.mark.parametrize("children_too", [False, True])
def test_a_killed_server_comes_back_with_everything_that_was_committed(own_cluster, children_too):
    cluster = own_cluster()
    endpoint = cluster.start()
    with psycopg.connect(endpoint.superuser_conninfo()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n")
    open_connection = psycopg.connect(endpoint.superuser_conninfo())
    open_connection.execute("INSERT INTO kept VALUES (0)")
    pid = postmaster_pid(cluster)
    victims = left_behind(cluster.layout.data) if children_too else [psutil.Process(pid)]
    for victim in victims:
        victim.kill()
    psutil.wait_procs(victims, timeout=20)
    again = cluster.start()
    assert ask(again, "SELECT count(*) FROM kept") == 1000
    assert postmaster_pid(cluster) != pid
    with contextlib.suppress(psycopg.Error):
        open_connection.close()


def test_an_orphan_in_the_middle_of_a_long_statement_does_not_keep_the_server_away(own_cluster, monkeypatch):
    monkeypatch.setattr("lmskit.db.cluster.launch.LEFTOVER_LIMIT", 0.5)
    cluster = own_cluster()
    endpoint = cluster.start()
    command = [program(installation(cluster.layout.version), "psql"), "-X", endpoint.superuser_conninfo()]
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)
    assert client.stdin is not None
    client.stdin.write("SELECT pg_backend_pid();\n")
    client.stdin.flush()
    wait_until(lambda: ask(endpoint, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'psql'") == 1)
    backend = int(str(ask(endpoint, "SELECT pid FROM pg_stat_activity WHERE application_name = 'psql'")))
    os.kill(backend, signal.SIGSTOP)  # like a loop that never checks for interrupts
    postmaster = psutil.Process(postmaster_pid(cluster))
    postmaster.kill()
    psutil.wait_procs([postmaster], timeout=20)
    assert ask(cluster.start(), "SELECT 1") == 1
    client.kill()
    client.communicate()
    assert has_ended(backend)


def test_a_process_that_now_has_the_old_servers_number_does_not_fool_it(own_cluster):
    cluster = own_cluster()
    cluster.start()
    victims = left_behind(cluster.layout.data)
    for victim in victims:
        victim.kill()
    psutil.wait_procs(victims, timeout=20)
    user = server_user()
    someone = user.uid if user.switch else None
    bystander = subprocess.Popen(["/bin/sleep", "60"], cwd="/", user=someone)
    for path in (cluster.layout.data / "postmaster.pid", *cluster.layout.run.glob("*.lock")):
        _, rest = path.read_text().split("\n", 1)
        path.write_text(f"{bystander.pid}\n{rest}")
    assert ask(cluster.start(), "SELECT 1") == 1
    assert cluster.stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


# Addresses -------------------------------------------------------------------------------------------------


def test_a_taken_port_makes_it_choose_another_one_also_at_a_later_start(own_cluster):
    cluster = own_cluster()
    first = cluster.start().port
    cluster.stop()
    assert cluster.start().port == first
    cluster.stop()
    with socket.socket() as squatter:
        squatter.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        squatter.bind(("127.0.0.1", first))
        squatter.listen()
        second = cluster.start().port
    assert second != first
    cluster.stop()
    assert cluster.start().port == second


def test_it_listens_on_the_loopback_only(cluster):
    endpoint = cluster.start()
    assert ask(endpoint, "SELECT current_setting('listen_addresses')") == "127.0.0.1"


def test_a_very_long_home_with_unusual_characters_works(own_cluster, home):
    deep = home / 'a folder\'s "name" with $(things) in it' / ("x" * 120) / ("y" * 120)
    if os.geteuid() == 0:
        home.chmod(0o755)
    cluster = own_cluster(deep)
    endpoint = cluster.start()
    assert endpoint.host.startswith(str(SHORT_FOLDERS))
    assert stat.S_IMODE(Path(endpoint.host).lstat().st_mode) == 0o700
    assert ask(endpoint, "SELECT 1") == 1
    cluster.stop()
    assert cluster.start().host == endpoint.host
    cluster.stop()
    shutil.rmtree(endpoint.host)


def test_two_homes_are_two_servers(own_cluster, home):
    homes = [home / "one", home / "two"]
    if os.geteuid() == 0:
        home.chmod(0o755)
    one, two = (own_cluster(folder).start() for folder in homes)
    assert one.port != two.port
    assert one.host != two.host
    assert ask(one, "SELECT current_setting('data_directory')") != ask(two, "SELECT current_setting('data_directory')")


@needs_root
def test_a_socket_folder_that_a_stranger_made_first_is_not_used(own_cluster, home):
    deep = home / ("x" * 120)
    home.chmod(0o755)
    cluster = own_cluster(deep)
    expected = socket_folder(cluster.layout, server_user())
    expected.rmdir()
    with as_stranger():
        expected.mkdir(mode=0o777)
    endpoint = cluster.start()
    assert endpoint.host != str(expected)
    assert ask(endpoint, "SELECT 1") == 1
    cluster.stop()
    expected.rmdir()
    shutil.rmtree(endpoint.host)


# Who may sign in -------------------------------------------------------------------------------------------


def test_no_one_signs_in_without_a_password_and_the_superuser_never_over_tcp(cluster):
    endpoint = cluster.start()
    assert (
        ask(endpoint, "SELECT string_agg(DISTINCT auth_method, ',' ORDER BY auth_method) FROM pg_hba_file_rules")
        == "peer,reject,scram-sha-256"
    )
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
        psycopg.connect(host="127.0.0.1", port=endpoint.port, user="postgres", dbname="postgres", password="guess")
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        psycopg.connect(make_conninfo("", **endpoint.parameters(), user="stranger", dbname="postgres"))


@needs_root
def test_another_user_of_the_machine_gets_nowhere(cluster):
    endpoint = cluster.start()
    psql = program(installation(cluster.layout.version), "psql")
    for host in (endpoint.host, "127.0.0.1"):
        found = subprocess.run(
            [psql, "-X", "-w", "-h", host, "-p", str(endpoint.port), "-U", "postgres", "-c", "SELECT 1", "postgres"],
            user=STRANGER, group=STRANGER, extra_groups=[], capture_output=True, text=True, check=False, cwd="/",
        )  # fmt: skip
        assert found.returncode == 2, found
        assert "Permission denied" in found.stderr or "pg_hba.conf rejects" in found.stderr


@needs_root
def test_no_connection_is_made_to_a_server_of_another_user(cluster):
    endpoint = cluster.start()
    posing = make_conninfo(endpoint.superuser_conninfo(), requirepeer="root")
    with pytest.raises(psycopg.OperationalError, match="requirepeer"):
        psycopg.connect(posing)


def test_only_the_owner_can_read_the_data_and_the_logs(cluster):
    cluster.start()
    for folder in (cluster.layout.data, cluster.layout.log, cluster.layout.run):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in cluster.layout.log.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


@needs_root
def test_started_by_root_it_runs_as_a_user_that_cannot_change_who_may_sign_in(cluster):
    cluster.start()
    user = server_user()
    assert user.uid != 0
    assert psutil.Process(postmaster_pid(cluster)).uids().real == user.uid
    assert psutil.Process(postmaster_pid(cluster)).gids().real == user.gid
    for path in (cluster.layout.home, cluster.layout.base, cluster.layout.conf, *cluster.layout.conf.iterdir()):
        assert path.stat().st_uid == 0
        assert not path.stat().st_mode & 0o022


@needs_root
def test_binaries_that_the_servers_user_cannot_reach_are_copied_once(own_cluster, install_without_vector, home):
    closed = home / "closed"
    closed.mkdir(mode=0o700)
    shutil.move(install_without_vector.parents[1], closed / "wheel")
    hidden = closed / "wheel" / install_without_vector.parent.name / install_without_vector.name
    home.chmod(0o755)
    cluster = own_cluster(home / "inner", installation=hidden)
    earlier = cluster.layout.install / "0.6.0" / "bin"
    earlier.mkdir(parents=True)
    (earlier / "postgres").touch()
    ask(cluster.start(), "SELECT 1")
    executable = Path(psutil.Process(postmaster_pid(cluster)).exe())
    assert executable.is_relative_to(cluster.layout.install)
    assert not earlier.exists()
    cluster.stop()
    made = executable.stat().st_ctime
    cluster.start()
    assert executable.stat().st_ctime == made


def test_it_keeps_checksums_and_syncs_and_logs_no_statement(home):
    cluster = Cluster(home, access().settings.postgres_version)
    try:
        endpoint = cluster.start()
        expected = {
            "data_checksums": "on",
            "fsync": "on",
            "full_page_writes": "on",
            "password_encryption": "scram-sha-256",
            "log_statement": "none",
        }
        assert {name: ask(endpoint, f"SELECT current_setting('{name}')") for name in expected} == expected
        with psycopg.connect(endpoint.superuser_conninfo()) as connection, contextlib.suppress(psycopg.Error):
            connection.execute("SELECT 'a secret'::int")
        cluster.stop()
        assert "a secret" not in "".join(path.read_text() for path in cluster.layout.log.iterdir())
    finally:
        cluster.stop()


# Refusals --------------------------------------------------------------------------------------------------


@needs_root
def test_a_home_that_belongs_to_another_user_is_refused(own_cluster, home):
    os.chown(home, STRANGER, STRANGER)
    with pytest.raises(ClusterError, match=r"belongs to the user \w+, and this database server runs as \w+: .* LMSKIT_HOME\.$"):
        own_cluster(initialise=True).start()
    os.chown(home, 0, 0)


@needs_root
def test_a_data_directory_of_another_user_is_refused_and_left_alone(own_cluster):
    cluster = own_cluster()
    cluster.start()
    cluster.stop()
    before = sorted(path.name for path in cluster.layout.data.iterdir())
    os.chown(cluster.layout.data, STRANGER, STRANGER)
    with pytest.raises(ClusterError, match=r"/data belongs to the user \w+, and"):
        cluster.start()
    assert sorted(path.name for path in cluster.layout.data.iterdir()) == before


@needs_root
def test_a_home_that_cannot_be_written_to_is_refused():
    of_root = Path("~root").expanduser() / "lmskit"
    with as_stranger(), pytest.raises(ClusterError, match=rf"^The database cannot be kept in {of_root}: .*: Permission denied\."):
        Cluster(of_root).start()
    with as_stranger(), pytest.raises(ClusterError, match=r"^The database cannot be kept in /nowhere/at/all: .*: Permission denied\."):
        Cluster(Path("/nowhere/at/all")).start()


@needs_root
def test_a_home_that_the_servers_user_cannot_enter_is_refused_and_not_opened(own_cluster, home):
    with pytest.raises(ClusterError, match=r"^The database server runs as the system user \w+, which cannot enter .*/var/lib/lmskit\.$"):
        own_cluster(home / "inner", initialise=True).start()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_home_that_is_a_file_is_refused(own_cluster, home):
    (home / "file").touch()
    home.chmod(0o755)
    with pytest.raises(ClusterError, match=r"^The database cannot be kept in .*/file"):
        own_cluster(home / "file", initialise=True).start()


def test_a_missing_wheel_is_named_with_what_to_do():
    with pytest.raises(ClusterError, match=r"^The package no-such-wheel with the database server is missing\. .* \(make setup\), or "):
        installation_from(Wheel("no-such-wheel"))


def test_data_of_another_major_version_are_refused(own_cluster):
    cluster = own_cluster()
    cluster.start()
    cluster.stop()
    (cluster.layout.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(ClusterError, match=r"holds a database of PostgreSQL 15, and this is PostgreSQL \d+\."):
        cluster.start()


def test_a_folder_that_is_not_a_database_is_refused(own_cluster):
    cluster = own_cluster()
    cluster.start()
    cluster.stop()
    (cluster.layout.data / "PG_VERSION").unlink()
    with pytest.raises(ClusterError, match=r"is not a database: the file PG_VERSION is missing"):
        cluster.start()


def test_a_server_that_does_not_start_says_why_in_one_sentence(own_cluster):
    cluster = own_cluster()
    cluster.start()
    cluster.stop()
    (cluster.layout.conf / "local.conf").write_text("shared_buffers = 'much'\n")
    (cluster.layout.conf / "local.conf").chmod(0o644)
    with pytest.raises(ClusterError, match=r'^The database server does not start: .*"shared_buffers".* Its log is in ') as refusal:
        cluster.start()
    assert "\n" not in str(refusal.value)


def test_a_full_disk_is_named_as_such(own_cluster, monkeypatch):
    cluster = own_cluster()
    cluster.start()
    cluster.stop()

    def full(_descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        ClusterError,
        match=r"^The disk that holds .* is full: \d+ MB are free\. Nothing is lost\. Free some space on that disk, then",
    ):
        cluster.start()
