"""Running `psql` with a login of lmskit. Its passwords are in files that have no name, never in an argument or the environment."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import typer
from sqlalchemy import URL

from lmskit.db import access
from lmskit.db.address import KEY_PASSWORD, conninfo, parameters_of
from lmskit.db.cluster.binaries import installation, program
from lmskit.db.encryption import required_mode
from lmskit.db.passfile import ANY, Entry, line_of
from lmskit.errors import InputError
from lmskit.settings import environment_without_passwords

SERVICE = "lmskit"


def run_psql(url: URL, arguments: Sequence[str]) -> None:
    """Replace this process by `psql`, signed in with an address's login."""
    found = psql_for(url)
    password, key_password = access().password_of(url), url.query.get(KEY_PASSWORD)
    url = url._replace(password=None).difference_update_query([KEY_PASSWORD])
    environment = environment_without_passwords()
    sys.stdout.flush()
    with ExitStack() as open_files:
        if password is not None:
            entry = Entry(ANY, ANY, ANY, ANY, password)
            url = url.update_query_dict({"passfile": _private_file(line_of(entry), open_files)})
        if key_password is not None:  # no variable and no file of libpq is for it alone
            environment["PGSERVICEFILE"] = _private_file(f"[{SERVICE}]\n{KEY_PASSWORD}={key_password}\n", open_files)
            url = url.update_query_dict({"service": SERVICE})
        _run([str(found), "-d", conninfo(url), *arguments], environment)


def psql_for(url: URL) -> Path:
    """Return the `psql` to run: for another server the one of this machine, since that of the embedded server has no TLS.

    Raises
    ------
    InputError
        The address asks for TLS, and this machine has no other `psql`.
    """
    of_embedded = program(installation(access().settings.postgres_version), "psql")
    if access().server.external is None:
        return of_embedded
    if (of_this_machine := shutil.which("psql")) is not None:
        return Path(of_this_machine)
    if (mode := required_mode(parameters_of(url))) is not None:
        message = (
            f"The address asks for TLS (sslmode={mode}), and the psql that comes with lmskit has none. "
            "Install PostgreSQL's own client, such as the package postgresql-client, then try again."
        )
        raise InputError(message)
    return of_embedded


def _private_file(content: str, open_files: ExitStack) -> str:
    """Return the name of a file that `psql` can read and that is gone when it ends."""
    if os.name == "nt":
        path = Path(open_files.enter_context(tempfile.TemporaryDirectory(prefix="lmskit-"))) / "file.conf"
        path.write_text(content, encoding="utf-8")
        return str(path)
    file = open_files.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it stays open until `psql` ends
    file.write(content.encode())
    file.flush()
    os.set_inheritable(file.fileno(), True)
    return f"/dev/fd/{file.fileno()}"


def _run(command: list[str], environment: dict[str, str]) -> None:
    if os.name == "nt":
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - the person's own arguments
    os.execve(command[0], command, environment)  # noqa: S606 - as above
