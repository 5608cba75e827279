"""`lmskit login`: make, close, open, rename and list the logins of lecturers and administrators."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.page import AfterEmail, ListPage, paged
from lmskit.cli.password import new_password, show_password, typed_password
from lmskit.cli.printing import print_line
from lmskit.db import access, keep_login, migrator_engine, snapshot, transaction
from lmskit.db.new_password import renew_password
from lmskit.errors import PersonNotFoundError
from lmskit.listings import LOGINS
from lmskit.queries.login import count_logins, login_rows, signed_in
from lmskit.queries.person import person_by_email
from lmskit.schemas.login import ChangeAddress, ChooseLogin, CloseLogin, CreateLogin
from lmskit.services.login import asked_before_closing, change_address, close_login, create_login, end_sessions, open_login, sessions_ended
from lmskit.services.permission import administrators_only
from lmskit.services.person import recover_login
from lmskit.vocabulary import Role

app = typer.Typer(name="login", help="Make, close, open, rename and list the logins of lecturers and administrators.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the person.", show_default=False)]
PasswordPrompt = Annotated[bool, typer.Option("--password-prompt", help="Ask for the password, twice, instead of generating one.")]
Keep = Annotated[bool, typer.Option("--keep", help="Keep the password in this machine's passfile, so that lmskit can act as this person.")]


@app.command()
def create(
    email: Email,
    *,
    family: Annotated[str, typer.Option("--family-name", help="Family name of a person who is new.", show_default=False)] = "",
    given: Annotated[str, typer.Option("--given-name", help="Given name.", show_default=False)] = "",
    family_as_before: Annotated[str, typer.Option("--family", hidden=True)] = "",
    given_as_before: Annotated[str, typer.Option("--given", hidden=True)] = "",
    role: Annotated[Role | None, typer.Option(help="lecturer or super_admin. Default: lecturer.", show_default=False)] = None,
    password_prompt: PasswordPrompt = False,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")] = False,
    keep: Keep = False,
) -> None:
    """Make a login, and add the person if no person has the address yet."""
    request = CreateLogin(email=email, family_name=family or family_as_before, given_name=given or given_as_before, role=role)
    password = typed_password("Password", stdin=True, new=True) if password_stdin else new_password(prompt=password_prompt)
    with transaction() as session:
        person = create_login(session, request, password=password)
        if keep:  # before the commit: a password kept without its login does no harm
            keep_login(str(person.email), password)
    print_line(f"{person.email} has a login now and signs in as {_role_text(person.role)}.")
    show_password(str(person.email), password, generated=not (password_prompt or password_stdin), kept=keep)


@app.command()
def disable(
    email: Email,
    *,
    courses_to: Annotated[
        str | None,
        typer.Option(metavar="EMAIL", help="The lecturer who takes over the person's courses of open terms.", show_default=False),
    ] = None,
    keep_courses: Annotated[
        bool, typer.Option("--keep-courses", help="Close it even if the person is responsible for courses of open terms.")
    ] = False,
    yes: Yes = False,
) -> None:
    """Close a login: no password, no rights, no signing in; its open sessions are ended.

    Who is responsible for courses of open terms hands them over first: all to one lecturer with --courses-to, or each with
    lmskit course hand-over.
    """
    request = CloseLogin(email=email, courses_to=courses_to, keep_courses=keep_courses)
    question = None
    if not yes:
        with snapshot() as session:
            question = asked_before_closing(session, request)
        confirmed(question, instead="--yes")
    with transaction() as session:
        me = signed_in(session)
        person = close_login(session, request.email, courses_to=request.courses_to, keep_courses=request.keep_courses, asked=question)
        email = str(person.email)
    print_line(f"The login of {email} is closed: it has no password and no rights, and cannot be used to sign in.")
    if me.person_id == person.id:
        print_line("It was your own.")
    else:
        with transaction() as session:
            print_line(sessions_ended(end_sessions(session, person)))
    if access().server.has_login(email):
        access().server.forget_login(email)
        print_line("Its password was removed from this machine's passfile.")


@app.command()
def enable(email: Email, *, password_prompt: PasswordPrompt = False, keep: Keep = False) -> None:
    """Open a login that was closed, with a new password."""
    email = ChooseLogin(email=email).email
    password = new_password(prompt=password_prompt)
    with transaction() as session:
        email = str(open_login(session, email, password=password).email)
    if keep:
        keep_login(email, password)
    print_line(f"The login of {email} is open.")
    show_password(email, password, generated=not password_prompt, kept=keep)


@app.command()
def recover(
    email: Email,
    *,
    password_prompt: PasswordPrompt = False,
    keep: Keep = False,
) -> None:
    """Set a new password with the operator's login, when no administrator can sign in to do it. A closed login stays closed.

    The operator's login is the one that migrates the database; a machine has it after `lmskit db bootstrap`. The audit trail shows
    it as the actor.
    """
    email = ChooseLogin(email=email).email
    password = new_password(prompt=password_prompt)
    with transaction(migrator_engine()) as session:
        if not recover_login(session, email, password=password):
            raise PersonNotFoundError(email=email)
    renew_password(email, password, keep=keep)
    print_line(f"{email} has a new password.")
    show_password(email, password, generated=not password_prompt, kept=keep)


@app.command()
def rename(
    old: Annotated[str, typer.Argument(metavar="OLD", help="Present address of the person.", show_default=False)],
    new: Annotated[str, typer.Argument(metavar="NEW", help="New address.", show_default=False)],
) -> None:
    """Give a lecturer or an administrator another address; the password stays, and open sessions are ended."""
    request = ChangeAddress(old=old, new=new)
    with access().server.moving_logins() as move, transaction() as session, administrators_only("change addresses"):
        known = person_by_email(session, request.old)
        former = None if known is None else known.email  # the old address may itself be a former one
        person = change_address(session, request)
        move(former, request.new)
    sign_in = " and signs in with it; the password is the same" if person.db_role is not None else ""
    print_line(f"{request.old} has the address {request.new} from now on{sign_in}.")


@app.command("list")
@paged(after=AfterEmail, named_by="email")
def list_logins(
    page: ListPage,
    *,
    search: Annotated[
        str | None,
        typer.Option(
            "--search", metavar="TEXT", help="Only people whose name, address, number or outside id has every word.", show_default=False
        ),
    ] = None,
    invented: Annotated[
        bool, typer.Option("--invented", help="Only people whose address an import invented, so that no message reaches them.")
    ] = False,
) -> None:
    """List lecturers and administrators with the state of their logins."""
    nothing = "There is no lecturer and no administrator. To invite one: lmskit invitation create EMAIL --family-name NAME"
    if search:
        nothing = "There is no such lecturer or administrator."
    elif invented:
        nothing = "No lecturer has an address that an import invented."
    with snapshot() as session, administrators_only("list logins"):
        total = count_logins(session, search=search, invented=invented)
        page.show(partial(login_rows, session, search=search, invented=invented), LOGINS, total=total, nothing=nothing)


def _role_text(role: Role) -> str:
    return "a lecturer" if role is Role.LECTURER else "an administrator (super_admin)"
