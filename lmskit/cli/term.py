"""`lmskit term`: list the terms, show one, close one, open it again."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import AfterCode, ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import snapshot, transaction
from lmskit.queries.term import TERMS, count_terms, term_by_code, term_counts, term_rows
from lmskit.services.term import NEXT, close_term, open_term

app = typer.Typer(name="term", help="List the terms, show one, close one, open it again.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="TERM", help="Code of the term.", show_default=False)]


@app.command("list")
@paged(after=AfterCode, named_by="code")
def list_terms(page: ListPage) -> None:
    """List the terms, newest first."""
    nothing = "There is no term yet. A term comes with its first course."
    with snapshot() as session:
        page.show(partial(term_rows, session), TERMS, total=count_terms(session), nothing=nothing)


@app.command()
def show(term: Code) -> None:
    """Show how much a term has, and what can be done with it."""
    with snapshot() as session:
        shown = term_by_code(session, term)
        counts = term_counts(session, shown.id)
    print_line(f"{shown.code}, {shown.name}: {shown.state}. First day {shown.starts_on}, last day {shown.ends_on}.")
    print_line(f"It has {counts.kept}; {counts.moved}.")
    print_line(NEXT[shown.state].format(term=shown.code))


@app.command()
def close(term: Code) -> None:
    """Close a term: its enrollments, weeks, quizzes, attempts and mastery stay as they are. Dashboards and reports read them as before."""
    with transaction() as session:
        closed = close_term(session, term)
    print_line(f"The term {closed.code} is closed. To archive it: lmskit archive create --term {closed.code}")


@app.command("open")
def reopen(term: Code) -> None:
    """Open a closed term again, such as for results that came late."""
    with transaction() as session:
        opened = open_term(session, term)
    print_line(f"The term {opened.code} is open.")
