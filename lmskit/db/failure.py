"""What the driver raises, as errors for people to read: a connection that was refused or lost, a lock, a limit, a missing right.

What libpq reports is for programmers and differs by operating system.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from sqlalchemy.exc import DBAPIError

from lmskit.db.blocking import UNKNOWN
from lmskit.db.encryption import insecure_sentence
from lmskit.db.refused_value import refusal
from lmskit.db.watched_connection import LockTimeoutError
from lmskit.errors import (
    AnsweredQuestionError,
    AnswerWithoutQuestionError,
    BusyError,
    DatabaseError,
    LmskitError,
    LockedError,
    NotPermittedError,
    RefusedValueError,
    SignInRefusedError,
    TermClosedError,
    UnreachableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from sqlalchemy.exc import IntegrityError

LOST = "The connection to the database was lost. Try again; if it was lost while saving, look first whether the change is there."
TRANSLATIONS: tuple[tuple[tuple[type[psycopg.Error], ...], type[LmskitError], str], ...] = (
    (
        (psycopg.errors.InsufficientPrivilege,),
        NotPermittedError,
        "The person who is signed in may not do this. Nothing was changed; sign in as a person who may, or ask an administrator.",
    ),
    (
        (psycopg.errors.LockNotAvailable,),
        LockedError,
        UNKNOWN,
    ),
    (
        (psycopg.errors.QueryCanceled,),
        BusyError,
        "The database ended the work because it took too long or was cancelled. Nothing was changed.",
    ),
    (
        (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure),
        BusyError,
        "Another person changed the same rows at the same time. Nothing was changed; try again.",
    ),
    (
        (psycopg.errors.OutOfMemory,),
        DatabaseError,
        (
            "The database server has no memory left for this work, or another session holds very many locks. Nothing was changed; "
            "to see who takes much: lmskit doctor"
        ),
    ),
    (
        (psycopg.errors.DiskFull,),
        DatabaseError,
        "The disk of the database server is full. Nothing was changed; free some space on that disk, then try again.",
    ),
    (
        (psycopg.errors.IdleInTransactionSessionTimeout,),
        UnreachableError,
        "The database closed a connection that had been idle in a transaction. Nothing was changed; try again.",
    ),
)
"""What psycopg raises, and which error with which sentence a person gets for it."""

CLOSED_TERM = "a_closed_term_stays_as_it_is"
"""What the trigger calls its refusal, with state and code of the term as the detail."""
OF_QUESTIONS = {
    "an_answer_is_to_a_question_of_its_quiz": AnswerWithoutQuestionError,
    "a_question_with_answers_stays": AnsweredQuestionError,
}
"""What the triggers of quizzes and attempts call their refusals, with the id of a question as the detail."""

# Statements --------------------------------------------------------------------------------------------


@contextmanager
def translated_errors() -> Iterator[None]:
    """Raise an error for people to read instead of what the driver raises, where a person can do something about it."""
    try:
        yield
    except DBAPIError as error:
        translated = translation(error.orig, lost=error.connection_invalidated)
        if translated is None:
            raise
        raise translated from error
    except psycopg.Error as error:  # COPY does not pass through SQLAlchemy
        translated = translation(error, lost=False)
        if translated is None:
            raise
        raise translated from error


def translation(error: BaseException | None, *, lost: bool) -> LmskitError | None:
    """Return the error for a person instead of what psycopg raised, or None if it is a bug or a clash with other rows."""
    if isinstance(error, LockTimeoutError):
        return LockedError(error.sentence, pids=error.pids)
    for kinds, error_class, sentence in TRANSLATIONS:
        if isinstance(error, kinds):
            return error_class(sentence)
    if isinstance(error, psycopg.errors.IntegrityError) and (said := _of_trigger(error)) is not None:
        return said
    if (refused := refusal(error)) is not None:
        return RefusedValueError(refused)
    if lost or is_lost_connection(error):
        return UnreachableError(LOST)
    return None


def _of_trigger(error: psycopg.errors.IntegrityError) -> LmskitError | None:
    """Return the error for the refusal of a trigger that names a rule and what breaks it; None for that of a constraint."""
    rule, detail = error.diag.constraint_name or "", error.diag.message_detail or ""
    if rule == CLOSED_TERM:
        state, _, term = (detail or "closed: ").partition(": ")
        return TermClosedError(term=term, state=state)
    return OF_QUESTIONS[rule](question=detail) if rule in OF_QUESTIONS else None


def is_lost_connection(error: BaseException | None) -> bool:
    """Whether the connection ended, or the server with it."""
    if isinstance(error, psycopg.errors.AdminShutdown | psycopg.errors.CrashShutdown | psycopg.errors.CannotConnectNow):
        return True
    return type(error) is psycopg.OperationalError and error.sqlstate is None


def violated_constraint(error: IntegrityError) -> str | None:
    """Return the name of the constraint that refused a row, or None if the server names none.

    A service turns the name into an error of the domain; NOT NULL has no name.
    """
    cause = error.orig
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


# Connections -------------------------------------------------------------------------------------------

OF_THE_LOGIN = "too many connections for role"
TOO_MANY = (OF_THE_LOGIN, "too many clients", "remaining connection slots")
LOCK_TABLE = ("out of shared memory",)
WRONG_PASSWORD = ("password authentication failed",)
NO_PASSWORD = ("no password supplied",)
CLOSED = ("not permitted to log in",)
PERSONAL_LOGIN = "u_"
"""What the names of people's logins begin with."""
OTHER_SERVER = ("requirepeer", "could not get peer credentials")
UNKNOWN_NAME = ("could not translate host name", "failed to resolve host")
STARTING = ("the database system is starting up", "the database system is in recovery", "not yet accepting connections")


