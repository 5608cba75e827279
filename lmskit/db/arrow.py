"""Large results as Arrow tables, over a connection that only reads.

It is another connection than the engine's (ADBC's instead of psycopg's), signed in as the same person. So it sees what has been
committed, and nothing that a transaction of this process has in hand. One is kept per login and process that keeps connections,
because opening one takes as long as reading thousands of rows; it is closed with the engine's connections.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import os
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from sqlalchemy import event

from lmskit.db.engine import OF_EVERY_CONNECTION, connected, keeps_connections
from lmskit.db.transaction import LOST, sentence_for
from lmskit.errors import LmskitError, QueryError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pyarrow as pa
    from sqlalchemy import Engine

BEGIN = "BEGIN READ ONLY"
ONLY_READS = "Nothing can be changed by a query whose rows are read into a table. Write a SELECT."


@dataclass(eq=False)
class _Kept:
    """The connection of one login; one thread at a time uses it."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    process: int = field(default_factory=os.getpid)
    connection: Any = None


class ArrowReader:
    """What can be asked within one read-only transaction."""

    def __init__(self, connection: Any) -> None:  # noqa: ANN401 - ADBC has no types
        self._connection = connection

    def columns(self, statement: str) -> pa.Schema:
        """Return the columns of a statement's result without running it; an Arrow field's metadata name PostgreSQL's type."""
        with _told(statement), self._connection.cursor() as cursor:
            schema: pa.Schema = cursor.adbc_execute_schema(statement)
            return schema

    def table(self, statement: str) -> pa.Table:
        """Run one SELECT and return its rows."""
        with _told(statement), self._connection.cursor() as cursor:
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
        Of the person. Its own connections are not used.

    Raises
    ------
    UnreachableError
        The server cannot be reached, or the connection was lost on the way.
    BusyError, NotPermittedError
        As in `transaction`.
    QueryError
        The server cannot run the statement.
    """
    if not event.contains(engine, "engine_disposed", _close):
        event.listen(engine, "engine_disposed", _close)
    if engine in _all and _all[engine].process != os.getpid():
        _close(engine)
    kept = _all.setdefault(engine, _Kept())
    with kept.lock:
        _begin(kept, engine)
        try:
            yield ArrowReader(kept.connection)
        finally:
            # Undoes what a query has set for the session, too. Where it fails, so would the next query.
            if not _done(kept.connection, "ROLLBACK") or _all.get(engine) is not kept or not keeps_connections():
                _shut(kept)


def _begin(kept: _Kept, engine: Engine) -> None:
    if kept.connection is not None:
        if _done(kept.connection, BEGIN):
            return
        _shut(kept)  # the server has closed it meanwhile
    kept.connection = _opened(engine)
    if not _done(kept.connection, BEGIN):
        _shut(kept)
        raise UnreachableError(LOST)


def _opened(engine: Engine) -> Any:  # noqa: ANN401 - ADBC has no types
    from adbc_driver_postgresql import dbapi

    _, parameters = engine.dialect.create_connect_args(engine.url)
    libpq = {name: value for name, value in parameters.items() if name != "context"}  # psycopg's own
    return connected(
        # The driver takes all text for UTF-8. With autocommit it begins no transaction of its own.
        lambda complete: dbapi.connect(make_conninfo(**{**complete, "client_encoding": "utf8"}), autocommit=True),
        {**OF_EVERY_CONNECTION, **libpq},
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
    """Close the connection beside an engine's, unless it is in use: then whoever uses it does."""
    kept = _all.pop(engine, None)
    if kept is not None:
        _give_up(kept)


def _give_up(kept: _Kept) -> None:
    if kept.process != os.getpid():
        # In a forked child. The driver would say goodbye to the server in the parent's name, so nothing must ever free this.
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept.connection))
    elif kept.lock.acquire(blocking=False):
        try:
            _shut(kept)
        finally:
            kept.lock.release()


def _close_all() -> None:
    while _all:
        _give_up(_all.popitem()[1])


@contextlib.contextmanager
def _told(statement: str) -> Iterator[None]:
    """Turn what the driver raises into a sentence."""
    from adbc_driver_manager import dbapi

    try:
        yield
    except dbapi.Error as error:
        raise _sentence(error, statement) from error


def _sentence(error: Any, statement: str) -> LmskitError:  # noqa: ANN401 - ADBC has no types
    details = {key.decode(): value.decode("utf-8", "replace") for key, value in error.details}
    state = error.sqlstate
    if state is None:
        return UnreachableError(LOST)
    try:
        known = psycopg.errors.lookup(state)
    except KeyError:
        known = psycopg.DatabaseError
    if known is psycopg.errors.ReadOnlySqlTransaction:
        return QueryError(ONLY_READS)
    told = sentence_for(known(), lost=False)
    if told is not None:
        return told
    message = details.get("PG_DIAG_MESSAGE_PRIMARY") or str(error).partition("ERROR:")[2].strip().partition("\n")[0] or state
    parts = (f"The database cannot run the query: {message}.", _place(details, statement), details.get("PG_DIAG_MESSAGE_HINT"))
    return QueryError(" ".join(part for part in parts if part))


def _place(details: Mapping[str, str], statement: str) -> str:
    position = details.get("PG_DIAG_STATEMENT_POSITION", "")
    if not position.isdecimal() or not 0 < int(position) <= len(statement):
        return ""
    before = statement[: int(position) - 1]
    line = statement.splitlines()[before.count("\n")]
    return f"Line {before.count(chr(10)) + 1}: {line.strip()}"


_all: dict[Engine, _Kept] = {}
atexit.register(_close_all)
