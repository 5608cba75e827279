"""Running `psql` with a login of lmskit. Its password is in a file that has no name, never in an argument or the environment."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import typer
from sqlalchemy import URL

from lmskit.db import access
from lmskit.db.address import conninfo
from lmskit.db.cluster.binaries import installation, program
from lmskit.db.passfile import ANY, Entry, line_of
from lmskit.settings import environment_without_passwords


def run_psql(url: URL, arguments: Sequence[str]) -> None:
    """Replace this process by `psql`, signed in with an address's login."""
    found = program(installation(access().settings.postgres_version), "psql")
    password = access().password_of(url)
    bare = url._replace(password=None)
    sys.stdout.flush()
    if password is None:
        _run([str(found), "-d", conninfo(bare), *arguments])
        return
    line = line_of(Entry(ANY, ANY, ANY, ANY, password))
    if os.name == "nt":
        with tempfile.TemporaryDirectory(prefix="lmskit-") as folder:
            path = Path(folder) / "pgpass.conf"
            path.write_text(line, encoding="utf-8")
            _run([str(found), "-d", _with_passfile(bare, path), *arguments])
        return
    with tempfile.TemporaryFile() as file:
        file.write(line.encode())
        file.flush()
        os.set_inheritable(file.fileno(), True)
        _run([str(found), "-d", _with_passfile(bare, Path(f"/dev/fd/{file.fileno()}")), *arguments])


def _with_passfile(url: URL, path: Path) -> str:
    return conninfo(url.update_query_dict({"passfile": str(path)}))


def _run(command: list[str]) -> None:
    environment = environment_without_passwords()
    if os.name == "nt":
        raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)  # noqa: S603 - the person's own arguments
    os.execve(command[0], command, environment)  # noqa: S606 - as above
