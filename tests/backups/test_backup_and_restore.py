"""A backup is restored whole: rows, logins with their passwords, files, hardening; instead of what was there, or not at all."""

import datetime as dt
import re
import subprocess
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
import pyrage
import pytest

from lmskit.backups.archive import BackupArchive, new_archive
from lmskit.backups.creation import create_backup
from lmskit.backups.finding import backup_finding
from lmskit.backups.logins import read_logins
from lmskit.backups.manifest import LOGINS, BackedUpLogins
from lmskit.backups.repository import FolderRepository, repository_of
from lmskit.backups.restoration import restore_backup
from lmskit.backups.staged import RESTORER
from lmskit.backups.target import restoring_alone
from lmskit.backups.verification import opened, verify_backup
from lmskit.db import hardening, roles
from lmskit.db.roles import login_name
from lmskit.errors import BackupError, BackupRefusedError
from lmskit.materials.store import FolderStore
from lmskit.vocabulary import Role
from tests.backups.conftest import ADA, BEN, CONTENT, DATABASE, PASSWORD
from tests.conftest import FAST
from tests.db.test_cluster import needs_root


def rows(target, statement, database=DATABASE):
    with closing(target.connect(database)) as connection:
        return connection.execute(statement.encode()).fetchall()


def leftovers(target):
    """What a restore must not leave: databases that are not complete, and the login that fills them."""
    with closing(target.connect()) as connection:
        databases = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE '%restoring%'").fetchall()
        return databases + connection.execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [RESTORER]).fetchall()


def test_it_is_verified_by_restoring_it_and_doctor_knows(saved, own_settings, tmp_path):
    made = saved.backup(tmp_path)
    repository, now = FolderRepository(tmp_path), dt.datetime.now(dt.UTC)
    assert made.manifest.tables["lms.terms"].rows == 50
    assert "None of 1 backup" in backup_finding(repository, DATABASE, own_data=True, now=now).sentence
    done = verify_backup(repository, made.name, settings=own_settings, server_settings=FAST)
    assert done.record.restored_in > 0
    assert sorted(path.name for path in own_settings.home.iterdir() if path.is_dir()) == [], "its server is gone"
    [kept] = repository.backups()
    assert kept.verification == done.record
    assert backup_finding(repository, DATABASE, own_data=True, now=now).is_well
    late = backup_finding(repository, DATABASE, own_data=True, now=now + dt.timedelta(hours=27))
    assert not late.is_well
    assert "27 hours old" in late.sentence
    with (tmp_path / made.name).open("ab") as file:
        file.write(b"x")
    assert repository.backups()[0].verification is None, "what was changed since is not verified"
    assert "None of 1 backup" in backup_finding(repository, DATABASE, own_data=True, now=now).sentence
    nothing = FolderRepository(tmp_path / "nothing", make=True)
    assert backup_finding(nothing, DATABASE, own_data=False, now=now).is_note
    assert not backup_finding(nothing, DATABASE, own_data=True, now=now).is_well
    assert backup_finding(FolderRepository(tmp_path / "unmounted"), DATABASE, own_data=True, now=now).is_note


