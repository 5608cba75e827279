"""What to do where no person is signed in: it depends on whether there is a database, which one, and who is signed in at others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lmskit.db.server import Server
    from lmskit.db.sign_in_file import SignInFile

EMBEDDED = "embedded/"
"""What the name of an embedded server in a file of sign-ins begins with."""
BEGIN = "to begin with an administrator: lmskit init; to look around in a demonstration: lmskit demo"


def advice(server: Server, terminal: SignInFile) -> str:
    """Return the sentences for a process that no person has signed in to; nothing is made or started to find out."""
    if server.external is not None:
        return f"No person is signed in at the server {server.name}. To sign in: lmskit sign-in"
    others = elsewhere(server, terminal)
    other = f" You are signed in at another server; to use it: LMSKIT_DATABASE_URL={others[0]}" if others else ""
    if not server.is_made():
        return (
            "No person is signed in: this machine has no database yet, and LMSKIT_DATABASE_URL, the address of a server, is not set."
            f"{other or ' To use a server: set it, then: lmskit sign-in'}. To make a database here, {BEGIN}; "
            "to get one back from a backup: lmskit backup restore"
        )
    return (
        "No person is signed in at the embedded server of this machine, which is used because LMSKIT_DATABASE_URL is not set."
        f"{other}{'.' if other else ''} To sign in: lmskit sign-in. In a new database, {BEGIN}"
    )


def elsewhere(server: Server, terminal: SignInFile) -> list[str]:
    """Return the addresses of the other servers at which a person is signed in on this machine."""
    names = [name for name in terminal.servers() if name != server.name and not name.startswith(EMBEDDED)]
    return [_address(name) for name in names]


def _address(name: str) -> str:
    """Return the address of a server as a file of sign-ins names it.

    Examples
    --------
    >>> _address("db.example.org:5432/lmskit"), _address("fe80::1:5432/lmskit")
    ('postgresql://db.example.org:5432/lmskit', 'postgresql://[fe80::1]:5432/lmskit')
    >>> _address("/run/postgresql:5432/lmskit")
    'postgresql:///lmskit?host=/run/postgresql&port=5432'
    """
    where, _, database = name.rpartition("/")
    host, _, port = where.rpartition(":")
    if host.startswith("/"):
        return f"postgresql:///{database}?host={host}&port={port}"
    return f"postgresql://{f'[{host}]' if ':' in host else host}:{port}/{database}"
