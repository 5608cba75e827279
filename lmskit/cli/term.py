"""`lmskit term`: list the terms and show one; `term_change` has the verbs that change one."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import AfterCode, ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import snapshot
from lmskit.queries.term import NEXT, TERMS, count_terms, term_by_code, term_counts, term_rows

app = typer.Typer(name="term", help="Create, list, show, copy, close and delete terms, open one again.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(metavar="TERM", help="Code of the term.", show_default=False)]


@app.command("list")
@paged(after=AfterCode, named_by="code")
def list_terms(page: ListPage) -> None:
    """List the terms, newest first."""
    nothing = "There is no term yet. To create one: lmskit term create"
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
