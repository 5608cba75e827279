"""The script for a database administrator (`--sql`) makes the same database as the upgrade itself."""

from __future__ import annotations

import io
import os
import subprocess
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

import alembic.config
import pytest

from lmskit.cli.db import upgrade
from lmskit.db import access, revision
from lmskit.db.address import conninfo
from lmskit.db.cluster.binaries import installation, program
from lmskit.db.schema_revision import read_revision
from lmskit.errors import RevisionError
from lmskit.queries.access_manifest import expected_manifest, manifest
from lmskit.settings import PROJECT_ROOT

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from lmskit.db.cluster import Endpoint


def script(bounds: str, action: str = "upgrade") -> str:
    """What Alembic's own command line prints; it needs no database."""
    printed = io.StringIO()
    with redirect_stdout(printed):
        alembic.config.main(["--config", str(PROJECT_ROOT / "alembic.ini"), action, bounds, "--sql"])
    return printed.getvalue()


def psql(where: str, statements: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a script as the documentation says."""
    command = [str(program(installation(access().settings.postgres_version), "psql")), "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", where]
    return subprocess.run(command, env=os.environ | variables, input=statements, capture_output=True, text=True, check=False)


def schema(endpoint: Endpoint, database: str | None) -> list[str]:
    """What pg_dump says of a database: objects, owners, grants, policies, comments; without the token of each run."""
    dump = str(program(installation(access().settings.postgres_version), "pg_dump"))
    where = endpoint.superuser_conninfo(str(database))
    found = subprocess.run([dump, "--schema-only", "-d", where], capture_output=True, text=True, check=True).stdout
    return [line for line in found.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


def unordered(lines: list[str]) -> list[str]:
    """The lines without their order: a column that was taken away and comes back is the last of its table."""
    return sorted(line.rstrip(",") for line in lines)


@pytest.fixture(scope="module")
def online(migrated_engine: Engine, endpoint: Endpoint) -> list[str]:
    found = schema(endpoint, migrated_engine.url.database)
    assert sum(line.startswith("CREATE POLICY") for line in found) > 50
    assert sum(line.startswith("GRANT") for line in found) > 50
    assert sum(line.startswith("COMMENT ON") for line in found) > 50
    return found


@pytest.mark.parametrize(("start", "who"), [("base", "migrator"), pytest.param("0004", "superuser", marks=pytest.mark.long)])
def test_the_script_makes_the_same_database_as_the_upgrade(
    start: str, who: str, fresh_database: Callable[[str], Engine], endpoint: Endpoint, online: list[str]
) -> None:
    engine = fresh_database(f"lmskit_script_{start}_{who}")
    if start != "base":
        revision.upgrade(start, engine=engine)
    if who == "superuser":
        where, secret = endpoint.superuser_conninfo(str(engine.url.database)), ""
    else:
        where, secret = conninfo(engine.url), ""
    answer = psql(where, script("head" if start == "base" else f"{start}:head"), PGPASSWORD=secret)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert schema(endpoint, engine.url.database) == online
    with engine.connect() as connection:
        assert read_revision(connection) == revision.head()
        assert manifest(connection) == expected_manifest()
    again = psql(where, script(f"{start}:head"), PGPASSWORD=secret)
    assert again.returncode == 3
    assert f"begins at revision {start}, and the database is at revision {revision.head()}. Nothing was changed." in again.stderr


def test_the_command_writes_the_script_from_where_the_database_is(
    fresh_database: Callable[[str], Engine], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = fresh_database("lmskit_script_command")
    revision.upgrade("0013", engine=engine)
    monkeypatch.setattr("lmskit.db.revision.migrator_engine", lambda: engine)
    upgrade(sql=True)
    assert capsys.readouterr().out == script("0013:head")
    upgrade("0014", sql=True, start="0012")
    assert capsys.readouterr().out == script("0012:0014")
    assert revision.current() == "0013"
    with pytest.raises(RevisionError, match="There is no script from revision 0099 to head"):
        upgrade(sql=True, start="0099")


@pytest.mark.long
def test_a_script_back_is_written_as_well(fresh_database: Callable[[str], Engine], endpoint: Endpoint) -> None:
    engine = fresh_database("lmskit_script_back")
    revision.upgrade("0004", engine=engine)
    before = schema(endpoint, engine.url.database)
    revision.upgrade(engine=engine)
    answer = psql(conninfo(engine.url), script("head:0004", "downgrade"))
    assert (answer.returncode, answer.stderr) == (0, "")
    assert unordered(schema(endpoint, engine.url.database)) == unordered(before)
    answer = psql(conninfo(engine.url), script("0004:base", "downgrade"))
    assert (answer.returncode, answer.stderr) == (0, "")
