"""A restore by a login that makes roles and databases without being a superuser, as those of managed servers are."""

import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from lmskit.backups.creation import create_backup
from lmskit.backups.repository import FolderRepository
from lmskit.backups.restoration import restore_backup
from lmskit.backups.source import source_of
from lmskit.backups.target import Target
from lmskit.backups.verification import bring_up_to_date
from lmskit.db import Access, access, roles, using
from lmskit.db.address import url_of, written
from lmskit.db.bootstrap import bootstrap
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.binaries import copy_installation, installation, shared_files
from lmskit.db.cluster.layout import prepare_home
from lmskit.db.cluster.server_user import server_user
from lmskit.db.roles import login_name
from lmskit.errors import BackupError
from lmskit.settings import Settings
from tests.backups.conftest import ADA, BEN, DATABASE, PASSWORD
from tests.backups.test_backup_and_restore import leftovers, rows
from tests.conftest import FAST

pytestmark = pytest.mark.long
SECRET = "canary of the manager"
MANAGER = (
    "CREATE ROLE manager LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD '{}'",
    "GRANT pg_read_all_data TO manager WITH ADMIN OPTION",
)
LATE = "late@example.org"


def as_manager(superuser: Target, folder: Path) -> Target:
    """The same server, with a login that is not a superuser."""
    with closing(superuser.connect()) as connection:
        if connection.execute("SELECT FROM pg_roles WHERE rolname = 'manager'").fetchone() is None:
            for statement in MANAGER:
                connection.execute(statement.format(roles.scram_verifier(SECRET)).encode())
    conninfo = make_conninfo("", **superuser.parameters | {"host": "127.0.0.1", "user": "manager"})
    return Target(conninfo, folder / "pgpass", password=SECRET)


@pytest.fixture(scope="module")
def managed() -> Iterator[Target]:
    """The superuser of a server on which every owner of a database may make the extension pgvector."""
    version = access().settings.postgres_version
    with tempfile.TemporaryDirectory(prefix="lmskit-managed-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        copy = copy_installation(installation(version), folder / "installation")
        with (shared_files(copy) / "extension" / "vector.control").open("a") as file:
            file.write("trusted = true\n")
        (home := folder / "home").mkdir()
        cluster = Cluster(home, version, overrides=FAST, installation=copy)
        prepare_home(cluster.layout, server_user())
        try:
            yield Target(cluster.start().superuser_conninfo(), home / "pgpass")
        finally:
            cluster.stop()


def signed_in(target: Target, email: str) -> "psycopg.Connection[tuple[object, ...]]":
    login = target.parameters | {"user": login_name(DATABASE, email), "password": PASSWORD, "dbname": DATABASE}
    return psycopg.connect(**login, autocommit=True)


def test_a_manager_restores_and_replaces_a_database(archive, managed, tmp_path):
    manager = as_manager(managed, tmp_path)
    done = restore_backup(archive, manager, None, database=DATABASE, work=tmp_path)
    assert (done.kept, done.n_closed, done.is_hardened) == (None, 0, False)
    assert rows(managed, "SELECT count(*) FROM lms.terms") == [(50,)]
    own = Access(Settings(home=tmp_path, database_url=written(url_of(manager.parameters | {"dbname": DATABASE}))))
    with using(own):
        assert bring_up_to_date(is_hardened=False) == []
    powerful = (
        "SELECT rolname FROM pg_roles WHERE rolname LIKE 'u\\_%' AND (rolsuper OR rolcreaterole OR rolbypassrls OR rolconnlimit <> 5)"
    )
    assert rows(managed, powerful) == []
    taken_on = "SELECT roleid::regrole::text FROM pg_auth_members WHERE member = 'manager'::regrole AND (inherit_option OR set_option)"
    assert rows(managed, taken_on, "postgres") == [("pg_read_all_data",)]
    assert leftovers(managed) == []

    # An administrator manages the restored logins, and adds a person.
    with closing(signed_in(managed, ADA)) as administrator:
        assert administrator.execute("SELECT lms.close_login(id) FROM lms.users WHERE email = %s", [BEN]).fetchone() == (True,)
        administrator.execute("INSERT INTO lms.users (email, family_name, sort_name, role) VALUES (%s, 'L', 'l', 'lecturer')", [LATE])
        verifier = roles.scram_verifier(PASSWORD)
        administrator.execute("SELECT lms.set_login(id, %s, '!') FROM lms.users WHERE email = %s", [verifier, LATE])

        # The manager may not end that session: everything stays as it is, open to everybody.
        with pytest.raises(BackupError, match="do not end, so it was not replaced"):
            restore_backup(archive, manager, None, database=DATABASE, work=tmp_path, replace=True)
        with closing(signed_in(managed, LATE)) as other:
            assert other.execute("SELECT count(*) FROM lms.users").fetchone() is not None
    assert leftovers(managed) == []
    again = restore_backup(archive, manager, None, database=DATABASE, work=tmp_path, replace=True)
    assert again.n_closed == 1
    with pytest.raises(psycopg.OperationalError):
        signed_in(managed, LATE)
    signed_in(managed, BEN).close()
    assert again.kept is not None
    assert rows(managed, "SELECT count(*) FROM lms.users WHERE email = '" + LATE + "'", again.kept) == [(1,)]

    # There, too, the login of backups reads every row.
    with closing(managed.connect()) as connection:
        connection.execute(f"ALTER ROLE lmskit_backup PASSWORD '{roles.scram_verifier(SECRET)}'".encode())
    address = written(url_of(manager.parameters | {"dbname": DATABASE, "user": roles.BACKUP, "password": SECRET}))
    (folder := tmp_path / "backups").mkdir()
    with using(Access(Settings(home=tmp_path, database_url=address))) as reading:
        made = create_backup(source_of(reading), FolderRepository(folder), None, work=folder)
    assert made.manifest.tables == archive.manifest.tables


def test_a_login_that_may_not_is_refused_with_what_it_lacks(archive, other_server, tmp_path):
    manager = as_manager(other_server, tmp_path)
    with pytest.raises(BackupError, match="only a superuser can make the extension pgvector, which manager is not"):
        restore_backup(archive, manager, None, database=DATABASE, work=tmp_path)
    assert leftovers(other_server) == []
    with closing(other_server.connect()) as connection:
        connection.execute("ALTER ROLE manager NOBYPASSRLS")
    with pytest.raises(BackupError, match="manager cannot restore a backup: that takes a superuser, or a login with CREATEROLE, CREATEDB"):
        restore_backup(archive, manager, None, database=DATABASE, work=tmp_path)


def test_roles_that_another_login_made_are_named(archive, managed, tmp_path):
    with closing(managed.connect()) as connection:
        for name in ("first", "second"):
            connection.execute(f"CREATE ROLE {name} LOGIN CREATEROLE CREATEDB BYPASSRLS PASSWORD '{roles.scram_verifier(SECRET)}'".encode())
    second = Target(manager_conninfo(managed, "second"), tmp_path / "pgpass", password=SECRET)
    bootstrap(managed.conninfo, DATABASE, passfile=tmp_path / "pgpass", empty=True)
    with pytest.raises(BackupError, match=r"Other logins made roles of the backup on this server, such as .*GRANT .* TO second WITH ADMIN"):
        restore_backup(archive, second, None, database=DATABASE, work=tmp_path, replace=True)


def manager_conninfo(superuser: Target, login: str) -> str:
    return make_conninfo("", **superuser.parameters | {"host": "127.0.0.1", "user": login})
