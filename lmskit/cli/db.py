"""`lmskit db`: the database server, its preparation and its revision."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from lmskit.cli.asking import agreed, confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.password import operators_password
from lmskit.cli.psql import run_psql
from lmskit.db import access, revision, roles
from lmskit.db.address import DATABASE, conninfo, shown
from lmskit.db.bootstrap import Bootstrapped, bootstrap
from lmskit.db.cluster.disk import BALLAST, MEGABYTE, is_low
from lmskit.db.cluster.major_upgrade import carry_over
from lmskit.errors import InputError
from lmskit.setting_values import read_secret

Empty = Annotated[
    bool, typer.Option("--empty", help="Go on though the server is empty and this machine had prepared it or filled it before.")
]

app = typer.Typer(name="db", help="The database server, its preparation and its revision.", no_args_is_help=True)


@app.command("bootstrap")
def bootstrap_command(
    address: Annotated[
        str | None,
        typer.Argument(
            help="Address of the server with a login that may make roles, such as postgresql://postgres@db.example.org/lmskit; "
            "by default LMSKIT_DATABASE_URL, else the embedded server.",
            show_default=False,
        ),
    ] = None,
    *,
    password: Annotated[bool, typer.Option("--password", help="Ask for that login's password.")] = False,
    harden: Annotated[
        bool | None,
        typer.Option(
            "--harden/--no-harden",
            help="Stop EXPLAIN from revealing rows of other lecturers, or allow it again; needs a superuser. "
            "The embedded server follows LMSKIT_LEAKPROOF_BUILTINS.",
            show_default=False,
        ),
    ] = None,
    new_migrator_password: Annotated[
        bool | None,
        typer.Option(
            "--new-migrator-password/--keep-migrator-password",
            help="Whether the login that migrates the database gets a new password if this machine does not have its password; "
            "other machines then need the new one. By default a terminal asks, and without one the password is kept.",
            show_default=False,
        ),
    ] = None,
    dispatcher_password_file: Annotated[
        Path | None,
        typer.Option(help="A file with the password that lmskit_dispatcher, which only delivers mail, is to have.", show_default=False),
    ] = None,
    backup_password_file: Annotated[
        Path | None,
        typer.Option(help="A file with the password that lmskit_backup, which reads everything for dumps, is to have.", show_default=False),
    ] = None,
    empty: Empty = False,
) -> None:
    """Prepare a server: roles, database, schema and pgvector. Can be run again at any time."""
    server = access().server.read(address) if address else access().server.external
    if server is None:
        if dispatcher_password_file is not None or backup_password_file is not None:
            message = "The logins for mail and dumps are for servers of your own; the embedded server is used by one person alone."
            raise InputError(message)
        if harden is not None:
            message = "The embedded server is hardened unless LMSKIT_LEAKPROOF_BUILTINS=keep is set; --harden is for servers of your own."
            raise InputError(message)
        result = access().server.bootstrap(access().server.start())
    else:
        secret = operators_password("Password") if password else password_in_file(address)
        files = {
            roles.DISPATCHER: ("--dispatcher-password-file", dispatcher_password_file),
            roles.BACKUP: ("--backup-password-file", backup_password_file),
        }
        where, database = conninfo(server._replace(database=None)), server.database or DATABASE
        result = bootstrap(
            where,
            database,
            passfile=access().settings.passfile,
            harden=harden,
            password=secret,
            agree=lambda login: _may_replace(login) if new_migrator_password is None else new_migrator_password,
            passwords={login: read_secret(path, name=option) for login, (option, path) in files.items() if path is not None},
            empty=empty,
        )
    print_bootstrapped(result)
    typer.echo("To make its tables: lmskit db upgrade")


def password_in_file(address: str | None) -> str | None:
    """Return the password in `LMSKIT_PASSWORD_FILE` if it is that of the login that makes the roles: the settings name both."""
    settings = access().settings
    return settings.login_password if address is None and settings.person is None else None


def _may_replace(login: str) -> bool:
    """Ask whether a login gets a new password; without a terminal it does not."""
    question = f"{login} has a password that is not on this machine. Set a new one? Other machines that migrate the database then need it."
    return sys.stdin.isatty() and agreed(question)


def print_bootstrapped(result: Bootstrapped) -> None:
    """Print what bootstrap did, and what it left out."""
    typer.echo(f"The database {result.database} on PostgreSQL {result.server_version} is prepared; roles made: {len(result.roles_made)}.")
    for sentence in result.skipped:
        typer.echo(f"Left out: {sentence}")


@app.command()
def upgrade(
    revision_id: Annotated[str, typer.Argument(metavar="REVISION", help="Revision to go to.")] = "head",
    *,
    sql: Annotated[bool, typer.Option("--sql", help="Change nothing, and print the statements for a database administrator.")] = False,
    start: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="REVISION", help="With --sql: where to begin; by default, where the database is", show_default=False
        ),
    ] = None,
    empty: Empty = False,
) -> None:
    """Bring the database to the newest revision, or to REVISION."""
    if sql:
        revision.write_script(revision_id, start=start or revision.current() or "base")
        return
    if start is not None:
        raise typer.BadParameter("--from is for --sql: a database goes on from where it is.")
    before = revision.current()
    revision.upgrade(revision_id, empty=empty)
    after = revision.current()
    moved = before != after
    typer.echo(f"The database went from revision {before or 'none'} to {after}." if moved else f"The database is at revision {after}.")


@app.command()
def downgrade(
    revision_id: Annotated[str, typer.Argument(metavar="REVISION", help="Revision to go back to; base removes all tables.")],
    *,
    yes: Yes = False,
    lose_data: Annotated[
        bool, typer.Option("--lose-data", help="Keep nothing of what REVISION has no columns for, and remove also what cannot be kept.")
    ] = False,
) -> None:
    """Take the database back to REVISION. What it has no columns for is parked, and put back by the next upgrade."""
    if not yes:
        loses = "loses the data of later revisions" if lose_data else "takes later revisions back"
        confirmed(f"Going back to {revision_id} {loses}. Go on?", instead="--yes")
    revision.downgrade(revision_id, lose_data=lose_data)
    typer.echo(f"The database is at revision {revision.current() or 'base'}.")


@app.command()
def status() -> None:
    """Show where the database is, whether it runs and at which revision. Starts nothing."""
    external = access().server.external
    if external is None:
        cluster = access().server.cluster
        endpoint = cluster.running()
        typer.echo(f"Server:   embedded PostgreSQL {cluster.layout.version} in {cluster.layout.base}")
        if endpoint is None:
            typer.echo("State:    stopped. It starts on first use, or by: lmskit db start")
            return
        typer.echo(f"State:    running, at {endpoint.host}, port {endpoint.port}")
        if (outdated := access().server.outdated()) is not None:
            typer.echo(f"Release:  {outdated.in_short()}")
    else:
        typer.echo(f"Server:   {shown(external)}")
    try:
        found, needed = revision.current(), revision.head()
        advice = "" if found == needed else f"; this lmskit needs {needed}: lmskit db upgrade"
        if found != needed and revision.is_served():
            advice = f", with which this lmskit ({needed}) goes on working"
    finally:
        access().dispose()
    typer.echo(f"Revision: {found or 'none'}{advice}")


@app.command()
def start() -> None:
    """Start the embedded server, which any other command also does on first use.

    A running one of an earlier release is restarted if no session is open.
    """
    _only_embedded("start")
    outdated = access().server.change_over()
    endpoint = access().server.start()
    typer.echo(f"The database server is running at {endpoint.host}, port {endpoint.port}.")
    if outdated is not None:
        typer.echo(outdated.sentence())
    layout = access().server.cluster.layout
    if is_low(layout):
        typer.echo(
            f"The disk that holds {layout.home} is nearly full, and the server has no reserve on it. "
            f"Free at least {2 * BALLAST // MEGABYTE} MB there; the reserve is then made at the next start."
        )


@app.command("upgrade-server")
def upgrade_server() -> None:
    """Carry the embedded server over to the major version of PostgreSQL that this lmskit has. Open notebooks lose their connections.

    The old server is kept, unchanged, beside the new one. Can be run again if it was interrupted.
    """
    _only_embedded("upgrade")
    layout = access().server.cluster.layout
    done = carry_over(layout.home, layout.version, say=typer.echo)
    if done is None:
        typer.echo(f"There is nothing to carry over: {layout.home} has no database of an older PostgreSQL beside a missing newer one.")
        return
    access().server.start()
    access().dispose()
    compared = f"; {done.tables} tables with {done.rows:,} rows are the same" if done.tables else ""
    typer.echo(f"PostgreSQL {done.now} has taken over from {done.before}{compared}.")
    typer.echo(f"The old server is kept in {done.kept}. When you no longer need it, remove that folder.")


@app.command()
def stop() -> None:
    """Stop the embedded server. Open notebooks lose their connections."""
    _only_embedded("stop")
    typer.echo("The database server is stopped." if access().server.cluster.stop() else "The database server was not running.")


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def psql(
    context: typer.Context,
    *,
    person: Annotated[str | None, typer.Option("--as", help="E-mail address of the person to sign in as.", show_default=False)] = None,
    migrator: Annotated[bool, typer.Option("--migrator", help="Sign in as the owner of the tables instead.")] = False,
) -> None:
    """Open psql as the signed-in person; further arguments are passed on to psql."""
    url = access().server.address_of_migrator() if migrator else access().url_for(person)
    run_psql(url, context.args)


def _only_embedded(verb: str) -> None:
    if access().server.external is not None:
        message = f"LMSKIT_DATABASE_URL or PGSERVICE names a server of your own, which lmskit does not {verb}."
        raise InputError(message)
