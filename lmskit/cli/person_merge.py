"""`lmskit person merge`, `split`, `merges`: make one person of two, and two of one again."""

from dataclasses import asdict
from functools import partial
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.cli.estimated import end, with_estimates
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line, print_table
from lmskit.cli.typed_number import receipt_typed
from lmskit.db import snapshot
from lmskit.listings import CONFLICTS, PERSON_MERGES, SPLIT_PARTS
from lmskit.progress import Progress
from lmskit.queries.person_merge import count_person_merges, person_merge_rows
from lmskit.services.mastery import RefreshReport
from lmskit.services.permission import administrators_only
from lmskit.services.person_merge import MergeReport, SplitReport, merge_people, split_person

app = typer.Typer(name="person")

_NAMED = "address, number (No.), or id of another system as SYSTEM:ID."
Kept = Annotated[str, typer.Argument(metavar="KEPT", help=f"The person who stays: {_NAMED}", show_default=False)]
Removed = Annotated[str, typer.Argument(metavar="REMOVED", help=f"The same person once more, who goes: {_NAMED}", show_default=False)]
Receipt = Annotated[
    int, typer.Argument(metavar="RECEIPT", help="The number that the merge gave.", callback=receipt_typed, show_default=False)
]


@app.command()
def merge(kept: Kept, removed: Removed, *, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Merge a student who is in lmskit twice: results, enrollments, ids and messages of both become those of one.

    First it shows what both have, and what becomes of it. All results stay, numbered by time; imports find the person by the ids and
    addresses of both. `lmskit person split` makes two of one again.

    The status is 3 if the mastery of a course could not be estimated again.
    """
    report, _ = _merged(kept, removed, dry_run=True)
    print_table([asdict(conflict) for conflict in report.conflicts], CONFLICTS.headings, nothing="The two have nothing that conflicts.")
    report.require_possible()
    if dry_run:
        print_line(f"Person {report.kept_id} would get from person {report.removed_id}: {report.counts}. Nothing was changed.")
        return
    if not yes:
        confirmed(report.question, instead="--yes")
    report, refreshed = _merged(kept, removed, dry_run=False, previewed=report)
    print_line(report.sentence)
    print_line(f"Receipt {report.receipt}. To make two of them again: lmskit person split {report.receipt}")
    end(refreshed)


@app.command()
def split(receipt: Receipt, *, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Make two people again of one who was merged, unless something of it was changed since, which it names.

    First it shows both as they will be.

    The status is 3 if the mastery of a course could not be estimated again.
    """
    report, _ = _split(receipt, dry_run=True)
    print_table([asdict(part) for part in report.parts], SPLIT_PARTS.headings, nothing="")
    if dry_run:
        print_line(f"Person {report.removed_id} would be there again. Nothing was changed.")
        return
    if not yes:
        confirmed(report.question, instead="--yes")
    report, refreshed = _split(receipt, dry_run=False, previewed=report)
    print_line(report.sentence)
    end(refreshed)


@app.command()
@paged()
def merges(page: ListPage) -> None:
    """List who was merged into whom, newest first, with the receipts."""
    with snapshot() as session, administrators_only("list who was merged"):
        total = count_person_merges(session)
        page.show(partial(person_merge_rows, session), PERSON_MERGES, total=total, nothing="No person was merged yet.")


def _merged(kept: str, removed: str, *, dry_run: bool, previewed: MergeReport | None = None) -> tuple[MergeReport, RefreshReport]:
    def work(session: Session, _show: Progress) -> MergeReport:
        return merge_people(session, kept, removed, dry_run=dry_run, previewed=previewed)

    return with_estimates("Merging", work, dry_run=dry_run)


def _split(receipt: int, *, dry_run: bool, previewed: SplitReport | None = None) -> tuple[SplitReport, RefreshReport]:
    def work(session: Session, _show: Progress) -> SplitReport:
        return split_person(session, receipt, dry_run=dry_run, previewed=previewed)

    return with_estimates("Splitting", work, dry_run=dry_run)
