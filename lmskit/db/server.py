"""The server of the database: where it is, and the logins that this machine has for it.

In this order: `LMSKIT_DATABASE_URL`, the service that `PGSERVICE` names, the embedded server, which is started
and prepared on first use. A login that the address or the service names is used where no person is named; for a
person, the address is completed by the login that the passfile of this machine holds.
"""

from __future__ import annotations

import contextlib
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import URL

from lmskit.db import hardening, roles
from lmskit.db.address import DATABASE, DRIVER, host_name, hosts, parameters_of, read_address, service_parameters, url_of, without_login
from lmskit.db.bootstrap import Bootstrapped, bootstrap
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.cluster.binaries import installation, installed_release
from lmskit.db.encryption import with_trusted_file
from lmskit.db.passfile import ANY, find_password_of, forget_password, keep_password, move_host, read_entries
from lmskit.db.prepared_database import vector_behind
from lmskit.db.releases import postgres_release, shown
from lmskit.db.session_limits import limits_not_set
from lmskit.db.sign_in_file import KeptSignIn
from lmskit.errors import BootstrapError, LoginMissingError
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lmskit.settings import Settings

BOOTSTRAP_VERSION = "7"
"""Raised when `bootstrap` does more: an embedded cluster is then prepared again at its next use."""
_OTHER_SESSIONS = "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"


@dataclass(frozen=True)
class Outdated:
    """An embedded server that still runs the programs of an earlier installation.

    Attributes
    ----------
    running, installed
        The releases, such as (18, 4) and (18, 6).
    sessions
        How many sessions are open.
    """

    running: tuple[int, int]
    installed: tuple[int, int]
    sessions: int

    def in_short(self) -> str:
        """Say what runs, what is installed, and what to do."""
        return f"PostgreSQL {shown(self.running)}; {shown(self.installed)} is installed: lmskit db start"

    def sentence(self) -> str:
        """Say what `Server.change_over` made of it."""
        running, installed = shown(self.running), shown(self.installed)
        if not self.sessions:
            return f"It was restarted: PostgreSQL {installed} has taken over from {running}."
        opened = "1 session is" if self.sessions == 1 else f"{self.sessions} sessions are"
        return (
            f"It is still PostgreSQL {running}, because {opened} open; {installed} is installed. "
            "Close the notebooks, then: lmskit db start. To end the sessions first: lmskit db stop"
        )


