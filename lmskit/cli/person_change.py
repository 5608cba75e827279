"""`lmskit person change`, `duplicates`: correct a person, and find people who are in lmskit twice."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.cli.person_list import Who
from lmskit.cli.printing import print_line
from lmskit.db import access, snapshot, transaction
from lmskit.listings import DUPLICATES
from lmskit.queries.duplicates import count_duplicates, duplicate_rows
from lmskit.schemas.person import ChangePerson
from lmskit.services.permission import administrators_only
from lmskit.services.person_change import change_person

app = typer.Typer(name="person")


@app.command()
def change(
    who: Who,
    *,
    family_name: Annotated[str | None, typer.Option(help="The new family name.", show_default=False)] = None,
    given_name: Annotated[str | None, typer.Option(help="The new given name; '' for none.", show_default=False)] = None,
    preferred_name: Annotated[
        str | None,
        typer.Option(help="The given name that the person goes by, shown instead of the official one; '' for none.", show_default=False),
    ] = None,
    email: Annotated[
        str | None, typer.Option(metavar="EMAIL", help="The new address; messages that wait go there.", show_default=False)
    ] = None,
    add_id: Annotated[
        list[str] | None,
        typer.Option(metavar="SYSTEM:ID", help="An id of another system, by which imports find the person.", show_default=False),
    ] = None,
    remove_id: Annotated[
        list[str] | None, typer.Option(metavar="SYSTEM:ID", help="An id to remove, as it is shown.", show_default=False)
    ] = None,
) -> None:
    """Change the name, the address or ids of other systems of a person.

    A login is renamed with the address, and its open sessions end. Imports find the person by the former address, too.
    """
    ids = {"add_id": tuple(add_id or ()), "remove_id": tuple(remove_id or ())}
    request = ChangePerson(person=who, email=email, family_name=family_name, given_name=given_name, preferred_name=preferred_name, **ids)
    with access().server.moving_logins() as move, transaction() as session:
        changed = change_person(session, request)
        move(*changed.address)
    print_line(changed.sentence)


@app.command()
@paged()
def duplicates(page: ListPage) -> None:
    """List people who are probably in lmskit twice, the likeliest first, with the reason and what speaks against it."""
    with snapshot() as session, administrators_only("compare people"):
        page.show(partial(duplicate_rows, session), DUPLICATES, total=count_duplicates(session), nothing="No two people are alike.")
