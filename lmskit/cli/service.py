"""`lmskit service`: files with which systemd or cron runs the jobs that need no person."""

import sys
from pathlib import Path
from typing import Annotated

import platformdirs
import typer

from lmskit.cli.printing import print_error, print_line
from lmskit.cli.scheduled_job import JOBS, ScheduledJob
from lmskit.cli.service_files import FOLDER_OF_SYSTEM, Installation, cron_line, database_unit, units, variables_file
from lmskit.db import access
from lmskit.errors import InputError
from lmskit.settings import variables_without_passwords
from lmskit.whole_file import write_whole

NOT_OF_SYSTEM = ("LMSKIT_HOME", "LMSKIT_MAIL_DIR", "LMSKIT_REPORTS_DIR", "LMSKIT_WORKSPACE", "LMSKIT_PASSWORD_FILE", "LMSKIT_PERSON")
"""Variables that name a person's own folders, which a service of the system cannot enter, or what its unit says."""
CLOSED_TO_SERVICES = {"home", "root", "tmp"}
"""Folders of the system that its services cannot enter, by their units."""
NAMES = ", ".join(job.name for job in JOBS)

app = typer.Typer(name="service", help="Run the jobs that need no person: units of systemd, lines of cron.", no_args_is_help=True)


@app.callback()
def service() -> None:
    """Run the jobs that need no person: units of systemd, lines of cron."""


@app.command("print")
def print_files(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help=f"By default all that have something to do: {NAMES}.", show_default=False)
    ] = None,
    *,
    user: Annotated[bool, typer.Option("--user", help="Units of your own (systemctl --user) instead of those of the system.")] = False,
    cron: Annotated[bool, typer.Option("--cron", help="Lines for crontab -e instead of units.")] = False,
    into: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write each file into this folder instead of printing it.", show_default=False),
    ] = None,
) -> None:
    """Print systemd units or cron lines for the jobs, with the settings of now in files of variables; none contains a password.

    For the units of the system LMSKIT_DATABASE_URL has to name a server; the embedded one is a person's own.
    """
    if user and cron:
        raise typer.BadParameter("Choose --user or --cron.")
    here = _installation(of_system=not (user or cron))
    chosen = [_job(name) for name in jobs] if jobs else [job for job in JOBS if here.variables.keys() >= set(job.needs)]
    for job in chosen:
        if missing := [name for name in job.needs if name not in here.variables]:
            raise InputError(f"The job {job.name!r} needs {' and '.join(missing)}. Set them, and print its files again.")
    if cron:
        files = {"lmskit.crontab": "\n".join(cron_line(job, here) for job in chosen)}
    else:
        files = database_unit([job.name for job in chosen], here) if here.embedded else {}
        for job in chosen:
            files |= units(job, here)
    files |= {f"{job.name}.env": variables_file(job, here) for job in chosen}
    if into is None:
        typer.echo("\n".join(f"##### {name}\n{text}" for name, text in files.items()), nl=False)
        return
    try:
        into.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            write_whole(into / name, text, before_rename=None if name.endswith(".env") else lambda part: part.chmod(0o644))
            print_line(str(into / name))
    except OSError as error:
        raise InputError(f"The files cannot be written to {into}: {error.strerror}. Choose a folder that you can write to.") from error


def _job(name: str) -> ScheduledJob:
    for job in JOBS:
        if job.name == name:
            return job
    raise InputError(f"There is no job {name!r}. Choose from: {NAMES}")


def _installation(*, of_system: bool) -> Installation:
    settings, server = access().settings, access().server
    external = server.external
    if of_system and external is None:
        raise InputError(
            "The embedded server is a person's own, which services of the system cannot use. Print units of your own with --user, "
            "or lines of cron with --cron; for a server of your own set LMSKIT_DATABASE_URL."
        )
    program = _program()
    if of_system and set(Path(program[0]).parts[1:2]) & CLOSED_TO_SERVICES:
        print_error(
            f"lmskit is installed in {program[0]}, where services of the system cannot read it. Install it in /opt/lmskit, for example."
        )
    known = None if external is not None and external.username else access().terminal.find(server.name)
    needed = external is not None and (external.password is not None or settings.pgpassword is not None)
    variables = variables_without_passwords()
    return Installation(
        program=program,
        folder=FOLDER_OF_SYSTEM if of_system else platformdirs.user_config_path("lmskit"),
        of_system=of_system,
        server=external,
        password_needed=of_system or needed,
        person=settings.person or (None if known is None else known.person),
        variables={name: value for name, value in variables.items() if not (of_system and _of_a_person(name, value))},
    )


def _of_a_person(name: str, value: str) -> bool:
    """Whether a variable names what a service of the system cannot reach, such as a folder for backups, or what its unit says."""
    return name in NOT_OF_SYSTEM or (name == "LMSKIT_BACKUPS" and "://" not in value)


def _program() -> tuple[str, ...]:
    script = Path(sys.executable).with_name("lmskit")
    return (str(script),) if script.is_file() else (sys.executable, "-P", "-m", "lmskit")
