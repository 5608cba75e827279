"""The embedded server of a home folder: started once for all processes of a user, where it listens, and stopped."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from lmskit.db.cluster.binaries import program, reachable_installation, remove_other_copies
from lmskit.db.cluster.configuration import HAS_PEER, LOOPBACK, SUPERUSER
from lmskit.db.cluster.disk import NOT_WRITTEN, disk_full, is_full, keep_ballast, not_written, release_ballast, says_full, unusable
from lmskit.db.cluster.launch import launch, refuse_moved, refuse_suspended, run_as, shut_down, wait_until_ready
from lmskit.db.cluster.layout import Layout, made_by_others, owned_by_server, prepare_base, prepare_home
from lmskit.db.cluster.postmaster import HIDDEN, Postmaster, answering_folder, read_postmaster, serving
from lmskit.db.cluster.server_user import ServerUser, server_user, user_name
from lmskit.db.lock import exclusively
from lmskit.errors import ClusterError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

BUSY_LIMIT = 600.0
"""Seconds to wait for another process that starts, stops or prepares the server."""
LEFTOVER_LIMIT = 10.0
"""Seconds to wait for the last process that a killed starter left running."""
LOCALE_OPTIONS = {
    16: (("--locale=C.UTF-8",), ("--locale=C",)),
    18: (("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),),
}
"""Options of initdb to try in turn: PostgreSQL 16 has only the locales of the operating system."""


@dataclass(frozen=True)
class Endpoint:
    """The address of a running embedded server.

    `host` is the socket's folder, or 127.0.0.1 where the operating system has no peer authentication.
    """

    host: str
    port: int
    server_user: str | None
    """Operating-system user the server must run as, so that no other user can impersonate it; None over TCP."""
    superuser_passfile: Path | None = None
    """The file with the superuser's password; None if the operating system identifies the superuser."""

    def parameters(self) -> dict[str, str]:
        """Return the libpq parameters of every connection to this server."""
        parameters = {"host": self.host, "port": str(self.port)}
        if self.server_user is not None:
            parameters["requirepeer"] = self.server_user
        return parameters

    def superuser_conninfo(self, database: str = "postgres") -> str:
        """Return the superuser's connection string; only `bootstrap` and tests connect with it."""
        parameters = self.parameters()
        if self.superuser_passfile is not None:
            parameters["passfile"] = str(self.superuser_passfile)
        return make_conninfo("", user=SUPERUSER, dbname=database, connect_timeout=10, **parameters)


