"""Fill a server from a backup: beside what is there, compared with the backup, and then put in its position in one transaction.

A dump is a program: its statements are run by a login that owns the objects of lmskit and has no power over the server, so that a forged
one can neither read files, nor run programs, nor make superusers. Until the last step, the new database has another name and lets nobody
in; what an interrupted restore leaves is removed by the next.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import threading
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from pydantic import ValidationError

from lmskit.backups.contents import FILES_OF_MATERIALS, sequence_values, set_formats, table_contents
from lmskit.backups.erased_again import ErasedAgain, drop_logins, erase_again, remembered_in
from lmskit.backups.failure import server_failures
from lmskit.backups.logins import close_others, give_logins, make_missing, without
from lmskit.backups.manifest import LOGINS, MATERIALS, BackedUpLogins, BackupManifest
from lmskit.backups.power import power_of
from lmskit.backups.staged import LONGEST_DATABASE_NAME, not_restored, staged_database
from lmskit.backups.target import drop_database, restoring_alone
from lmskit.db import roles
from lmskit.db.bootstrap import bootstrap
from lmskit.db.releases import postgres_release, shown
from lmskit.db.schema_revision import revisions
from lmskit.errors import BackupError, BackupRefusedError
from lmskit.materials.store import store_name_of
from lmskit.progress import Progress, silent

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from lmskit.backups.archive import BackupArchive
    from lmskit.backups.power import Power
    from lmskit.backups.staged import StagedDatabase
    from lmskit.backups.target import Target
    from lmskit.materials.store import MaterialStore
    from lmskit.queries.erasure import Remembered

    Connection = psycopg.Connection[Any]

SWAP_TRIES = 3
"""Times that sessions are ended, of which each takes up to 5 seconds."""
PAUSE = 0.2
"""Seconds until sessions are ended again."""
MOST_NAMED = 3
"""Tables that are named where a restored database differs."""
_END_SESSIONS = """
SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE datname = ANY (%s) AND backend_type = 'client backend'
"""
_LOGINS_OF_PEOPLE = b"SELECT db_role FROM lms.users WHERE db_role IS NOT NULL ORDER BY 1"


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes
    ----------
    kept
        The name under which the database that was there is kept; None if there was none, or it was empty.
    n_closed
        How many logins were closed because their people are not in the backup.
    n_files
        How many files of materials the store has from it.
    is_hardened
        Whether it was hardened, which takes a superuser.
    n_erased
        How many people were in it who have been erased since, and are erased again.
    """

    kept: str | None
    n_closed: int
    n_files: int
    is_hardened: bool
    n_erased: int = 0


