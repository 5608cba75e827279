"""`lmskit attempt delete`: delete an attempt that is not evidence of mastery."""

from typing import Annotated

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.cli.typed_number import attempt_typed
from lmskit.services.deletion import delete_attempt

app = typer.Typer(name="attempt")


@app.command("delete")
def delete(
    attempt: Annotated[
        int,
        typer.Argument(
            metavar="ATTEMPT", help="Number of the attempt, as lmskit attempt list shows it.", callback=attempt_typed, show_default=False
        ),
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete an attempt that is not evidence of mastery; one that is stays, and what to do instead is said."""
    delete_asking(lambda session, *, dry_run=False, **_shown: delete_attempt(session, attempt, dry_run=dry_run), dry_run=dry_run, yes=yes)
