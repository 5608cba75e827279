"""Engines: one per login and process, with few connections each."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from lmskit.db import identity
from lmskit.db.connection import migrator_url, url_for
from lmskit.db.reason import connection_error, is_starting

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sqlalchemy import URL, Dialect
    from sqlalchemy.pool import ConnectionPoolEntry

Made = TypeVar("Made")

_POOL: dict[str, Any] = {"pool_size": 2, "max_overflow": 1, "pool_pre_ping": True}
"""A login has five connections for everything that its person has open."""
CONNECT_TIMEOUT = 10
STARTING_LIMIT = 60.0
"""Seconds to wait for a server that says it is starting, as after a crash."""
PAUSE = 0.2
OF_EVERY_CONNECTION: dict[str, Any] = {"application_name": "lmskit", "connect_timeout": CONNECT_TIMEOUT}

_engines: dict[str, Engine] = {}
_lock = threading.Lock()


def engine_for(person: str | None = None) -> Engine:
    """Return the engine of a person's login, by default of whoever this process acts as.

    The same engine each time, unless the server has moved. See `url_for` for the errors.
    """
    return engine_at(url_for(person))


def default_engine() -> Engine:
    """Return the engine of whoever this process acts as."""
    return engine_for()


def migrator_engine() -> Engine:
    """Return the engine of the login that migrations use."""
    return engine_at(migrator_url())


def engine_at(url: URL) -> Engine:
    """Return the engine of an address with its login. A failing connection is an error with a sentence."""
    key = url.render_as_string(hide_password=False)
    with _lock:
        if key not in _engines:
            engine = create_engine(
                url,
                **(_POOL if keeps_connections() else {"poolclass": NullPool}),
                hide_parameters=True,  # an error repeats neither what people are called nor what is kept of a password
                connect_args=OF_EVERY_CONNECTION,
                json_deserializer=_json,
            )
            event.listen(engine, "do_connect", _connect)
            _engines[key] = engine
        return _engines[key]


def _json(stored: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON as Python does, and a number of more digits than Python reads as infinite: one such row must not stop all the others."""
    try:
        return json.loads(stored)
    except ValueError:
        return json.loads(stored, parse_int=float)


def keeps_connections() -> bool:
    """Whether this process keeps a connection open between two uses.

    A notebook's kernel does not: it stays open for hours, and its person may have more notebooks open than a login has connections.
    Opening one anew takes a few milliseconds.
    """
    kernels = sys.modules.get("ipykernel.kernelapp")
    return kernels is None or not kernels.IPKernelApp.initialized()


def dispose_engines() -> None:
    """Close all connections of this process that are not in use. The engines stay usable."""
    with _lock:
        for engine in _engines.values():
            engine.dispose()


def connected(connect: Callable[[dict[str, Any]], Made], parameters: Mapping[str, Any], *, failure: type[Exception]) -> Made:
    """Open a connection, whatever the driver: with the password that was typed here, and waiting for a server that is starting.

    Parameters
    ----------
    connect
        Opens it, given libpq's parameters.
    parameters
        Those, without a password that was typed.
    failure
        What `connect` raises where it cannot; its text is libpq's.

    Raises
    ------
    UnreachableError
        With a sentence.
    """
    deadline = time.monotonic() + STARTING_LIMIT
    complete = dict(parameters)
    if "password" not in complete and "passfile" not in complete and (typed := identity.typed_password(complete.get("user"))):
        complete["password"] = typed
    while True:
        try:
            return connect(complete)
        except failure as error:
            if not is_starting(error) or time.monotonic() > deadline:
                raise connection_error(error, complete) from error
            time.sleep(PAUSE)


def _connect(dialect: Dialect, _record: ConnectionPoolEntry, arguments: list[Any], parameters: dict[str, Any]) -> Any:  # noqa: ANN401 - SQLAlchemy's signature
    return connected(lambda complete: dialect.connect(*arguments, **complete), parameters, failure=psycopg.OperationalError)


def _leave_to_parent() -> None:
    """In a forked child: forget the parent's connections without closing them."""
    for engine in _engines.values():
        engine.dispose(close=False)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_leave_to_parent)
