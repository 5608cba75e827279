"""`lmskit person delete`: delete a person without results, login and courses."""

from typing import Annotated

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.queries.personal_data import person_id_of
from lmskit.services.deletion import delete_person

app = typer.Typer(name="person")


@app.command("delete")
def delete(
    who: Annotated[
        str,
        typer.Argument(metavar="PERSON", help="Address of the person, or the number (No.) that lists show.", show_default=False),
    ],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a person who was added by mistake, with the enrollments, roles, ids and messages.

    A person with attempts, a login or courses stays, and what to do instead is said.
    The audit trail keeps who it was; `lmskit person erase` removes a person from there too.
    """
    delete_asking(lambda session, **how: delete_person(session, person_id_of(session, who), **how), dry_run=dry_run, yes=yes)
