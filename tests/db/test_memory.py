"""No session of the embedded server takes the memory of the machine."""

import subprocess
from pathlib import Path

import psutil
import psycopg
import pytest

from lmskit.db.cluster.memory import HAS_LIMIT, LEAST_MEMORY, SHARE_OF_MACHINE, limited, session_memory

pytestmark = pytest.mark.skipif(not HAS_LIMIT, reason="only Linux limits what a process takes without what all share")


def data_limit(pid):
    line = next(line for line in Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines() if line.startswith("Max data size"))
    return line.split()[3]


def test_every_session_has_a_limit(endpoint):
    with psycopg.connect(endpoint.superuser_conninfo("lmskit")) as connection:
        assert data_limit(connection.info.backend_pid) == str(session_memory() // 1024 * 1024)


def test_it_is_a_share_of_the_machine_or_container():
    assert LEAST_MEMORY <= session_memory() <= max(psutil.virtual_memory().total // SHARE_OF_MACHINE, LEAST_MEMORY)


@pytest.mark.parametrize(("before", "after"), [("", "2048"), ("ulimit -d 1024;", "1024"), ("ulimit -d 4096;", "2048")])
def test_a_lower_limit_of_the_environment_stays(before, after):
    command = limited(["/bin/sh", "-c", "ulimit -d"], 2048 * 1024)
    done = subprocess.run(["/bin/sh", "-c", f'{before} exec "$@"', "sh", *command], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == after
