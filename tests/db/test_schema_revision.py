"""Code and database of different ages: every front door says so in one sentence."""

import shutil
import subprocess
import sys

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import text

from lmskit.db import access, engine_for, migrator_engine, revision
from lmskit.db.schema_revision import require_known_schema, revisions
from lmskit.errors import SeveralHeadsError, UpgradedMeanwhileError
from lmskit.settings import DEMO_ADMIN


def store(stored):
    with migrator_engine().begin() as connection:
        connection.execute(
            text("UPDATE lms.alembic_version SET version_num = :stored, serves = :serves"), {"stored": stored, "serves": stored}
        )


def copy_project(folder):
    """Copy what Alembic reads."""
    (folder / "migrations").mkdir()
    for name in ("alembic.ini", "migrations/env.py", "migrations/script.py.mako", "migrations/sql", "migrations/versions"):
        source = access().settings.project_root / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)


def test_the_revisions_are_those_of_alembic_and_the_last_one_is_its_head(cluster):
    scripts = ScriptDirectory.from_config(revision.alembic_config())
    assert revisions() == sorted(script.revision for script in scripts.walk_revisions())
    assert revisions()[-1] == revision.head()


COMMANDS = [("course", "list"), ("mail", "deliver"), ("mastery", "refresh"), ("knowledge", "fit"), ("report", "build", "--term", "X")]


@pytest.mark.parametrize(
    ("stored", "sentence", "commands"),
    [("0003", "To bring it up to date: lmskit db upgrade", COMMANDS), ("9999", "newer lmskit.", COMMANDS[:1])],
)
def test_code_and_database_of_different_ages_say_so_in_one_sentence_in_every_command(cluster, admin_engine, stored, sentence, commands):
    """Each in a process of its own, since a process asks once."""
    program = "from lmskit.cli import run; run({arguments!r})"
    store(stored)
    try:
        answers = [
            subprocess.run([sys.executable, "-c", program.format(arguments=list(each))], capture_output=True, text=True, check=False)
            for each in commands
        ]
        kernel = subprocess.run([sys.executable, "-c", "import lmskit; lmskit.connect()"], capture_output=True, text=True, check=False)
    finally:
        store(revision.head())
    for command, answer in zip(commands, answers, strict=True):
        lines = [line for line in answer.stderr.strip().splitlines() if "━" not in line]  # the bar of `report build`
        assert (answer.returncode, len(lines)) == (1, 1), (command, answer.stderr)
        assert lines[0].startswith(f"The database is at revision {stored}")
        assert lines[0].endswith(sentence)
    assert kernel.stderr.strip().endswith(sentence)


@pytest.mark.long
def test_an_older_lmskit_goes_on_beside_a_database_that_only_added_something(cluster, admin_engine):
    newest = revision.head()
    serve = text("UPDATE lms.alembic_version SET version_num = :stored, serves = :serves")
    try:
        for serves, refused in (("0001", False), ("9998", True), (None, True)):
            with migrator_engine().begin() as connection:
                connection.execute(serve, {"stored": "9999", "serves": serves})
            answer = subprocess.run([sys.executable, "-m", "lmskit", "import", "runs"], capture_output=True, text=True, check=False)
            assert ("newer lmskit" in answer.stderr, answer.returncode) == (refused, int(refused)), answer
            status = subprocess.run([sys.executable, "-m", "lmskit", "db", "status"], capture_output=True, text=True, check=False).stdout
            assert (f"9999, with which this lmskit ({newest}) goes on working" in status) is not refused
    finally:
        with migrator_engine().begin() as connection:
            connection.execute(serve, {"stored": newest, "serves": newest})


def test_a_process_that_goes_on_for_days_notices_that_database_and_lmskit_were_upgraded(cluster, admin_engine, configure, tmp_path):
    """It has the code that it began with, whatever is installed now."""
    copy_project(tmp_path)
    configure(LMSKIT_PROJECT_ROOT=str(tmp_path))
    engine = engine_for(DEMO_ADMIN)
    require_known_schema(engine, again=True)
    newest, next_one = revision.head(), "9001"
    (tmp_path / "migrations" / "versions" / f"{next_one}_next.py").touch()
    require_known_schema(engine, again=True)
    store(next_one)
    try:
        with pytest.raises(UpgradedMeanwhileError, match=f"from revision {newest} to {next_one} .* Start it again"):
            require_known_schema(engine, again=True)
    finally:
        store(newest)


def test_two_newest_migrations_are_named_and_doctor_goes_on(cluster, configure, tmp_path):
    copy_project(tmp_path)
    newest = revision.head()
    for number in ("9001", "9002"):
        content = f'revision = "{number}"\ndown_revision = "{newest}"\n\n\ndef upgrade() -> None: ...\n'
        (tmp_path / "migrations" / "versions" / f"{number}_copy.py").write_text(content)
    configure(LMSKIT_PROJECT_ROOT=str(tmp_path))
    with pytest.raises(SeveralHeadsError, match=r"9001_copy\.py and 9002_copy\.py"):
        revision.head()
    shown = ""
    for arguments in (("db", "status"), ("db", "upgrade"), ("doctor",)):
        answer = subprocess.run([sys.executable, "-m", "lmskit", *arguments], capture_output=True, text=True, check=False)
        shown = " ".join((answer.stdout + answer.stderr).split())
        assert answer.returncode == 1, shown
        assert "9001_copy.py and 9002_copy.py" in shown, arguments
        assert "Traceback" not in shown
    assert "well trust" in shown or "note trust" in shown
