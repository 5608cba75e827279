"""The drill: OULAD, while it is imported and afterwards, saved and restored; and backups in a bucket."""

import threading
import time
from contextlib import closing

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.orm import Session

from lmskit.backups.contents import set_formats, table_contents
from lmskit.backups.creation import create_backup
from lmskit.backups.repository import FolderRepository, repository_of
from lmskit.backups.restoration import restore_backup
from lmskit.backups.source import BackupSource
from lmskit.backups.verification import opened, verify_backup
from lmskit.db import access, roles, scram_verifier
from lmskit.errors import BackupError
from lmskit.services.oulad import import_oulad
from tests.backups.conftest import ADA, DATABASE, PASSWORD
from tests.conftest import FAST
from tests.object_server import BUCKET, serving
from tests.real_data import REAL_DATA

pytestmark = pytest.mark.long
OULAD = REAL_DATA / "oulad"
TEN_ROWS = """
INSERT INTO lms.terms (code, name, starts_on, ends_on) SELECT %s::text || n, '', '2027-01-01', '2027-06-30' FROM generate_series(1, 10) AS n
"""


def test_what_is_written_meanwhile_is_in_it_whole_or_not_at_all(saved, other_server, tmp_path):
    """Transactions of ten rows go on while three backups are made."""
    stop = threading.Event()
    written: list[int] = []

    def write():
        with saved.superuser() as connection:
            while not stop.is_set():
                with connection.transaction():
                    connection.execute(TEN_ROWS, [f"W{len(written)}-"])
                written.append(1)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = []
        for number in range(3):
            n_before, deadline = len(written), time.monotonic() + 60
            while len(written) < n_before + 3:
                assert time.monotonic() < deadline, "nothing is written"
                time.sleep(0.01)
            (folder := tmp_path / str(number)).mkdir()
            made = saved.backup(folder)
            found.append(made.manifest.tables["lms.terms"].rows)
            with opened(folder / made.name, name=made.name, work=folder, identity_file=None) as archive:
                restore_backup(archive, other_server, None, database=DATABASE, work=folder, replace=True)
    finally:
        stop.set()
        writer.join()
        with saved.superuser() as connection:
            connection.execute("DELETE FROM lms.terms WHERE code LIKE 'W%'")
    assert [n_rows % 10 for n_rows in found] == [0, 0, 0]
    assert 50 < found[0] < found[1] < found[2], "rows were written meanwhile"


def test_a_server_that_ends_its_sessions_meanwhile_is_a_sentence(saved, tmp_path):
    stop = threading.Event()

    def end():
        with saved.superuser() as connection:
            while not stop.wait(0.01):
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lmskit backup' AND query ~ 'md5'"
                )

    ending = threading.Thread(target=end)
    ending.start()
    try:
        for number in range(20):  # it may miss the moment
            (folder := tmp_path / str(number)).mkdir()
            try:
                saved.backup(folder)
            except BackupError as error:
                said = str(error)
                break
        else:
            pytest.fail("no session was ended in time")
    finally:
        stop.set()
        ending.join()
    assert "The server ended the connection, so nothing was kept of the backup" in said
    assert list(folder.iterdir()) == []


@pytest.fixture
def oulad(migrated_database, endpoint):
    """A database without rows but an administrator, and the engine of that person."""
    engine = migrated_database("drill")
    with closing(psycopg.connect(endpoint.superuser_conninfo("drill"), autocommit=True)) as connection:
        connection.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'P', 'p', 'super_admin')", [ADA])
        connection.execute("SELECT set_login(id, %s, '!') FROM users", [scram_verifier(PASSWORD)])
    login = roles.login_name("drill", ADA)
    yield access().engine_at(engine.url.set(username=login, password=PASSWORD).difference_update_query(["passfile"]))
    with closing(psycopg.connect(endpoint.superuser_conninfo(), autocommit=True)) as connection:
        connection.execute("DROP DATABASE drill WITH (FORCE)")
        connection.execute(f"DROP ROLE {login}".encode())