STARTING_LIMIT = 60.0
ENDING_LIMIT = 3.0


def worth_waiting(error: Exception) -> float:
    """Seconds for which it is worth trying again, after a connection was refused; 0 if it will be refused again.

    A server that is starting, as after a crash, needs a moment. A login's closed connections are counted until their processes have
    ended; a server that is full of others' is not waited for.
    """
    if any(phrase in str(error) for phrase in STARTING):
        return STARTING_LIMIT
    return ENDING_LIMIT if OF_THE_LOGIN in str(error) else 0.0


def connection_error(error: Exception, parameters: Mapping[str, object], *, advice: str | None = None) -> DatabaseError:
    """Return the error for a connection that failed; its sentence never holds a password.

    Parameters
    ----------
    error
        What the driver raised; its text is libpq's.
    parameters
        What the driver was given: `host`, `port`, `dbname` and `user` are used.
    advice
        What to do where the password is refused; by default what fits the login.
    """
    text = str(error)
    server = _server(parameters)
    if (insecure := insecure_sentence(text, parameters, server=server)) is not None:
        return UnreachableError(insecure)
    user, database = parameters.get("user") or "your login", parameters.get("dbname") or "lmskit"
    refused = f"The {server} does not accept the login {user} with the password it was given."
    none_given = f"The {server} asks for the password of the login {user}, and none was given."
    full = f"The {server} has no connection left for {user}."
    check = advice or "Check LMSKIT_DATABASE_URL, or prepare the server again: lmskit db bootstrap"
    missing = advice or "Give it in PGPASSWORD or ~/.pgpass, or take the login out of LMSKIT_DATABASE_URL, then: lmskit sign-in"
    if advice is None and str(user).startswith(PERSONAL_LOGIN):
        check = "It is wrong or was changed, or the login was closed. An administrator sets a new one: lmskit passwd EMAIL"
        missing = "To sign in with address and password: lmskit sign-in"
    sentences: tuple[tuple[tuple[str, ...], str], ...] = (
        (TOO_MANY, f"{full} Close a notebook you no longer need (Kernel > Shut Down), then try again."),
        (
            LOCK_TABLE,
            f"The {server} lets no one in: another session holds so many locks that none is left. To see and end it: lmskit doctor",
        ),
        (WRONG_PASSWORD, f"{refused} {check}"),
        (NO_PASSWORD, f"{none_given} {missing}"),
        (("permission denied for database",), f"The login {user} may not use the database {database} on the {server}."),
        ((f'database "{database}" does not exist',), f"The {server} has no database {database}. To prepare it: lmskit db bootstrap"),
        (("no pg_hba.conf entry", "pg_hba.conf rejects"), f"The {server} does not let {user} in from this machine."),
        (OTHER_SERVER, f"The {server} is run by another user than lmskit's, so nothing was sent to it."),
        (UNKNOWN_NAME, f"The {server} was not found: its name is unknown. Check LMSKIT_DATABASE_URL."),
        (CLOSED, f"The login {user} has been closed. An administrator opens it again: lmskit login enable EMAIL"),
        (STARTING, f"The {server} is still starting. Try again in a minute."),
        (("definition of service",), f"The connection service named by PGSERVICE was not found: {_last_line(text)}."),
        (("SSL", "certificate"), f"The {server} cannot be reached securely: {_last_line(text)}."),
    )
    for phrases, sentence in sentences:
        if any(phrase in text for phrase in phrases):
            return SignInRefusedError(sentence) if phrases in {WRONG_PASSWORD, NO_PASSWORD, CLOSED} else UnreachableError(sentence)
    return UnreachableError(f"The {server} cannot be reached ({_last_line(text)}). Is it running, and is LMSKIT_DATABASE_URL right?")


def _server(parameters: Mapping[str, object]) -> str:
    host, port = str(parameters.get("host") or ""), parameters.get("port") or 5432
    if not host:
        service = parameters.get("service")
        return f"database server of the service {service}" if service else "database server on this machine"
    if host.startswith("/"):
        return f"database server at the socket in {host}"
    return f"database server {host}, port {port},"


def _last_line(text: str) -> str:
    # libpq explains some reasons in further lines that are indented.
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("\t")]
    reason = lines[-1] if lines else "no reason given"
    for prefix in ("failed: ", "FATAL: ", "error: "):
        reason = reason.rpartition(prefix)[2]
    return reason.strip().rstrip(".")
