"""What `lmskit import` shows: how far it is, and what became of every row."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rich.progress import Progress

    from lmskit.importers.report import ImportReport

FIRST_REJECTIONS = 20
"""Rejections that are printed; `--report` writes all of them."""


class Steps:
    """One line of a progress display for each step, the last one running."""

    def __init__(self, bars: "Progress") -> None:
        self._bars = bars
        self._step: str | None = None
        self._task = bars.add_task("", visible=False)

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Show how much of a step is done; the step before is done then."""
        if step != self._step:
            self.end()
            self._step = step
            self._task = self._bars.add_task(step, total=total)
        self._bars.update(self._task, completed=done, total=total)

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
    things = [(thing.kind, thing.added, thing.changed, thing.unchanged) for thing in report.entities if thing.total]
    if things:
        _print_counts(("Of these", "Added", "Changed", "Unchanged"), things)
    _print_findings(report)
    if report.notes or any(file.skipped_columns for file in report.files):
        say("Notes:")
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
    if report.warnings:
        say(f"{len(report.warnings):,} imported with warnings:")
        for odd in counted(report.warnings):
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
