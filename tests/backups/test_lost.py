"""An operator at night: the embedded database is lost, and comes back from a backup in another folder, by what commands say."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from lmskit.db import access
from lmskit.db.cluster import Cluster
from lmskit.settings import PROJECT_ROOT
from tests.db.conftest import environment

pytestmark = pytest.mark.long
ADMIN, PASSWORD = "ada@uni.example", "correct horse battery"
NAMES = ("--email", ADMIN, "--family-name", "Lovelace", "--given-name", "Ada", "--password-stdin")
COUNT = ("db", "psql", "-X", "-A", "-t", "-c", "SELECT count(*) FROM terms")


def lmskit(home, *arguments, status=0, typed="", **variables):
    """Run a command; return what it prints on both outputs."""
    done = subprocess.run(
        [sys.executable, "-m", "lmskit", *arguments], env=environment(home, variables), cwd=PROJECT_ROOT, input=typed,
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return " ".join((done.stdout + done.stderr).split())


@pytest.fixture
def home():
    """A home that the server's user can enter; its server ends with the test."""
    with tempfile.TemporaryDirectory(prefix="lmskit-lost-") as name:
        folder = Path(name)
        yield folder
        Cluster(folder, access().settings.postgres_version).stop()


def test_a_damaged_database_comes_back(home, tmp_path):
    (backups := tmp_path / "backups").mkdir()
    lmskit(home, "init", *NAMES, typed=f"{PASSWORD}\n")
    lmskit(home, "db", "psql", "-c", "INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('T', 'T', '2026-01-01', '2026-06-30')")
    lmskit(home, "backup", "create", LMSKIT_BACKUPS=str(backups))
    [backup] = backups.iterdir()

    # Damaged: the server does not start, and it is said how to go on.
    lmskit(home, "db", "stop")
    data = next(home.glob("postgresql-*"))
    (data / "data" / "global" / "pg_control").unlink()
    said = lmskit(home, "backup", "restore", str(backup), status=1)
    advised = f"mv {data} {data}.damaged"
    assert f"restore beside them: {advised}, then the same command again" in said
    subprocess.run(advised.split(), check=True)
    said = lmskit(home, "course", "list", status=1)
    assert "to get one back from a backup: lmskit backup restore" in said
    assert "no access rule is broken" in lmskit(home, "backup", "restore", str(backup))
    lmskit(home, "sign-out")
    lmskit(home, "sign-in", ADMIN, "--password-stdin", typed=f"{PASSWORD}\n")
    assert lmskit(home, *COUNT) == "1"

    # Over a living database; the former one is kept until the command that is named drops it.
    said = lmskit(home, "backup", "restore", str(backup), "--replace", "lmskit")
    kept = said.partition("is kept as the database ")[2].partition(",")[0]
    assert f'lmskit db psql --migrator -c "DROP DATABASE {kept}"' in said
    assert lmskit(home, "db", "psql", "--migrator", "-c", f"DROP DATABASE {kept}") == "DROP DATABASE"
