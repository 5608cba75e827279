"""`lmskit import list`, `show`, `undo`: what was imported, and what it wrote."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.printing import print_line, print_table, spinner
from lmskit.cli.typed_number import run_typed
from lmskit.db import PATIENT, engine_for, retried, snapshot, transaction
from lmskit.db.revision import require_current
from lmskit.listings import IMPORT_RUNS, WRITTEN_ROWS
from lmskit.queries.import_run import count_import_runs, import_run, import_run_rows, undone_by, written_row_counts
from lmskit.services.import_undo import UndoReport, undo_import
from lmskit.services.mastery import RefreshReport, refresh
from lmskit.services.permission import administrators_only

Run = Annotated[
    int,
    typer.Argument(metavar="RUN", help="Number of the import, as lmskit import list shows it.", callback=run_typed, show_default=False),
]
FIRST_KEPT = 20
"""Rows of one kind and reason that `undo` names."""
FIRST_FINDINGS = 20
"""Rejections of an import that `show` prints."""
NOTHING_RECORDED = "It changed nothing whose changes are recorded; those of sections and groups are not."
MINUTE = "%Y-%m-%d %H:%M %Z"


@paged(after=AfterNumber, named_by="id")
def list_runs(page: ListPage) -> None:
    """List the imports, newest first; an import that was taken back is in the list, and what took it back is too."""
    require_current(engine_for())
    nothing = "Nothing was imported yet. To import: lmskit import PATH"
    with snapshot() as session:
        page.show(
            partial(import_run_rows, session),
            IMPORT_RUNS,
            total=count_import_runs(session),
            worded=lambda run: {**run, "started_at": f"{run['started_at']:{MINUTE}}"},
            nothing=nothing,
        )


def show_run(run: Run) -> None:
    """Show an import: its rows, what it wrote into which tables, what it rejected, and whether it was taken back."""
    require_current(engine_for())
    with snapshot() as session, administrators_only("look at imports"):
        found = import_run(session, run)
        written, taken_back = written_row_counts(session, found), undone_by(session, found)
    print_line(f"Import {found.id}: {found.name} ({found.format}), {found.started_at:{MINUTE}}, {found.status.value}.")
    if found.undoes is not None:
        print_line(f"It took back import {found.undoes}.")
    print_line(
        f"Rows: {found.rows_in:,} = {found.added:,} added + {found.changed:,} changed + {found.unchanged:,} unchanged"
        f" + {found.rejected:,} rejected."
    )
    if found.audit_from is None:
        print_line("What it wrote is not known: it ran before lmskit recorded that, or has written nothing.")
    else:
        print_table(written, WRITTEN_ROWS.headings, nothing=NOTHING_RECORDED)
    _print_findings(found.report)
    if taken_back:
        print_line(f"Taken back, wholly or in part, by: {', '.join(map(str, taken_back))}.")


def _print_findings(report: dict[str, Any]) -> None:
    n_rejected = sum(count["count"] for count in report.get("rejection_counts", ()))
    if n_rejected:
        print_line(f"{n_rejected:,} rejected:")
    shown = report.get("rejections", [])[:FIRST_FINDINGS]
    for rejection in shown:
        position = ", ".join(str(part) for part in (rejection["file"], rejection["row"] and f"row {rejection['row']}") if part)
        value = f": {rejection['value']}" if rejection["value"] else ""
        print_line(f"  {position}{value} – {rejection['reason']}")
    if n_rejected > len(shown):
        print_line(f"  … and {n_rejected - len(shown):,} more")
    for warning in report.get("oddity_counts", ()):
        print_line(f"  {warning['count']:,} × {warning['file']}: {warning['reason']}")
    for note in report.get("notes", ()):
        print_line(f"  {note}")


def undo_run(
    run: Run,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be taken back, and change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take an import back: rows that it added go, and rows that it changed are what they were.

    What was changed since stays, and so does what later evidence rests on and what is in a term that is closed or archived: it is listed.
    The status is 3 if something stays, or if the mastery of a course could not be estimated again.
    """
    require_current(engine_for())
    report, refreshed = _undone(run, dry_run=dry_run or not yes)
    print_undo(report)
    if dry_run:
        print_line("This was a dry run: nothing was changed.")
    elif report.dry_run and report.n_taken_back:
        question = f"Take import {run} ({report.name}) back: {report.n_taken_back:,} rows? {report.rest}".rstrip()
        confirmed(question, instead="--yes")
        report, refreshed = _undone(run, dry_run=False)
    if report.undone_by is not None:
        print_line(f"Import {run} was taken back by run {report.undone_by}: {report.n_taken_back:,} rows. {report.rest}".rstrip())
    for sentence in refreshed.skipped_sentences:
        print_line(sentence)
    if report.rest or refreshed.skipped:
        raise typer.Exit(PARTLY)


def _undone(run: int, *, dry_run: bool) -> tuple[UndoReport, RefreshReport]:
    """Undo and refresh mastery in one transaction."""

    def work() -> tuple[UndoReport, RefreshReport]:
        refreshed = RefreshReport()
        with spinner(f"Taking import {run} back") as show, transaction() as session:
            report = undo_import(session, run, dry_run=dry_run, progress=show)
            if report.touched and not dry_run:
                refreshed = refresh(session, touched=report.touched, progress=show)
        return report, refreshed

    return retried(work, lock_attempts=PATIENT)


def print_undo(report: UndoReport) -> None:
    """Print what is taken back, what was changed since, and what cannot be taken back."""
    print_line("Taken back:" if report.taken_back else "Nothing is taken back.")
    for each in report.taken_back:
        counts = [f"{each.removed:,} removed"] * bool(each.removed) + [f"{each.put_back:,} put back"] * bool(each.put_back)
        print_line(f"  {each.kind}: {', '.join(counts)}")
    for title, untouched in (("Kept, because changed since:", report.kept), ("Not possible:", report.impossible)):
        if untouched:
            print_line(title)
        for left in untouched:
            print_line(f"  {left.n_rows:,} {left.kind}: {left.why}")
            for name in left.names[:FIRST_KEPT]:
                print_line(f"    {name}")
            if len(left.names) > FIRST_KEPT:
                print_line(f"    … and {left.n_rows - FIRST_KEPT:,} more")
