"""Addresses of servers, read as PostgreSQL's own client library reads them, and what they say: hosts, database, login, parameters."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from sqlalchemy import URL

from lmskit.errors import UnreachableError
from lmskit.settings import THIS_MACHINE

if TYPE_CHECKING:
    from collections.abc import Mapping

DATABASE = "lmskit"
DRIVER = "postgresql+psycopg"
SCHEMES = ("postgresql", "postgres", DRIVER)
DEFAULT_PORT = "5432"
SAMPLE = "postgresql://person@db.example.org:5432/lmskit"
THRESHOLD = "prepare_threshold"
"""The one parameter of psycopg that an address may have; all others are libpq's."""
LOGIN = ("user", "password", "passfile", "service")
"""What belongs to a login and not to the server."""
KEY_PASSWORD = "sslpassword"  # noqa: S105 - a name
"""The parameter with the password of a client certificate's key."""
SECRET = ("password", KEY_PASSWORD)


def read_address(address: str, *, name: str = "The address", sample: str = SAMPLE) -> URL:
    """Return an address as a URL; one without a database keeps None.

    Parameters
    ----------
    address
        As for `psql`: also with several hosts and with any parameter of libpq, or with psycopg's `prepare_threshold`.
    name
        What a refusal calls it; it never repeats the address, which may hold a password.
    sample
        What a refusal shows as an example.

    Raises
    ------
    UnreachableError
        It cannot be read, or names another kind of database or a parameter that does not exist.
    """
    scheme, separator, rest = address.strip().partition("://")
    advice = f"It should look like {sample}"
    if not separator or not scheme:
        raise UnreachableError(f"{name} cannot be read. {advice}")
    if scheme not in SCHEMES:
        raise UnreachableError(f"{name} names {scheme}, and lmskit needs PostgreSQL. {advice}")
    threshold = re.findall(rf"[?&]{THRESHOLD}=([^&]*)", rest)
    rest = re.sub(rf"([?&]){THRESHOLD}=[^&]*&?", r"\1", rest).rstrip("?&")
    try:
        parameters: dict[str, Any] = conninfo_to_dict("postgresql://" + rest.replace(" ", "%20"))
    except psycopg.ProgrammingError as error:
        unknown = re.search(r'invalid URI query parameter: "(\w+)"', str(error))
        reason = f"{name} has the parameter {unknown[1]}, which does not exist." if unknown else f"{name} cannot be read."
        raise UnreachableError(f"{reason} {advice}") from None
    if not re.fullmatch(r"[\d,]*", str(parameters.get("port", ""))):
        raise UnreachableError(f"{name} has a port that is not a number. {advice}")
    if threshold:
        parameters[THRESHOLD] = _threshold(threshold[-1], name)
    return url_of(parameters)


def _threshold(written: str, name: str) -> str:
    if written.lower() in {"none", ""}:
        return "none"
    if not written.isdecimal():
        raise UnreachableError(
            f"{name} has the {THRESHOLD} {written}, which is not a number of executions. "
            f"It should look like {SAMPLE}?{THRESHOLD}=none, which prepares no statement."
        )
    return written


def url_of(parameters: Mapping[str, Any]) -> URL:
    """Return libpq's parameters as a URL. Several hosts, or a folder of sockets, are a parameter of it and not its host."""
    rest = {key: str(value) for key, value in parameters.items() if value is not None}
    named = {name: rest.pop(key, None) for name, key in (("username", "user"), ("password", "password"), ("database", "dbname"))}
    host, port = rest.get("host", ""), rest.get("port", "")
    single = bool(host) and "," not in host and not host.startswith("/") and "," not in port
    if single:
        rest = {key: value for key, value in rest.items() if key not in {"host", "port"}}
    return URL.create(
        DRIVER,
        host=host if single else None,
        port=int(port) if single and port else None,
        query=rest,
        username=named["username"],
        password=named["password"],
        database=named["database"],
    )


def parameters_of(url: URL) -> dict[str, str]:
    """Return the parameters of an address by libpq's names, without what only psycopg knows."""
    parameters = {key: value if isinstance(value, str) else value[-1] for key, value in url.query.items() if key != THRESHOLD}
    named = {"host": url.host, "port": url.port, "dbname": url.database, "user": url.username, "password": url.password}
    return parameters | {key: str(value) for key, value in named.items() if value is not None}


