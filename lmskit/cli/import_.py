"""`lmskit import`: read what another system exports, and say what became of every row."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.page import Limit, Offset
from lmskit.errors import LmskitError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.progress import Progress

    from lmskit.importers.report import ImportReport
    from lmskit.services.mastery import RefreshReport

app = typer.Typer(name="import", help="Import what another system exports.", no_args_is_help=True)

FIRST_REJECTIONS = 20
"""Rejections that are printed; `--report` writes all of them."""

RUNS = {
    "id": "Run",
    "format": "Format",
    "name": "Name",
    "actor": "By",
    "started_at": "At",
    "rows_in": "In",
    "added": "Added",
    "changed": "Changed",
    "unchanged": "Unchanged",
    "rejected": "Rejected",
}


@app.command()
def oulad(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The folder with the five CSV files.", show_default=False)],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen and write nothing.")] = False,
    report: Annotated[
        Path | None,
        typer.Option("--report", metavar="FILE.csv", help="Write every rejection and oddity into this file.", show_default=False),
    ] = None,
) -> None:
    """Import the Open University Learning Analytics Dataset, and bring mastery up to date."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from lmskit.cli.printing import say
    from lmskit.db import default_engine, retried, transaction
    from lmskit.db.revision import require_current
    from lmskit.importers.report_file import check_place, write_report
    from lmskit.services.mastery import refresh
    from lmskit.services.oulad import import_oulad

    if report is not None:
        check_place(report)
    require_current(default_engine())
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as bars:

        def work() -> "tuple[ImportReport, RefreshReport | None]":
            show = _Steps(bars)
            with transaction() as session:
                imported = import_oulad(session, path, progress=show.rows, dry_run=dry_run)
                refreshed = refresh(session, touched=imported.touched, step=show.step) if imported.touched and not dry_run else None
                show.step("Saving")
            show.end()
            return imported, refreshed

        try:
            imported, refreshed = retried(work)
        except LmskitError:
            _Steps.clear(bars)  # what is left on the screen is the sentence
            raise
    print_report(imported)
    if refreshed is not None:
        say(refreshed.sentence())
        for code, reason in refreshed.skipped.items():
            say(f"Mastery of {code} was left as it is: {reason}")
    if report is not None:
        write_report(imported, report)
        say(f"{len(imported.rejections):,} rejections and {len(imported.oddities):,} oddities were written to {report}.")
    if dry_run:
        say("This was a dry run: nothing was written.")


@app.command()
def runs(limit: Limit = 100, offset: Offset = 0) -> None:
    """List the imports there were, newest first."""
    from lmskit.cli.printing import print_table
    from lmskit.db import default_engine, snapshot
    from lmskit.db.revision import require_current
    from lmskit.queries.import_run import count_import_runs, import_runs

    require_current(default_engine())
    with snapshot() as session:
        table = import_runs(session, limit=limit, offset=offset)
        total = count_import_runs(session)
    table["started_at"] = [started.strftime("%Y-%m-%d %H:%M %Z") for started in table["started_at"]]
    print_table(table, RUNS, offset=offset, total=total, nothing="Nothing was imported yet. To import: lmskit import oulad PATH")


class _Steps:
    """One line of a progress display for each step, the last one running."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._step: str | None = None
        self._task = bars.add_task("", visible=False)

    def rows(self, step: str, done: int, total: int | None) -> None:
        if step != self._step:
            self.end()
            self._step = step
            self._task = self._bars.add_task(step, total=total)
        self._bars.update(self._task, completed=done, total=total)

    def step(self, name: str) -> None:
        self.rows(name, 0, None)

    @staticmethod
    def clear(bars: "Progress") -> None:
        """Take every line away."""
        for task in bars.task_ids:
            bars.remove_task(task)

    def end(self) -> None:
        """Show the running step as done."""
        task = next(task for task in self._bars.tasks if task.id == self._task)
        done = task.total or 1
        self._bars.update(self._task, completed=done, total=done)


def print_report(report: "ImportReport") -> None:
    """Print what became of the rows, and what a person should look at."""
    from lmskit.cli.printing import say

    files = [(file.file, file.rows_in, file.added, file.changed, file.unchanged, file.rejected) for file in (*report.files, report.total)]
    _print_counts(("File", "In", "Added", "Changed", "Unchanged", "Rejected"), files)
    say(f"All rows are accounted for: {report.total.identity()}.")
    things = [(thing.kind, thing.added, thing.changed, thing.unchanged) for thing in report.entities]
    _print_counts(("Of these", "Added", "Changed", "Unchanged"), things)
    _print_findings(report)
    say("To know:")
    for file in report.files:
        if file.skipped_columns:
            say(f"  {file.file}: not imported are the columns {', '.join(file.skipped_columns)}.")
    for note in report.notes:
        say(f"  {note}")


def _print_findings(report: "ImportReport") -> None:
    from lmskit.cli.printing import say
    from lmskit.importers.report import counted

    if report.rejections:
        say(f"{len(report.rejections):,} rejected:")
        for rejection in report.rejections[:FIRST_REJECTIONS]:
            say(f"  {rejection}")
        if len(report.rejections) > FIRST_REJECTIONS:
            say(f"  … and {len(report.rejections) - FIRST_REJECTIONS:,} more. To see all: --report FILE.csv")
    if report.oddities:
        say(f"{len(report.oddities):,} imported, but odd:")
        for odd in counted(report.oddities):
            say(f"  {odd.count:,} × {odd.file}{f', {odd.column}' if odd.column else ''}: {odd.reason}")


def _print_counts(headings: "Sequence[str]", rows: "Iterable[tuple[str, *tuple[int, ...]]]") -> None:
    from rich.table import Table
    from rich.text import Text

    from lmskit.cli.printing import console, visible

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(headings[0])
    for heading in headings[1:]:
        table.add_column(heading, justify="right")
    for name, *counts in rows:
        table.add_row(Text(visible(name)), *(f"{count:,}" for count in counts))
    out = console()
    out.print()
    out.print(table)