def restore_backup(
    archive: BackupArchive,
    target: Target,
    store: MaterialStore | None,
    *,
    database: str,
    work: Path,
    replace: bool = False,
    remembered: Collection[Remembered] = (),
    courses_to: str | None = None,
    progress: Progress = silent,
) -> Restored:
    """Fill a server from a backup.

    Parameters
    ----------
    archive
        The backup.
    target
        The server, and a superuser of it, or a login that makes roles and databases and sees every row.
    store
        Gets the files of materials; None only compares them with their names.
    database
        The name of the database. Names of logins are computed from it, so it has to be that of the backup.
    work
        A folder for the dump while it is read.
    replace
        Whether a database that has rows may be replaced; it is kept under another name.
    remembered
        Those who were erased, as far as files know; those whom the database that is replaced remembers come to them. Who is in the
        backup is erased again, while nobody can sign in yet.
    courses_to
        The address of the lecturer who takes over the courses that those teach in the backup.
    progress
        Is shown each step.

    Raises
    ------
    BackupRefusedError
        The backup cannot be restored, or the restored database differs from it. What was there is as it was.
    BackupError
        The server has a database with rows, or the login may not do it.
    """
    logins = require_readable(archive, database)
    with (
        server_failures(not_restored(archive.name)),
        closing(target.connect()) as connection,
        restoring_alone(connection),
        power_of(connection) as power,
    ):
        power.join()
        power.require_manageable(role.name for role in logins.roles)
        require_version(archive, connection.info.server_version // 10_000)
        occupied = target.has_rows(connection, database)
        if occupied and not replace:
            raise BackupError(
                f"The database {database} has rows, and a restore would replace them. Nothing was changed. To replace it, and keep what is "
                f"there under another name: --replace {database}"
            )
        progress("Preparing the server", 0, None)
        prepared = bootstrap(
            target.conninfo, database, passfile=target.passfile, own_cluster=target.is_embedded, password=target.password,
            agree=lambda _login: False, empty=True,
        )  # fmt: skip
        power.join()  # bootstrap leaves them
        with staged_database(connection, target, database) as staged:
            make_missing(power, logins)
            staged.make(connection)
            progress("Restoring the database", 0, None)
            staged.fill(archive, work)
            progress("Comparing with the backup", 0, None)
            with closing(target.connect(staged.name)) as inside:
                require_equal(archive, inside, reader=roles.BACKUP if power.is_superuser else None)
                _require_logins(archive, inside, logins)
                _require_files(archive, inside)
            erased = frozenset(remembered) | remembered_in(target, database)
            if erased:
                progress("Erasing again who was erased", 0, None)
            again = erase_again(connection, staged, erased, courses_to=courses_to)
            n_files = _add_files(archive, store, progress)
            progress("Hardening", 0, None)
            staged.finish(database, as_superuser=power.is_superuser)
            progress("Giving it its name", 0, None)
            kept, n_closed = _swap(power, staged, database, logins, again, new=prepared.roles_made)
        if not occupied:
            drop_database(connection, kept)
    return Restored(kept if occupied else None, n_closed, n_files, power.is_superuser, again.n_people)


def require_readable(archive: BackupArchive, database: str) -> BackedUpLogins:
    """Return the logins of a backup that can be restored as the database of this name.

    Raises
    ------
    BackupRefusedError
        It has no logins, or is of a revision that this lmskit does not have.
    BackupError
        It is of another database.
    """
    logins = read_backed_up_logins(archive)
    manifest = archive.manifest
    if database != manifest.database:
        raise BackupError(
            f"{archive.name} is of the database {manifest.database}, and the names of its logins are computed from that name, so it cannot "
            f"be restored as {database}. Give an address that ends with /{manifest.database}"
        )
    known = revisions()
    if known and manifest.revision not in known:
        raise BackupRefusedError(
            f"{archive.name} is of revision {manifest.revision}, made by lmskit {manifest.lmskit}: another version, since this lmskit has "
            f"up to {known[-1]}. Install that lmskit, or a newer one, then try again."
        )
    return logins


def read_backed_up_logins(archive: BackupArchive) -> BackedUpLogins:
    """Return the logins of a backup.

    Raises
    ------
    BackupRefusedError
        It has none of lmskit's, or what it has is not a login.
    """
    try:
        found = BackedUpLogins.model_validate_json(archive.read(LOGINS))
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BackupRefusedError(f"{archive.name} has logins of a form that is not lmskit's ({where}). Use another backup.") from None
    if roles.OWNER not in {role.name for role in found.roles}:
        raise BackupRefusedError(f"{archive.name} has no logins: nobody could sign in to what is restored from it. Use another backup.")
    return found


def require_equal(archive: BackupArchive, inside: Connection, *, reader: str | None = roles.BACKUP) -> None:
    """Compare a restored database with what the backup says of the original.

    Parameters
    ----------
    archive
        The backup.
    inside
        A connection to the database.
    reader
        The role that reads, which has no other power; None if the login itself reads.

    Raises
    ------
    BackupRefusedError
        A table has other rows, or a sequence would give a number again.
    """
    manifest: BackupManifest = archive.manifest
    if reader is not None:
        inside.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(reader)))
    set_formats(inside)
    tables, sequences = table_contents(inside), sequence_values(inside)
    inside.execute("RESET ROLE")
    differing = sorted(name for name in tables.keys() | manifest.tables.keys() if tables.get(name) != manifest.tables.get(name))
    # A sequence moves on while a dump is made, and a rollback does not take it back.
    differing += sorted(name for name, value in manifest.sequences.items() if sequences.get(name, -1) < value)
    if differing:
        more = f" and {len(differing) - MOST_NAMED} more" if len(differing) > MOST_NAMED else ""
        raise BackupRefusedError(
            f"{archive.name} does not restore to what was saved: {', '.join(differing[:MOST_NAMED])}{more} differ from its manifest. "
            "Use another backup."
        )


def require_version(archive: BackupArchive, major: int) -> None:
    """Refuse a backup of a newer major version of PostgreSQL than that of the server to fill."""
    of_backup = archive.manifest.server // 10_000
    if of_backup > major:
        raise BackupRefusedError(
            f"{archive.name} is of PostgreSQL {shown(postgres_release(archive.manifest.server))}: another version, which "
            f"PostgreSQL {major} cannot read. Restore it with PostgreSQL {of_backup} or newer."
        )


