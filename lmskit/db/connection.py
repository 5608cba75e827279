"""Which database, and as whom.

In this order: `LMSKIT_DATABASE_URL`, the service that `PGSERVICE` names, the embedded server, which is started
and prepared on first use. An address that names a user is an identity; one that does not is completed by the
login that the passfile of this machine holds for a person.
"""

from __future__ import annotations

import contextlib
import functools
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from lmskit.db import hardening, identity, roles
from lmskit.db.bootstrap import Bootstrapped, bootstrap
from lmskit.db.cluster import Cluster, Endpoint
from lmskit.db.passfile import ANY, find_password, forget_password, keep_password, move_host, read_entries
from lmskit.errors import BootstrapError, LoginMissingError, UnreachableError
from lmskit.settings import settings
from lmskit.whole_file import write_whole

if TYPE_CHECKING:
    from pathlib import Path

DATABASE = "lmskit"
DRIVER = "postgresql+psycopg"
DEMO_ADMIN = "demo.admin@example.org"
"""Whom the command line acts as when nobody else is named."""
BOOTSTRAP_VERSION = "3"
"""Raised when `bootstrap` does more: an embedded cluster is then prepared again at its next use."""
DEFAULT_PORT = 5432


def url_for(person: str | None = None) -> URL:
    """Return the address and login of a person; it holds no password that lmskit keeps.

    Parameters
    ----------
    person
        E-mail address; by default whoever has signed in to this process, else `LMSKIT_PERSON`, else the demonstration administrator.

    Raises
    ------
    LoginMissingError
        This machine's passfile has no login for the person.
    NotSignedInError
        Someone has signed out of this process.
    UnreachableError
        `LMSKIT_DATABASE_URL` cannot be read.
    ClusterError
        The embedded server cannot be used.
    """
    if person is None and (signed_in := identity.current()) is not None:
        return login_url(signed_in.email)
    external = external_url()
    if external is not None and (external.username or "service" in external.query):
        return external
    email = (person or settings().person or DEMO_ADMIN).strip().lower()
    return _completed(external, roles.login_name(database_name(), email), person=email)


def migrator_url() -> URL:
    """Return the address with the login that migrations use."""
    external = external_url()
    if external is not None and external.username == roles.MIGRATOR:
        return external
    return _completed(external, roles.MIGRATOR, person=None)


def login_url(person: str) -> URL:
    """Return the address with the login of someone who is signing in; the password is kept apart (`lmskit.db.identity`)."""
    external = external_url()
    base = external if external is not None else _url_at(start_embedded())
    return base.set(username=roles.login_name(database_name(), person), password=None)


def keep_login(person: str, password: str) -> None:
    """Keep a person's password in this machine's passfile, for `url_for`."""
    host, port = _passfile_key(external_url())
    login = roles.login_name(database_name(), person)
    keep_password(settings().passfile, host=host, port=port, database=database_name(), user=login, password=password)


def kept_login(person: str) -> str | None:
    """Return the password that this machine's passfile has for the person, or None."""
    host, port = _passfile_key(external_url())
    login = roles.login_name(database_name(), person)
    return find_password(settings().passfile, host=host, port=port, database=database_name(), user=login)


def forget_login(person: str) -> None:
    """Remove the person's password from this machine's passfile."""
    forget_password(settings().passfile, database=database_name(), user=roles.login_name(database_name(), person))


def has_login(person: str) -> bool:
    """Whether this machine's passfile has a login for the person."""
    return kept_login(person) is not None


def database_name() -> str:
    """Return the name of the database."""
    external = external_url()
    return (external.database if external is not None else None) or DATABASE


def external_url() -> URL | None:
    """Return the address of the server that the settings name, or None where the embedded one is meant."""
    configured = settings()
    if configured.database_url is not None:
        return _parsed(configured.database_url)
    if configured.pgservice is not None:
        return URL.create(DRIVER, query={"service": configured.pgservice})
    return None


def embedded_cluster() -> Cluster:
    """Return the embedded cluster of the settings, whether or not it is in use."""
    return _cluster(str(settings().home), settings().postgres_version)


