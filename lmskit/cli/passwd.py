"""`lmskit passwd`: set your own password or, as an administrator, that of another person."""

from typing import Annotated

import typer

from lmskit.cli.password import new_password, show_password, typed_password
from lmskit.cli.printing import print_line
from lmskit.db import transaction
from lmskit.db.new_password import renew_password
from lmskit.errors import NotPermittedError
from lmskit.queries.login import signed_in
from lmskit.schemas.login import ChooseLogin
from lmskit.services.login import change_own_password, give_password


def passwd(
    email: Annotated[
        str | None,
        typer.Argument(
            metavar="[EMAIL]", help="Address of the person; an administrator may name others. Default: your own.", show_default=False
        ),
    ] = None,
    *,
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="For another person: ask for the password, twice, instead of generating one.")
    ] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it in this machine's passfile, even if none was kept before.")] = False,
) -> None:
    """Set a new password. Your own is asked for twice; for another person one is generated and shown once."""
    with transaction() as session:
        me = signed_in(session)
    if email is None and me.email is None:
        raise NotPermittedError(f"You are signed in as {me.login}, which belongs to no person. Name a person, or set LMSKIT_PERSON.")
    address = me.email if email is None else ChooseLogin(email=email).email
    own = address == me.email
    if password_stdin or own:
        password = typed_password("New password", stdin=password_stdin, new=True)
    else:
        password = new_password(prompt=password_prompt)
    with transaction() as session:
        if own:
            change_own_password(session, password=password)
        else:
            address = give_password(session, str(address), password=password).email
    kept = renew_password(str(address), password, keep=keep)
    print_line(f"{address} has a new password.")
    show_password(str(address), password, generated=not (own or password_prompt or password_stdin), kept=kept)
