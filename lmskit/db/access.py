"""Access to the database: who this process acts as, and the engines of their logins.

From a person to a query::

    lmskit.connect()  ->  access().engine_for()  ->  Access.url_for   whose login is it?
                                                 ->  Server.address   where is the database? (lmskit/db/server.py)
                                                 ->  Access.engine_at a pool of connections for this login
    transaction()     ->  a session on that engine                    (lmskit/db/transaction.py)

A process has one `Access`, made from its environment at the first use; `access` returns it. A program that needs another makes
its own and passes engines on, or replaces the process's own for a while with `using`.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from lmskit.db.address import DATABASE, THRESHOLD, hosts, parameters_of, prepare_threshold
from lmskit.db.failure import connection_error, worth_waiting
from lmskit.db.passfile import find_password_of
from lmskit.db.server import Server
from lmskit.db.sign_in_advice import advice
from lmskit.db.sign_in_file import BY_ADDRESS, KeptSignIn, SignInFile
from lmskit.db.values import json_value, read_any_day
from lmskit.db.watched_connection import WatchedConnection
from lmskit.errors import NotSignedInError, SignInRefusedError
from lmskit.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from sqlalchemy import URL, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

Opened = TypeVar("Opened")

POOL: dict[str, Any] = {"pool_size": 1, "max_overflow": 2, "pool_pre_ping": True}
"""A login has five connections for everything that its person has open, so that only one of three is kept while it is not in use."""
CONNECT_TIMEOUT = 10
PAUSE = 0.2
CONNECTION_PARAMETERS: dict[str, Any] = {"application_name": "lmskit", "connect_timeout": CONNECT_TIMEOUT}
COMPANION = "lmskit_companion"
REFUSED = (
    "The address and the password do not belong to an open login. Check both; "
    "an administrator can give you a code with which you set a new password (lmskit invitation create EMAIL)."
)
"""One sentence for a wrong password, an unknown address, a person without a login and a closed login: strangers must not learn which."""


@dataclass(frozen=True)
class Identity:
    """A person who has signed in with a password that was typed. It is kept in memory alone."""

    email: str
    login: str
    password: str = field(repr=False)


@dataclass(eq=False)
class Companion:
    """What belongs to an engine beside its pool, such as the connection for large results (`lmskit.db.arrow`)."""

    access: Access
    arrow: Any = None
    lock: threading.Lock = field(default_factory=threading.Lock)
    schema_is_known: bool = False
    """Whether the database was found to be at the revision that this lmskit needs."""
    revisions: list[str] = field(default_factory=list)
    """The revisions that lmskit had when this process first looked; empty before."""


class Access:
    """The settings, the server they name, the person who is signed in, and one engine per login.

    Parameters
    ----------
    settings
        By default read from the environment.
    default_person
        E-mail address of the person to act as on the embedded server if no person is signed in or named, and this machine has the login.
        Front doors set it to the demonstration administrator; without it, such a process is refused.
    """

    def __init__(self, settings: Settings | None = None, *, default_person: str | None = None) -> None:
        self.settings = settings if settings is not None else Settings()
        self.server = Server(self.settings)
        self.default_person = default_person
        self.terminal = SignInFile(self.settings.home / "sign-in.json")
        self.shared = None if self.settings.sign_in_file is None else SignInFile(self.settings.sign_in_file)
        self._person: Identity | None = None
        self._signed_out = False
        self._engines: dict[str, Engine] = {}
        self._lock = threading.Lock()
        _open_own_connections_after_fork(self)

    # Who ----------------------------------------------------------------------------------------------

    @property
    def person(self) -> Identity | None:
        """Who has signed in with a password; None if no person has, so that the settings decide.

        Raises
        ------
        NotSignedInError
            The person has signed out. Nothing is done as anyone else until a person signs in again.
        """
        if self._signed_out:
            raise NotSignedInError("You have signed out. To sign in again: lmskit.connect()")
        return self._person

    def sign_in(self, email: str, password: str) -> Engine:
        """Sign in; from then on this process acts as that person unless another is named.

        The password is kept in memory, for further connections, and is stored nowhere else.

        Raises
        ------
        SignInRefusedError
            Address and password do not belong to an open login. A person who was signed in before still is.
        NotSignedInError
            This machine has no database, and the settings name no server.
        UnreachableError
            The server cannot be reached.
        """
        self.require_database()
        before = self._person, self._signed_out
        email = email.strip().lower()
        login = self.server.login_of(email)
        engine = self.engine_at(self.server.address(login))
        engine.dispose()  # a connection from an earlier time would prove nothing about this password
        self._person, self._signed_out = Identity(email, login, password), False
        try:
            with engine.connect():
                return engine
        except SignInRefusedError:
            self._person, self._signed_out = before
            raise SignInRefusedError(REFUSED) from None
        except BaseException:
            self._person, self._signed_out = before
            raise

    def require_database(self) -> None:
        """Refuse to go on, with what to do, where the settings name no server and this machine has no database; nothing is started."""
        if not self.server.is_made():
            raise NotSignedInError(advice(self.server, self.terminal))

    def share_sign_in(self) -> None:
        """Let the other notebooks of this JupyterLab act as the person who has signed in, until JupyterLab ends or a person signs out."""
        if self.shared is not None and (typed := self.person) is not None:
            self.shared.keep(self.server.name, KeptSignIn(typed.email, typed.login, typed.password))

    def sign_out(self) -> None:
        """Forget the person and the password, and close the connections that are not in use.

        The other notebooks of the same JupyterLab are signed out too if they share the sign-in.
        """
        self._person, self._signed_out = None, True
        if self.shared is not None:
            self.shared.forget(self.server.name)
        self.dispose()

    def url_for(self, person: str | None = None) -> URL:
        """Return the address of the database with a person's login; it holds no password that lmskit keeps.

        Parameters
        ----------
        person
            E-mail address. By default, in this order: the person who has signed in in this process, the sign-in that the notebooks of
            this JupyterLab share, `LMSKIT_PERSON`, the login in `LMSKIT_DATABASE_URL` or `PGSERVICE`, the sign-in of the terminal
            (`lmskit sign-in`), `default_person`.

        Raises
        ------
        LoginMissingError
            This machine has no login for the person.
        NotSignedInError
            The person has signed out, or none is named.
        UnreachableError
            `LMSKIT_DATABASE_URL` cannot be read.
        ClusterError
            The embedded server cannot be used.
        """
        if person is not None:
            return self._address_of(person)
        if (typed := self.person) is not None:
            return self.server.address(typed.login)
        if self.shared is not None and (found := self.shared.find(self.server.name)):
            return self.server.address(found.login)
        if self.settings.person is not None:
            return self._address_of(self.settings.person)
        return self._address_otherwise()

    def _address_otherwise(self) -> URL:
        """Return the address for a process that names no person and in which no person has signed in."""
        self.require_database()
        if self.server.external is not None and self.server.names_a_login:
            return self.server.external
        if (found := self.terminal.find(self.server.name)) is not None:
            return self.server.address(found.login) if found.person is None else self._address_of(found.person)
        if self.default_person is not None and self.server.external is None and self.server.has_login(self.default_person):
            return self._address_of(self.default_person)
        raise NotSignedInError(advice(self.server, self.terminal))

    def _address_of(self, person: str) -> URL:
        login = self.server.login_of(person)
        signed_in = any(found.login == login and found.password is not None for found in self._sign_ins())
        return self.server.address(login) if signed_in else self.server.address_of_person(person)

    def _sign_ins(self) -> list[KeptSignIn]:
        files = [self.terminal] if self.shared is None else [self.shared, self.terminal]
        names = (self.server.name, f"{self.server.name} {BY_ADDRESS}")
        return [*self.server.given_sign_ins(), *(found for file in files for name in names if (found := file.find(name)) is not None)]

    # Engines ------------------------------------------------------------------------------------------

    def engine_for(self, person: str | None = None) -> Engine:
        """Return the engine of a person's login, by default of the person this process acts as.

        The same engine each time, unless the server has moved. See `url_for` for the errors.
        """
        return self.engine_at(self.url_for(person))

    def migrator_engine(self) -> Engine:
        """Return the engine of the login that migrations use."""
        return self.engine_at(self.server.address_of_migrator())

    def engine_at(self, url: URL) -> Engine:
        """Return the engine of an address with its login. Where it cannot connect, it raises an error for people to read."""
        key = url.render_as_string(hide_password=False)
        with self._lock:
            if key not in self._engines:
                engine = create_engine(
                    url.difference_update_query([THRESHOLD]),
                    **(POOL if keeps_connections() else {"poolclass": NullPool}),
                    hide_parameters=True,  # an error repeats neither what people are called nor what is kept of a password
                    connect_args=CONNECTION_PARAMETERS | ({THRESHOLD: prepare_threshold(url)} if THRESHOLD in url.query else {}),
                    execution_options={COMPANION: Companion(self)},
                    json_deserializer=json_value,
                )
                event.listen(engine, "do_connect", self._connect)
                event.listen(engine, "begin", _limit_waits)
                self._engines[key] = engine
            return self._engines[key]

    def dispose(self) -> None:
        """Close all connections that are not in use. The engines can be used again."""
        with self._lock:
            for engine in self._engines.values():
                engine.dispose()

    def connected(self, connect: Callable[[dict[str, Any]], Opened], parameters: Mapping[str, Any], *, failure: type[Exception]) -> Opened:
        """Open a connection with any driver: with the password that was typed, after a server has started or a connection has ended.

        Parameters
        ----------
        connect
            Opens it, given libpq's parameters.
        parameters
            These parameters, without a password that was typed.
        failure
            What `connect` raises if it cannot; its text is libpq's.

        Raises
        ------
        UnreachableError
            The server cannot be reached or refuses the login.
        """
        began = time.monotonic()
        complete = dict(parameters)
        # Given here and not left to libpq, which would prefer PGPASSWORD, another login's, and knows localhost by one name only.
        if "password" not in complete and (known := self._password(complete)):
            complete["password"] = known
        while True:
            try:
                return connect(complete)
            except failure as error:
                if time.monotonic() - began >= worth_waiting(error):
                    raise connection_error(error, complete) from error
                time.sleep(PAUSE)

    def password_of(self, url: URL) -> str | None:
        """Return the password of an address's login: in the address, typed, in a file, kept here or in `PGPASSWORD`; else None."""
        if url.password is not None:
            return url.password
        known = self._password(parameters_of(url))
        if known is None and "passfile" not in url.query and self.settings.pgpassword is not None:
            return self.settings.pgpassword.get_secret_value()
        return known

    def _password(self, parameters: Mapping[str, Any]) -> str | None:
        """Return the password that this process or its passfile has for the login of a connection."""
        login = str(parameters.get("user", ""))
        if "passfile" not in parameters:
            if self._person is not None and self._person.login == login:
                return self._person.password
            return next((found.password for found in self._sign_ins() if found.login == login), None)
        database = str(parameters.get("dbname") or DATABASE)
        return find_password_of(Path(parameters["passfile"]), hosts(parameters), database=database, user=login)

    def _connect(self, _dialect: Dialect, _record: ConnectionPoolEntry, arguments: list[Any], parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's signature
        def connect(complete: dict[str, Any]) -> WatchedConnection:
            external = self.server.external is not None
            return WatchedConnection.open(arguments, complete, lock_timeout=self.settings.lock_timeout, may_be_pooled=external)

        connection = self.connected(connect, parameters, failure=psycopg.OperationalError)
        read_any_day(connection)
        return connection

    def leave_connections_to_parent(self) -> None:
        """In a forked child: forget the parent's connections without closing them."""
        for engine in self._engines.values():
            engine.dispose(close=False)


def _open_own_connections_after_fork(made: Access) -> None:
    """Arrange that a forked child opens connections of its own."""
    reference = weakref.ref(made)

    def in_child() -> None:
        if (access_in_child := reference()) is not None:
            access_in_child.leave_connections_to_parent()

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)


