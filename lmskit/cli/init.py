"""`lmskit init`: roles, tables and the first administrator, on a server of one's own or the embedded one."""

from typing import Annotated

import typer

from lmskit.cli.asking import asked
from lmskit.cli.db import Empty, password_in_file, print_bootstrapped
from lmskit.cli.password import operators_password, typed_password
from lmskit.cli.printing import print_line
from lmskit.cli.sign_in import remember
from lmskit.db import Access, access, migrator_engine, revision, transaction, using
from lmskit.db.address import DATABASE, conninfo, shown, without_login, written
from lmskit.db.bootstrap import bootstrap
from lmskit.errors import AdministratorExistsError, BootstrapError, UnreachableError
from lmskit.schemas.login import ChooseLogin
from lmskit.schemas.person import CreatePerson
from lmskit.services.person import found_administrator
from lmskit.settings import Settings
from lmskit.vocabulary import Role


def init(
    address: Annotated[
        str | None,
        typer.Argument(
            help="Address of the server with a login that may make roles, such as postgresql://postgres@db.example.org/lmskit; "
            "by default LMSKIT_DATABASE_URL, else the embedded server.",
            show_default=False,
        ),
    ] = None,
    *,
    email: Annotated[str | None, typer.Option(help="Address of the first administrator; by default asked for.", show_default=False)] = None,
    family_name: Annotated[str | None, typer.Option(help="Family name; by default asked for.", show_default=False)] = None,
    given_name: Annotated[str | None, typer.Option(help="Given name; by default asked for.", show_default=False)] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the administrator's password from standard input instead of asking for it.")
    ] = False,
    operator_password: Annotated[bool, typer.Option("--operator-password", help="Ask for the password of the address's login.")] = False,
    harden: Annotated[bool | None, typer.Option("--harden/--no-harden", help="As for `lmskit db bootstrap`.", show_default=False)] = None,
    empty: Empty = False,
) -> None:
    """Begin with a new database: its roles, its tables and the first administrator, who is then signed in. No other people are made."""
    secret = operators_password("Password of the server's login that makes the roles") if operator_password else None
    request = CreatePerson(
        email=ChooseLogin(email=email or asked("E-mail address of the first administrator", instead="--email ADDRESS")).email,
        family_name=family_name or asked("Family name", instead="--family-name NAME"),
        given_name=asked("Given name", instead="--given-name NAME", default="") if given_name is None else given_name,
        role=Role.SUPER_ADMIN,
    )
    password = typed_password("Password", stdin=password_stdin, new=True)
    if address is None:
        _begin(request, password, harden=harden, operator_password=secret or password_in_file(address), empty=empty)
        return
    operator = access().server.read(address)
    settings = Settings(database_url=written(operator))
    with using(Access(settings)):
        _begin(request, password, harden=harden, operator_password=secret, empty=empty)


def _begin(request: CreatePerson, password: str, *, harden: bool | None, operator_password: str | None, empty: bool) -> None:
    here = access().server.external
    if here is not None and (harden is not None or operator_password is not None or here.username is not None or not _is_prepared()):
        bare, database = conninfo(here._replace(database=None)), here.database or DATABASE
        passfile = access().settings.passfile
        result = bootstrap(
            bare, database, passfile=passfile, harden=harden, password=operator_password, agree=lambda _login: False, empty=empty
        )
        print_bootstrapped(result)
    revision.upgrade(empty=empty)
    print_line(f"The tables are at revision {revision.head()}.")
    with transaction(migrator_engine()) as session:
        if not found_administrator(session, request, password=password):
            raise AdministratorExistsError(email=request.email)
    access().sign_in(request.email, password)
    until = remember(request.email, password, keep=here is None)
    print_line(f"{request.email} is the first administrator and signed in on this machine, {until}.")
    if here is not None:
        address = shown(without_login(here))
        print_line(f"To use this server, here too, set the variable: LMSKIT_DATABASE_URL={address}")
        print_line("On every other machine set it as well, then: lmskit sign-in EMAIL")
    print_line("To invite lecturers: lmskit invitation create EMAIL --family-name NAME")
    print_line("To create a term: lmskit term create CODE --name NAME --starts DAY --ends DAY. To open the notebooks: lmskit lab")


def _is_prepared() -> bool:
    try:
        with migrator_engine().connect():
            return True
    except (BootstrapError, UnreachableError):
        return False
