"""Files that say who is signed in: one in the home folder for the terminal, and one that the notebooks of a JupyterLab share.

A file (mode 0600, as the passfile) has one sign-in for each server, and the passwords of sign-ins that are not in the passfile.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

from lmskit.db.lock import exclusively
from lmskit.errors import DatabaseError
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

HOURS = 12
"""How long a sign-in in the terminal lasts that is not kept."""
LOCK_LIMIT = 30.0
BY_ADDRESS = "by its address"
"""Added to the name of a server in a file: the login is that of the address, and no person's sign-in."""


@dataclass(frozen=True)
class KeptSignIn:
    """Who is signed in at a server.

    Attributes
    ----------
    person
        E-mail address; None for a login that the server's address names.
    login
        Name of the login.
    password
        None if the passfile has it.
    until
        Seconds since the epoch; None if it does not end by itself.
    """

    person: str | None
    login: str
    password: str | None = field(default=None, repr=False)
    until: float | None = None


class SignInFile:
    """A file of sign-ins."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def find(self, server: str) -> KeptSignIn | None:
        """Return the sign-in at a server, or None if there is none or it has ended; one that has ended is removed.

        Raises
        ------
        DatabaseError
            Other users could read the file.
        """
        found = self._read().get(server)
        if found is not None and found.until is not None and found.until < time.time():
            self.forget(server)
            return None
        return found

    def keep(self, server: str, sign_in: KeptSignIn) -> None:
        """Write down who is signed in at a server, instead of the person who was before."""
        self._rewrite(lambda known: known | {server: sign_in})

    def renew(self, server: str, login: str, password: str) -> None:
        """Let the sign-in at a server go on with the new password of its login, if the file holds one."""
        found = self.find(server)
        if found is not None and found.login == login and found.password is not None:
            self.keep(server, replace(found, password=password))

    def servers(self) -> list[str]:
        """Return the names of the servers at which a person is signed in."""
        found = [name for name in self._read() if not name.endswith(f" {BY_ADDRESS}")]
        return [name for name in found if self.find(name) is not None]

    def forget(self, server: str) -> KeptSignIn | None:
        """Remove the sign-in at a server, and return it; None if there was none."""
        removed = self._read().get(server)
        if removed is not None:
            self._rewrite(lambda known: {name: sign_in for name, sign_in in known.items() if name != server})
        return removed

    def _read(self) -> dict[str, KeptSignIn]:
        try:
            with self.path.open(encoding="utf-8") as file:
                found = os.fstat(file.fileno())
                if os.name != "nt" and (found.st_uid not in {os.geteuid(), 0} or found.st_mode & 0o077):
                    message = f"Other users could read or change the passwords in {self.path}. Check the file, then: chmod 600 {self.path}"
                    raise DatabaseError(message)
                return {server: KeptSignIn(**values) for server, values in json.load(file).items()}
        except FileNotFoundError:
            return {}
        except (ValueError, TypeError, AttributeError):
            message = f"The file {self.path} cannot be read. Remove it, and sign in again: lmskit sign-in"
            raise DatabaseError(message) from None

    def _rewrite(self, change: Callable[[dict[str, KeptSignIn]], dict[str, KeptSignIn]]) -> None:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusively(self.path.with_name(f"{self.path.name}.lock"), timeout=LOCK_LIMIT):
            known = change(self._read())
            write_whole(self.path, json.dumps({server: asdict(sign_in) for server, sign_in in known.items()}, indent=1) + "\n")
