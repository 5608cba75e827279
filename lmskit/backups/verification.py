"""Verify a backup: restore it into a server of its own, as a restore would, compare, harden, bring up to date and check who may see what.

Only this proves a backup: a flipped bit in a dump passes every program that merely lists its contents.
"""

from __future__ import annotations

import datetime as dt
import shutil
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, cast

from sqlalchemy.orm import Session

from lmskit.backups.archive import BackupArchive
from lmskit.backups.encryption import ENDING, WatchedFile, decrypt
from lmskit.backups.failure import no_room
from lmskit.backups.repository import BackupRepository, Verification
from lmskit.backups.restoration import require_readable, require_version, restore_backup
from lmskit.backups.target import Target
from lmskit.db import Access, migrator_engine, revision, using
from lmskit.db.address import url_of, written
from lmskit.db.cluster import Cluster
from lmskit.db.cluster.disk import says_full
from lmskit.db.cluster.layout import prepare_home
from lmskit.db.cluster.server_user import server_user
from lmskit.db.lock import exclusively
from lmskit.errors import BackupRefusedError
from lmskit.progress import Progress, silent
from lmskit.queries.access_rules import LEAKPROOF_BUILTINS, SHARED_RESOURCES, Violation, violations
from lmskit.queries.server_release import SERVER_RELEASE, VECTOR_RELEASE
from lmskit.readable import bounded
from lmskit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from lmskit.backups.manifest import BackupManifest

FOLDER = "verification"
"""The folder in the home in which a backup is verified."""
BUSY_LIMIT = 10.0
ABOUT_THE_SERVER = (SERVER_RELEASE, VECTOR_RELEASE)
"""Rules that are about the programs of this machine, not about the backup."""
OF_HARDENING = (LEAKPROOF_BUILTINS, SHARED_RESOURCES)


@dataclass(frozen=True)
class Verified:
    """A backup that was restored and found equal.

    Attributes
    ----------
    manifest
        What it says about itself.
    record
        What is written down beside it.
    """

    manifest: BackupManifest
    record: Verification


@contextmanager
def opened(path: Path, *, name: str, work: Path, identity_file: Path | None) -> Iterator[BackupArchive]:
    """Give the backup in a file; an encrypted one is decrypted into the folder `work` meanwhile.

    Raises
    ------
    BackupRefusedError
        It is damaged, or of another version.
    BackupError
        It is encrypted, and there is no key for it.
    """
    if not name.endswith(ENDING):
        yield BackupArchive(path, name)
        return
    plain = work / "decrypted.zip"
    plain.touch(mode=0o600)
    try:
        try:
            with plain.open("wb") as file:
                target = WatchedFile(file)
                try:
                    decrypt(path, cast("BinaryIO", target), identity_file, name=name)
                except BackupRefusedError as error:
                    raise target.problem or error from None
        except OSError as error:
            raise (no_room(work, name) if says_full(error) else error) from error
        yield BackupArchive(plain, name)
    finally:
        plain.unlink(missing_ok=True)


@contextmanager
def working_folder(settings: Settings, name: str = FOLDER) -> Iterator[Path]:
    """Give an empty folder in the home to one process at a time; what an interrupted one left there is stopped and removed.

    Raises
    ------
    ClusterError
        Another process works in it.
    """
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = settings.home / name
    with exclusively(settings.home / f"{name}.lock", timeout=BUSY_LIMIT):
        _clear(folder, settings.postgres_version)
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            _clear(folder, settings.postgres_version)


def verify_backup(
    repository: BackupRepository,
    name: str,
    *,
    settings: Settings,
    progress: Progress = silent,
    server_settings: Mapping[str, str] | None = None,
) -> Verified:
    """Restore a backup into a server of its own, compare, and write down beside it that it was verified. The server is removed afterwards.

    Parameters
    ----------
    repository, name
        Where the backup is, and its name there.
    settings
        Say where the home and the private key are.
    progress
        Is shown each step.
    server_settings
        Settings of that server beside lmskit's own, such as those of tests.

    Raises
    ------
    BackupRefusedError
        It is damaged, incomplete, of another version, restores to something else, or lets people see or do what they should not.
    """
    began = time.monotonic()
    with (
        working_folder(settings) as work,
        _enterable(work, settings),
        repository.local_copy(name, work) as path,
        opened(path, name=name, work=work, identity_file=settings.backup_identity_file) as archive,
    ):
        database = archive.manifest.database
        require_readable(archive, database)
        require_version(archive, settings.postgres_version)
        progress("Starting a server for the verification", 0, None)
        cluster = Cluster(work, settings.postgres_version, overrides={"listen_addresses": ""} | dict(server_settings or {}))
        try:
            conninfo = cluster.start().superuser_conninfo()
            target = Target(conninfo, work / "pgpass", is_embedded=True)
            with cluster.file_errors():
                restore_backup(archive, target, None, database=database, work=work, progress=progress)
            progress("Checking who may see what", 0, None)
            address = written(url_of(target.parameters | {"dbname": database}))
            with using(Access(Settings(home=work, database_url=address))):
                _require_closed(name, bring_up_to_date())
        finally:
            cluster.stop()
        now = dt.datetime.now(dt.UTC)
        record = Verification(
            size=path.stat().st_size,
            sha256=archive.sha256,
            verified_at=now,
            age=(now - archive.manifest.taken_at).total_seconds(),
            restored_in=time.monotonic() - began,
        )
        repository.keep_record(name, record)
        return Verified(archive.manifest, record)


def bring_up_to_date(*, is_hardened: bool = True) -> list[Violation]:
    """Bring the restored database of this process's access to the newest revision; return the access rules that are broken in it.

    Those that only hardening satisfies are left out where that could not be done.
    """
    left_out = ABOUT_THE_SERVER if is_hardened else (*ABOUT_THE_SERVER, *OF_HARDENING)
    revision.upgrade()
    with closing(migrator_engine().connect()) as connection, Session(connection) as session:
        return [violation for violation in violations(session) if violation.rule not in left_out]


@contextmanager
def _enterable(work: Path, settings: Settings) -> Iterator[None]:
    """Let the user as whom the server runs pass through both folders, while the inner one is still empty."""
    for folder in (settings.home, work):
        prepare_home(Cluster(folder, settings.postgres_version).layout, server_user())
    yield


def _require_closed(name: str, found: list[Violation]) -> None:
    if found:
        more = f" ({len(found) - 1} more)" if len(found) > 1 else ""
        raise BackupRefusedError(
            f"{name} restores to a database in which people could see or do more than they should: {found[0].rule}, "
            f"{bounded(found[0].object, 120)}{more}. If lmskit doctor says the same of the database that was saved, mend it there and make "
            "another backup; otherwise the backup is not what lmskit wrote."
        )


def _clear(folder: Path, version: int) -> None:
    """Stop the server of an interrupted verification, and remove its folder."""
    if folder.exists():
        Cluster(folder, version).stop()
        shutil.rmtree(folder, ignore_errors=True)