@pytest.mark.long
def test_everything_is_back_and_what_was_there_is_kept(saved, archive, other_server, tmp_path):
    store = FolderStore(tmp_path / "materials", make=True)
    done = restore_backup(archive, other_server, store, database=DATABASE, work=tmp_path)
    assert (done.kept, done.n_closed, done.n_files) == (None, 0, 1)
    assert [store.read(name) for name in archive.material_names] == [CONTENT]
    assert rows(other_server, "SELECT count(*) FROM lms.terms") == [(50,)]
    with closing(other_server.connect(DATABASE)) as inside:
        assert hardening.is_hardened(inside)
        assert hardening.open_shared_resources(inside) == []
    for email, group in ((ADA, "lmskit_admin"), (BEN, "lmskit_lecturer")):
        login = other_server.parameters | {"user": login_name(DATABASE, email), "password": PASSWORD, "dbname": DATABASE}
        with closing(psycopg.connect(**login, autocommit=True)) as connection:
            assert connection.execute("SELECT pg_has_role(%s, 'USAGE')", [group]).fetchone() == (True,)
    with closing(other_server.connect()) as connection:
        powerful = (
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'u\\_%' AND (rolsuper OR rolcreaterole OR rolbypassrls OR rolconnlimit <> 5)"
        )
        assert connection.execute(powerful).fetchall() == []
    # An administrator without power over the server can go on managing the restored logins.
    login = other_server.parameters | {"user": login_name(DATABASE, ADA), "password": PASSWORD, "dbname": DATABASE}
    with closing(psycopg.connect(**login, autocommit=True)) as connection:
        assert connection.execute("SELECT lms.close_login(id) FROM lms.users WHERE email = %s", [BEN]).fetchone() == (True,)
        connection.execute("INSERT INTO terms (code, name, starts_on, ends_on) VALUES ('NEW', '', '2027-01-01', '2027-06-30')")
    # A lecturer whom another person made an administrator by hand, and a person who came after the backup, with a login.
    with closing(other_server.connect()) as connection:
        connection.execute(f"GRANT lmskit_admin TO {login_name(DATABASE, BEN)}".encode())
    with closing(other_server.connect(DATABASE)) as inside:
        inside.execute("SET search_path = lms, pg_catalog; SET row_security = on")
        inside.execute("INSERT INTO users (email, family_name, sort_name, role) VALUES ('late@example.org', 'L', 'l', 'super_admin')")
        verifier = roles.scram_verifier(PASSWORD)
        inside.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = 'late@example.org'", [verifier])
    with pytest.raises(BackupError, match=f"has rows, and a restore would replace them. Nothing was changed. .*--replace {DATABASE}"):
        restore_backup(archive, other_server, store, database=DATABASE, work=tmp_path)
    assert rows(other_server, "SELECT count(*) FROM lms.terms") == [(51,)]
    again = restore_backup(archive, other_server, store, database=DATABASE, work=tmp_path, replace=True)
    assert again.n_closed == 1
    with closing(other_server.connect()) as connection:
        groups = "SELECT a.roleid::regrole::text FROM pg_auth_members AS a WHERE a.member = %s::regrole"
        assert connection.execute(groups, [login_name(DATABASE, BEN)]).fetchall() == [("lmskit_lecturer",)]
    assert again.kept is not None
    assert rows(other_server, "SELECT count(*) FROM lms.terms") == [(50,)]
    assert rows(other_server, "SELECT count(*) FROM lms.terms", again.kept) == [(51,)]
    late = other_server.parameters | {"user": login_name(DATABASE, "late@example.org"), "password": PASSWORD, "dbname": DATABASE}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**late)
    kept_closed = other_server.parameters | {"user": login_name(DATABASE, ADA), "password": PASSWORD, "dbname": again.kept}
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**kept_closed)
    assert leftovers(other_server) == []
    with pytest.raises(BackupError, match="so it cannot be restored as other"):
        restore_backup(archive, other_server, store, database="other", work=tmp_path)


