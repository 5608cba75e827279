"""Why a connection failed, as a sentence. What libpq reports is for programmers and differs by operating system."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import DatabaseError, SignInRefusedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Mapping

TOO_MANY = ("too many connections for role", "too many clients", "remaining connection slots")
WRONG_PASSWORD = ("password authentication failed", "no password supplied")
CLOSED = ("not permitted to log in",)
OF_A_PERSON = "u_"
"""How the logins of people begin."""
OTHER_SERVER = ("requirepeer", "could not get peer credentials")
UNKNOWN_NAME = ("could not translate host name", "failed to resolve host")
STARTING = ("the database system is starting up", "the database system is in recovery", "not yet accepting connections")


def is_starting(error: Exception) -> bool:
    """Whether the server is there and only needs a moment."""
    return any(mark in str(error) for mark in STARTING)


def connection_error(error: Exception, parameters: Mapping[str, object]) -> DatabaseError:
    """Return the sentence for a connection that was not made; it never holds a password.

    Parameters
    ----------
    error
        What the driver raised; its text is libpq's.
    parameters
        What it was given: `host`, `port`, `dbname` and `user` are used.
    """
    text = str(error)
    where = _where(parameters)
    user, database = parameters.get("user") or "your login", parameters.get("dbname") or "lmskit"
    refused = f"The {where} does not accept the login {user} with the password it was given."
    full = f"The {where} has no connection left for {user}."
    check = "Check LMSKIT_DATABASE_URL, or prepare the server again: lmskit db bootstrap"
    if str(user).startswith(OF_A_PERSON):
        check = "It is wrong or was changed, or the login was closed. An administrator sets a new one: lmskit passwd EMAIL"
    answers: tuple[tuple[tuple[str, ...], str], ...] = (
        (TOO_MANY, f"{full} Close a notebook you no longer need (Kernel > Shut Down), then try again."),
        (WRONG_PASSWORD, f"{refused} {check}"),
        (("permission denied for database",), f"The login {user} may not use the database {database} on the {where}."),
        ((f'database "{database}" does not exist',), f"The {where} has no database {database}. To prepare it: lmskit db bootstrap"),
        (("no pg_hba.conf entry", "pg_hba.conf rejects"), f"The {where} does not let {user} in from this machine."),
        (OTHER_SERVER, f"The {where} is run by another user than lmskit's, so nothing was sent to it."),
        (UNKNOWN_NAME, f"The {where} was not found: its name is unknown. Check LMSKIT_DATABASE_URL."),
        (CLOSED, f"The login {user} has been closed. An administrator opens it again: lmskit login enable EMAIL"),
        (STARTING, f"The {where} is still starting. Try again in a minute."),
        (("definition of service",), f"The connection service named by PGSERVICE was not found: {_last_line(text)}."),
        (("SSL", "certificate"), f"The {where} cannot be reached securely: {_last_line(text)}."),
    )
    for marks, sentence in answers:
        if any(mark in text for mark in marks):
            return SignInRefusedError(sentence) if marks in {WRONG_PASSWORD, CLOSED} else UnreachableError(sentence)
    return UnreachableError(f"The {where} cannot be reached ({_last_line(text)}). Is it running, and is LMSKIT_DATABASE_URL right?")


def _where(parameters: Mapping[str, object]) -> str:
    host, port = str(parameters.get("host") or ""), parameters.get("port") or 5432
    if not host:
        service = parameters.get("service")
        return f"database server of the service {service}" if service else "database server on this machine"
    if host.startswith("/"):
        return f"database server at the socket in {host}"
    return f"database server {host}, port {port},"


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and "Is the server running" not in line]
    reason = lines[-1] if lines else "no reason given"
    for prefix in ("failed: ", "FATAL: ", "error: "):
        reason = reason.rpartition(prefix)[2]
    return reason.strip().rstrip(".")