def _require_logins(archive: BackupArchive, inside: Connection, logins: BackedUpLogins) -> None:
    known = {role.name for role in logins.roles}
    lost = [str(row[0]) for row in inside.execute(_LOGINS_OF_PEOPLE).fetchall() if row[0] not in known]
    if lost:
        people = "1 person" if len(lost) == 1 else f"{len(lost)} people"
        raise BackupRefusedError(
            f"{archive.name} lacks the logins of {people} in its tables, who could not sign in to what is restored from it. "
            "Use another backup."
        )


def _require_files(archive: BackupArchive, inside: Connection) -> None:
    """Compare the files of materials with those that the database has."""
    materials = archive.manifest.materials
    if not materials.included or inside.execute("SELECT to_regclass('lms.material_files') IS NOT NULL").fetchone() != (True,):
        return
    needed = {str(row[0]) for row in inside.execute(FILES_OF_MATERIALS).fetchall()}
    lost = needed - {*archive.material_names, *materials.missing}
    if lost:
        files = "1 file" if len(lost) == 1 else f"{len(lost)} files"
        raise BackupRefusedError(f"{archive.name} lacks {files} of materials that its database has. Use another backup.")


def _add_files(archive: BackupArchive, store: MaterialStore | None, progress: Progress) -> int:
    """Put the files of materials into the store, or only compare them with their names; those that are there stay."""
    names = archive.material_names
    for number, name in enumerate(names, 1):
        progress("Restoring the files of materials", number, len(names))
        content = archive.read(f"{MATERIALS}{name}")
        if store_name_of(content) != name:
            raise BackupRefusedError(f"{archive.name} has a file of a material that is not what its name says. Use another backup.")
        if store is not None:
            store.add(content)
    return len(names) if store is not None else 0


def _swap(
    power: Power, staged: StagedDatabase, database: str, logins: BackedUpLogins, again: ErasedAgain, *, new: Collection[str]
) -> tuple[str, int]:
    """Give the new database its name and the people their logins, in one transaction; sessions of the old one are ended.

    Return the name that the old one has now, and how many logins were closed.
    """
    connection = power.connection
    with closing(staged.target.connect(database)) as inside:
        exists = inside.execute("SELECT to_regclass('lms.users') IS NOT NULL").fetchone() == (True,)
        before = {str(row[0]) for row in inside.execute(_LOGINS_OF_PEOPLE).fetchall()} if exists else set()
    kept = f"{database[: LONGEST_DATABASE_NAME - 25]}_before_{dt.datetime.now(dt.UTC):%Y%m%d_%H%M%S}"
    old, renamed, aside = sql.Identifier(database), sql.Identifier(staged.name), sql.Identifier(kept)
    with _ending_sessions(staged.target, database, staged.name):
        for _ in range(SWAP_TRIES):
            try:
                with connection.transaction():
                    # Waits for sessions, and lets no new one begin meanwhile.
                    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(old, aside))
                    connection.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 0").format(aside))
                    connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(renamed, old))
                    opened = without(logins, again.logins)
                    give_logins(power, opened, database, new=new)
                    n_closed = len(close_others(connection, before, opened))
                    drop_logins(power, again.logins - before)
                    return kept, n_closed
            except psycopg.errors.ObjectInUse:
                continue
            except psycopg.errors.InsufficientPrivilege as error:
                raise BackupError(
                    f"{connection.info.user} may not change a login of the backup, so what was there is as it was: {error}. Restore with "
                    "the login of a superuser."
                ) from error
    raise BackupError(
        f"Sessions of the database {database} do not end, so it was not replaced. End them, as a superuser can, then try again."
    )


@contextmanager
def _ending_sessions(target: Target, *databases: str) -> Iterator[None]:
    """End the sessions of databases for as long as the block takes, those also that programs begin again."""
    done = threading.Event()
    with closing(target.connect()) as connection:

        def end() -> None:
            while not done.is_set():
                with contextlib.suppress(psycopg.Error):  # a session that may not be ended is named at the end
                    connection.execute(_END_SESSIONS, [list(databases)])
                done.wait(PAUSE)

        thread = threading.Thread(target=end, name="ending sessions")
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()
