"""What `lmskit import` prints: its progress, and the result of every row."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import typer
from rich.markup import escape
from rich.progress import Progress

from lmskit.cli.printing import LogLines, print_line, print_table, visible
from lmskit.cli.wait_line import WaitLine
from lmskit.importers.report import ImportReport, by_importance, counted, in_one_sentence, named_rows, same_findings
from lmskit.importers.report_file import what_is_left_out
from lmskit.rounding import count_text
from lmskit.services.mastery import RefreshReport

FIRST_CHANGES = 20
"""Changes that a dry run prints; `--report` writes all of them."""
FIRST_REJECTIONS = 20
"""Kinds of rejections that are printed, each with its first rows; `--report` writes all rejections."""


class StepBars:
    """One line of a progress display for each step; the last one is running. In a log, a line now and then (`LogLines`)."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._log = None if bars.console.is_terminal else LogLines()
        self._wait = None if bars.console.is_terminal else WaitLine()
        self._step: str | None = None
        self._task = bars.add_task("", visible=False)

    def __call__(self, step: str, done: int, total: int | None) -> None:
        """Show how much of a step is done; a new step ends the one before."""
        if step != self._step:
            self.end()
            self._step = step
            self._task = self._bars.add_task(step, total=total)
        self._bars.update(self._task, completed=done, total=total)
        if self._log is not None:
            self._log(step, done, total)

    def show_wait(self, sentence: str | None) -> None:
        """Show for whom the running step waits; None if it goes on."""
        if self._wait is not None:
            self._wait(sentence)
            return
        self._bars.update(self._task, description=escape(visible(sentence if sentence is not None else self._step)))

    @staticmethod
    def clear(bars: Progress) -> None:
        """Remove every line."""
        for task in bars.task_ids:
            bars.remove_task(task)

    def end(self) -> None:
        """Show the running step as done."""
        task = next(task for task in self._bars.tasks if task.id == self._task)
        done = task.total or 1
        self._bars.update(self._task, completed=done, total=done)


def print_report(report: ImportReport) -> None:
    """Print the counts of the rows, the rejections, the warnings and the notes."""
    files = [(file.file, file.rows_in, file.added, file.changed, file.unchanged, file.rejected) for file in (*report.files, report.total)]
    _print_counts(("File", "In", "Added", "Changed", "Unchanged", "Rejected"), files)
    print_line(f"All rows are accounted for: {report.total.identity()}.")
    entities = [(counts.kind, counts.added, counts.changed, counts.unchanged) for counts in report.entities if counts.total]
    if entities:
        _print_counts(("Of these", "Added", "Changed", "Unchanged"), entities)
    _print_changes(report)
    _print_findings(report)
    for question in (withdrawal_sentence(report), removal_sentence(report)):
        if question:
            print_line(question)
    if report.notes or any(file.skipped_columns for file in report.files):
        print_line("Notes:")
    for file in report.files:
        if file.skipped_columns:
            print_line(f"  {file.file}: columns that are not imported: {', '.join(file.skipped_columns)}.")
    for note in report.notes:
        print_line(f"  {note}")


def withdrawal_sentence(report: ImportReport) -> str:
    """How to confirm the withdrawals of a dry run; empty if they need no confirmation."""
    check = report.withdrawal
    if not report.dry_run or check is None or not check.reasons:
        return ""
    return f"{', and '.join(check.reasons)} would be withdrawn. To import the file all the same: --withdraw-at-most {check.count}"


def removal_sentence(report: ImportReport) -> str:
    """How to confirm that results are taken back in a dry run; empty if that needs no confirmation."""
    check = report.removal
    if not report.dry_run or check is None or not check.reasons:
        return ""
    return f"{check.reasons[0]}, and their results would count no longer. To import the file all the same: --remove-at-most {check.count}"


def print_json(report: ImportReport, refreshed: RefreshReport | None) -> None:
    """Print the report, the result of every row, and that of the refresh of mastery if there was one, as one JSON object."""
    typer.echo(json.dumps(_document(report, [] if refreshed is None else [refreshed])))


def print_json_list(found: Iterable[tuple[ImportReport, Sequence[RefreshReport]]]) -> None:
    """Print several reports, each with its refreshes of mastery, as one JSON list of such objects."""
    typer.echo(json.dumps([_document(report, refreshed) for report, refreshed in found]))


def _document(report: ImportReport, refreshed: Sequence[RefreshReport]) -> dict[str, Any]:
    skipped = {code: reason for each in refreshed for code, reason in each.skipped.items()}
    mastery = {"result": " ".join(each.sentence() for each in refreshed), "left_as_it_is": skipped} if refreshed else None
    return {**report.as_document(), "left_out": what_is_left_out(report), "mastery": mastery}


def written_sentence(report: ImportReport, path: Path) -> str:
    """What was written into the file of `--report`, in a sentence."""
    lists = {"rejection": report.rejections, "warning": report.warnings, "outcome": report.outcomes}
    counts = ", ".join(count_text(len(found), noun) for noun, found in lists.items())
    left_out = what_is_left_out(report)
    if left_out:
        return f"Rejected rows, rows with warnings and listed outcomes were written to {path}: {counts}. {left_out}"
    return f"The result of every row was written to {path}: {counts}."


def _print_changes(report: ImportReport) -> None:
    changes = [outcome for outcome in report.outcomes if outcome.state in {"changed", "withdrawn"}] if report.dry_run else []
    if changes:
        print_line(f"{len(changes):,} changed or withdrawn:")
        for change in by_importance(changes)[:FIRST_CHANGES]:
            print_line(f"  {change}")
        if len(changes) > FIRST_CHANGES:
            print_line(f"  … and {len(changes) - FIRST_CHANGES:,} more. To see all: --report FILE.csv")


def _print_findings(report: ImportReport) -> None:
    if report.rejections:
        print_line(f"{len(report.rejections):,} rejected:")
        kinds = same_findings(report.rejections)
        for same in kinds[:FIRST_REJECTIONS]:
            print_line(f"  {in_one_sentence(same)}")
        more = sum(map(len, kinds[FIRST_REJECTIONS:]))
        if more:
            print_line(f"  … and {more:,} more. To see all: --report FILE.csv")
    if report.warnings:
        print_line(f"{len(report.warnings):,} imported with warnings:")
        rows_of: defaultdict[tuple[str, str | None, str], list[int]] = defaultdict(list)
        for warning in report.warnings:
            rows_of[warning.file, warning.column, warning.reason] += [warning.row] if warning.row else []
        for count in counted(report.warnings):
            rows = rows_of[count.file, count.column, count.reason]
            position = ", ".join([count.file, *([named_rows(rows)] if rows else []), *([count.column] if count.column else [])])
            print_line(f"  {count.count:,} × {position}: {count.reason}")


def _print_counts(headings: Sequence[str], rows: Iterable[tuple[str, *tuple[int, ...]]]) -> None:
    print_line("")
    print_table([dict(zip(headings, row, strict=True)) for row in rows], {heading: heading for heading in headings}, nothing="")
