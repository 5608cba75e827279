"""A home whose server is of PostgreSQL 16 is carried over to 18, whatever interrupts that."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, engine_for, hardening, migrator_engine, revision
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.layout import Layout
from lmskit.db.cluster.major_upgrade import carry_over, contents
from lmskit.errors import ClusterError
from lmskit.queries.access_rules import violations
from lmskit.settings import DEMO_ADMIN, PROJECT_ROOT

FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}
STEPS = (
    "Checking the disk",
    "Closing PostgreSQL 16",
    "Making PostgreSQL 18",
    "Copying logins",
    "Comparing both",
    "Replacing PostgreSQL 16",
)
ROWS = (
    b"INSERT INTO terms (code, name, starts_on, ends_on) SELECT 'T' || n, '', '2026-01-01', '2026-06-30' FROM generate_series(1, 500) n",
    b"CREATE ROLE reader LOGIN PASSWORD 'of the reader'",
    b"GRANT lmskit_lecturer TO reader WITH SET FALSE",
    b"ALTER DATABASE lmskit SET work_mem = '7MB'",
    b'ALTER ROLE reader IN DATABASE lmskit SET search_path = lms, "odd, name"',
    b"GRANT CONNECT ON DATABASE lmskit TO reader",
    b"CREATE DATABASE other",
    b"ALTER DATABASE other CONNECTION LIMIT 3",
)
pytestmark = pytest.mark.skipif(access().settings.postgres_version != 18, reason="it is about going from 16 to 18")


def command(*arguments: str) -> tuple[int, str]:
    answer = CliRunner().invoke(app, [*arguments])
    return answer.exit_code, " ".join(answer.output.split())


def clean() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}


@pytest.fixture
def filled(home, configure) -> Iterator[Path]:
    """A home with a server of PostgreSQL 16 with the demonstration people, rows, a login's password, rights and settings."""
    endpoint = Cluster(home, 16, overrides=FAST).start()
    variables = clean() | {"LMSKIT_HOME": str(home), "LMSKIT_POSTGRES_VERSION": "16"}
    for arguments in (("db", "upgrade"), ("seed",)):
        subprocess.run([sys.executable, "-m", "lmskit", *arguments], env=variables, cwd=PROJECT_ROOT, check=True, capture_output=True)
    with closing(psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True)) as connection:
        for statement in ROWS:
            connection.execute(statement)
    configure(LMSKIT_HOME=str(home), LMSKIT_POSTGRES_VERSION="18")
    yield home
    access().dispose()
    for version in (16, 18):
        Cluster(home, version).stop()


@pytest.mark.long
def test_a_server_of_an_older_version_is_named_and_carried_over_though_every_step_is_killed(filled):
    before = contents(Cluster(filled, 16).start(), ["lmskit", "other"])
    assert before["rows of lmskit: lms.terms"] == "500"
    assert before["role reader"].startswith("SCRAM-SHA-256$")
    for arguments in (("db", "start"), ("course", "list")):
        status, said = command(*arguments)
        assert status == 1
        assert said.startswith(
            f"{filled} has a database of PostgreSQL 16, and this is PostgreSQL 18. To carry it over: lmskit db upgrade-server."
        )
    assert not Layout(filled, 18).base.exists()
    variables = clean() | {"LMSKIT_HOME": str(filled), "PYTHONUNBUFFERED": "1"}
    for step in STEPS:
        with subprocess.Popen(
            [sys.executable, "-m", "lmskit", "db", "upgrade-server"], env=variables, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True,
            start_new_session=True,
        ) as attempt:  # fmt: skip
            assert attempt.stdout is not None
            for line in attempt.stdout:
                if line.startswith(step):
                    attempt.send_signal(signal.SIGKILL)
                    break
            else:
                pytest.fail(f"the attempt ended before: {step}")
    status, said = command("db", "upgrade-server")
    assert status == 0, said
    assert "PostgreSQL 18 has taken over from 16" in said
    assert f"The old server is kept in {filled / 'postgresql-16.replaced'}" in said
    assert sorted(path.name for path in filled.glob("postgresql-1*") if path.is_dir()) == ["postgresql-16.replaced", "postgresql-18"]

    endpoint = access().server.cluster.running()
    assert endpoint is not None
    after = contents(endpoint, ["lmskit", "other"])
    assert {name: after.get(name) for name in before} == before
    with closing(psycopg.connect(endpoint.superuser_conninfo("lmskit"))) as connection:
        assert hardening.is_hardened(connection)
        assert connection.info.server_version // 10_000 == 18
    reader = endpoint.parameters() | {"user": "reader", "password": "of the reader", "dbname": "lmskit"}
    with closing(psycopg.connect(**reader)) as connection:  # type: ignore[arg-type]
        assert connection.execute("SHOW search_path").fetchone() == ('lms, "odd, name"',)
        assert connection.execute("SHOW work_mem").fetchone() == ("7MB",)
    with engine_for(DEMO_ADMIN).connect() as connection_of_admin:
        assert connection_of_admin.exec_driver_sql("SELECT count(*) FROM terms").scalar_one() == 500
    with Session(migrator_engine()) as session:
        assert [found for found in violations(session) if "reader" not in found.object] == []
    revision.require_current()
    assert command("db", "upgrade-server")[1].startswith("There is nothing to carry over")

    # The old server is kept as it was.
    (filled / "postgresql-16.replaced").rename(filled / "postgresql-16")
    old = Cluster(filled, 16)
    assert contents(old.start(), ["lmskit", "other"]) == before


def test_without_room_or_programs_nothing_is_made_or_stopped(home):
    (home / "postgresql-16" / "data" / "base").mkdir(parents=True)
    with (home / "postgresql-16" / "data" / "base" / "1").open("wb") as file:
        file.truncate(shutil.disk_usage(home).free)  # without taking it
    lines: list[str] = []
    with pytest.raises(ClusterError, match=r"MB free, and carrying the database over takes .* MB\. Nothing was changed"):
        carry_over(home, 18, say=lines.append)
    assert len(lines) == 1
    (home / "postgresql-16").rename(home / "postgresql-15")
    with pytest.raises(ClusterError, match="of PostgreSQL 15, which this lmskit cannot read"):
        carry_over(home, 18, say=lines.append)
    assert sorted(path.name for path in home.iterdir()) == ["postgresql-15", "postgresql-upgrade.lock"]


def test_a_database_of_a_newer_version_is_not_replaced_by_an_empty_one(home):
    (home / "postgresql-18" / "data").mkdir(parents=True)
    with pytest.raises(ClusterError, match="has a database of PostgreSQL 18, and this is PostgreSQL 16"):
        Cluster(home, 16).start()
    assert carry_over(home, 16, say=print) is None