def start_embedded() -> Endpoint:
    """Return where the embedded server listens, started and prepared if need be."""
    cluster = embedded_cluster()
    found = cluster.running()
    endpoint = found or cluster.start()
    if not _is_prepared(cluster, endpoint) or not (found or _is_hardened_as_wanted(endpoint)):
        with cluster.exclusively():
            if not _is_prepared(cluster, endpoint) or not _is_hardened_as_wanted(endpoint):
                bootstrap_embedded(endpoint)
    return endpoint


def bootstrap_embedded(endpoint: Endpoint) -> Bootstrapped:
    """Prepare the running embedded server; what was prepared before is put right."""
    cluster, passfile = embedded_cluster(), settings().passfile
    marker = cluster.layout.bootstrapped
    if marker.exists():
        _, _, old_host = marker.read_text(encoding="utf-8").partition("\n")
        move_host(passfile, old=old_host.strip(), new=endpoint.host)
    result = bootstrap(endpoint.superuser_conninfo(), DATABASE, passfile=passfile, own_cluster=True, harden=_harden())
    write_whole(marker, f"{_prepared_as()}\n{endpoint.host}\n")
    return result


def _is_prepared(cluster: Cluster, endpoint: Endpoint) -> bool:
    try:
        version, _, host = cluster.layout.bootstrapped.read_text(encoding="utf-8").partition("\n")
    except FileNotFoundError:
        return False
    if (version, host.strip()) != (_prepared_as(), endpoint.host):
        return False
    return any(entry.user == roles.MIGRATOR and entry.host == endpoint.host for entry in read_entries(settings().passfile))


def _is_hardened_as_wanted(endpoint: Endpoint) -> bool:
    """Ask once, when the server starts: the marks come back when a database is made anew, as by a restore."""
    try:
        with contextlib.closing(psycopg.connect(endpoint.superuser_conninfo(DATABASE))) as connection:
            return hardening.is_hardened(connection) == _harden()
    except psycopg.OperationalError:
        return False  # there is no such database any more


def _harden() -> bool:
    return settings().leakproof_builtins == "remove"


def _prepared_as() -> str:
    return f"{BOOTSTRAP_VERSION} {settings().leakproof_builtins}"


def _completed(external: URL | None, login: str, *, person: str | None) -> URL:
    passfile = settings().passfile
    if external is None:
        endpoint = start_embedded()
        url, where = _embedded_login(endpoint, login, passfile), "this machine"
        known = find_password(passfile, host=endpoint.host, port=ANY, database=DATABASE, user=login) is not None
    else:
        host, port = _passfile_key(external)
        url, where = _login_at(external, login, passfile), f"this machine for the server {host}"
        known = "service" in external.query or (
            find_password(passfile, host=host, port=port, database=external.database or DATABASE, user=login) is not None
        )
    if not known:
        if person is not None:
            raise LoginMissingError(person=person, where=where)
        message = f"There is no login {login} on {where}. To prepare the server: lmskit db bootstrap"
        raise BootstrapError(message)
    return url


@functools.lru_cache(maxsize=64)
def _embedded_login(endpoint: Endpoint, login: str, passfile: Path) -> URL:
    return _login_at(_url_at(endpoint), login, passfile)


def _login_at(base: URL, login: str, passfile: Path) -> URL:
    return base.set(username=login, password=None).update_query_dict({"passfile": str(passfile)})


@functools.lru_cache(maxsize=8)
def _url_at(endpoint: Endpoint) -> URL:
    return URL.create(DRIVER, database=DATABASE, query={**endpoint.parameters(), "require_auth": "scram-sha-256"})


def _passfile_key(external: URL | None) -> tuple[str, str]:
    """Return host and port as the passfile names them; an embedded server's port may change."""
    if external is None:
        return start_embedded().host, ANY
    host = external.host or external.query.get("host") or "localhost"
    port = external.port or external.query.get("port") or DEFAULT_PORT
    return str(host), str(port)


@functools.cache
def _cluster(home: str, version: int) -> Cluster:
    from pathlib import Path

    return Cluster(Path(home), version)


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
