"""`lmskit term delete`: delete a term without courses."""

from typing import Annotated

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.services.deletion import delete_term

app = typer.Typer(name="term")


@app.command("delete")
def delete(
    term: Annotated[str, typer.Argument(metavar="TERM", help="Code of the term.", show_default=False)],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a term without courses; one that has some stays, and what to do instead is said."""
    delete_asking(lambda session, **how: delete_term(session, term, **how), dry_run=dry_run, yes=yes)
