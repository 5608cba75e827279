"""Make a backup: a dump, the logins, the files of materials, and what all tables contained in the very snapshot of the dump."""

from __future__ import annotations

import datetime as dt
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import version
from typing import IO, TYPE_CHECKING, Any, cast

from lmskit.backups.archive import BLOCK, ArchiveWriter, new_archive
from lmskit.backups.contents import FILES_OF_MATERIALS, sequence_values, table_contents
from lmskit.backups.encryption import encrypted, require_recipients
from lmskit.backups.erasures import keep_beside
from lmskit.backups.failure import server_failures
from lmskit.backups.logins import read_logins
from lmskit.backups.manifest import DUMP, FORMAT, LOGINS, MATERIALS, BackupManifest, SavedMaterials, TableContent
from lmskit.backups.repository import name_of
from lmskit.db.client_programs import client_program, signed_in
from lmskit.db.cluster.binaries import release_of
from lmskit.db.cluster.disk import says_full
from lmskit.db.releases import shown
from lmskit.errors import BackupError, InputError, StoredFileError
from lmskit.progress import Progress, silent
from lmskit.queries.erasure import Remembered
from lmskit.settings import environment_without_passwords

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import psycopg

    from lmskit.backups.repository import BackupRepository
    from lmskit.backups.source import BackupSource
    from lmskit.materials.store import MaterialStore

    Connection = psycopg.Connection[Any]

LOCK_WAIT = 600_000
"""Milliseconds for which pg_dump waits for a table that a migration holds."""
DUMP_OPTIONS = ("--format=custom", "--exclude-schema=pg_catalog", f"--lock-wait-timeout={LOCK_WAIT}", "--no-password")
"""Without what hardening took from built-in functions, which a restore does again. Row security is off: with `--enable-row-security`
a login that may not read a row would leave it out without an error."""


@dataclass(frozen=True)
class MadeBackup:
    """A backup that was made.

    Attributes
    ----------
    name
        Its name in the repository.
    manifest
        What it says about itself.
    """

    name: str
    manifest: BackupManifest


def create_backup(
    source: BackupSource,
    repository: BackupRepository,
    store: MaterialStore | None,
    *,
    work: Path,
    recipients: Sequence[str] = (),
    progress: Progress = silent,
) -> MadeBackup:
    """Make a backup of what was committed at one moment, while people go on working.

    Parameters
    ----------
    source
        The database, and the login that reads it.
    repository
        Where it is kept.
    store
        The store of materials' files; None to leave them out.
    work
        A folder for what is not complete.
    recipients
        Public keys of age for which it is encrypted; none leaves it readable.
    progress
        Is shown each step.

    Raises
    ------
    BackupError
        It could not be made; nothing is kept of it.
    UnreachableError
        The server does not answer, or refuses the login.
    InputError
        No pg_dump on this machine is new enough for the server.
    """
    keys = require_recipients(recipients) if recipients else []
    started = dt.datetime.now(dt.UTC)
    with server_failures("nothing was kept of the backup"), source.connected() as connection, connection.transaction():
        connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        row = connection.execute("SELECT pg_export_snapshot(), transaction_timestamp()").fetchone()
        assert row is not None  # noqa: S101 - a SELECT without FROM has one row
        snapshot, taken_at = str(row[0]), row[1]
        logins = read_logins(connection, source.database)
        major = connection.info.server_version // 10_000
        dump_program = client_program("pg_dump", source.parameters, server=major, own=source.is_embedded)
        name = name_of(source.database, taken_at, encrypted=bool(keys))
        with ExitStack() as stack:
            file = stack.enter_context(repository.new(name, work))
            if keys:
                file = stack.enter_context(encrypted(file, keys))
            archive = stack.enter_context(new_archive(file))
            content = _Content(connection)
            with ThreadPoolExecutor(1) as reading, _dumping(source, dump_program, snapshot) as dumped:
                contained = reading.submit(content.read)
                progress("Dumping the database", 0, None)
                with archive.part(DUMP) as part:
                    shutil.copyfileobj(dumped, part, BLOCK)
                progress("Counting what the tables contain", 0, None)
                contained.result()
            archive.add(LOGINS, logins.model_dump_json(indent=1).encode())
            # Before the backup has its name: who was erased before it is made stays erased when an older one is restored.
            with suppress(InputError):  # lmskit doctor says that the file is damaged
                keep_beside(repository, source.database, content.erased)
            materials = _add_materials(archive, content.stored, store, progress)
            manifest = BackupManifest(
                format=FORMAT,
                lmskit=version("lmskit"),
                database=source.database,
                revision=content.revision,
                server=connection.info.server_version,
                dumped_by=shown(release_of(dump_program)),
                started=started,
                taken_at=taken_at,
                ended=dt.datetime.now(dt.UTC),
                tables=content.tables,
                sequences=content.sequences,
                parts=archive.parts,
                materials=materials,
            )
            archive.finish(manifest)
    return MadeBackup(name, manifest)


