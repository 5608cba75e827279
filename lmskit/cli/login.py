"""`lmskit login`: make, close, open, rename and list the logins of lecturers and administrators."""

from typing import Annotated

import typer

from lmskit.cli.page import Limit, Offset
from lmskit.vocabulary import Role

app = typer.Typer(name="login", help="Make, close, open, rename and list the logins of lecturers and administrators.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the person.", show_default=False)]
PasswordPrompt = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password, twice, rather than generating one.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the password in this machine's passfile, so that lmskit can act as this person.")]

LISTED = {"email": "Address", "name": "Name", "role": "Role", "state": "Login"}


@app.command()
def create(
    email: Email,
    *,
    family: Annotated[str, typer.Option(help="Family name of somebody who is not known yet.", show_default=False)] = "",
    given: Annotated[str, typer.Option(help="Given name.", show_default=False)] = "",
    role: Annotated[Role | None, typer.Option(help="lecturer or super_admin. Default: lecturer.", show_default=False)] = None,
    password_prompt: PasswordPrompt = False,
    keep: Keep = False,
) -> None:
    """Make a login, and the person if nobody has the address yet."""
    from lmskit.cli.password import chosen_or_generated, tell_password
    from lmskit.cli.printing import say
    from lmskit.db import keep_login, transaction
    from lmskit.schemas.login import CreateLogin
    from lmskit.services.login import create_login

    request = CreateLogin(email=email, family_name=family, given_name=given, role=role)
    password = chosen_or_generated(prompt=password_prompt)
    with transaction() as session:
        person = create_login(session, request, password=password)
        if keep:  # before the commit: a password kept for a login that was not made does no harm
            keep_login(request.email, password)
    say(f"{request.email} has a login now and signs in as a {_shown(person.role)}.")
    tell_password(request.email, password, generated=not password_prompt, kept=keep)


@app.command()
def disable(email: Email) -> None:
    """Close a login: no password, no rights, no signing in; its open sessions are ended."""
    from lmskit.cli.printing import say
    from lmskit.db import access, transaction
    from lmskit.queries.login import signed_in
    from lmskit.schemas.login import ChooseLogin
    from lmskit.services.login import close_login, end_sessions, sessions_ended

    email = ChooseLogin(email=email).email
    with transaction() as session:
        me = signed_in(session)
        person = close_login(session, email)
    say(f"The login of {email} is closed: it has no password and no rights, and nobody can sign in with it.")
    if me.person_id == person.id:
        say("It was your own.")
    else:
        with transaction() as session:
            say(sessions_ended(end_sessions(session, person)))
    if access().server.has_login(email):
        access().server.forget_login(email)
        say("Its password was removed from this machine's passfile.")


@app.command()
def enable(email: Email, *, password_prompt: PasswordPrompt = False, keep: Keep = False) -> None:
    """Open a login that was closed, with a new password."""
    from lmskit.cli.password import chosen_or_generated, tell_password
    from lmskit.cli.printing import say
    from lmskit.db import keep_login, transaction
    from lmskit.schemas.login import ChooseLogin
    from lmskit.services.login import open_login

    email = ChooseLogin(email=email).email
    password = chosen_or_generated(prompt=password_prompt)
    with transaction() as session:
        open_login(session, email, password=password)
    if keep:
        keep_login(email, password)
    say(f"The login of {email} is open.")
    tell_password(email, password, generated=not password_prompt, kept=keep)


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Address of the person now.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Address from now on.", show_default=False)],
) -> None:
    """Give a lecturer or an administrator another address; the password stays."""
    from lmskit.cli.printing import say
    from lmskit.db import access, keep_login, transaction
    from lmskit.schemas.login import ChangeAddress
    from lmskit.services.login import change_address

    request = ChangeAddress(old=old, new=new)
    password = access().server.kept_login(request.old)
    with transaction() as session:
        person = change_address(session, request)
        if password is not None and person.db_role is not None:
            keep_login(request.new, password)
    if password is not None:
        access().server.forget_login(request.old)
    sign_in = " and signs in with it; the password is the same" if person.db_role is not None else ""
    say(f"{request.old} has the address {request.new} from now on{sign_in}.")


@app.command("list")
def list_logins(limit: Limit = 100, offset: Offset = 0) -> None:
    """List lecturers and administrators with the state of their logins."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.login import count_logins, logins
    from lmskit.services.permission import administrators_only

    with snapshot() as session, administrators_only("list logins"):
        found, total = logins(session, limit=limit, offset=offset), count_logins(session)
    nothing = "There is no lecturer and no administrator. To make one: lmskit login create EMAIL --family NAME"
    print_table(found, LISTED, offset=offset, total=total, nothing=nothing)


def _shown(role: Role) -> str:
    return "lecturer" if role is Role.LECTURER else "administrator (super_admin)"
