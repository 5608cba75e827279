"""The server of the database: where it is, and the logins that this machine has for it.

In this order: `LMSKIT_DATABASE_URL`, the service that `PGSERVICE` names, the embedded server, which is started
and prepared on first use. An address that names a login is used as it is; one that does not is completed by the
login that the passfile of this machine holds for a person.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lmskit.db import hardening, roles
from lmskit.db.bootstrap import Bootstrapped, bootstrap
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.passfile import ANY, find_password, forget_password, keep_password, move_host, read_entries
from lmskit.errors import BootstrapError, LoginMissingError, UnreachableError
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from lmskit.settings import Settings

DATABASE = "lmskit"
DRIVER = "postgresql+psycopg"
BOOTSTRAP_VERSION = "5"
"""Raised when `bootstrap` does more: an embedded cluster is then prepared again at its next use."""
DEFAULT_PORT = 5432


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
            return _parsed(self.settings.database_url)
        if self.settings.pgservice is not None:
            return URL.create(DRIVER, query={"service": self.settings.pgservice})
        return None

    @property
    def names_a_login(self) -> bool:
        """Whether the address names a login, or a service that does."""
        return self.external is not None and bool(self.external.username or "service" in self.external.query)

    @property
    def database(self) -> str:
        """The name of the database."""
        return (self.external.database if self.external is not None else None) or DATABASE

    @functools.cached_property
    def cluster(self) -> Cluster:
        """The embedded cluster of the settings, whether or not it is in use."""
        return Cluster(self.settings.home, self.settings.postgres_version)

    def start(self) -> Endpoint:
        """Return where the embedded server listens; it is started and prepared first if need be."""
        cluster = self.cluster
        found = cluster.running()
        endpoint = found or cluster.start()
        if not self._is_prepared(endpoint) or not (found or self._is_hardened_as_configured(endpoint)):
            with cluster.exclusively():
                if not self._is_prepared(endpoint) or not self._is_hardened_as_configured(endpoint):
                    self.bootstrap(endpoint)
        return endpoint

    def bootstrap(self, endpoint: Endpoint) -> Bootstrapped:
        """Prepare the running embedded server; if it was prepared before, what was changed by hand is restored."""
        marker = self.cluster.layout.bootstrapped
        if marker.exists():
            _, _, old_host = marker.read_text(encoding="utf-8").partition("\n")
            move_host(self.passfile, old=old_host.strip(), new=endpoint.host)
        result = bootstrap(endpoint.superuser_conninfo(), DATABASE, passfile=self.passfile, own_cluster=True, harden=self._harden)
        write_whole(marker, f"{self._prepared_as}\n{endpoint.host}\n")
        return result

    # With which login ---------------------------------------------------------------------------------

    def login_of(self, person: str) -> str:
        """Return the name of a person's login."""
        return roles.login_name(self.database, person)

    def address(self, login: str) -> URL:
        """Return the address with a login whose password is not in the passfile, as for a person who signs in."""
        base = self.external if self.external is not None else _url_at(self.start())
        return base.set(username=login, password=None)

    def address_of_person(self, person: str) -> URL:
        """Return the address with a person's login, whose password is in the passfile.

        Raises
        ------
        LoginMissingError
            The passfile has no login for the person.
        """
        person = person.strip().lower()
        return self._completed(self.login_of(person), person=person)

    def address_of_migrator(self) -> URL:
        """Return the address with the login that migrations use."""
        external = self.external
        if external is not None and external.username == roles.MIGRATOR:
            return external
        return self._completed(roles.MIGRATOR, person=None)

    def keep_login(self, person: str, password: str) -> None:
        """Keep a person's password in the passfile."""
        host, port = self._passfile_key()
        keep_password(self.passfile, host=host, port=port, database=self.database, user=self.login_of(person), password=password)

    def kept_login(self, person: str) -> str | None:
        """Return the password that the passfile has for the person, or None."""
        host, port = self._passfile_key()
        return find_password(self.passfile, host=host, port=port, database=self.database, user=self.login_of(person))

    def forget_login(self, person: str) -> None:
        """Remove the person's password from the passfile."""
        forget_password(self.passfile, database=self.database, user=self.login_of(person))

    def has_login(self, person: str) -> bool:
        """Whether the passfile has a login for the person."""
        return self.kept_login(person) is not None

    def _completed(self, login: str, *, person: str | None) -> URL:
        external = self.external
        if external is None:
            endpoint = self.start()
            url, where = _embedded_login(endpoint, login, self.passfile), "this machine"
            known = find_password(self.passfile, host=endpoint.host, port=ANY, database=DATABASE, user=login) is not None
        else:
            host, port = self._passfile_key()
            url, where = _with_passfile(external, login, self.passfile), f"this machine for the server {host}"
            known = "service" in external.query or (
                find_password(self.passfile, host=host, port=port, database=external.database or DATABASE, user=login) is not None
            )
        if known:
            return url
        if person is not None:
            raise LoginMissingError(person=person, where=where)
        raise BootstrapError(f"There is no login {login} on {where}. To prepare the server: lmskit db bootstrap")

    def _passfile_key(self) -> tuple[str, str]:
        """Return host and port as the passfile names them; an embedded server's port may change."""
        if self.external is None:
            return self.start().host, ANY
        host = self.external.host or self.external.query.get("host") or "localhost"
        port = self.external.port or self.external.query.get("port") or DEFAULT_PORT
        return str(host), str(port)

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

    def _is_hardened_as_configured(self, endpoint: Endpoint) -> bool:
        """Check once, when the server starts: the marks are back when a database was made again, as by a restore."""
        try:
            with contextlib.closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE))) as connection:
                return hardening.is_hardened(connection) == self._harden and not hardening.open_shared_resources(connection)
        except psycopg.OperationalError:
            return False  # the database does not exist any more


@functools.lru_cache(maxsize=64)
def _embedded_login(endpoint: Endpoint, login: str, passfile: Path) -> URL:
    return _with_passfile(_url_at(endpoint), login, passfile)


def _with_passfile(base: URL, login: str, passfile: Path) -> URL:
    return base.set(username=login, password=None).update_query_dict({"passfile": str(passfile)})


@functools.lru_cache(maxsize=8)
def _url_at(endpoint: Endpoint) -> URL:
    return URL.create(DRIVER, database=DATABASE, query={**endpoint.parameters(), "require_auth": "scram-sha-256"})


def _parsed(address: str) -> URL:
    sample = "postgresql://person@db.example.org:5432/lmskit"
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        message = f"LMSKIT_DATABASE_URL cannot be read. It should look like {sample}"
        raise UnreachableError(message) from None
    if url.drivername not in {"postgres", "postgresql", DRIVER}:
        message = f"LMSKIT_DATABASE_URL names {url.drivername}, and lmskit needs PostgreSQL. It should look like {sample}"
        raise UnreachableError(message)
    return url.set(drivername=DRIVER, database=url.database or DATABASE)
