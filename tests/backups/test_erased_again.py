"""A backup from before an erasure is restored: who was erased since is erased again while nobody can sign in yet."""

from __future__ import annotations

import zlib
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from lmskit.backups.archive import BackupArchive
from lmskit.backups.creation import create_backup
from lmskit.backups.erasures import beside, remember, remembered_outside
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import restore_backup
from lmskit.backups.source import BackupSource
from lmskit.db import access, migrator_engine, revision, roles, transaction
from lmskit.db.roles import migrator_of
from lmskit.errors import BackupRefusedError, InputError, LecturerNotFoundError
from lmskit.models import User
from lmskit.queries.erasure import remembered_erasures
from lmskit.services.erasure import erase_person
from lmskit.settings import Settings
from tests.backups.conftest import DATABASE
from tests.backups.test_backup_and_restore import leftovers, rows
from tests.privacy.canary import call_zephyra, columns_of, planted, traces, traces_in
from tests.security.world import FOREIGN, OWN, prepared

STUDENT, LECTURER = 31, OWN + 1
OF_LECTURER = ("wren.lecturer@", "wren-family")


@pytest.fixture
def world(migrated_database, endpoint, request):
    """A student with a name like no other, in a database whose name begins like that of the other tests."""
    made = prepared(migrated_database, endpoint, f"{DATABASE}_{zlib.crc32(request.node.name.encode()):x}")
    call_zephyra(made, STUDENT)
    return made


@pytest.fixture
def settings(tmp_path):
    """Settings with a home of their own, and a folder for backups."""
    (tmp_path / "backups").mkdir(mode=0o700)
    return Settings(home=tmp_path / "home", backups=str(tmp_path / "backups"))


def backup(world, settings):
    """Make a backup; return where it is, and what reads it."""
    parameters = dict(conninfo_to_dict(world.endpoint.superuser_conninfo(world.database)))
    repository = FolderRepository(Path(settings.backups))
    made = create_backup(
        BackupSource(access(), parameters, None, roles.BACKUP, is_embedded=True), repository, None, work=settings.home.parent
    )
    return repository, BackupArchive(Path(settings.backups) / made.name, made.name)


def erase_both(world, settings):
    """Erase the student and the lecturer, as the commands do."""
    with transaction(world.engine(world.admin)) as session:
        erase_person(session, STUDENT)
        erase_person(session, LECTURER, courses_to=session.get(User, FOREIGN + 1))
    with transaction(world.engine(world.admin)) as session:
        remember(settings, world.database, remembered_erasures(session))


def migrator(world):
    """The engine of the login that migrates the database."""
    return access().engine_at(migrator_engine().url.set(username=migrator_of(world.database), database=world.database))


def left(target, world):
    with closing(target.connect(world.database)) as inside:
        return traces_in(inside), traces_in(inside, [world.own.name, *OF_LECTURER])


@pytest.mark.long
@pytest.mark.parametrize("older", [False, True], ids=["this-revision", "revision-before-erasures"])
def test_an_older_backup_brings_nobody_back(world, settings, other_server, tmp_path, older):
    planted(world, columns_of(world))
    with world.superuser() as connection:
        connection.execute("DELETE FROM erasures")
    if older:
        revision.downgrade("0018", engine=migrator(world))
    repository, archive = backup(world, settings)
    if older:
        revision.upgrade(engine=migrator(world))
    assert beside(repository, world.database) == set()
    erase_both(world, settings)
    assert (traces(world), traces(world, [world.own.name, *OF_LECTURER])) == ([], [])
    known = beside(repository, world.database)
    assert {person.person_id for person in known} == {STUDENT, LECTURER}
    assert known == remembered_outside(settings, world.database)
    options = {"database": world.database, "work": tmp_path, "remembered": known}
    with pytest.raises(BackupRefusedError, match=r"who was erased after this backup, teaches wren-1, wren-2 in it\. Nothing was changed"):
        restore_backup(archive, other_server, None, **options)
    with pytest.raises(LecturerNotFoundError):
        restore_backup(archive, other_server, None, courses_to="nobody@example.org", **options)
    assert leftovers(other_server) == []
    done = restore_backup(archive, other_server, None, courses_to=world.foreign.email, **options)
    assert done.n_erased == 2
    assert left(other_server, world) == ([], [])
    assert rows(other_server, "SELECT DISTINCT person_id FROM lms.erasures ORDER BY 1", world.database) == [(STUDENT,), (LECTURER,)]
    assert rows(other_server, f"SELECT count(*) FROM pg_roles WHERE rolname = '{world.own.name}'", world.database) == [(0,)]
    login = other_server.parameters | {"user": world.foreign.name, "password": world.foreign.password, "dbname": world.database}
    with closing(psycopg.connect(**login)) as connection:
        assert connection.execute("SELECT count(*) > 3 FROM lms.courses").fetchone() == (True,)
    # No file remembers them any more: the database that is replaced does.
    again = restore_backup(
        archive, other_server, None, database=world.database, work=tmp_path, courses_to=world.foreign.email, replace=True
    )
    assert (again.n_erased, left(other_server, world)) == (2, ([], []))


def test_a_damaged_memory_is_named_and_keeps_nobody_from_making_backups(world, settings):
    repository, _ = backup(world, settings)
    assert len(beside(repository, world.database)) == 2, "the world has erasures"
    (memory,) = Path(settings.backups).glob("*erasures.json")
    assert memory.stat().st_mode & 0o077 == 0
    memory.write_text('{"erasures": [{"person_id": 1, "fingerprint": "x"}]}')
    with pytest.raises(InputError, match=r"erasures\.json cannot be read: a fingerprint in it is not one\."):
        remembered_outside(settings, world.database)
    for path in Path(settings.backups).glob("*.zip"):
        path.unlink()
    backup(world, settings)
    assert 'fingerprint": "x' in memory.read_text(), "it is left for a person to look at"