class Cluster:
    """The embedded server of one home folder.

    Parameters
    ----------
    home
        The folder of data, configuration and logs; made if missing.
    version
        Major version of PostgreSQL; each has its own data.
    overrides
        Server settings that replace lmskit's own at the next start, such as ``{"fsync": "off"}`` for tests.
    installation
        Folder of a PostgreSQL to use instead of the wheel's.
    """

    def __init__(
        self, home: Path, version: int = 18, *, overrides: Mapping[str, str] | None = None, installation: Path | None = None
    ) -> None:
        self.layout = Layout(home=home.absolute(), version=version)
        self.overrides = dict(overrides or {})
        self.installation = installation
        self._answered: tuple[Postmaster, str] | None = None

    def is_made(self) -> bool:
        """Whether the home has a database, of any major version; nothing is made or started to find out."""
        with self.file_errors():
            return self._answered is not None or any(
                data.parent.name.removeprefix("postgresql-").isdigit()  # others were moved away, such as damaged ones
                for data in self.layout.home.glob("postgresql-*/data")
            )

    def start(self) -> Endpoint:
        """Return where the server listens; it is started first if it does not run.

        Any number of processes may call this at once; one starts the server, the others wait for it.

        Raises
        ------
        ClusterError
            The home cannot be used, or the server does not start.
        """
        with self.file_errors():
            endpoint = self.running()
            if endpoint is not None:
                return endpoint
            self._refuse_vanished_home()
            self._refuse_another_version()
            user = self._user()
            self._refuse_foreign_home(user)
            prepare_home(self.layout, user)
            with self.exclusively():
                endpoint = self.running()
                if endpoint is None:
                    endpoint = self._start_with_ballast(user)
                    keep_ballast(self.layout, user)
                return endpoint

    def running(self) -> Endpoint | None:
        """Return where the server listens, or None if it does not. Takes less than a millisecond, and never sends a signal.

        Raises
        ------
        ClusterError
            The home was moved while its server runs, or the server was suspended by a signal.
        """
        with self.file_errors():
            found = read_postmaster(self.layout.data)
            if found is None or not found.ready:
                return None
            pid = serving(self.layout, found)
            if pid is None:
                return None
            refuse_moved(self.layout, found, pid)
            refuse_suspended(self.layout, pid)
            # Each connection costs the server a process, so a server that has answered once is only checked for being alive.
            if self._answered is None or self._answered[0] != found or pid != found.pid:
                folder = answering_folder(self.layout, found, pid)
                if folder is None:
                    return None
                self._answered = found, folder
            return self._endpoint(replace(found, socket_folder=self._answered[1]))

    def stop(self) -> bool:
        """Stop the server; return False if it did not run.

        Sessions are ended and their open transactions rolled back.

        Raises
        ------
        ClusterError
            The server does not end, or runs where this process cannot see it.
        """
        with self.file_errors():
            if not self.layout.data.exists():
                return False
            with self.exclusively():
                pid = serving(self.layout, read_postmaster(self.layout.data))
                if pid is None:
                    return False
                if pid == HIDDEN:
                    message = (
                        f"The database server of {self.layout.home} answers, and its process cannot be seen from here, "
                        "as if it ran in another container. Stop it there: lmskit db stop"
                    )
                    raise ClusterError(message)
                if not shut_down(pid, self.layout):
                    message = f"The database server (process {pid}) does not stop. Its log is in {self.layout.log}."
                    raise ClusterError(message)
                return True

    def exclusively(self) -> AbstractContextManager[None]:
        """Hold the lock for starting, stopping and preparing this server."""
        return exclusively(self.layout.lock, timeout=BUSY_LIMIT)

    def _start_with_ballast(self, user: ServerUser) -> Endpoint:
        try:
            return self._start(user)
        except OSError as error:
            if not (says_full(error) and release_ballast(self.layout)):
                raise
            return self._start(user)

    def _start(self, user: ServerUser) -> Endpoint:
        prepare_base(self.layout, user)
        try:
            install = reachable_installation(self.layout, user, self.installation)
        except OSError:
            for part in self.layout.install.glob("tmp*"):
                shutil.rmtree(part, ignore_errors=True)
            raise
        if not self.layout.data.exists():
            self._initialise(user, install)
        self._check_data(user)
        found = wait_until_ready(self.layout)  # it may be starting, or recovering from a crash
        if found is None:
            found = launch(self.layout, user, install, self.overrides)
            remove_other_copies(self.layout, install)
        self._answered = found, found.socket_folder
        return self._endpoint(found)

    def _initialise(self, user: ServerUser, install: Path) -> None:
        """Make the data directory, first under another name: a folder called `data` is always complete."""
        for leftover in self.layout.base.glob("data.*"):
            _remove(leftover)
        part = self.layout.base / f"data.{secrets.token_hex(4)}"
        owned_by_server(part, user)
        secret = self._superuser_password(part)
        answer = None
        for locale in LOCALE_OPTIONS[self.layout.version]:
            command = [
                str(program(install, "initdb")), "-D", part.name, "-U", SUPERUSER, "--encoding=UTF8", *locale, "--data-checksums",
                "--no-instructions", "--auth-host=scram-sha-256",
                *(("--no-sync",) if self.overrides.get("fsync") == "off" else ()),
                *(("--auth-local=peer",) if secret is None else ("--auth-local=scram-sha-256", f"--pwfile={secret}")),
            ]  # fmt: skip
            answer = run_as(user, command, self.layout.base)
            if answer.returncode == 0:
                break
        if secret is not None:
            secret.unlink()
        if answer is None or answer.returncode != 0:
            shutil.rmtree(part, ignore_errors=True)
            reason = " ".join((answer.stderr if answer else "").split())
            if says_full(reason) or is_full(self.layout.base):
                raise disk_full(self.layout.home, new=True)
            message = f"A new database cannot be made in {self.layout.base}: {reason}"
            raise ClusterError(message)
        self.layout.bootstrapped.unlink(missing_ok=True)
        part.rename(self.layout.data)

    def _superuser_password(self, part: Path) -> Path | None:
        """Without peer authentication: store a generated password, and return the file that initdb reads it from."""
        if HAS_PEER:
            return None
        password = secrets.token_urlsafe(24)
        self.layout.superuser_passfile.write_text(f"*:*:*:{SUPERUSER}:{password}\n", encoding="utf-8")
        self.layout.superuser_passfile.chmod(0o600)
        secret = part.with_name(f"{part.name}.secret")
        secret.write_text(password, encoding="utf-8")
        return secret

    def _check_data(self, user: ServerUser) -> None:
        data = self.layout.data
        owner = data.lstat().st_uid
        if HAS_PEER and owner != user.uid:
            raise ClusterError(_foreign(data, owner, user))
        try:
            found = (data / "PG_VERSION").read_text(encoding="ascii").strip()
        except FileNotFoundError:
            message = f"{data} is not a database: the file PG_VERSION is missing. Move the folder elsewhere, and a new database is made."
            raise ClusterError(message) from None
        if found != str(self.layout.version):
            message = (
                f"{data} holds a database of PostgreSQL {found}, and this is PostgreSQL {self.layout.version}. "
                f"To use it: LMSKIT_POSTGRES_VERSION={found} with the folder renamed to postgresql-{found}."
            )
            raise ClusterError(message)

    def _refuse_foreign_home(self, user: ServerUser) -> None:
        """Refuse a home of another user, who could replace what is in it."""
        if not HAS_PEER:
            return
        for folder in (self.layout.home, self.layout.base):
            if folder.exists() and folder.stat().st_uid not in {0, os.geteuid()}:
                raise ClusterError(_foreign(folder, folder.stat().st_uid, user))
        if self.layout.data.exists():
            self._check_data(user)

    def _refuse_vanished_home(self) -> None:
        """Refuse to make a new database where this process has used one before."""
        if self._answered is not None and not self.layout.data.exists():
            message = (
                f"The database in {self.layout.data} is no longer there: its folder was moved or removed while it was in use. "
                "Put it back, or set LMSKIT_HOME to the folder it is in now, then start this program again."
            )
            raise ClusterError(message)

    def _refuse_another_version(self) -> None:
        """Refuse to make a new database beside one of another major version, which would seem to have lost everything."""
        if self.layout.data.exists():
            return
        versions = made_by_others(self.layout.home, self.layout.version)
        if versions and versions[-1] < self.layout.version:
            raise ClusterError(
                f"{self.layout.home} has a database of PostgreSQL {versions[-1]}, and this is PostgreSQL {self.layout.version}. "
                f"To carry it over: lmskit db upgrade-server. To use it as it is: LMSKIT_POSTGRES_VERSION={versions[-1]}"
            )
        if versions:
            raise ClusterError(
                f"{self.layout.home} has a database of PostgreSQL {versions[-1]}, and this is PostgreSQL {self.layout.version}. "
                f"To use it: LMSKIT_POSTGRES_VERSION={versions[-1]}. For a new database, choose another folder with LMSKIT_HOME."
            )

    def _user(self) -> ServerUser:
        try:
            owner = self.layout.data.lstat().st_uid
        except FileNotFoundError:
            owner = None
        return server_user(owner)

    def _endpoint(self, found: Postmaster) -> Endpoint:
        if HAS_PEER:
            return Endpoint(host=found.socket_folder, port=found.port, server_user=user_name(self.layout.data.lstat().st_uid))
        return Endpoint(host=LOOPBACK, port=found.port, server_user=None, superuser_passfile=self.layout.superuser_passfile)

    @contextmanager
    def file_errors(self) -> Iterator[None]:
        """Raise an error for people to read instead of what the file system raises, or the server whose disk is full."""
        try:
            yield
        except OSError as error:
            raise unusable(self.layout.home, error) from error
        except (psycopg.Error, UnreachableError) as error:
            if says_full(error) or is_full(self.layout.base):
                raise disk_full(self.layout.home) from error
            if NOT_WRITTEN in str(error):
                raise not_written(self.layout.home) from error
            raise


def _foreign(folder: Path, owner: int, user: ServerUser) -> str:
    return (
        f"{folder} belongs to the user {user_name(owner)}, and this database server runs as {user.name}: "
        "every user needs a database of their own. Choose a folder of your own with LMSKIT_HOME."
    )


def _remove(leftover: Path) -> None:
    """Remove the folder of a starter that was killed; its initdb may still write there for a moment, and fails once the folder is gone."""
    deadline = time.monotonic() + LEFTOVER_LIMIT
    while leftover.exists() and time.monotonic() < deadline:
        shutil.rmtree(leftover, ignore_errors=True)
        time.sleep(0.02)
