"""`lmskit import list`, `show`: what was imported, and what it wrote."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.printing import print_line, print_table
from lmskit.cli.typed_number import run_typed
from lmskit.db import snapshot
from lmskit.listings import IMPORT_RUNS, WRITTEN_ROWS
from lmskit.queries.import_run import count_import_runs, import_run, import_run_rows, undone_by, written_row_counts
from lmskit.readable import minute
from lmskit.services.permission import administrators_only

Run = Annotated[
    int,
    typer.Argument(metavar="RUN", help="Number of the import, as lmskit import list shows it.", callback=run_typed, show_default=False),
]
FIRST_FINDINGS = 20
"""Rejections of an import that `show` prints."""
NOTHING_RECORDED = "It changed nothing whose changes are recorded; those of sections and groups are not."


@paged(after=AfterNumber, named_by="id")
def list_runs(page: ListPage) -> None:
    """List the imports, newest first; an import that was taken back is in the list, and what took it back is too."""
    nothing = "Nothing was imported yet. To import: lmskit import PATH"
    with snapshot() as session:
        page.show(
            partial(import_run_rows, session),
            IMPORT_RUNS,
            total=count_import_runs(session),
            nothing=nothing,
        )


def show_run(run: Run) -> None:
    """Show an import: its rows, what it wrote into which tables, what it rejected, and whether it was taken back."""
    with snapshot() as session, administrators_only("look at imports"):
        found = import_run(session, run)
        written, taken_back = written_row_counts(session, found), undone_by(session, found)
    print_line(f"Import {found.id}: {found.name} ({found.format}), {minute(found.started_at)}, {found.status.value}.")
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
