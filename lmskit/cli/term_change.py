"""`lmskit term create`, `close` and `open`."""

from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.printing import print_line
from lmskit.cli.term import Code
from lmskit.db import retried, snapshot, transaction
from lmskit.models import Term
from lmskit.queries.term import term_by_code, term_counts
from lmskit.queries.term_closing import open_enrollments
from lmskit.schemas.term import CreateTerm
from lmskit.services.permission import administrators_only
from lmskit.services.term import ClosedTerm, OpenedTerm, close_term, create_term, open_term, require_state, today
from lmskit.vocabulary import TermState

app = typer.Typer(name="term")


@app.command()
def create(
    code: Annotated[str, typer.Argument(metavar="TERM", help="Code of the new term, such as 2027-SPRING.", show_default=False)],
    *,
    name: Annotated[str, typer.Option(help="Name of the term, such as 'Spring 2027'.", show_default=False)],
    starts: Annotated[str, typer.Option(metavar="DAY", help="First day, such as 2027-02-15.", show_default=False)],
    ends: Annotated[str, typer.Option(metavar="DAY", help="Last day.", show_default=False)],
) -> None:
    """Create a term without courses."""
    request = CreateTerm.model_validate({"code": code, "name": name, "starts_on": starts, "ends_on": ends})

    def work() -> Term:
        with transaction() as session:
            return create_term(session, request)

    created = retried(work, idempotent=False)
    print_line(
        f"The term {created.code} was created: {created.starts_on} to {created.ends_on}. "
        f"To create a course in it: lmskit course create COURSE --term {created.code}"
    )


@app.command()
def close(
    term: Code,
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Close a term: its weeks, quizzes, attempts and mastery stay as they are, and dashboards and reports read them as before.

    Active enrollments are completed with the last day of the term, and pending ones are withdrawn without their message.
    """
    with snapshot() as session, administrators_only("close a term"):
        shown = term_by_code(session, term)
        require_state(shown, TermState.OPEN)
        counts, enrollments = term_counts(session, shown.id), open_enrollments(session, shown)
    print_line(f"{shown.code} has {counts.kept}; {counts.moved}: they stay as they are.")
    for sentence in enrollments.sentences(shown, today()):
        print_line(sentence)
    for line in enrollments.named:
        print_line(f"  {line}")
    if dry_run:
        print_line(WAS_DRY)
        return
    if not yes:
        confirmed(f"Close {shown.code}?", instead="--yes")

    def work() -> ClosedTerm:
        with transaction() as session:
            return close_term(session, term)

    closed = retried(work, idempotent=False)
    print_line(f"{closed.sentence} To archive it: lmskit archive create --term {closed.term.code}")


@app.command("open")
def reopen(term: Code) -> None:
    """Open a closed term again, such as for results that came late; enrollments that closing completed are active again."""

    def work() -> OpenedTerm:
        with transaction() as session:
            return open_term(session, term)

    opened = retried(work, idempotent=False)
    print_line(opened.sentence)
