"""The 0600 file with the passwords of the logins on this machine, in the format that libpq itself reads."""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from lmskit.db.address import same_host
from lmskit.db.lock import exclusively
from lmskit.errors import DatabaseError
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

ANY = "*"
LOCK_LIMIT = 30.0
FIELDS = 5
MOVE = "move it away and set new passwords: lmskit passwd EMAIL"


@dataclass(frozen=True)
class Entry:
    """One line: which server, which database, which login. `*` stands for any."""

    host: str
    port: str
    database: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Omit the password."""
        return f"Entry({self.host}:{self.port}:{self.database}:{self.user})"

    def is_for(self, host: str, port: str, database: str, user: str) -> bool:
        """Whether the entry is for a connection. Other than for libpq, the names of this machine are the same."""
        pairs = ((self.port, port), (self.database, database), (self.user, user))
        return (self.host == ANY or same_host(self.host, host)) and all(own in {ANY, asked} for own, asked in pairs)


def read_entries(path: Path) -> list[Entry]:
    """Return the entries of a passfile; an empty list if there is no file.

    Raises
    ------
    DatabaseError
        Other users may read the file, or it belongs to another user; libpq would not use it either. Or it cannot be read as text.
    """
    try:
        with open(path, encoding="utf-8", opener=_at_once) as file:
            if os.name != "nt":
                found = os.fstat(file.fileno())
                if not stat.S_ISREG(found.st_mode):
                    raise OSError(errno.EINVAL, "Not a file")  # noqa: TRY301 - one sentence for whatever cannot be read
                if found.st_uid not in {os.geteuid(), 0} or found.st_mode & 0o077:
                    message = f"Other users could read or change the passwords in {path}. Check the file, then: chmod 600 {path}"
                    raise DatabaseError(message)
            return list(_entries(file.read()))
    except FileNotFoundError:
        return []
    except PermissionError:
        message = f"The passwords in {path} belong to another user. Choose a folder of your own with LMSKIT_HOME."
        raise DatabaseError(message) from None
    except UnicodeDecodeError:
        raise DatabaseError(f"The passwords in {path} are not text in UTF-8. Save the file as UTF-8, or {MOVE}") from None
    except OSError as error:
        raise DatabaseError(f"The passwords in {path} cannot be read: {error.strerror}. Look at what is there, or {MOVE}") from None


def _at_once(path: str, flags: int) -> int:
    """Open a file without waiting for a writer, as a pipe of that name would."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def find_password(path: Path, *, host: str, port: str | int, database: str, user: str) -> str | None:
    """Return the password that the file has for a login, or None."""
    return next((entry.password for entry in read_entries(path) if entry.is_for(host, str(port), database, user)), None)


def find_password_of(path: Path, servers: Iterable[tuple[str, str]], *, database: str, user: str) -> str | None:
    """Return the password that the file has for a login at one of several hosts, each with its port, or None."""
    found = (find_password(path, host=host, port=port, database=database, user=user) for host, port in servers)
    return next((password for password in found if password is not None), None)


def keep_password(path: Path, *, host: str, port: str | int, database: str, user: str, password: str) -> None:
    """Add an entry, or replace the one of this login. Readers see the old file or the new one, never half of it."""
    new = Entry(host, str(port), database, user, password)

    def replaced(entry: Entry) -> bool:
        same = (entry.port, entry.database, entry.user) == (new.port, new.database, new.user)
        return same and same_host(entry.host, new.host)

    def with_new(entries: list[Entry]) -> list[Entry]:
        return [new, *(entry for entry in entries if not replaced(entry))]

    _rewrite(path, with_new)


def forget_password(path: Path, *, database: str, user: str, servers: Iterable[tuple[str, str]] | None = None) -> None:
    """Remove the entries of a login at these hosts, each with its port; by default at all."""
    known = None if servers is None else list(servers)

    def forgotten(entry: Entry) -> bool:
        if (entry.database, entry.user) != (database, user):
            return False
        return known is None or any(same_host(entry.host, host) and entry.port == port for host, port in known)

    _rewrite(path, lambda entries: [entry for entry in entries if not forgotten(entry)])


def move_host(path: Path, *, old: str, new: str) -> None:
    """Change a server's address in its entries, after its home or its socket has moved."""
    entries = read_entries(path)
    if any(entry.host == old for entry in entries):
        _rewrite(
            path,
            lambda entries: [
                Entry(new if entry.host == old else entry.host, entry.port, entry.database, entry.user, entry.password) for entry in entries
            ],
        )


def _rewrite(path: Path, change: Callable[[list[Entry]], list[Entry]]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with exclusively(path.with_name(f"{path.name}.lock"), timeout=LOCK_LIMIT):
        entries = change(read_entries(path))
        write_whole(path, "".join(line_of(entry) for entry in entries))


def line_of(entry: Entry) -> str:
    """Return an entry as a line of the file."""
    fields = (entry.host, entry.port, entry.database, entry.user, entry.password)
    return ":".join(re.sub(r"([\\:])", r"\\\1", field) for field in fields) + "\n"


@lru_cache(maxsize=2)
def _entries(written: str) -> tuple[Entry, ...]:
    return tuple(entry for entry in map(_parsed, written.splitlines()) if entry is not None)


def _parsed(line: str) -> Entry | None:
    if not line.strip() or line.startswith("#"):
        return None
    fields = [re.sub(r"\\(.)", r"\1", field) for field in re.findall(r"((?:\\.|[^:\\])*)(?::|$)", line)]
    return Entry(*fields[:FIELDS]) if len(fields) >= FIELDS else None
