"""`lmskit sign-in`, `sign-out` and `whoami`: who the commands and notebooks of this machine act as."""

import datetime as dt
import time
from typing import Annotated

import typer

from lmskit.cli.asking import asked
from lmskit.cli.password import typed_password
from lmskit.cli.printing import print_line
from lmskit.db import access, snapshot
from lmskit.db.address import shown
from lmskit.db.sign_in_advice import elsewhere
from lmskit.db.sign_in_file import HOURS, KeptSignIn
from lmskit.queries.login import SignedIn, signed_in
from lmskit.schemas.login import ChooseLogin
from lmskit.vocabulary import Role


def sign_in(
    email: Annotated[
        str | None, typer.Argument(metavar="[EMAIL]", help="Your address; asked for if it is not given.", show_default=False)
    ] = None,
    *,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay signed in until `lmskit sign-out`, with the password in this machine's passfile.")
    ] = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
) -> None:
    """Sign in with address and password: commands, JupyterLab and its notebooks then act as you, for 12 hours or with --keep for longer.

    The server is the one that LMSKIT_DATABASE_URL or PGSERVICE names, else the embedded one on this machine.
    """
    access().require_database()
    email = ChooseLogin(email=email or asked("E-mail address", instead="lmskit sign-in EMAIL")).email
    password = typed_password("Password", stdin=password_stdin)
    with snapshot(access().sign_in(email, password)) as session:
        me = signed_in(session)
    until = remember(email, password, keep=keep)
    print_line(f"You are signed in as {_described(me)}, {until}.")


def sign_out() -> None:
    """Sign out: the sign-in of this machine ends, and its password is removed."""
    server, terminal = access().server, access().terminal
    found = terminal.forget(server.name)
    if found is None or found.person is None:
        print_line(f"No person was signed in at {_server()}.")
        return
    if found.password is None:
        server.forget_login(found.person)
    print_line(f"{found.person} is signed out.")


def whoami() -> None:
    """Show as whom commands and notebooks of this machine act, and at which server."""
    with snapshot() as session:
        me = signed_in(session)
    print_line(f"You are signed in as {_described(me)}, at {_server()}.")
    others = [] if access().server.external is not None else elsewhere(access().server, access().terminal)
    for other in others:
        print_line(f"You are signed in at another server too; to use it: LMSKIT_DATABASE_URL={other}")
    found = access().terminal.find(access().server.name)
    if found is not None and found.login == me.login:
        print_line(f"The sign-in lasts {_lasting(found)}.")


def remember(email: str, password: str, *, keep: bool) -> str:
    """Write down that a person is signed in on this machine, and return how long it lasts."""
    server, login = access().server, access().server.login_of(email)
    made = KeptSignIn(email, login) if keep else KeptSignIn(email, login, password, time.time() + HOURS * 3600)
    if keep:
        server.keep_login(email, password)
    access().terminal.keep(server.name, made)
    return _lasting(made)


def _lasting(found: KeptSignIn) -> str:
    if found.until is None:
        return "until you sign out: lmskit sign-out"
    return f"until {dt.datetime.fromtimestamp(found.until).astimezone():%Y-%m-%d %H:%M %Z}"


def _described(me: SignedIn) -> str:
    if me.email is None:
        return f"{me.login}, a login that belongs to no person"
    return f"{me.email}, {'an administrator' if me.role is Role.SUPER_ADMIN else 'a lecturer'}"


def _server() -> str:
    external = access().server.external
    return "the embedded server (LMSKIT_DATABASE_URL is not set)" if external is None else f"the server {shown(external)}"