def conninfo(url: URL) -> str:
    """Return an address as libpq's connection string."""
    parameters: dict[str, Any] = dict(parameters_of(url))
    return make_conninfo("", **parameters)


def without_login(url: URL) -> URL:
    """Return an address without the login that it names, whose password is nobody else's."""
    return url._replace(username=None, password=None).difference_update_query(LOGIN)


def prepare_threshold(url: URL) -> int | None:
    """Return after how many executions psycopg prepares a statement; None if it prepares none.

    Raises
    ------
    KeyError
        The address does not say.
    """
    written = str(url.query[THRESHOLD])
    return int(written) if written.isdecimal() else None


def without_password(url: URL) -> str:
    """Return an address for another process of the same person, which has the password of its login from elsewhere.

    The password of a certificate's key is still in it.
    """
    return written(url._replace(password=None))


def written(url: URL) -> str:
    """Return an address with its passwords, as libpq and `read_address` read it.

    Examples
    --------
    >>> print(written(URL.create(DRIVER, host="db.example.org", database="lms kit", query={"options": "-c work_mem=8MB"})))
    postgresql://db.example.org/lms%20kit?options=-c%20work_mem%3D8MB
    """
    # SQLAlchemy writes a blank in a parameter as a plus sign, which libpq does not read so, and one in the database as it is.
    address, mark, parameters = url.set(drivername="postgresql").render_as_string(hide_password=False).partition("?")
    return (address + mark + parameters.replace("+", "%20")).replace(" ", "%20")


def shown(url: URL) -> str:
    """Return an address for people to read: no password is in it."""
    return without_password(url.difference_update_query(SECRET))


def hosts(parameters: Mapping[str, object]) -> list[tuple[str, str]]:
    """Return the hosts that libpq would try in turn, each with its port."""
    defaults = {option.keyword.decode(): (option.val or b"").decode() for option in pq.Conninfo.get_defaults()}
    names = str(parameters.get("host") or parameters.get("hostaddr") or defaults.get("host") or "localhost").split(",")
    ports = str(parameters.get("port") or defaults.get("port") or DEFAULT_PORT).split(",")
    if len(ports) == 1:
        ports *= len(names)
    return [(name or "localhost", port or DEFAULT_PORT) for name, port in zip(names, ports, strict=False)]


def same_host(one: str, other: str) -> bool:
    """Whether two names are of one host; this machine has several, and capitals make no other name.

    Examples
    --------
    >>> same_host("localhost", "127.0.0.1"), same_host("localhost", "db.example.org"), same_host("DB.example.org", "db.example.org")
    (True, False, True)
    """
    return host_name(one) == host_name(other)


def host_name(written: str) -> str:
    """Return a name of a host as files of sign-ins have it; a folder of sockets stays as it is.

    Examples
    --------
    >>> host_name("127.0.0.1"), host_name("DB.example.org."), host_name("/run/PostgreSQL")
    ('localhost', 'db.example.org', '/run/PostgreSQL')
    """
    if written.startswith("/"):
        return written
    name = written.lower().rstrip(".")
    return "localhost" if name in THIS_MACHINE else name


def service_parameters(name: str, files: list[Path]) -> dict[str, str]:
    """Return the parameters of a connection service, from the first of the files that has it.

    Raises
    ------
    UnreachableError
        No file has the service.
    """
    for path in files:
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except OSError:
            continue
        found = _section(name, lines)
        if found is not None:
            return found
    where = " or ".join(map(str, files))
    raise UnreachableError(f"The connection service {name} was not found: no section [{name}] is in {where}. Check PGSERVICE.")


def _section(name: str, lines: list[str]) -> dict[str, str] | None:
    found: dict[str, str] | None = None
    for line in map(str.strip, lines):
        if line.startswith("["):
            if found is not None:
                return found
            found = {} if line == f"[{name}]" else None
        elif found is not None and line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found.setdefault(key.strip(), value.strip())
    return found
