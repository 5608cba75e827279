"""kill -9 while a backup is made or restored: whole under its name, or not at all; and no password where others could see it."""

import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from lmskit.backups.archive import BackupArchive
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import restore_backup
from lmskit.db import roles
from lmskit.db.address import url_of, written
from lmskit.settings import PROJECT_ROOT
from tests.backups.conftest import DATABASE
from tests.backups.test_backup_and_restore import leftovers, rows

pytestmark = [pytest.mark.long, pytest.mark.skipif(os.name == "nt", reason="Windows has no kill -9")]
KILLS = 10
SECRETS = {"lmskit_backup": "canary of the backup", "dba": "canary of the superuser"}


@pytest.fixture
def home():
    """A home that the user of a server can enter, and is removed with the server that a killed process left in it."""
    with tempfile.TemporaryDirectory(prefix="lmskit-killed-") as name:
        yield Path(name)


def command(home, *arguments, **variables):
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("LMSKIT_", "PG"))}
    environment = clean | {"LMSKIT_HOME": str(home)} | variables
    return subprocess.Popen(
        [sys.executable, "-m", "lmskit", "backup", *arguments], cwd=PROJECT_ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


def ended(process):
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return out + err


@pytest.fixture
def filled(archive, other_server, tmp_path):
    """A server with the database, a superuser `dba` and passwords; and its address."""
    restore_backup(archive, other_server, None, database=DATABASE, work=tmp_path, replace=True)
    with closing(other_server.connect()) as connection:
        for name, secret in SECRETS.items():
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [name]).fetchone() is None:  # the superuser
                connection.execute(f"CREATE ROLE {name} LOGIN SUPERUSER".encode())
            connection.execute(f"ALTER ROLE {name} PASSWORD '{roles.scram_verifier(secret)}'".encode())
    return other_server


def address(target, user):
    return written(url_of(target.parameters | {"user": user, "dbname": DATABASE}))


def secret_file(folder, user):
    (path := folder / f"{user}.password").write_text(SECRETS[user])
    return str(path)


def test_a_killed_backup_leaves_no_half_file_under_a_name(filled, home, tmp_path, say):
    variables = {"LMSKIT_DATABASE_URL": address(filled, "lmskit_backup"), "LMSKIT_PASSWORD_FILE": secret_file(tmp_path, "lmskit_backup")}
    (folder := tmp_path / "backups").mkdir()
    began = time.monotonic()
    ended(command(home, "create", "--to", str(folder), **variables))
    took, chosen = time.monotonic() - began, random.Random(1)
    for _ in range(KILLS):
        process = command(home, "create", "--to", str(folder), **variables)
        time.sleep(took * chosen.uniform(0.2, 1.0))
        process.kill()
        process.communicate()
    names = [path.name for path in folder.iterdir() if not path.name.startswith(".")]
    for name in names:
        assert BackupArchive(folder / name, name).manifest.tables["lms.terms"].rows == 50
    with closing(filled.connect()) as connection:
        sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name IN ('pg_dump', 'lmskit backup')"
        deadline = time.monotonic() + 30
        while connection.execute(sessions).fetchone() != (0,):
            assert time.monotonic() < deadline
            time.sleep(0.2)
    time.sleep(1.1)  # a name has the second, and the last of those that were killed may have come to its end
    ended(command(home, "create", "--to", str(folder), **variables))
    say(f"backup: {KILLS} processes killed, {len(names)} whole files, no other")


def test_a_killed_restore_leaves_the_old_database_or_the_new_one(filled, archive, home, say):
    with closing(filled.connect(DATABASE)) as inside:
        inside.execute("INSERT INTO lms.terms (code, name, starts_on, ends_on) VALUES ('OLD', '', '2027-01-01', '2027-06-30')")
    variables = {"PGPASSWORD": SECRETS["dba"]}
    arguments = ("restore", str(archive.path), address(filled, "dba"), "--replace", DATABASE)
    chosen, seen = random.Random(2), []
    for number in range(KILLS):
        process = command(home, *arguments, **variables)
        time.sleep(0.5 + chosen.uniform(0, 6) if number else 3)
        process.kill()
        process.communicate()
        ((n_terms,),) = rows(filled, "SELECT count(*) FROM lms.terms")
        seen.append(n_terms)
        assert n_terms in {50, 51}
        if n_terms == 50:  # it was killed after the last step: the old one is kept, and takes the other's position again
            with closing(filled.connect(DATABASE)) as inside:
                inside.execute("INSERT INTO lms.terms (code, name, starts_on, ends_on) VALUES ('OLD', '', '2027-01-01', '2027-06-30')")
    said = ended(command(home, *arguments, **variables))
    assert "What was there is kept as the database" in said
    assert rows(filled, "SELECT count(*) FROM lms.terms") == [(50,)]
    assert leftovers(filled) == []
    assert not (home / "verification").exists()
    say(f"restore: {KILLS} processes killed, {seen.count(51)} left the old database and {seen.count(50)} the new one, whole")


def test_a_killed_verification_leaves_no_server_and_no_record(archive, home, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir()
    shutil.copy(archive.path, folder)
    arguments = ("verify", "--in", str(folder), archive.name)
    for seconds in (1.5, 3, 5):
        process = command(home, *arguments)
        time.sleep(seconds)
        process.kill()
        process.communicate()
    if not FolderRepository(folder).backups()[0].verification:
        assert " is verified: " in ended(command(home, *arguments))
    assert FolderRepository(folder).backups()[0].verification is not None
    ended(command(home, *arguments))
    assert not (home / "verification").exists()
    servers = [process.pid for process in psutil.process_iter(["cmdline", "cwd"]) if str(home) in (process.info["cwd"] or "")]
    assert servers == []


def test_no_password_is_in_an_argument_a_variable_of_a_program_or_what_is_printed(filled, home, tmp_path):
    """Other users of the machine see arguments; variables are seen by the same user's processes."""
    (folder := tmp_path / "backups").mkdir()
    seen: dict[str, set[str]] = {}
    stop = threading.Event()

    def watch():
        while not stop.is_set():
            for process in psutil.process_iter():
                try:
                    if (name := process.name()) in {"pg_dump", "pg_restore"}:
                        seen.setdefault(name, set()).update([*process.cmdline(), *process.environ().values()])
                except psutil.Error:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        variables = {
            "LMSKIT_DATABASE_URL": address(filled, "lmskit_backup"),
            "LMSKIT_PASSWORD_FILE": secret_file(tmp_path, "lmskit_backup"),
        }
        said = ended(command(home, "create", "--to", str(folder), **variables))
        [backup] = folder.iterdir()
        arguments = (str(backup), address(filled, "dba"), "--replace", DATABASE)
        said += ended(command(home, "restore", *arguments, PGPASSWORD=SECRETS["dba"]))
    finally:
        stop.set()
        watcher.join()
    assert seen.keys() == {"pg_dump", "pg_restore"}
    for secret in SECRETS.values():
        assert secret not in said
        assert not [text for texts in seen.values() for text in texts if secret in text]
    for path in home.rglob("*"):
        if path.is_file() and path.name != "pgpass":
            assert not any(secret.encode() in path.read_bytes() for secret in SECRETS.values()), path
