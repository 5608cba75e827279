"""`lmskit archive`: archive a term, list the archives, verify one, bring a term back, remove files that are not needed."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from lmskit.archives.store import FOLDER, FolderArchives, store_of
from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line, spinner
from lmskit.db import access, snapshot, transaction
from lmskit.db.vacuum import vacuum
from lmskit.errors import InputError
from lmskit.queries.archive import ARCHIVES, MOVED_BETWEEN, archive_rows, count_archives
from lmskit.rounding import count_text, size_text
from lmskit.services.archive import create_archive, prune_archives, rewrite_archive
from lmskit.services.archive_report import pruned
from lmskit.services.archive_restore import restore_archive, verify_archive
from lmskit.services.permission import administrators_only
from lmskit.services.unknown_archives import remove_unknown_archives, unknown_archives

app = typer.Typer(name="archive", help="Archive a term, list the archives, verify one, bring a term back.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="TERM", help="Code of the term.", show_default=False)]


def own_folder() -> Path:
    """Where archives are kept unless another folder is named, and where files of buckets are on their way."""
    return access().settings.home / FOLDER


def _clean_up() -> None:
    """Clean up after rows have moved: that is done and said, whatever becomes of this."""
    with spinner("Cleaning up"):
        vacuum(MOVED_BETWEEN)


@app.command()
def create(
    *,
    term: Annotated[str, typer.Option("--term", metavar="CODE", help="Code of a closed term whose last day is past.", show_default=False)],
    to: Annotated[
        str | None,
        typer.Option(
            "--to", metavar="DIR|s3://…", help="Folder or bucket for the files; by default archives in lmskit's home.", show_default=False
        ),
    ] = None,
) -> None:
    """Write the rows of a closed term to Parquet files, read them back, and move its attempts and mastery to the archived ones.

    Dashboards, reports and queries read them as before, and nobody can change them.
    """
    store = store_of(str(own_folder()) if to is None else to, default=own_folder())
    with spinner(f"Archiving {term}") as show:
        report = create_archive(transaction, snapshot, store, term, progress=show)
    print_line(report.archived)
    _clean_up()


@app.command("list")
@paged()
def list_archives(page: ListPage) -> None:
    """List the archives, newest first."""
    with snapshot() as session, administrators_only("list the archives"):
        page.show(
            partial(archive_rows, session),
            ARCHIVES,
            total=count_archives(session),
            worded=lambda row: {**row, "size": size_text(row["size"])},
            nothing="No term is archived yet. To archive one: lmskit archive create --term CODE",
        )


@app.command()
def verify(term: Code) -> None:
    """Compare the files of an archived term with their manifest, and the rows in files and database with each other."""
    with spinner(f"Verifying {term}") as show:
        report = verify_archive(transaction, term, own_folder(), progress=show)
    print_line(report.verified)


@app.command()
def restore(
    term: Code,
    *,
    from_files: Annotated[bool, typer.Option("--from-files", help="Take the rows from the files and not from the database.")] = False,
) -> None:
    """Bring the attempts and the mastery of an archived term back; the term is closed then, and its files stay."""
    with spinner(f"Restoring {term}") as show:
        report = restore_archive(transaction, term, own_folder(), from_files=from_files, progress=show)
    print_line(f"{report.restored} To open it: lmskit term open {term}")
    _clean_up()


@app.command()
def rewrite(
    term: Code,
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="DIR|s3://…", help="Folder or bucket for the files; by default where they are.", show_default=False),
    ] = None,
) -> None:
    """Write the files of an archived term anew from the database, and remove the earlier ones; such as after damage."""
    store = None if to is None else store_of(to, default=own_folder())
    with spinner(f"Writing the files of {term}") as show:
        report = rewrite_archive(transaction, snapshot, term, own_folder(), to=store, progress=show)
    print_line(
        f"The files of {term} are in {report.location}: {report.rows}. Copies of the earlier ones on other machines are as they were."
    )


@app.command()
def prune(
    term: Annotated[str | None, typer.Argument(metavar="[TERM]", help="Code of the term.", show_default=False)] = None,
    *,
    unknown: Annotated[
        bool, typer.Option("--unknown", help="Remove archives that the database does not know, such as after a backup was restored.")
    ] = False,
    within: Annotated[
        str | None,
        typer.Option(
            "--in",
            metavar="DIR|s3://…",
            help="With --unknown: look there, and nowhere else, as into a bucket of which the database knows nothing any more.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Remove the files of a term that it does not need: of earlier archives, and of one that was never finished."""
    if unknown == (term is not None):
        raise InputError("Name the term whose earlier files are to be removed, or give --unknown. Nothing was removed.")
    if within is not None and not unknown:
        raise InputError("--in says where to look for archives that the database does not know: give --unknown too. Nothing was removed.")
    there = None if within is None else store_of(within, default=own_folder())
    if isinstance(there, FolderArchives) and not Path(there.address).is_dir():
        raise InputError(f"There is no folder {within}. Is its disk or file server connected? Nothing was removed.")
    if term is not None:
        removed = prune_archives(transaction, term, own_folder())
        print_line(pruned(term, removed))
        return
    found = unknown_archives(snapshot, own_folder(), there)
    for sentence in found.unread:
        print_line(f"Not looked into: {sentence}")
    if not found.locations:
        if not found.unread:
            print_line("The database knows all archives that are there.")
        return
    for location in found.locations:
        print_line(location)
    if not yes:
        confirmed("Remove these for ever? Another database that keeps archives there may need them.", instead="--yes")
    removed = remove_unknown_archives(snapshot, own_folder(), found.locations, there)
    print_line(f"{count_text(removed, 'archive')} removed. Copies on other machines are as they were.")