def _limit_waits(connection: Connection) -> None:
    opened = connection.connection.driver_connection
    if isinstance(opened, WatchedConnection):
        opened.limit_waits()


def keeps_connections() -> bool:
    """Whether this process keeps a connection open between two uses.

    A notebook's kernel does not: it stays open for hours, and its person may have more notebooks open than a login has connections.
    Opening a new connection takes a few milliseconds.
    """
    kernels = sys.modules.get("ipykernel.kernelapp")
    return kernels is None or not kernels.IPKernelApp.initialized()


def companion_of(engine: Engine) -> Companion:
    """Return what belongs to an engine; for an engine that no `Access` made, something new each time."""
    found = engine.get_execution_options().get(COMPANION)
    return found if isinstance(found, Companion) else Companion(access())


# The access of this process ----------------------------------------------------------------------------

_of_this_process: Access | None = None


def access() -> Access:
    """Return the access of this process, made from its environment at the first use."""
    global _of_this_process  # noqa: PLW0603 - a process acts as one person at a time
    if _of_this_process is None:
        _of_this_process = Access()
    return _of_this_process


@contextmanager
def using(other: Access) -> Iterator[Access]:
    """Let this process use another access while the block runs; its idle connections are closed at the end."""
    global _of_this_process  # noqa: PLW0603 - as above
    before, _of_this_process = _of_this_process, other
    try:
        yield other
    finally:
        _of_this_process = before
        other.dispose()


def engine_for(person: str | None = None) -> Engine:
    """Return the engine of a person's login, by default of the person this process acts as; see `Access.url_for`."""
    return access().engine_for(person)


def migrator_engine() -> Engine:
    """Return the engine of the login that migrations use."""
    return access().migrator_engine()


def keep_login(person: str, password: str) -> None:
    """Keep a person's password in this machine's passfile, so that this machine can act as that person."""
    access().server.keep_login(person, password)
