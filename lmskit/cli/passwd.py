"""`lmskit passwd`: a new password for oneself or, by an administrator, for somebody else."""

from typing import Annotated

import typer


def passwd(
    email: Annotated[
        str | None,
        typer.Argument(metavar="[EMAIL]", help="Whose password; an administrator may name others. Default: your own.", show_default=False),
    ] = None,
    *,
    password_prompt: Annotated[
        bool, typer.Option("--password-prompt", help="For somebody else: ask for the password, twice, rather than generating one.")
    ] = False,
    keep: Annotated[bool, typer.Option("--keep", help="Keep it in this machine's passfile, also where none was kept before.")] = False,
) -> None:
    """Set a new password. Your own is asked for twice; for somebody else one is generated and shown once."""
    from lmskit.cli.password import chosen_or_generated, tell_password
    from lmskit.cli.printing import say
    from lmskit.db import access, keep_login, transaction
    from lmskit.errors import NotPermittedError
    from lmskit.queries.login import signed_in
    from lmskit.schemas.login import ChooseLogin
    from lmskit.services.login import change_own_password, give_password

    with transaction() as session:
        me = signed_in(session)
    if email is None and me.email is None:
        raise NotPermittedError(f"You are signed in as {me.login}, a login that is nobody's. Name a person, or set LMSKIT_PERSON.")
    address = me.email if email is None else ChooseLogin(email=email).email
    own = address == me.email
    password = chosen_or_generated(prompt=own or password_prompt)
    with transaction() as session:
        if own:
            change_own_password(session, password=password)
        else:
            give_password(session, str(address), password=password)
    kept = keep or access().server.has_login(str(address))
    if kept:
        keep_login(str(address), password)
    say(f"{address} has a new password.")
    tell_password(str(address), password, generated=not (own or password_prompt), kept=kept)
