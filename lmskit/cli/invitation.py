"""`lmskit invitation`: invite lecturers and administrators to set their own password; accept an invitation."""

import sys
from functools import partial
from typing import Annotated

import typer

from lmskit.cli.asking import asked, confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import access, snapshot, transaction
from lmskit.db.typed_secret import invited
from lmskit.limits import LONGEST_INVITATION
from lmskit.listings import INVITATIONS
from lmskit.queries.invitation import count_invitations, invitation_rows
from lmskit.schemas.invitation import USUAL_DAYS, AcceptInvitation, CreateInvitation, EnterCode, RevokeInvitation
from lmskit.services.invitation import accept_invitation, asked_before_revoking, invite, revoke_invitation
from lmskit.services.permission import administrators_only
from lmskit.services.transport import transport_of
from lmskit.vocabulary import Role

app = typer.Typer(name="invitation", help="Invite people to set their own password; accept an invitation.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the person.", show_default=False)]


@app.command()
def create(
    email: Email,
    *,
    family_name: Annotated[str, typer.Option(help="Family name of a person who is new.", show_default=False)] = "",
    given_name: Annotated[str, typer.Option(help="Given name.", show_default=False)] = "",
    role: Annotated[Role | None, typer.Option(help="lecturer or super_admin. Default: lecturer.", show_default=False)] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--email",
            metavar="NEW",
            help="Another address for the person, such as the real one of a lecturer whose address an import invented.",
            show_default=False,
        ),
    ] = None,
    days: Annotated[int, typer.Option(min=1, max=LONGEST_INVITATION, help="Days until the code expires.")] = USUAL_DAYS,
    show_code: Annotated[bool, typer.Option("--show-code", help="Show the code, once, instead of sending it.")] = False,
) -> None:
    """Invite a lecturer or an administrator to set their own password; for a lost password, too.

    The person gets the code by mail. Where no mail server is set (LMSKIT_SMTP_HOST), and with --show-code, it is shown once.

    An earlier code of the person stops working. A password that the person has holds until the new code is used.
    """
    request = CreateInvitation(email=email, family_name=family_name, given_name=given_name, role=role, address=address, days=days)
    settings = access().settings
    transport = None if show_code or settings.smtp_host is None else transport_of(settings)
    sent = invite(transaction, transport, request)
    if sent.code is not None:
        print_line(f"{sent.made.sentence} with this code:")
        print_line(sent.code.shown)
        print_line("It is shown this once. Give it to this person alone, who chooses “I have a code” in the form to sign in of a notebook,")
        print_line("or types: lmskit invitation accept")
        print_line(f"Notebooks open at your JupyterHub, or here, for this person: lmskit lab --as {sent.made.email}")
        return
    print_line(f"{sent.made.sentence}.")
    if not sent.unsent:
        print_line("The code was sent by mail.")
        return
    for reason in sent.unsent:
        print_line(reason)
    print_line("What waits is sent by: lmskit mail deliver. To hand the code over yourself: lmskit invitation create EMAIL --show-code")
    raise typer.Exit(PARTLY)


@app.command("list")
@paged()
def list_invitations(
    page: ListPage, *, only_open: Annotated[bool, typer.Option("--open", help="Only those that can still be accepted.")] = False
) -> None:
    """List invitations and whether they were accepted, newest first."""
    nothing = "There is no open invitation." if only_open else "No person was invited yet. To invite one: lmskit invitation create EMAIL"
    with snapshot() as session, administrators_only("list invitations"):
        total = count_invitations(session, only_open=only_open)
        page.show(partial(invitation_rows, session, only_open=only_open), INVITATIONS, total=total, nothing=nothing)


@app.command()
def revoke(email: Email, *, yes: Yes = False) -> None:
    """Revoke the open invitation of a person: its code stops working."""
    request = RevokeInvitation(email=email)
    if not yes:
        with snapshot() as session:
            question = asked_before_revoking(session, request.email)
        confirmed(question, instead="--yes")
    with transaction() as session:
        revoke_invitation(session, request.email)
    print_line(f"The invitation of {request.email} is revoked; its code cannot be used any more.")


@app.command()
def accept(
    email: Annotated[
        str | None,
        typer.Argument(metavar="[EMAIL]", help="Your address; a code of another person is then refused.", show_default=False),
    ] = None,
    *,
    stdin: Annotated[
        bool, typer.Option("--stdin", help="Read the code and the new password from the first two lines of standard input.")
    ] = False,
) -> None:
    """Set your password with the code of an invitation. Code and password are asked for; the server is that of LMSKIT_DATABASE_URL.

    It works on every machine from which the server can be reached, and needs no login. "I have a code", in the form to sign in of a
    notebook, does the same.
    """
    access().require_database()
    if stdin:
        typed, password = (sys.stdin.readline().rstrip("\r\n") for _ in range(2))
    else:
        typed = asked("Code of the invitation", instead="--stdin")
        EnterCode.model_validate({"code": typed})  # before a password is thought up
        password = asked("New password", instead="--stdin", hidden=True, twice=True)
    request = AcceptInvitation.model_validate({"email": email, "code": typed, "password": password})
    with invited(request.code.selector, request.code.secret) as session:
        invited_email = accept_invitation(session, password=request.password.get_secret_value(), email=request.email)
    print_line(f"Your password is set. You sign in as {invited_email}: lmskit sign-in {invited_email}")
