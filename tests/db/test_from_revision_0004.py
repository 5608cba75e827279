"""A database that the code of revision 0004 made and filled is brought up to date: every row and every level is as it was."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest

from lmskit.db import access
from lmskit.db.cluster import Cluster
from lmskit.settings import PROJECT_ROOT

LAST_OF_0004 = "b0856dc21a428cc0868c2ed2dc910ab2501f9bd9"
"""The last commit whose newest revision was 0004."""
NOT_COMPARED = ("alembic_version", "archives", "material_passages")
"""The columns of archives and of passages changed, and the old code wrote none of either: `tests/schema/test_materials_upgrade.py` has
stored passages."""
_TABLES = """
SELECT c.relname, string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relnamespace = 'lms'::regnamespace AND c.relkind = 'r' GROUP BY c.relname ORDER BY c.relname
"""
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(access().settings.postgres_version != 18, reason="the old code runs PostgreSQL 18"),
]


def lmskit(code: Path, home: Path, *arguments: str) -> str:
    """Run a command of the code in a folder."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    answer = subprocess.run(
        [sys.executable, "-m", "lmskit", *arguments],
        env=clean | {"LMSKIT_HOME": str(home), "PYTHONPATH": str(code)},
        cwd=code,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


@pytest.fixture
def old_code(tmp_path: Path) -> Path:
    """The code of then, with today's libraries."""
    git = ("git", "-C", str(PROJECT_ROOT))
    if subprocess.run([*git, "cat-file", "-e", f"{LAST_OF_0004}^{{commit}}"], capture_output=True, check=False).returncode != 0:
        pytest.skip("the history of this checkout does not reach back to revision 0004")
    (folder := tmp_path / "code").mkdir()
    archive = subprocess.run([*git, "archive", LAST_OF_0004], capture_output=True, check=True).stdout
    subprocess.run(["tar", "-x", "-C", str(folder)], input=archive, check=True)
    return folder


@pytest.fixture
def old_home(old_code, home) -> Iterator[Path]:
    """A home that the old code has filled with its demonstration, and whose server it has stopped."""
    assert "none to 0004" in lmskit(old_code, home, "db", "upgrade")
    lmskit(old_code, home, "demo", "--students", "25", "--no-reports")
    lmskit(old_code, home, "db", "stop")
    yield home
    Cluster(home, 18).stop()


def rows(home: Path, columns: dict[str, str]) -> dict[str, tuple[object, ...]]:
    """How many rows each table has, and a digest of them."""
    found = {}
    with closing(psycopg.connect(Cluster(home, 18).start().superuser_conninfo("lmskit"))) as connection:
        for table, names in columns.items():
            statement = f"SELECT count(*), md5(string_agg(r, '|' ORDER BY r)) FROM (SELECT ROW({names})::text AS r FROM lms.{table}) AS t"
            row = connection.execute(statement.encode()).fetchone()
            assert row is not None
            found[table] = row
    return found


def test_rows_and_levels_of_revision_0004_s_own_code_are_kept_and_doctor_finds_nothing(old_home):
    with closing(psycopg.connect(Cluster(old_home, 18).start().superuser_conninfo("lmskit"))) as connection:
        columns = {str(table): str(names) for table, names in connection.execute(_TABLES).fetchall() if table not in NOT_COMPARED}
    before = rows(old_home, columns)
    n_rows = {table: int(str(row[0])) for table, row in before.items()}
    assert min(n_rows[table] for table in ("users", "courses", "quiz_attempts", "topic_performance", "student_enrollments")) > 0
    assert "from revision 0004" in lmskit(PROJECT_ROOT, old_home, "db", "upgrade")
    assert rows(old_home, columns) == before
    refreshed = lmskit(PROJECT_ROOT, old_home, "mastery", "refresh")
    assert f"0 added, 0 changed, {n_rows['topic_performance']:,} unchanged, 0 removed" in refreshed
    assert "verified" in lmskit(PROJECT_ROOT, old_home, "backup", "create", "--verify"), "doctor asks for one"
    assert "wrong" not in lmskit(PROJECT_ROOT, old_home, "doctor")