def test_a_login_that_may_not_read_every_row_makes_no_backup(saved, tmp_path):
    lecturers = saved.source.__class__(saved.source.access, saved.source.parameters, None, "lmskit_lecturer", is_embedded=True)
    with pytest.raises(BackupError, match="may not read every row, so its backup would be incomplete"):
        create_backup(lecturers, FolderRepository(tmp_path), None, work=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_of_a_material_is_named_and_a_missing_folder_is_not_made(saved, tmp_path):
    empty = FolderStore(tmp_path / "empty", make=True)
    (folder := tmp_path / "backups").mkdir()
    made = create_backup(saved.source, FolderRepository(folder), empty, work=folder)
    assert len(made.manifest.materials.missing) == 1
    assert BackupArchive(folder / made.name, made.name).material_names == []
    with pytest.raises(BackupError, match=r"does not exist\. Is its disk or file server connected"):
        saved.backup(tmp_path / "unmounted")
    for address, sentence in (("ftp://example.org/backups", "cannot be kept in ftp://"), ("s3://", "s3:// names no bucket")):
        with pytest.raises(BackupError, match=sentence):
            repository_of(address, default=tmp_path)
    with pytest.raises(BackupError, match="is not a folder"):
        saved.backup(folder / made.name)
    with pytest.raises(BackupError, match=r"/proc cannot be used for backups by this account: No such file or directory"):
        create_backup(saved.source, FolderRepository(Path("/proc")), None, work=tmp_path)


def test_another_databases_logins_are_not_in_it(saved, archive, endpoint, make_person):
    stranger = make_person("stranger@example.org", Role.LECTURER)
    names = archive.read("logins.json").decode()
    assert login_name(DATABASE, ADA) in names
    assert stranger not in names
    assert '"name": "postgres"' not in names


def test_a_server_that_hides_what_it_stores_of_passwords_is_named(saved):
    """As managed servers do, from those too who read everything else."""
    with closing(saved.superuser()) as connection, connection.transaction(force_rollback=True):
        connection.execute("CREATE ROLE reads_tables BYPASSRLS")
        connection.execute("GRANT USAGE ON SCHEMA lms TO reads_tables")
        connection.execute("GRANT SELECT ON ALL TABLES IN SCHEMA lms TO reads_tables")
        connection.execute("SET ROLE reads_tables")
        with pytest.raises(BackupError, match=r"does not show the login .* what it stores of passwords \(pg_authid\), .*its provider"):
            read_logins(connection, DATABASE)


@pytest.mark.long
def test_a_backup_without_a_file_that_its_database_has_or_without_a_persons_login_is_refused(archive, other_server, tmp_path):
    [material] = [name for name in archive.manifest.parts if name.startswith("materials/")]
    path = tmp_path / "lmskit.zip"
    logins = BackedUpLogins.model_validate_json(archive.read(LOGINS))
    without_ben = logins.model_copy(update={"roles": [role for role in logins.roles if role.name != login_name(DATABASE, BEN)]})
    for name, content, sentence in (
        (material, None, "lacks 1 file of materials that its database has"),
        (LOGINS, without_ben.model_dump_json().encode(), "lacks the logins of 1 person in its tables"),
    ):
        with path.open("wb") as file, new_archive(file) as writer:
            for part in archive.manifest.parts:
                if part != name or content is not None:
                    writer.add(part, content if part == name and content is not None else archive.read(part))
            writer.finish(archive.manifest.model_copy(update={"parts": writer.parts}))
        with pytest.raises(BackupRefusedError, match=sentence):
            restore_backup(BackupArchive(path, "forged"), other_server, None, database=DATABASE, work=tmp_path)
        assert leftovers(other_server) == []


@contextmanager
def small_disk(folder, size):
    """A file system of its own at the folder."""
    options = ["-t", "tmpfs", "-o", f"size={size},mode=755"]
    if subprocess.run(["mount", *options, "lmskit-test", str(folder)], capture_output=True, check=False).returncode != 0:
        pytest.skip("a small file system cannot be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@needs_root
def test_on_a_full_disk_nothing_is_kept_and_an_earlier_backup_is_as_it_was(saved, made, tmp_path):
    content = (saved.folder / made.name).read_bytes()
    with small_disk(tmp_path, f"{len(content) * 5 // 4 // 1024}k"):
        earlier = tmp_path / re.sub(r"\d{8}T\d{6}Z", "20250101T000000Z", made.name)
        earlier.write_bytes(content)
        with pytest.raises(BackupError, match=f"cannot be written to {tmp_path}: No space left .* earlier backups are as they were"):
            saved.backup(tmp_path)
        public = str(pyrage.x25519.Identity.generate().to_public())
        with pytest.raises(BackupError, match=f"cannot be written to {tmp_path}: No space left"):
            saved.backup(tmp_path, recipients=[public])
        assert list(tmp_path.iterdir()) == [earlier]
        assert BackupArchive(earlier, earlier.name).manifest == made.manifest


@pytest.mark.long
@needs_root
def test_a_disk_that_is_too_small_to_restore_on_is_named_and_the_backup_is_not_blamed(saved, archive, other_server, own_settings, tmp_path):
    (work := tmp_path / "work").mkdir()
    identity = pyrage.x25519.Identity.generate()
    (key := tmp_path / "key").write_text(f"{identity}\n")
    (folder := tmp_path / "backups").mkdir()
    made = saved.backup(folder, recipients=[str(identity.to_public())])
    with small_disk(work, "100k"):
        with pytest.raises(BackupError, match=f"The disk that holds {work} is full, so .* was not restored"):
            restore_backup(archive, other_server, None, database=DATABASE, work=work)
        unreadable = pytest.raises(BackupError, match=f"The disk that holds {work} is full, so .* was not restored")
        with unreadable, opened(folder / made.name, name=made.name, work=work, identity_file=key):
            pass
        assert list(work.iterdir()) == []
    assert leftovers(other_server) == []
    # The server of a verification ends when it cannot write its log.
    settings = own_settings.model_copy(update={"backup_identity_file": key})
    with small_disk(own_settings.home, "66m"), pytest.raises(BackupError, match=r"The disk .* full.*Free some space") as refused:
        verify_backup(FolderRepository(folder), made.name, settings=settings, server_settings=FAST)
    assert not isinstance(refused.value, BackupRefusedError)


@pytest.mark.long
def test_a_second_restore_at_the_same_time_is_refused(archive, other_server, tmp_path):
    with closing(other_server.connect()) as first, restoring_alone(first), pytest.raises(BackupError, match="Another restore"):
        restore_backup(archive, other_server, None, database=DATABASE, work=tmp_path)
