"""PostgreSQL's own programs as clients of a server: which one to run, and with a password that is in no argument and no variable."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from psycopg.conninfo import make_conninfo

from lmskit.db.cluster.binaries import WHEELS, installation, program, release_of
from lmskit.db.encryption import required_mode
from lmskit.db.passfile import ANY, Entry, line_of
from lmskit.db.releases import shown
from lmskit.errors import ClusterError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

TRANSACTION_TIMEOUT_SINCE = 17
"""Of a setting that pg_restore changes without asking whether the server has it."""
NEWEST_WHEEL = 18
"""The major version that lmskit is installed with, whose programs also dump and fill older servers."""


def client_program(name: str, parameters: Mapping[str, object], *, server: int, own: bool) -> Path:
    """Return the program to run with a server.

    Parameters
    ----------
    name
        Such as `pg_dump`.
    parameters
        The address by libpq's names.
    server
        The server's major version; an older pg_dump refuses it.
    own
        Whether the server is lmskit's own, whose programs are then taken; otherwise the program of this machine is preferred, since the
        one that comes with lmskit has no TLS.

    Raises
    ------
    InputError
        No program here suits the server, or has the TLS that the address asks for.
    """
    mode = required_mode(parameters)
    of_this_machine = None if own else shutil.which(name)
    candidates = [] if of_this_machine is None else [Path(of_this_machine)]
    if mode is None:  # those of the wheels have no TLS
        candidates += _of_wheels(name, server)
    found = next((path for path in candidates if _suits(name, release_of(path)[0], server)), None)
    if found is not None:
        return found
    why = f"The server is PostgreSQL {server}" + (f", and the address asks for TLS (sslmode={mode})" if mode else "")
    has = "none" if of_this_machine is None else f"that of PostgreSQL {shown(release_of(Path(of_this_machine)))}"
    raise InputError(
        f"{why}, so this needs the {name} of PostgreSQL {server}; this machine has {has}. "
        f"Install PostgreSQL's own client, such as the package postgresql-client-{server}, then try again."
    )


def _of_wheels(name: str, server: int) -> list[Path]:
    """The program in the wheel of the server's major version, if that is installed, and in the one that lmskit is installed with."""
    found = []
    for version in dict.fromkeys((server, NEWEST_WHEEL)):
        if version in WHEELS:
            with suppress(ClusterError):
                found.append(program(installation(version), name))
    return found


def _suits(name: str, major: int, server: int) -> bool:
    """Whether a program of a major version works with a server: pg_dump refuses a newer one, and pg_restore sets what an old one lacks."""
    return major >= server and not (name == "pg_restore" and server < TRANSACTION_TIMEOUT_SINCE <= major)


@contextmanager
def signed_in(parameters: Mapping[str, object], password: str | None) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Give the connection string for a program, and the open files to hand on to it, of which one has the password and no name."""
    known: dict[str, Any] = {key: value for key, value in parameters.items() if key != "password"}
    if password is None:
        yield make_conninfo("", **known), ()
        return
    line = line_of(Entry(ANY, ANY, ANY, ANY, password))
    if os.name == "nt":
        with tempfile.TemporaryDirectory(prefix="lmskit-") as folder:
            path = Path(folder) / "pgpass.conf"
            path.write_text(line, encoding="utf-8")
            yield make_conninfo("", **known | {"passfile": str(path)}), ()
        return
    with tempfile.TemporaryFile() as file:
        file.write(line.encode())
        file.seek(0)  # writes it out; where /dev/fd is not Linux's, it is read from here
        yield make_conninfo("", **known | {"passfile": f"/dev/fd/{file.fileno()}"}), (file.fileno(),)