@pytest.mark.skipif(not OULAD.is_dir(), reason=f"OULAD is not in {OULAD}; LMSKIT_TEST_DATA names another folder")
def test_oulad_is_saved_while_it_is_imported_and_restored_with_equal_checksums(oulad, endpoint, own_settings, tmp_path, say):
    source = BackupSource(access(), dict(conninfo_to_dict(endpoint.superuser_conninfo("drill"))), None, roles.BACKUP, is_embedded=True)
    repository = FolderRepository(tmp_path)
    failures: list[BaseException] = []

    def run():
        try:
            with Session(oulad) as session, session.begin():
                import_oulad(session, OULAD)
        except BaseException as error:  # noqa: BLE001 - raised below
            failures.append(error)

    importing = threading.Thread(target=run)
    importing.start()
    meanwhile = []
    while importing.is_alive():
        made = create_backup(source, repository, None, work=tmp_path)
        meanwhile.append(made)
        time.sleep(1.1)  # a name has the second
    assert failures == []
    before = {made.manifest.tables["lms.quiz_attempts"].rows for made in meanwhile if made.manifest.tables["lms.import_runs"].rows == 0}
    assert before == {0}, "an import is there whole, or not at all"
    verify_backup(repository, meanwhile[0].name, settings=own_settings, server_settings=FAST)

    time.sleep(1.1)
    began = time.monotonic()
    made = create_backup(source, repository, None, work=tmp_path)
    took = time.monotonic() - began
    assert made.manifest.tables["lms.quiz_attempts"].rows == 173_912
    began = time.monotonic()
    with source.connected() as connection:
        set_formats(connection)
        assert table_contents(connection) == made.manifest.tables
    counted = time.monotonic() - began
    done = verify_backup(repository, made.name, settings=own_settings)
    assert done.manifest.tables == made.manifest.tables, "equal checksums per table"
    size = (tmp_path / made.name).stat().st_size / 2**20
    say(
        f"OULAD: {made.manifest.rows:,} rows in {size:.0f} MB saved in {took:.1f} s (checksums alone {counted:.1f} s) and restored equal; "
        f"RPO {done.record.age:.0f} s, RTO {done.record.restored_in:.1f} s"
    )


def test_backups_in_a_bucket(saved, own_settings, monkeypatch, tmp_path):
    with serving() as server:
        for name, value in {**server.keeper, "AWS_ENDPOINT_URL": server.url, "AWS_DEFAULT_REGION": "us-east-1"}.items():
            monkeypatch.setenv(name, value)
        repository = repository_of(f"s3://{BUCKET}/backups", default=tmp_path)
        assert repository.backups() == []
        made = create_backup(saved.source, repository, saved.store, work=tmp_path)
        assert list(tmp_path.iterdir()) == [], "what was not complete was on this machine, and is gone"
        [kept] = repository.backups(DATABASE)
        assert (kept.name, kept.verification) == (made.name, None)
        done = verify_backup(repository, made.name, settings=own_settings, server_settings=FAST)
        [kept] = repository.backups()
        assert kept.verification == done.record
        repository._write(made.name, b"something else")
        assert repository.backups()[0].verification is None
        repository.remove(kept)
        assert repository.backups() == []
        with pytest.raises(BackupError, match="does not have it"):
            verify_backup(repository, made.name, settings=own_settings)
        gone = repository_of("s3://no-such-bucket/backups", default=tmp_path)
        with pytest.raises(BackupError, match=r"s3://no-such-bucket/backups"):
            create_backup(saved.source, gone, saved.store, work=tmp_path)
        assert list(tmp_path.iterdir()) == []
    with pytest.raises(BackupError, match=r"cannot be kept in s3://.*Could not connect.* Nothing was changed"):
        create_backup(saved.source, repository, saved.store, work=tmp_path)
    assert list(tmp_path.iterdir()) == [], "the server went away before the first byte was sent"
