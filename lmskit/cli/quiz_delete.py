"""`lmskit quiz delete`: delete a quiz without attempts."""

from typing import Annotated

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.services.deletion import delete_quiz

app = typer.Typer(name="quiz")


@app.command("delete")
def delete(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    quiz: Annotated[str, typer.Argument(metavar="QUIZ", help="Title of the quiz, or its number in lmskit quiz list.", show_default=False)],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a quiz without attempts; one that has some stays, and what to do instead is said."""
    delete_asking(lambda session, **how: delete_quiz(session, course, quiz, **how), dry_run=dry_run, yes=yes)
