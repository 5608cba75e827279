"""`lmskit person`: export or erase everything about one person."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from lmskit.archives.store import FOLDER
from lmskit.backups.erasures import begin_to_remember, remember, remembered_outside
from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.cli.printing import print_line, spinner
from lmskit.db import access, snapshot, transaction
from lmskit.errors import InputError
from lmskit.models import User
from lmskit.queries.erasure import remembered_erasures
from lmskit.queries.person import lecturer_by_email
from lmskit.queries.personal_data import addresses_of, naming_pattern, person_id_of
from lmskit.read_models.personal_data import personal_data
from lmskit.rounding import count_text
from lmskit.services.archive_renewal import renew_archives
from lmskit.services.erasure import erase_person, replay_erasures
from lmskit.services.erasure_memory import read_memory, write_memory
from lmskit.services.erasure_receipt import counts_text, receipt_lines, renewal_sentences
from lmskit.services.permission import administrators_only
from lmskit.services.personal_files import files_naming
from lmskit.whole_file import write_whole

app = typer.Typer(name="person", help="Export or erase everything about one person; for administrators.", no_args_is_help=True)

Who = Annotated[
    str,
    typer.Argument(metavar="PERSON", help="Address of the person, or the number (No.) that lists of students show.", show_default=False),
]
CoursesTo = Annotated[
    str | None, typer.Option(metavar="EMAIL", help="The lecturer who takes over the courses of a person.", show_default=False)
]


@app.command()
def export(
    who: Who, *, to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The file to write, as JSON.", show_default=False)]
) -> None:
    """Write everything that lmskit has about a person to a file that only you can read."""
    _require_writable(to)
    with snapshot() as session, administrators_only("export what lmskit has about a person"):
        person_id = person_id_of(session, who)
        document = personal_data(session, person_id)
    _write(to, json.dumps(document, ensure_ascii=False, indent=2, default=str) + "\n", "Nothing was written")
    n_rows = sum(len(section["rows"]) for section in document["sections"])
    written = f"{count_text(n_rows, 'row')} about person {person_id} {'is' if n_rows == 1 else 'are'} in {to}."
    print_line(f"{written} It has no password; hand it over on a way that nobody else can read.")


@app.command()
def erase(
    who: Who,
    *,
    courses_to: CoursesTo = None,
    family_name_alone: Annotated[
        bool, typer.Option("--family-name-alone", help="Replace the family name alone in texts too; it may be a word, or another person's.")
    ] = False,
    remove_files: Annotated[bool, typer.Option("--remove-files", help="Remove reports and messages that name the person.")] = False,
    receipt: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the receipt to a file too; it does not name the person.", show_default=False)
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Erase a person: rows, login, messages, and what names them in texts, imports and the audit trail. It cannot be undone."""
    settings = access().settings
    _require_writable(receipt)
    with snapshot() as session, administrators_only("erase people"):
        person_id = person_id_of(session, who)
        pattern = naming_pattern(session, person_id, family_alone=family_name_alone)
        addresses = addresses_of(session, person_id)
    naming, unread = files_naming((settings.reports_dir, settings.mail_dir), pattern) if pattern is not None else ([], [])
    if not dry_run and not yes:
        confirmed(f"Erase person {person_id} ({who}) for ever?", instead="--yes")
    # Files first: reports can be built again, and who is asked to erase the person again still knows whom to look for.
    if remove_files and not dry_run:
        for path in naming:
            path.unlink(missing_ok=True)
    with spinner(f"Erasing person {person_id}"), transaction() as session:
        taker = lecturer_to_take(session, courses_to)
        erased = erase_person(session, person_id, courses_to=taker, family_alone=family_name_alone, dry_run=dry_run)
        if not dry_run:
            begin_to_remember(settings, access().server.database, remembered_erasures(session), {person_id, *erased.former_ids})
    if not dry_run:
        for address in addresses:
            access().server.forget_login(address)
        with snapshot() as session:
            remember(settings, access().server.database, remembered_erasures(session))
    lines = receipt_lines(erased, naming=naming, unread=unread, removed=remove_files, dry_run=dry_run)
    _give_receipt(lines, receipt)
    if not dry_run:  # after the receipt, which nobody can ask for again
        _give_receipt(renewal_lines(), receipt, after=lines)


@app.command()
def erased(
    *, to: Annotated[Path | None, typer.Option("--to", metavar="FILE", help="Add them to a file, for `replay`.", show_default=False)] = None
) -> None:
    """List the numbers of those who were erased; there is nothing else to list."""
    with snapshot() as session, administrators_only("list who was erased"):
        remembered = remembered_erasures(session)
    for erasure in remembered:
        print_line(f"{erasure.person_id} {erasure.fingerprint}")
    if to is not None:
        n_kept = write_memory(to, remembered)
        print_line(f"{count_text(n_kept, 'erasure')} {'is' if n_kept == 1 else 'are'} in {to}.")


@app.command()
def replay(
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FILE]",
            help="What `erased --to` wrote; by default erasures.json in LMSKIT_HOME, and the file beside the backups.",
            show_default=False,
        ),
    ] = None,
    *,
    courses_to: CoursesTo = None,
) -> None:
    """Erase again those whom an older backup has brought back."""
    remembered = remembered_outside(access().settings, access().server.database) if file is None else read_memory(file)
    with transaction() as session:
        again = replay_erasures(session, remembered, courses_to=lecturer_to_take(session, courses_to))
    for receipt in again:
        print_line(f"Person {receipt.person_id} was erased again: {counts_text(receipt.removed)}.")
    print_line(f"{len(again)} of {len(remembered)} remembered people were in the database, and are erased.")
    # Also files that a restored backup knows nothing of, or that an erasure before could not reach.
    for line in renewal_lines():
        print_line(line)


def lecturer_to_take(session: Session, email: str | None) -> User | None:
    """The lecturer with this address; None without one."""
    return None if email is None else lecturer_by_email(session, email, option="--courses-to EMAIL")


def renewal_lines() -> list[str]:
    """Bring the files of archived terms up to date, and say which were written anew or removed."""
    with spinner("Looking at the files of archived terms") as show:
        return renewal_sentences(renew_archives(transaction, snapshot, access().settings.home / FOLDER, progress=show))


def _give_receipt(lines: Sequence[str], path: Path | None, after: Sequence[str] = ()) -> None:
    """Print lines of a receipt, and write them to the file, if one is wanted, after those that it has."""
    for line in lines:
        print_line(line)
    if path is not None and lines:
        _write(path, "\n".join([*after, *lines]) + "\n", "The receipt is above, to be copied from there")


def _require_writable(path: Path | None) -> None:
    """Refuse a file that cannot be written, if one is wanted, before long work and before anything is erased."""
    if path is None:
        return
    folder = path.absolute().parent
    if path.is_dir():
        raise InputError(f"{path} is a folder. Nothing was changed; name a file in it.")
    if not folder.is_dir():
        raise InputError(f"There is no folder {folder} for {path.name}. Nothing was changed; name a file in a folder that exists.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InputError(f"This account cannot write to {folder}. Nothing was changed; name a file in another folder.")


def _write(path: Path, content: str, done: str) -> None:
    try:
        write_whole(path, content)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror or error}. {done}.") from error
