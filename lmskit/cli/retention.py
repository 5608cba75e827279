"""`lmskit retention`: what is kept longer than the institution has decided, and its removal."""

from typing import Annotated

import typer

from lmskit.backups.erasures import begin_to_remember, remember
from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.person import renewal_lines
from lmskit.cli.printing import print_line, print_table
from lmskit.db import access, snapshot, transaction
from lmskit.queries.erasure import remembered_erasures
from lmskit.queries.retention import due, students_due
from lmskit.services.erasure import erase_students
from lmskit.services.permission import administrators_only
from lmskit.services.retention import remove_audit_entries, remove_findings, remove_messages
from lmskit.settings import variable_of

AT_A_TIME = 50
"""Students for whom all texts are looked at once."""
HEADINGS = {"what": "What", "kept": "Kept", "n_due": "Due", "oldest": "Oldest", "setting": "Set by"}


def retention(
    *,
    apply: Annotated[bool, typer.Option("--apply", help="Remove what is due, instead of showing it.")] = False,
    yes: Yes = False,
) -> None:
    """Show what is kept longer than the retention periods say, or remove it. Nothing is removed by itself.

    Exit status 3 when students were left because messages to them are being sent.
    """
    settings = access().settings
    with snapshot() as session, administrators_only("see what is due by the retention periods"):
        periods = due(session, settings)
    listed = [
        {
            "what": period.what,
            "kept": "for ever" if period.days is None else f"{period.days} days",
            "n_due": period.n_due,
            "oldest": "" if period.oldest is None else f"{period.oldest:%Y-%m-%d}",
            "setting": variable_of(f"retention_{period.kind}"),
        }
        for period in periods
    ]
    print_table(listed, HEADINGS, nothing="")
    if not apply or not any(period.n_due for period in periods):
        print_line("Nothing was removed." if any(period.n_due for period in periods) else "Nothing is due.")
        return
    if not yes:
        confirmed("Remove what is due for ever?", instead="--yes")
    is_any_left = False
    for period in periods:
        if period.days is None or not period.n_due:
            continue
        if period.kind == "students":
            is_any_left = _erase_students(period.days)
            continue
        remove = {"messages": remove_messages, "imports": remove_findings, "audit": remove_audit_entries}[period.kind]
        with transaction() as session:
            print_line(f"Removed: {remove(session, period.days)} of {period.what}.")
    if is_any_left:
        raise typer.Exit(PARTLY)


def _erase_students(days: int) -> bool:
    """Erase them some at a time, each in a transaction of its own, so that what is done stays done; whether some were left for later."""
    settings, database = access().settings, access().server.database
    with snapshot() as session:
        students = students_due(session, days)
    n_erased, n_waiting, n_not_due = 0, 0, 0
    try:
        for first in range(0, len(students), AT_A_TIME):
            with transaction() as session:
                done = erase_students(session, students[first : first + AT_A_TIME], days=days)
                people = {receipt.person_id for receipt in done.receipts}
                begin_to_remember(settings, database, remembered_erasures(session), people)
            n_erased += len(done.receipts)
            n_waiting += len(done.waiting)
            n_not_due += len(done.not_due)
    finally:
        with snapshot() as session:
            remember(settings, database, remembered_erasures(session))
    # Before longer work: what is erased cannot be asked for again.
    print_line(f"Students who were erased: {n_erased:,}.")
    if n_waiting:
        print_line(f"Left, as messages to them are being sent: {n_waiting:,}. In a few minutes: lmskit retention --apply")
    if n_not_due:
        print_line(f"Kept, as they were enrolled again or a term of theirs was opened again meanwhile: {n_not_due:,}.")
    for line in renewal_lines() if n_erased else ():
        print_line(line)
    return n_waiting > 0
