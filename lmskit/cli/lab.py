"""`lmskit lab`: JupyterLab on the notebooks, as one person.

JupyterLab runs in this process, so that the printed address is the one it really has, and Ctrl-C ends both.
`lmskit.jupyter_settings` says how it is set up.
"""

import secrets
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from lmskit.db import access, engine_for, snapshot
from lmskit.db.children import passed_on
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import LoginMissingError, NotFoundError, NotSignedInError, SignInRefusedError
from lmskit.jupyter_settings import common_arguments, leave, prepare_kernels, write_kernel, write_lab_settings
from lmskit.queries.login import SignedIn
from lmskit.queries.login import signed_in as read_signed_in
from lmskit.services.notebook_copies import copy_notebooks
from lmskit.services.seed import DEMO_LECTURER
from lmskit.settings import DEMO_ADMIN, Settings


def lab(
    further: Annotated[list[str] | None, typer.Argument(help="After --: further arguments for JupyterLab.", show_default=False)] = None,
    *,
    person: Annotated[
        str | None,
        typer.Option(
            "--as",
            metavar="EMAIL",
            help="The person whose login the notebooks use. Default: LMSKIT_PERSON, else who is signed in (`lmskit whoami`). "
            "Where this machine has no login, the notebooks show a form to sign in.",
        ),
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on; the next free one if it is taken.")] = 8888,
    ip: Annotated[
        str, typer.Option(help="The address to listen on. Any other than 127.0.0.1 opens JupyterLab to the network.")
    ] = "127.0.0.1",
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Print the address and open no window.")] = False,
) -> None:
    """Open JupyterLab on the notebooks and print its address."""
    notebooks = prepare_notebooks(access().settings)
    person = person or access().settings.person
    if (outdated := access().server.change_over()) is not None:
        typer.echo(outdated.sentence())
    me = check_login(person)
    typer.echo("Starting JupyterLab ...")
    with ExitStack() as ending:
        ending.enter_context(passed_on(access()))
        prepare_kernels(person if me is None else me.email)
        server, address = _listening(further or [], notebooks=notebooks, port=port, ip=ip, no_browser=no_browser)
        demonstration = access().server.external is None and access().server.has_login(DEMO_ADMIN)
        name = None if me is None else me.email or me.login
        shown = welcome(address=address, person=name, demonstration=demonstration, embedded=access().server.external is None)
        serve(server, once_listening=shown, at_end=ending.close)


def _listening(further: Sequence[str], *, notebooks: Path, port: int, ip: str, no_browser: bool) -> tuple[Any, str]:
    """Return JupyterLab's server, listening and not yet running, and the address to open."""
    token = secrets.token_hex(24)
    arguments = jupyter_arguments(
        notebooks=notebooks,
        settings_folder=write_lab_settings(access().settings.home),
        port=port,
        ip=ip,
        no_browser=no_browser,
        token=token,
    )
    server = start_server([*arguments, *further], kernels=write_kernel(access().settings.home))
    if server.port != port:
        typer.echo(f"Port {port} is taken; JupyterLab listens on {server.port}.")
    return server, f"{server.connection_url}lab?token={token}"


def prepare_notebooks(settings: Settings) -> Path:
    """Return the folder to open; outside a checkout it holds the person's own copies, which are brought up to date first."""
    if settings.own_notebooks != settings.original_notebooks:
        for line in copy_notebooks(settings.original_notebooks, settings.own_notebooks).lines():
            typer.echo(line)
    if not settings.own_notebooks.is_dir():
        raise NotFoundError(
            f"There is no folder {settings.own_notebooks}. "
            "Start lmskit in a checkout, or set the folder of one: LMSKIT_PROJECT_ROOT=/path/to/checkout"
        )
    return settings.own_notebooks


def check_login(person: str | None) -> SignedIn | None:
    """Connect once as `person`, so that a mistake is reported once and not in every notebook; starts the embedded server.

    Returns who the notebooks act as, or None if a form in the notebooks asks for it.
    """
    try:
        engine = engine_for(person)
        require_known_schema(engine)
    except (NotSignedInError, LoginMissingError, SignInRefusedError) as error:
        typer.echo(f"{error}\nThe notebooks show a form to sign in.")
        return None
    with snapshot(engine) as session:
        return read_signed_in(session)


def jupyter_arguments(*, notebooks: Path, settings_folder: Path, port: int, ip: str, no_browser: bool, token: str) -> list[str]:
    """JupyterLab's arguments; they reach it within this process, so that no process list shows the token."""
    return [
        f"--ServerApp.root_dir={notebooks}",
        f"--ServerApp.ip={ip}",
        f"--ServerApp.port={port}",
        f"--ServerApp.open_browser={not no_browser}",
        "--ServerApp.answer_yes=True",  # one Ctrl-C ends it, without a question
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        f"--IdentityProvider.token={token}",
        *common_arguments(settings_folder),
    ]


def start_server(arguments: Sequence[str], *, kernels: Path) -> Any:  # noqa: ANN401 - Jupyter's ServerApp has no types
    """Return JupyterLab's server, listening and not yet running; it finds a kernel in the folder `kernels` first."""
    from jupyterlab.labapp import LabApp  # noqa: PLC0415 - takes a second

    from lmskit.cli.lab_server import ListeningServer  # noqa: PLC0415 - as above

    LabApp.serverapp_class = ListeningServer
    server = LabApp.initialize_server(argv=list(arguments))
    server.kernel_spec_manager.kernel_dirs = [str(kernels), *server.kernel_spec_manager.kernel_dirs]
    return server


def serve(server: Any, *, once_listening: str, at_end: Callable[[], None] = lambda: None) -> NoReturn:  # noqa: ANN401 - as above
    """Run the server until it is ended, call `at_end` and end this process; print `once_listening` when its address answers."""
    server.io_loop.add_callback(typer.echo, once_listening)  # after the server's own first callback, which opens the port
    server.start()
    at_end()
    leave()


def welcome(*, address: str, person: str | None, demonstration: bool, embedded: bool) -> str:
    """The text to print once JupyterLab listens.

    `person` is who is signed in, None if a form asks for it; `demonstration` says whether this machine has the logins of its people,
    `embedded` whether the server is the one that lmskit starts and stops.
    """
    who = "ask for a password or a code: lmskit.connect()" if person is None else f"use the login of {person}."
    lines = ["", f"  JupyterLab: {address}", f"  The notebooks {who}"]
    if demonstration:
        lines += [
            "",
            "  To use another login of the demonstration (no password is needed on this machine):",
            f"    lmskit lab --as {DEMO_LECTURER}   a lecturer: lecturer/mastery_dashboard",
            f"    lmskit lab --as {DEMO_ADMIN}      the administrator: admin/course_setup, admin/enrollment",
        ]
    end = "  Ctrl-C ends JupyterLab." + (" The database keeps running until: lmskit db stop" if embedded else "")
    return "\n".join([*lines, "", end, ""])
