"""Transactions. Front doors open them; queries and services receive the session and never commit."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.db.access import engine_for
from lmskit.db.failure import is_lost_connection, translated_errors
from lmskit.db.schema_revision import require_known_schema
from lmskit.errors import BusyError, DatabaseError, LockedError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

T = TypeVar("T")
Opener: TypeAlias = Callable[[], AbstractContextManager[Session]]
"""A function that opens a session, such as `transaction`, which commits when its block ends, or `snapshot`, which only reads."""

ATTEMPTS = 5
PATIENT = 3
"""Tries of work that no person waits for, where another session holds what it needs."""
FIRST_PAUSE = 0.05
CANCEL_LIMIT = 5.0
"""Seconds in which the server has to accept the request to cancel a statement."""


@contextmanager
def transaction(engine: Engine | None = None) -> Iterator[Session]:
    """Open a session; commit when the block ends, roll back if it raises.

    Raises
    ------
    RevisionError
        The database is older or newer than this lmskit.
    UnreachableError
        The server cannot be reached, or the connection was lost during the work.
    LockedError
        Another session held what the work needs for longer than `LMSKIT_LOCK_TIMEOUT`; nothing was changed.
    BusyError
        A time limit of the server, a deadlock or a serialisation failure ended the work; nothing was changed.
    NotPermittedError
        The database does not let the signed-in person do this; nothing was changed.
    RefusedValueError
        A column does not take a value; nothing was changed.
    """
    with translated_errors():
        writing = engine or engine_for()
        require_known_schema(writing)
        with Session(writing, expire_on_commit=False) as session, session.begin():
            yield session


@contextmanager
def snapshot(engine: Engine | None = None, *, any_revision: bool = False) -> Iterator[Session]:
    """Open a session that reads the database as it is at its first query, and cannot write.

    All numbers of a report come from one snapshot, so they cannot contradict each other. A database at another revision than this
    lmskit needs is refused, as by `transaction`, unless `any_revision` is set.
    """
    with translated_errors():
        reading = (engine or engine_for()).execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        if not any_revision:
            require_known_schema(reading)
        with Session(reading, expire_on_commit=False) as session, session.begin():
            yield session


def retried(
    work: Callable[[], T], *, attempts: int = ATTEMPTS, lock_attempts: int = 1, idempotent: bool = True, first_pause: float = FIRST_PAUSE
) -> T:
    """Do the work, and do it again after a deadlock, a serialisation failure or a lost connection.

    The work opens its own transaction. After a connection was lost at the commit, it is unknown whether it counted: work that
    is not idempotent is done again only where the database has undone it for certain.

    Parameters
    ----------
    work
        Does the work and returns its result.
    attempts
        How often to try in all.
    lock_attempts
        How often to try in all where another session holds what the work needs, as is worth it for work that no person waits for
        (`PATIENT`). Each try waits as long as `LMSKIT_LOCK_TIMEOUT` says; between two tries the work holds nothing that others need.
    idempotent
        Whether the work can be done again although it may have counted.
    first_pause
        Seconds from the first try to the second; each further pause is twice as long as the one before it.
    """
    n_locked = 0
    for attempt in range(1, attempts + 1):
        try:
            return work()
        except (DBAPIError, psycopg.Error, UnreachableError, BusyError) as error:
            n_locked += isinstance(error, LockedError)
            again = 0 < n_locked < lock_attempts if isinstance(error, LockedError) else _is_worth_retrying(error, idempotent=idempotent)
            if attempt == attempts or not again:
                raise
            pause = first_pause * 2 ** (attempt - 1)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - so that two rivals do not meet again, not for secrecy
    message = f"attempts must be at least 1, not {attempts}"
    raise ValueError(message)


def _is_worth_retrying(error: Exception, *, idempotent: bool) -> bool:
    """Whether the same work may succeed if it is done again."""
    cause = error.__cause__ if isinstance(error, DatabaseError) else error
    original = cause.orig if isinstance(cause, DBAPIError) else cause
    if isinstance(original, psycopg.errors.SerializationFailure | psycopg.errors.DeadlockDetected):
        return True
    return idempotent and (is_lost_connection(original) or (isinstance(cause, DBAPIError) and cause.connection_invalidated))


@contextmanager
def longer_lock_timeout(session: Session, times: int) -> Iterator[None]:
    """Within the block, let statements wait so many times as long for a lock, for a queue that is known to move."""
    usual = int(session.scalars(text("SELECT setting FROM pg_settings WHERE name = 'lock_timeout'")).one())
    statement = text("SELECT set_config('lock_timeout', :milliseconds, true)")
    session.execute(statement, {"milliseconds": str(usual * times)})
    yield
    session.execute(statement, {"milliseconds": str(usual)})


def interrupter(session: Session) -> Callable[[], None]:
    """Return a function for another thread that ends the statement the session is running; if none is running, it does nothing.

    Call it only while the session's transaction is open: afterwards the connection serves others.
    """
    connection = session.connection().connection.driver_connection
    if not isinstance(connection, psycopg.Connection):
        message = f"{type(connection).__name__} is not a connection of psycopg"
        raise TypeError(message)

    def interrupt() -> None:
        with suppress(psycopg.Error):  # a server that has ended runs no statement
            connection.cancel_safe(timeout=CANCEL_LIMIT)

    return interrupt