class _Content:
    """What the snapshot of a connection contains; read in another thread while the dump is written."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        exists = {
            name: self._one(f"SELECT to_regclass('lms.{name}') IS NOT NULL") for name in ("alembic_version", "material_files", "erasures")
        }
        self.revision: str | None = self._one("SELECT max(version_num) FROM lms.alembic_version") if exists["alembic_version"] else None
        if self.revision is None:
            raise BackupError("The database has no tables of lmskit, so there is nothing to save. To make them: lmskit db upgrade")
        rows = connection.execute(FILES_OF_MATERIALS).fetchall() if exists["material_files"] else []
        self.stored = [str(row[0]) for row in rows]
        found = connection.execute("SELECT person_id, fingerprint FROM lms.erasures").fetchall() if exists["erasures"] else []
        self.erased = {Remembered(int(person), str(fingerprint)) for person, fingerprint in found}
        # A sequence belongs to no snapshot: read before the dump begins, it is not beyond what the dump has.
        self.sequences = sequence_values(connection)
        self.tables: dict[str, TableContent] = {}

    def read(self) -> None:
        self.tables = table_contents(self._connection)

    def _one(self, statement: str) -> Any:  # noqa: ANN401 - a value of the database
        row = self._connection.execute(statement.encode()).fetchone()
        return row[0] if row else None


@contextmanager
def _dumping(source: BackupSource, program: Path, snapshot: str) -> Iterator[IO[bytes]]:
    """Give what pg_dump writes; it has to end well."""
    options = [*DUMP_OPTIONS, f"--snapshot={snapshot}", *(() if source.role is None else (f"--role={source.role}",))]
    with signed_in(source.parameters, source.password) as (where, files), tempfile.TemporaryFile() as said:
        process = subprocess.Popen(  # noqa: S603 - PostgreSQL's own program
            [program, *options, "-d", where],
            stdout=subprocess.PIPE,
            stderr=said,
            stdin=subprocess.DEVNULL,
            env=environment_without_passwords(),
            pass_fds=files,
        )
        try:
            with process:
                try:
                    yield cast("IO[bytes]", process.stdout)
                except BaseException:
                    process.kill()
                    raise
        finally:
            said.seek(0)
            reason = " ".join(said.read().decode(errors="replace").split())[:500]
        if process.returncode != 0:
            full = " The disk of the server is full." if says_full(reason) else ""
            raise BackupError(f"pg_dump failed, and nothing was kept of the backup.{full} It said: {reason or process.returncode}")


def _add_materials(archive: ArchiveWriter, names: Sequence[str], store: MaterialStore | None, progress: Progress) -> SavedMaterials:
    if store is None or not names:
        return SavedMaterials(included=store is not None, files=0, size=0, missing=[])
    missing, size = [], 0
    for number, name in enumerate(names, 1):
        progress("Copying the files of materials", number, len(names))
        try:
            content = store.read(name)
        except StoredFileError:
            missing.append(name)
            continue
        archive.add(f"{MATERIALS}{name}", content)
        size += len(content)
    return SavedMaterials(included=True, files=len(names) - len(missing), size=size, missing=missing)
