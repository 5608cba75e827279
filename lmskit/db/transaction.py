"""The transaction: one place. Front doors open it; queries and services receive its session and never commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import psycopg
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.db.engine import default_engine
from lmskit.errors import BusyError, DatabaseError, LmskitError, NotPermittedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

T = TypeVar("T")
Opener: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""What opens a session, such as `transaction` (commits when its block ends) or `snapshot` (only reads)."""

ATTEMPTS = 5
FIRST_PAUSE = 0.05
LOST = "The connection to the database was lost. Try again; if it was lost while saving, look first whether the change is there."
ANSWERS: tuple[tuple[tuple[type[psycopg.Error], ...], type[LmskitError], str], ...] = (
    (
        (psycopg.errors.InsufficientPrivilege,),
        NotPermittedError,
        "The person who is signed in may not do this. Nothing was changed; sign in as somebody who may, or ask an administrator.",
    ),
    (
        (psycopg.errors.LockNotAvailable,),
        BusyError,
        "Somebody else is changing the same rows. Nothing was changed; try again in a moment.",
    ),
    (
        (psycopg.errors.QueryCanceled,),
        BusyError,
        "The database ended the work because it took too long or was cancelled. Nothing was changed.",
    ),
    (
        (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure),
        BusyError,
        "Somebody else changed the same rows at the same time. Nothing was changed; try again.",
    ),
    (
        (psycopg.errors.DiskFull,),
        DatabaseError,
        "The database's disk is full. Nothing was changed; free some space there, then try again.",
    ),
    (
        (psycopg.errors.IdleInTransactionSessionTimeout,),
        UnreachableError,
        "The database closed a connection that had been idle in a transaction. Nothing was changed; try again.",
    ),
)


@contextmanager
def transaction(engine: Engine | None = None) -> Iterator[Session]:
    """Open a session; commit when the block ends, roll back if it raises.

    Raises
    ------
    UnreachableError
        The server cannot be reached, or the connection was lost on the way.
    BusyError
        A lock or a time limit of the server ended the work; nothing was changed.
    NotPermittedError
        The database does not let the signed-in person do this; nothing was changed.
    """
    with _told(), Session(engine or default_engine(), expire_on_commit=False) as session, session.begin():
        yield session


@contextmanager
def snapshot(engine: Engine | None = None) -> Iterator[Session]:
    """Open a session that reads the database as it is at its first query, and cannot write.

    All numbers of a report come from one snapshot, so they cannot contradict each other.
    """
    reading = (engine or default_engine()).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
    with _told(), Session(reading, expire_on_commit=False) as session, session.begin():
        yield session


def retried(work: Callable[[], T], *, attempts: int = ATTEMPTS) -> T:
    """Do the work again when the database asks for it: deadlock, serialisation failure, lost connection.

    The work opens its own transaction and has to be idempotent: after a connection was lost at the commit,
    nobody knows whether it counted.
    """
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except (DBAPIError, psycopg.Error, UnreachableError, BusyError) as error:
            if attempt == attempts or not _passes(error):
                raise
            pause = FIRST_PAUSE * 2 ** (attempt - 1)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - to keep two rivals apart, not for secrecy
    message = f"attempts must be at least 1, not {attempts}"
    raise ValueError(message)


@contextmanager
def _told() -> Iterator[None]:
    """Turn what the driver raises into a sentence where a person can do something about it."""
    try:
        yield
    except DBAPIError as error:
        told = sentence_for(error.orig, lost=error.connection_invalidated)
        if told is None:
            raise
        raise told from error
    except psycopg.Error as error:  # COPY does not pass through SQLAlchemy
        told = sentence_for(error, lost=False)
        if told is None:
            raise
        raise told from error


def sentence_for(error: BaseException | None, *, lost: bool) -> LmskitError | None:
    """Return what to tell a person about what psycopg raised, or None where it is a bug or a refused row."""
    for kinds, answer, text in ANSWERS:
        if isinstance(error, kinds):
            return answer(text)
    if lost or _is_loss(error):
        return UnreachableError(LOST)
    return None


def _is_loss(error: BaseException | None) -> bool:
    losses = (psycopg.errors.AdminShutdown, psycopg.errors.CrashShutdown, psycopg.errors.CannotConnectNow)
    if isinstance(error, losses):
        return True
    return type(error) is psycopg.OperationalError and error.sqlstate is None


def _passes(error: Exception) -> bool:
    """Whether the same work may succeed when done again."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    original = cause.orig if isinstance(cause, DBAPIError) else cause
    if isinstance(original, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return True
    return _is_loss(original) or (isinstance(cause, DBAPIError) and cause.connection_invalidated)
