"""A backup has the rows of an archived term, so that nothing of it is lost with the folder of its files, and the files still fit."""

from contextlib import closing, contextmanager

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import NullPool, create_engine
from sqlalchemy.orm import Session

from lmskit.archives.store import FolderArchives
from lmskit.backups.archive import BackupArchive
from lmskit.backups.creation import create_backup
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import restore_backup
from lmskit.backups.source import BackupSource
from lmskit.db import access, roles
from lmskit.services.archive import create_archive
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.term import close_term
from tests.backups.conftest import DATABASE
from tests.backups.test_backup_and_restore import rows
from tests.services.test_archive import ended_term

pytestmark = pytest.mark.long
NAME = f"{DATABASE}_archived"
COUNTS = "SELECT (SELECT count(*) FROM lms.quiz_attempts), (SELECT count(*) FROM ONLY lms.quiz_attempts)"


@pytest.fixture
def database(migrated_database, endpoint):
    """A database, and the connection string of its superuser."""
    migrated_database(NAME)
    yield endpoint.superuser_conninfo(NAME)
    with closing(psycopg.connect(endpoint.superuser_conninfo(), autocommit=True)) as connection:
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)".encode())


def engine_of(conninfo):
    """The engine of a superuser of the database."""
    options = "-c search_path=lms,pg_catalog"
    return create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo, options=options), poolclass=NullPool)


def opener(conninfo):
    """Its transactions."""
    engine = engine_of(conninfo)

    @contextmanager
    def opened():
        with Session(engine) as session, session.begin():
            yield session

    return opened


def test_an_archived_term_is_saved_and_restored_and_its_files_fit(database, other_server, tmp_path):
    begin = opener(database)
    with Session(engine_of(database)) as session:
        code = ended_term(session, 3).code
    with begin() as session:
        close_term(session, code)
    create_archive(begin, begin, FolderArchives(tmp_path / "archives", make=True), code)
    (folder := tmp_path / "backups").mkdir()
    source = BackupSource(access(), dict(conninfo_to_dict(database)), None, roles.BACKUP, is_embedded=True)
    made = create_backup(source, FolderRepository(folder), None, work=folder)
    [archived] = [name for name in made.manifest.tables if name.startswith("lms.archived") and "attempts" in name]
    assert made.manifest.tables[archived].rows > 0
    assert made.manifest.tables["lms.archives"].rows == 1

    restore_backup(BackupArchive(folder / made.name, made.name), other_server, None, database=NAME, work=tmp_path)
    n_read, n_live = rows(other_server, COUNTS, NAME)[0]
    assert (n_read, n_live) == (made.manifest.tables[archived].rows + n_live, made.manifest.tables["lms.quiz_attempts"].rows)
    restored = opener(make_conninfo(other_server.conninfo, dbname=NAME))
    (work := tmp_path / "work").mkdir()
    verify_archive(restored, code, work)
    restore_archive(restored, code, work)
    assert rows(other_server, COUNTS, NAME) == [(n_read, n_read)]