class Server:
    """The PostgreSQL server that the settings name, or the embedded one, with this machine's passfile."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.passfile = settings.passfile

    # Where it is --------------------------------------------------------------------------------------

    @functools.cached_property
    def external(self) -> URL | None:
        """The address of the server that the settings name; None for the embedded one.

        Raises
        ------
        UnreachableError
            `LMSKIT_DATABASE_URL` cannot be read.
        """
        if self.settings.database_url is not None:
            return self.read(self.settings.database_url, name="LMSKIT_DATABASE_URL")
        if self.settings.pgservice is not None:
            return self._with_service(URL.create(DRIVER, query={"service": self.settings.pgservice}))
        return None

    def read(self, address: str, *, name: str = "The address") -> URL:
        """Return an address as a URL with its database; what a service says that it names is in it too.

        Raises
        ------
        UnreachableError
            It cannot be read, or no file has the service.
        """
        return self._with_service(read_address(address, name=name))

    def _with_service(self, url: URL) -> URL:
        parameters = parameters_of(url) | {key: str(value) for key, value in url.query.items()}
        service = parameters.pop("service", None)
        found = {} if service is None else service_parameters(service, self.settings.service_files)
        return url_of(with_trusted_file({"dbname": DATABASE} | found | parameters))

    @property
    def names_a_login(self) -> bool:
        """Whether the address, or the service, names a login."""
        return self.external is not None and bool(self.external.username)

    @property
    def database(self) -> str:
        """The name of the database."""
        return (self.external.database if self.external is not None else None) or DATABASE

    @property
    def name(self) -> str:
        """The server and its database as files of sign-ins name them."""
        if self.external is None:
            return f"embedded/{DATABASE}"
        host, port = hosts(parameters_of(self.external))[0]
        return f"{host_name(host)}:{port}/{self.database}"

    @functools.cached_property
    def cluster(self) -> Cluster:
        """The embedded cluster of the settings, whether or not it is in use."""
        return Cluster(self.settings.home, self.settings.postgres_version)

    def start(self) -> Endpoint:
        """Return where the embedded server listens; it is started and prepared first if need be."""
        cluster = self.cluster
        found = cluster.running()
        endpoint = found or cluster.start()
        if not self._is_prepared(endpoint) or not (found or self._is_as_configured(endpoint)):
            with cluster.file_errors(), cluster.exclusively():
                if not self._is_prepared(endpoint) or not self._is_as_configured(endpoint):
                    self.bootstrap(endpoint)
        return endpoint

    def bootstrap(self, endpoint: Endpoint) -> Bootstrapped:
        """Prepare the running embedded server; if it was prepared before, what was changed by hand is restored."""
        marker = self.cluster.layout.bootstrapped
        with self.cluster.file_errors():
            if marker.exists():
                _, _, old_host = marker.read_text(encoding="utf-8").partition("\n")
                move_host(self.passfile, old=old_host.strip(), new=endpoint.host)
            result = bootstrap(endpoint.superuser_conninfo(), DATABASE, passfile=self.passfile, own_cluster=True, harden=self._harden)
            write_whole(marker, f"{self._prepared_as}\n{endpoint.host}\n")
        return result

    # Which release it is ------------------------------------------------------------------------------

    def installed_release(self) -> tuple[int, int]:
        """Return the release of PostgreSQL that is installed for the embedded server."""
        return installed_release(installation(self.settings.postgres_version))

    def outdated(self) -> Outdated | None:
        """Return what is known of the embedded server if it runs and is older than what is installed, else None. Starts nothing."""
        endpoint = self.cluster.running() if self.external is None else None
        if endpoint is None:
            return None
        try:
            with contextlib.closing(psycopg.connect(endpoint.superuser_conninfo())) as connection:
                running, installed = postgres_release(connection.info.server_version), self.installed_release()
                row = connection.execute(_OTHER_SESSIONS).fetchone()
        except psycopg.OperationalError:
            return None  # it is stopping, or all its connections are taken
        return Outdated(running, installed, sessions=row[0] if row else 0) if running < installed else None

    def change_over(self) -> Outdated | None:
        """Restart the embedded server with what is installed, if it is older and no session is open; return what was found.

        A session that begins between the look and the end of the old server is cut off, and can begin again.
        """
        found = self.outdated()
        if found is not None and not found.sessions:
            self.cluster.stop()
            self.start()
        return found

    # With which login ---------------------------------------------------------------------------------

    def is_made(self) -> bool:
        """Whether there is a database: nothing is made or started only to find out who may sign in to it."""
        return self.external is not None or self.cluster.is_made()

    def login_of(self, person: str) -> str:
        """Return the name of a person's login."""
        return roles.login_name(self.database, person)

    def address(self, login: str) -> URL:
        """Return the address with a login whose password is not in the passfile, as for a person who signs in."""
        base = without_login(self.external) if self.external is not None else _url_at(self.start())
        return base.set(username=login)

    def address_of_person(self, person: str) -> URL:
        """Return the address with a person's login, whose password is in the passfile.

        Raises
        ------
        LoginMissingError
            The passfile has no login for the person.
        """
        person = person.strip().lower()
        login = self.login_of(person)
        if self.external is not None and self.external.username == login:
            return self.external
        return self._completed(login, person=person)

    def address_of_migrator(self) -> URL:
        """Return the address with the login that migrations use."""
        external, login = self.external, roles.migrator_of(self.database)
        if external is not None and external.username in {login, roles.MIGRATOR}:
            return external
        if external is not None and self._kept(login) is None and self._kept(roles.MIGRATOR) is not None:
            login = roles.MIGRATOR  # a database that was prepared before each had a migrator of its own
        return self._completed(login, person=None)

    def given_sign_ins(self) -> list[KeptSignIn]:
        """Return the sign-in whose password is in `LMSKIT_PASSWORD_FILE`, if there is one."""
        person, external = self.settings.person, self.external
        login = self.login_of(person) if person is not None else external.username if external is not None else None
        if login is None or (password := self.settings.login_password) is None:
            return []
        return [KeptSignIn(person, login, password)]

    def keep_login(self, person: str, password: str) -> None:
        """Keep a person's password in the passfile."""
        for host, port in self._passfile_keys():
            keep_password(self.passfile, host=host, port=port, database=self.database, user=self.login_of(person), password=password)

    def kept_login(self, person: str) -> str | None:
        """Return the password that the passfile has for the person, or None."""
        return self._kept(self.login_of(person)) if self.is_made() else None

    @contextlib.contextmanager
    def moving_logins(self) -> Iterator[Callable[[str | None, str], None]]:
        """Give the block a function that moves the kept password of a person's former address to their new one.

        It is copied at once, before the block commits: a password kept without its login does no harm. It is removed from under the
        former address when the block has ended, and not if the block raises.
        """
        moved: list[str] = []

        def move(former: str | None, new: str) -> None:
            password = None if former in {None, new} else self.kept_login(str(former))
            if password is not None:
                self.keep_login(new, password)
                moved.append(str(former))

        yield move
        for former in moved:
            self.forget_login(former)

    def forget_login(self, person: str) -> None:
        """Remove the person's password from the passfile."""
        if self.is_made():
            forget_password(self.passfile, database=self.database, user=self.login_of(person), servers=self._passfile_keys())

    def has_login(self, person: str) -> bool:
        """Whether the passfile has a login for the person."""
        return self.kept_login(person) is not None

    def _kept(self, login: str) -> str | None:
        return find_password_of(self.passfile, self._passfile_keys(), database=self.database, user=login)

    def _completed(self, login: str, *, person: str | None) -> URL:
        external = self.external
        if person is not None and not self.is_made():
            raise LoginMissingError(person=person, where="this machine, which has no database yet")
        if external is None:
            url, where = _embedded_login(self.start(), login, self.passfile), "this machine"
        else:
            names = ", ".join(dict.fromkeys(host for host, _ in self._passfile_keys()))
            url, where = _with_passfile(without_login(external), login, self.passfile), f"this machine for the server {names}"
        if self._kept(login) is not None:
            return url
        if person is not None:
            raise LoginMissingError(person=person, where=where)
        raise BootstrapError(f"There is no login {login} on {where}. To prepare the server: lmskit db bootstrap")

    def _passfile_keys(self) -> list[tuple[str, str]]:
        """Return hosts and ports as the passfile names them; an embedded server's port may change."""
        return [(self.start().host, ANY)] if self.external is None else hosts(parameters_of(self.external))

    # Prepared and hardened ----------------------------------------------------------------------------

    @property
    def _harden(self) -> bool:
        return self.settings.leakproof_builtins == "remove"

    @property
    def _prepared_as(self) -> str:
        return f"{BOOTSTRAP_VERSION} {self.settings.leakproof_builtins}"

    def _is_prepared(self, endpoint: Endpoint) -> bool:
        try:
            version, _, host = self.cluster.layout.bootstrapped.read_text(encoding="utf-8").partition("\n")
        except FileNotFoundError:
            return False
        if (version, host.strip()) != (self._prepared_as, endpoint.host):
            return False
        return any(entry.user == roles.MIGRATOR and entry.host == endpoint.host for entry in read_entries(self.passfile))

    def _is_as_configured(self, endpoint: Endpoint) -> bool:
        """Check once, when the server starts: whether the database is hardened, with its limits, and pgvector of the release installed.

        The marks are back when a database was made again, as by a restore.
        """
        try:
            with contextlib.closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE))) as connection:
                return (
                    hardening.is_hardened(connection) == self._harden
                    and not hardening.open_shared_resources(connection)
                    and not limits_not_set(connection)
                    and vector_behind(connection) is None
                )
        except psycopg.OperationalError:
            return False  # the database does not exist any more


@functools.lru_cache(maxsize=64)
def _embedded_login(endpoint: Endpoint, login: str, passfile: Path) -> URL:
    return _with_passfile(_url_at(endpoint), login, passfile)


def _with_passfile(base: URL, login: str, passfile: Path) -> URL:
    return base.set(username=login).update_query_dict({"passfile": str(passfile)})


@functools.lru_cache(maxsize=8)
def _url_at(endpoint: Endpoint) -> URL:
    return URL.create(DRIVER, database=DATABASE, query={**endpoint.parameters(), "require_auth": "scram-sha-256"})
