"""`lmskit backup`: make backups, verify them by restoring them, restore one, list and remove them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from lmskit.backups.creation import MadeBackup, create_backup
from lmskit.backups.erasures import begun_beside, begun_outside, beside, remembered_outside
from lmskit.backups.manifest import BackupManifest
from lmskit.backups.repository import BackupRepository, KeptBackup, file_part, repository_of
from lmskit.backups.restoration import Restored, restore_backup
from lmskit.backups.retention import kept
from lmskit.backups.source import source_of
from lmskit.backups.target import Target
from lmskit.backups.verification import bring_up_to_date, opened, verify_backup, working_folder
from lmskit.cli.db import password_in_file
from lmskit.cli.dry_run import DryRun
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.page import ListPage, paged, part_of
from lmskit.cli.password import operators_password
from lmskit.cli.printing import print_error, print_line, spinner
from lmskit.db import Access, access, using
from lmskit.db.address import DATABASE, conninfo, without_login, written
from lmskit.errors import BackupError, BootstrapError, ClusterError, InputError, UnreachableError
from lmskit.materials.chosen_store import store_of
from lmskit.rounding import count_text, size_text
from lmskit.settings import Settings

app = typer.Typer(name="backup", help="Make, verify, restore, list and remove backups.", no_args_is_help=True)

HEADINGS = {"name": "Backup", "taken": "Taken at (UTC)", "size": "Size", "verified": "Verified at (UTC)", "took": "Restored in"}
InOption = Annotated[
    str | None,
    typer.Option("--in", metavar="DIR|s3://…", help="Folder or bucket of the backups. Default: LMSKIT_BACKUPS.", show_default=False),
]
BackupArgument = Annotated[
    str | None,
    typer.Argument(metavar="[BACKUP]", help="Its path or address, or its name among the backups. Default: the newest.", show_default=False),
]
MINUTE, HOUR, DAY = 60, 3_600, 86_400
TO_CHECK = "To check the rest: lmskit doctor"
SENDING = "sending"
"""The folder in the home for what is not complete."""


@app.callback()
def backup() -> None:
    """Make, verify, restore, list and remove backups."""


@app.command()
def create(
    *,
    to: Annotated[
        str | None,
        typer.Option(metavar="DIR|s3://…", help="Folder or bucket to keep it in. Default: LMSKIT_BACKUPS.", show_default=False),
    ] = None,
    without_materials: Annotated[
        bool, typer.Option("--without-materials", help="Leave the files of materials out, as where the store has backups of its own.")
    ] = False,
    encrypt_for: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Public key of age for which it is encrypted. Default: LMSKIT_BACKUP_RECIPIENTS.",
            show_default=False,
        ),
    ] = None,
    verify_it: Annotated[bool, typer.Option("--verify", help="Verify it at once.")] = False,
    prune_others: Annotated[bool, typer.Option("--prune", help="Then remove old ones, as lmskit backup prune does.")] = False,
) -> None:
    """Save database, logins and files of materials in one file. People go on working meanwhile.

    The login is lmskit_backup, unless LMSKIT_DATABASE_URL names another one.
    """
    settings, repository = access().settings, _repository(to)
    keys = encrypt_for or [key for key in settings.backup_recipients.split(",") if key]
    source = source_of(access())
    with spinner("Making a backup …") as progress, working_folder(settings, SENDING) as work:
        store = None if without_materials else store_of(settings)
        made = create_backup(source, repository, store, work=work, recipients=keys, progress=progress)
    _print_made(repository, made)
    if verify_it:
        _verify(repository, made.name)
    if prune_others:
        _prune(repository, source.database, dry_run=False)


@app.command()
def verify(backup: BackupArgument = None, *, within: InOption = None) -> None:
    """Restore a backup into a server of its own, compare every table with what was saved, and remove that server again.

    It is refused, with exit status 1, if it is damaged, incomplete, or of another version.
    """
    _verify(*_found(backup, within))


@app.command()
def restore(
    backup: Annotated[
        str, typer.Argument(metavar="BACKUP", help="Its path or address, or its name among the backups.", show_default=False)
    ],
    address: Annotated[
        str | None,
        typer.Argument(
            help="Address of the server with the login of a superuser, such as postgresql://postgres@db.example.org/lmskit, or of one "
            "with CREATEROLE, CREATEDB and BYPASSRLS; by default LMSKIT_DATABASE_URL, else the embedded server.",
            show_default=False,
        ),
    ] = None,
    *,
    replace: Annotated[
        str | None,
        typer.Option(
            metavar="DATABASE",
            help="Replace the database of this name though it has rows; it is kept under another name.",
            show_default=False,
        ),
    ] = None,
    courses_to: Annotated[
        str | None,
        typer.Option(
            metavar="EMAIL",
            help="The lecturer who takes over the courses that people teach in the backup who have been erased since.",
            show_default=False,
        ),
    ] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for the password of the address's login.")] = False,
) -> None:
    """Fill a server from a backup: the database, its logins with their passwords, and the files of materials.

    What is there is replaced in one step at the end, and only with --replace. Sessions of the database are ended.
    Who was erased after the backup is erased again while nobody can sign in yet.
    """
    repository, name = _found(backup, None)
    server = access().server.read(address) if address else access().server.external
    database = DATABASE if server is None else server.database or DATABASE
    if replace not in {None, database}:
        raise InputError(f"--replace names {replace}, and the database to restore is {database}. Give the name of what may be replaced.")
    settings = access().settings
    if server is None:
        target = Target(_embedded(settings), settings.passfile, is_embedded=True)
    else:
        secret = operators_password("Password") if password else password_in_file(address)
        target = Target(conninfo(server._replace(database=None)), settings.passfile, password=secret)
    remembered = remembered_outside(settings, database) | beside(repository, database)
    begun = (begun_outside(settings, database) | begun_beside(repository, database)) - remembered
    access().dispose()
    with spinner("Restoring a backup …") as progress, working_folder(settings) as work:
        with (
            repository.local_copy(name, work) as path,
            opened(path, name=name, work=work, identity_file=settings.backup_identity_file) as archive,
        ):
            done = restore_backup(
                archive, target, store_of(settings), database=database, work=work, replace=replace is not None, remembered=remembered,
                courses_to=courses_to, progress=progress,
            )  # fmt: skip
        _print_restored(name, archive.manifest, done)
        if begun:
            people = ", ".join(str(person.person_id) for person in sorted(begun))
            print_line(
                f"The erasure of person {people} was begun, and nothing says whether it ended. Who is in the backup is in the database "
                "again; if the erasure is wanted: lmskit person erase NUMBER"
            )
        progress("Checking who may see what", 0, None)
        there = access() if server is None else Access(Settings(database_url=written(without_login(server))))
        try:
            with using(there):
                broken = bring_up_to_date(is_hardened=done.is_hardened)
        except (BootstrapError, UnreachableError):
            print_line("The password of its migrator is on another machine. There: lmskit db upgrade, then lmskit doctor")
            return
    if broken:
        are = "is" if len(broken) == 1 else "are"
        print_error(f"{count_text(len(broken), 'access rule')} {are} broken there. To see which, and what to do: lmskit doctor")
        raise typer.Exit(PARTLY)
    print_line(f"It is {'hardened, ' if done.is_hardened else ''}at the newest revision, and no access rule is broken. {TO_CHECK}")


@app.command("list")
@paged()
def list_backups(page: ListPage, *, within: InOption = None) -> None:
    """List backups, newest first, and when each was verified."""
    found = _repository(within).backups()
    nothing = "There is no backup. To make one: lmskit backup create --verify"
    page.show(part_of([_row(backup) for backup in found]), HEADINGS, total=len(found), worded=_worded, nothing=nothing)


@app.command()
def prune(
    *,
    within: InOption = None,
    dry_run: DryRun = False,
) -> None:
    """Remove backups, except one for each of the last 7 days, 4 weeks and 12 months that have any, the newest and the last verified one."""
    _prune(_repository(within), access().server.database, dry_run=dry_run)


def _embedded(settings: Settings) -> str:
    """Start the embedded server, and return the connection string of its superuser; say how to go on where its data are damaged."""
    try:
        return access().server.start().superuser_conninfo()
    except ClusterError as error:
        data = settings.home / f"postgresql-{settings.postgres_version}"
        if not data.exists():
            raise
        raise ClusterError(
            f"{error} If its data are lost, restore beside them: mv {data} {data}.damaged, then the same command again."
        ) from error


def _repository(address: str | None) -> BackupRepository:
    settings = access().settings
    return repository_of(address or settings.backups, default=settings.home / "backups")


def _found(backup: str | None, within: str | None) -> tuple[BackupRepository, str]:
    """Find a backup: where it is kept, and its name there."""
    if backup is not None and within is None and ("/" in backup or Path(backup).is_file()):
        parent, _, name = backup.rpartition("/")
        return _repository(parent or "."), name
    repository = _repository(within)
    if backup is not None:
        return repository, backup
    newest = next(iter(repository.backups(file_part(access().server.database))), None)
    if newest is None:
        raise BackupError(f"There is no backup in {repository.address}. To make one: lmskit backup create --verify")
    return repository, newest.name


def _verify(repository: BackupRepository, name: str) -> None:
    with spinner("Verifying a backup …") as progress:
        done = verify_backup(repository, name, settings=access().settings, progress=progress)
    manifest, record = done.manifest, done.record
    print_line(
        f"{name} is verified: {count_text(len(manifest.tables), 'table')} with {count_text(manifest.rows, 'row')} and "
        f"{count_text(manifest.materials.files, 'file')} of materials are what was saved, hardened, and no access rule is broken."
    )
    print_line(
        f"RPO: what was written since its snapshot, {_span(record.age)} ago, is not in it. "
        f"RTO: {_span(record.restored_in)} from this file to a database to work in, on this machine."
    )


def _prune(repository: BackupRepository, database: str, *, dry_run: bool) -> None:
    found = repository.backups(file_part(database))
    stay = kept(backup.dated for backup in found)
    gone = [backup for backup in found if backup.name not in stay]
    for backup in reversed(gone):
        if not dry_run:
            repository.remove(backup)
        print_line(f"{'Would be removed' if dry_run else 'Removed'}: {backup.name}")
    verb = "would be " if dry_run else ""
    print_line(f"{count_text(len(gone), 'backup')} {verb}removed, {count_text(len(stay), 'backup')} kept in {repository.address}.")


def _print_made(repository: BackupRepository, made: MadeBackup) -> None:
    manifest = made.manifest
    print_line(
        f"{repository.address}/{made.name} has {count_text(manifest.rows, 'row')} of {count_text(len(manifest.tables), 'table')} and "
        f"{count_text(manifest.materials.files, 'file')} of materials ({size_text(manifest.materials.size)}), as they were at "
        f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC."
    )
    if missing := manifest.materials.missing:
        print_error(
            f"{count_text(len(missing), 'file')} of materials could not be read from the store {access().settings.material_store}, and "
            f"are not in it: {', '.join(name[:12] + '…' for name in missing[:3])}. If they were not removed meanwhile, check "
            "LMSKIT_MATERIAL_STORE and the rights of this account."
        )
    if not manifest.materials.included:
        print_line("The files of materials were left out: they need a backup of their own.")


def _print_restored(name: str, manifest: BackupManifest, done: Restored) -> None:
    print_line(
        f"The database {manifest.database} is as {name} has it: {count_text(manifest.rows, 'row')}, as they were at "
        f"{manifest.taken_at:%Y-%m-%d %H:%M:%S} UTC; {count_text(done.n_files, 'file')} of materials in the store."
    )
    if done.kept is not None:
        print_line(
            f"What was there is kept as the database {done.kept}, with everybody who was in it. When nobody needs it: "
            f'lmskit db psql --migrator -c "DROP DATABASE {done.kept}"'
        )
    if not done.is_hardened:
        print_line(
            "It is not hardened, since that takes a superuser: EXPLAIN can show a lecturer something about rows of others. "
            "To do it: lmskit db bootstrap --harden ADDRESS, with the login of a superuser"
        )
    if done.n_erased:
        people = "1 person in it was" if done.n_erased == 1 else f"{done.n_erased} people in it were"
        print_line(f"{people} erased after this backup, and erased again while nobody could sign in yet.")
        print_line("Files of archived terms may have them still. To write these anew, as an administrator: lmskit person replay")
    if done.n_closed:
        print_line(f"{count_text(done.n_closed, 'login')} of people who are not in the backup were closed.")


def _row(backup: KeptBackup) -> dict[str, object]:
    record = backup.verification
    return {
        "name": backup.name,
        "taken": backup.taken_at,
        "size": backup.size,
        "verified": None if record is None else record.verified_at,
        "took": None if record is None else record.restored_in,
    }


def _worded(row: Mapping[str, Any]) -> dict[str, object]:
    return {
        **row,
        "taken": f"{row['taken']:%Y-%m-%d %H:%M:%S}",
        "size": size_text(row["size"]),
        "verified": None if row["verified"] is None else f"{row['verified']:%Y-%m-%d %H:%M:%S}",
        "took": None if row["took"] is None else _span(row["took"]),
    }


def _span(seconds: float) -> str:
    """Return a length of time.

    Examples
    --------
    >>> _span(0.4), _span(75), _span(7_300), _span(200_000)
    ('0.4 s', '1 min 15 s', '2 h 1 min', '2 d 7 h')
    """
    if seconds < MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    if whole < DAY:
        return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"
    return f"{whole // DAY} d {whole % DAY // HOUR} h"
