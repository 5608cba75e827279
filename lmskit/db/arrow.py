"""Large results as Arrow tables, over a connection that only reads.

It is not one of the engine's connections (it is ADBC's, not psycopg's), but it has the same login. So it sees what has been
committed, and nothing of a transaction that this process has open. One is kept per engine in a process that keeps connections,
because opening one takes as long as reading thousands of rows; it is closed with the engine's connections.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import functools
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import event

from lmskit.db.access import CONNECTION_PARAMETERS, companion_of, keeps_connections
from lmskit.db.failure import LOST, translation
from lmskit.errors import LmskitError, QueryError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from sqlalchemy import Engine

    from lmskit.db.access import Access

BEGIN = "BEGIN READ ONLY"
ONLY_READS = "A query whose rows are read into a table can change nothing. Write a SELECT."


@dataclass(eq=False)
class _Kept:
    """The Arrow connection of one engine; one thread at a time uses it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    process: int = field(default_factory=os.getpid)
    connection: Any = None

    def __post_init__(self) -> None:
        self.at_exit = functools.partial(_release, self)
        atexit.register(self.at_exit)


class ArrowReader:
    """Reads within one read-only transaction."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - ADBC has no types
        self._connection = connection

    def columns(self, statement: str) -> pa.Schema:
        """Return the columns of a statement's result without running it; an Arrow field's metadata name PostgreSQL's type."""
        with _translated_errors(statement), self._connection.cursor() as cursor:
            schema: pa.Schema = cursor.adbc_execute_schema(statement)
            return schema

    def table(self, statement: str) -> pa.Table:
        """Run one SELECT and return its rows."""
        with _translated_errors(statement), self._connection.cursor() as cursor:
            cursor.execute(statement)
            table: pa.Table = cursor.fetch_arrow_table()
            return table

    def set(self, settings: Mapping[str, str]) -> None:
        """Set server settings by name until the end of the transaction."""
        calls = [sql.SQL("set_config({}, {}, true)").format(name, value) for name, value in settings.items()]
        self.table(sql.SQL("SELECT {}").format(sql.SQL(", ").join(calls)).as_string(None))


@contextlib.contextmanager
def reading(engine: Engine) -> Iterator[ArrowReader]:
    """Open a read-only transaction of the engine's login, for one or a few large results; it is rolled back at the end.

    Parameters
    ----------
    engine
        The engine of the person's login. Its own connections are not used.

    Raises
    ------
    UnreachableError
        The server cannot be reached, or the connection was lost during the work.
    BusyError, NotPermittedError
        As in `transaction`.
    QueryError
        The server cannot run the statement.
    """
    companion = companion_of(engine)
    with companion.lock:
        if companion.arrow is None or companion.arrow.process != os.getpid():
            _close(engine)
            companion.arrow = _Kept()
            if not event.contains(engine, "engine_disposed", _close):
                event.listen(engine, "engine_disposed", _close)
        kept: _Kept = companion.arrow
    with kept.lock:
        _begin(kept, engine, companion.access)
        try:
            yield ArrowReader(kept.connection)
        finally:
            # The rollback also undoes what a query has set for the session. If it fails, so would the next query.
            if not _done(kept.connection, "ROLLBACK") or companion_of(engine).arrow is not kept or not keeps_connections():
                _shut(kept)


def _begin(kept: _Kept, engine: Engine, access: Access) -> None:
    if kept.connection is not None:
        if _done(kept.connection, BEGIN):
            return
        _shut(kept)  # the server has closed it meanwhile
    kept.connection = _opened(engine, access)
    if not _done(kept.connection, BEGIN):
        _shut(kept)
        raise UnreachableError(LOST)


def _opened(engine: Engine, access: Access) -> Any:  # noqa: ANN401 - ADBC has no types
    from adbc_driver_postgresql import dbapi

    _, parameters = engine.dialect.create_connect_args(engine.url)
    libpq = {name: value for name, value in parameters.items() if name != "context"}  # psycopg's own
    return access.connected(
        # The driver reads all text as UTF-8. With autocommit it begins no transaction of its own.
        lambda complete: dbapi.connect(make_conninfo(**{**complete, "client_encoding": "utf8"}), autocommit=True),
        {**CONNECTION_PARAMETERS, **libpq},
        failure=dbapi.Error,
    )


def _done(connection: Any, statement: str) -> bool:  # noqa: ANN401 - ADBC has no types
    import adbc_driver_manager

    try:
        with adbc_driver_manager.AdbcStatement(connection.adbc_connection) as command:
            command.set_sql_query(statement)
            command.execute_update()
    except adbc_driver_manager.Error:
        return False
    return True


def _shut(kept: _Kept) -> None:
    connection, kept.connection = kept.connection, None
    if connection is not None:
        connection.close()


def _close(engine: Engine) -> None:
    """Close an engine's Arrow connection; if it is in use, its user closes it afterwards."""
    companion = companion_of(engine)
    kept, companion.arrow = companion.arrow, None
    if kept is not None:
        atexit.unregister(kept.at_exit)
        _release(kept)


def _release(kept: _Kept) -> None:
    if kept.process != os.getpid():
        # In a forked child. The driver would say goodbye to the server in the parent's name, so nothing must ever free this.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept.connection))
    elif kept.lock.acquire(blocking=False):
        try:
            _shut(kept)
        finally:
            kept.lock.release()


@contextlib.contextmanager
def _translated_errors(statement: str) -> Iterator[None]:
    """Raise an error for people to read instead of what the driver raises."""
    from adbc_driver_manager import dbapi

    try:
        yield
    except dbapi.Error as error:
        raise _translation(error, statement) from error


def _translation(error: Any, statement: str) -> LmskitError:  # noqa: ANN401 - ADBC has no types
    details = {key.decode(): value.decode("utf-8", "replace") for key, value in error.details}
    state = error.sqlstate
    if state is None:
        return UnreachableError(LOST)
    try:
        kind = psycopg.errors.lookup(state)
    except KeyError:
        kind = psycopg.DatabaseError
    if kind is psycopg.errors.ReadOnlySqlTransaction:
        return QueryError(ONLY_READS)
    translated = translation(kind(), lost=False)
    if translated is not None:
        return translated
    message = details.get("PG_DIAG_MESSAGE_PRIMARY") or str(error).partition("ERROR:")[2].strip().partition("\n")[0] or state
    parts = (f"The database cannot run the query: {message}.", _line(details, statement), details.get("PG_DIAG_MESSAGE_HINT"))
    return QueryError(" ".join(part for part in parts if part))


def _line(details: Mapping[str, str], statement: str) -> str:
    """Return the line of the statement that the server complains about, with its number; empty if the server names none."""
    position = details.get("PG_DIAG_STATEMENT_POSITION", "")
    if not position.isdecimal() or not 0 < int(position) <= len(statement):
        return ""
    before = statement[: int(position) - 1]
    line = statement.splitlines()[before.count("\n")]
    return f"Line {before.count(chr(10)) + 1}: {line.strip()}"
