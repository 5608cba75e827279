"""A person with a name like no other in an archived term: in its rows, in the files of two archives, and in a report."""

from functools import partial

import pyarrow.parquet as pq
import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from lmskit.archives.store import FolderArchives
from lmskit.cli import app
from lmskit.db import snapshot, transaction
from lmskit.services.archive import create_archive
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.term import close_term
from tests.privacy.canary import FORMS, TRACES, call_zephyra, traces
from tests.security.world import OWN, prepared

STUDENT = 31
PLANT = (
    f"UPDATE terms SET starts_on = '2020-01-01', ends_on = '2020-06-30', name = '{FORMS}' WHERE id = {OWN + 5}",
    f"UPDATE courses SET title = '{FORMS}' WHERE id = {OWN + 11}",
    f"UPDATE syllabi SET topic = '{FORMS}' WHERE course_id = {OWN + 11} AND week_number = 1",
    f"UPDATE quizzes SET title = '{FORMS}' WHERE id = {OWN + 61}",
    f"UPDATE quiz_attempts SET feedback = '{FORMS}' WHERE course_id = {OWN + 11} AND student_id = 32",
    f"UPDATE topic_performance SET rule = '{FORMS}' WHERE course_id = {OWN + 11} AND student_id = 32 AND week_number = 1",
)


def found_in(folder):
    """Traces of the person in files, and files with rows of the person."""
    found = set()
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        rows = pq.read_table(path).to_pylist() if path.suffix == ".parquet" else []
        written = (str(rows) if rows else path.read_text(encoding="utf-8", errors="replace")).lower()
        found |= {f"{path.name}: {word}" for word in TRACES if word in written}
        found |= {f"{path.name}: rows" for row in rows if row.get("student_id") == STUDENT}
    return found


@pytest.mark.long
def test_nothing_is_left_of_who_was_in_an_archived_term(migrated_database, endpoint, configure, tmp_path):
    world = prepared(migrated_database, endpoint, "lmskit_archived_canary")
    call_zephyra(world, STUDENT)
    with world.superuser() as connection:
        for statement in PLANT:
            connection.execute(statement.encode())
    engine = world.engine(world.admin)
    write, read = partial(transaction, engine), partial(snapshot, engine)
    (home := tmp_path / "home").mkdir(mode=0o700)
    store, code = FolderArchives(home / "archives", make=True), "wren-TERM"
    with write() as session:
        close_term(session, code)
    for again in (True, False):
        create_archive(write, read, store, code)
        if again:
            restore_archive(write, code, home / "archives")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "class.html").write_text(FORMS, encoding="utf-8")
    assert len(list((home / "archives").iterdir())) == 2
    assert {name.partition(":")[0] for name in found_in(tmp_path)} == {
        "class.html", "manifest.json", "courses.parquet", "syllabi.parquet", "quizzes.parquet", "quiz_attempts.parquet",
        "topic_performance.parquet", "student_enrollments.parquet", "evidence.parquet",
    }  # fmt: skip
    with world.superuser() as connection:
        for table, column, n_rows in (("archived_attempts", "feedback", 2), ("archived_estimates", "rule", 1)):
            assert connection.execute(f"SELECT count(*) FROM {table} WHERE {column} ~ 'Quix'".encode()).fetchone() == (n_rows,)
    configure(
        LMSKIT_DATABASE_URL=engine.url.render_as_string(hide_password=False),
        LMSKIT_HOME=str(home),
        LMSKIT_REPORTS_DIR=str(tmp_path / "reports"),
    )
    done = CliRunner().invoke(app, ["person", "erase", str(STUDENT), "--yes", "--remove-files"])
    assert done.exit_code == 0, done.output
    assert f"The files of the archived term {code} were written anew" in done.output
    assert "earlier archives were removed" in done.output
    assert traces(world) == []
    assert found_in(tmp_path) == set()
    with read() as session:
        assert session.scalar(text("SELECT state FROM terms WHERE code = :code"), {"code": code}) == "archived"
    verify_archive(write, code, home / "archives")
