"""`lmskit import undo`: take an import back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.estimated import end, with_estimates
from lmskit.cli.import_group import new_app
from lmskit.cli.import_list import Run
from lmskit.cli.printing import print_line
from lmskit.cli.released_files import sweep_released
from lmskit.db import engine_for
from lmskit.db.schema_revision import require_known_schema
from lmskit.rounding import count_text
from lmskit.services.import_undo import UndoReport, undo_import

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.progress import Progress
    from lmskit.services.mastery import RefreshReport

FIRST_KEPT = 20
"""Rows of one kind and reason that `undo` names."""


def undo_run(
    run: Run,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Take an import back: rows that it added go, and rows that it changed are what they were.

    What was changed since stays, and so does what later evidence rests on and what is in a term that is closed or archived: it is listed.
    The status is 3 if something stays, or if the mastery of a course could not be estimated again.
    """
    require_known_schema(engine_for())
    report, refreshed = _undone(run, dry_run=dry_run or not yes)
    print_undo(report)
    if dry_run:
        print_line(WAS_DRY)
    elif report.dry_run and report.n_taken_back:
        question = f"Take import {run} ({report.name}) back: {count_text(report.n_taken_back, 'row')}? {report.rest}".rstrip()
        confirmed(question, instead="--yes")
        report, refreshed = _undone(run, dry_run=False)
        if report.undone_by is None:  # another session has taken it back meanwhile, or the first try of this command
            print_line(report.nothing)
    sweep_released(report.released)
    if report.undone_by is not None:
        print_line(
            f"Import {run} was taken back by run {report.undone_by}: {count_text(report.n_taken_back, 'row')}. {report.rest}".rstrip()
        )
    end(refreshed, is_whole=not report.rest)


def _undone(run: int, *, dry_run: bool) -> tuple[UndoReport, RefreshReport]:
    def work(session: Session, show: Progress) -> UndoReport:
        return undo_import(session, run, dry_run=dry_run, progress=show)

    return with_estimates(f"Taking import {run} back", work, dry_run=dry_run)


def print_undo(report: UndoReport) -> None:
    """Print what is taken back, what was changed since, and what cannot be taken back."""
    print_line("Taken back:" if report.taken_back else report.nothing)
    for each in report.taken_back:
        counts = [f"{each.removed:,} removed"] * bool(each.removed) + [f"{each.put_back:,} put back"] * bool(each.put_back)
        print_line(f"  {each.kind}: {', '.join(counts)}")
    for title, untouched in (("Kept, because changed since:", report.kept), ("Not possible:", report.impossible)):
        if untouched:
            print_line(title)
        for left in untouched:
            print_line(f"  {left.sentence}")
            for name in left.names[:FIRST_KEPT]:
                print_line(f"    {name}")
            if len(left.names) > FIRST_KEPT:
                print_line(f"    … and {left.n_rows - FIRST_KEPT:,} more")


app = new_app()
app.command("undo")(undo_run)
