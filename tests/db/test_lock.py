"""The lock between processes: one holder at a time, even if a holder is killed."""

import os
import signal
import subprocess
import sys
import threading

import pytest

from lmskit.db.lock import exclusively
from lmskit.errors import ClusterError

HOLDER = """
import sys, time
from pathlib import Path
from lmskit.db.lock import exclusively
with exclusively(Path(sys.argv[1]), timeout=10):
    print("held", flush=True)
    time.sleep(600)
"""


def test_after_the_time_limit_the_sentence_names_the_file(tmp_path):
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with (
            pytest.raises(ClusterError, match=r"busy with the database server for 0 s \(it holds .*a\.lock\)"),
            exclusively(path, timeout=0.1),
        ):
            pass
        holder.kill()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_holder_that_is_killed_holds_nothing_and_the_file_stays(tmp_path):
    path = tmp_path / "a.lock"
    with subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    with exclusively(path, timeout=5):
        assert path.stat().st_mode & 0o777 == 0o600
    assert path.exists()


def test_threads_of_one_process_wait_for_each_other_too(tmp_path):
    path, inside, most = tmp_path / "a.lock", [], []

    def hold():
        with exclusively(path, timeout=30):
            inside.append(1)
            most.append(len(inside))
            inside.pop()

    threads = [threading.Thread(target=hold) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 8


@pytest.mark.skipif(os.name == "nt", reason="links of POSIX")
def test_a_link_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").touch()
    (tmp_path / "a.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), exclusively(tmp_path / "a.lock", timeout=1):
        pass
