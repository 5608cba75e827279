"""A database with people, rows and a file of a material, and a backup of it."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from lmskit.backups.archive import BackupArchive
from lmskit.backups.creation import MadeBackup, create_backup
from lmskit.backups.repository import FolderRepository
from lmskit.backups.source import BackupSource
from lmskit.backups.target import Target
from lmskit.db import access, roles, scram_verifier
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.cluster.layout import prepare_home
from lmskit.db.cluster.server_user import server_user
from lmskit.db.roles import login_name
from lmskit.materials.store import FolderStore, checksum_of, store_name_of
from lmskit.settings import Settings
from tests.conftest import FAST

DATABASE = "saved"
ADA, BEN = "ada@example.org", "ben@example.org"
PASSWORD = "correct horse battery"
CONTENT = b"The file of a material."
ROWS = (
    "INSERT INTO terms (code, name, starts_on, ends_on) SELECT 'T' || n, 'Grüße', '2026-01-01', '2026-06-30' FROM generate_series(1, 50) n",
    "INSERT INTO users (email, family_name, sort_name, role) SELECT n || '@b.org', 'S', 's', 'student' FROM generate_series(1, 40) n",
    f"INSERT INTO material_files (stored_as) VALUES ('{store_name_of(CONTENT)}'), ('{store_name_of(b'swept')}')",
)
MATERIAL = """
WITH course AS (
    INSERT INTO courses (code, module_code, title, term_id, lecturer_id, origin)
    SELECT 'C', 'C', 'C', t.id, u.id, 'import' FROM terms AS t, users AS u WHERE t.code = 'T1' AND u.role = 'lecturer' RETURNING id
)
INSERT INTO materials (course_id, kind, title, file_name, checksum, stored_as) SELECT id, 'text', 'M', 'm.txt', %s, %s FROM course
"""


@dataclass(frozen=True)
class Saved:
    """The database, who reads it, and where its files and backups are."""

    endpoint: Endpoint
    source: BackupSource
    store: FolderStore
    folder: Path

    @property
    def repository(self) -> FolderRepository:
        return FolderRepository(self.folder)

    def superuser(self) -> "psycopg.Connection[tuple[object, ...]]":
        return psycopg.connect(self.endpoint.superuser_conninfo(DATABASE), autocommit=True)

    def backup(self, folder: Path, **options: object) -> MadeBackup:
        """Make a backup in another folder."""
        return create_backup(self.source, FolderRepository(folder), self.store, work=folder, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="session")
def saved(migrated_database: Callable[..., object], endpoint: Endpoint) -> Iterator[Saved]:
    """A database with two people who have logins, with rows, and with a material's file in a store."""
    migrated_database(DATABASE)
    with closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE), autocommit=True)) as connection:
        for statement in ROWS:
            connection.execute(statement.encode())
        for email, role in ((ADA, "super_admin"), (BEN, "lecturer")):
            connection.execute(
                "INSERT INTO users (email, family_name, sort_name, role) VALUES (%s, 'P', 'p', %s::user_role)", [email, role]
            )
            connection.execute("SELECT set_login(id, %s, '!') FROM users WHERE email = %s", [scram_verifier(PASSWORD), email])
        connection.execute(MATERIAL, [checksum_of(CONTENT), store_name_of(CONTENT)])
    parameters = conninfo_to_dict(endpoint.superuser_conninfo(DATABASE))
    with tempfile.TemporaryDirectory(prefix="lmskit-backups-") as name:
        (folder := Path(name) / "backups").mkdir(mode=0o700)
        store = FolderStore(Path(name) / "materials", make=True)
        store.add(CONTENT)
        yield Saved(endpoint, BackupSource(access(), dict(parameters), None, roles.BACKUP, is_embedded=True), store, folder)
    with closing(psycopg.connect(endpoint.superuser_conninfo(), autocommit=True)) as connection:
        connection.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)".encode())
        for email in (ADA, BEN):
            connection.execute(f"DROP ROLE {login_name(DATABASE, email)}".encode())


@pytest.fixture(scope="session")
def made(saved: Saved) -> MadeBackup:
    """A backup of it."""
    return create_backup(saved.source, saved.repository, saved.store, work=saved.folder)


@pytest.fixture(scope="session")
def archive(saved: Saved, made: MadeBackup) -> BackupArchive:
    return BackupArchive(saved.folder / made.name, made.name)


@pytest.fixture
def own_settings() -> Iterator[Settings]:
    """Settings with a home of their own, which the user of the server can enter if root starts it."""
    with tempfile.TemporaryDirectory(prefix="lmskit-verifying-") as name:
        yield Settings(home=Path(name), postgres_version=access().settings.postgres_version)


@pytest.fixture(scope="session")
def other_cluster() -> Iterator[Target]:
    """Another server, which nobody has prepared."""
    with tempfile.TemporaryDirectory(prefix="lmskit-restored-") as name:
        cluster = Cluster(Path(name), access().settings.postgres_version, overrides=FAST)
        prepare_home(cluster.layout, server_user())
        try:
            yield Target(cluster.start().superuser_conninfo(), Path(name) / "pgpass")
        finally:
            cluster.stop()


@pytest.fixture
def other_server(other_cluster: Target) -> Iterator[Target]:
    """The other server; the databases and roles that a test makes there are gone after it."""
    yield other_cluster
    with closing(other_cluster.connect()) as connection:
        for (name,) in connection.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [DATABASE]).fetchall():
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
        # The superuser of initdb and the roles of PostgreSQL itself have the ids below the first that a user gets.
        made = connection.execute("SELECT rolname FROM pg_roles WHERE oid >= 16384").fetchall()
        if made:
            connection.execute(sql.SQL("DROP ROLE {}").format(sql.SQL(", ").join(sql.Identifier(name) for (name,) in made)))
