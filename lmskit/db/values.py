"""How values of the database become values of Python, so that no value that a person stored stops a query.

The database holds days that Python's calendar does not have, and JSON with more levels than Python reads. Its bounds refuse them, but rows
from before the bounds may have them. Such a value becomes one that can be read and shown as what it is.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.adapt import Loader
from psycopg.pq import Format

from lmskit.readable import FIRST_DAY, LAST_DAY

if TYPE_CHECKING:
    from psycopg.abc import AdaptContext, Buffer

UNREADABLE = "unreadable"
"""The key of what is left of JSON that cannot be read."""


def json_value(stored: str | bytes) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON as Python does, so that no row stops a query.

    A number with more digits than Python reads becomes infinite. Of JSON with more levels than Python reads, only that fact is left, which
    is neither a list of questions nor a parameter of a rule.
    """
    try:
        return json.loads(stored)
    except ValueError:
        return json.loads(stored, parse_int=float)
    except RecursionError:
        return {UNREADABLE: "nested too deeply to be read"}


def read_any_day(connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy does not know the type of its driver's connection
    """Let a connection read days and times that Python's calendar does not have as `FIRST_DAY` and `LAST_DAY`, at midnight UTC."""
    for loader in _LOADERS:
        connection.adapters.register_loader(loader.kind, loader)


class _BoundedLoader(Loader):
    """Reads as psycopg does, except for what psycopg cannot read."""

    kind = ""
    first: object
    last: object

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        usual = psycopg.adapters.get_loader(oid, self.format)
        if usual is None:
            message = f"psycopg has no loader for the type {oid}"
            raise TypeError(message)
        self._load = usual(oid, context).load

    def load(self, data: Buffer) -> Any:  # noqa: ANN401 - psycopg's signature
        """Return the day or time, or the end of the calendar that it lies beyond."""
        try:
            return self._load(data)
        except (psycopg.DataError, OverflowError):
            written = bytes(data)
            if self.format is Format.BINARY:
                return self.first if written[0] & 0x80 else self.last  # the sign
            return self.first if written.startswith(b"-") or written.endswith(b"BC") else self.last


def _midnight(day: dt.date, zone: dt.timezone | None) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), tzinfo=zone)


_LOADERS: tuple[type[_BoundedLoader], ...] = tuple(
    type(
        f"_{kind}_{how.name}".title().replace("_", ""),
        (_BoundedLoader,),
        {"kind": kind, "format": how, "first": first, "last": last},
    )
    for kind, first, last in (
        ("date", FIRST_DAY, LAST_DAY),
        ("timestamp", _midnight(FIRST_DAY, None), _midnight(LAST_DAY, None)),
        ("timestamptz", _midnight(FIRST_DAY, dt.UTC), _midnight(LAST_DAY, dt.UTC)),
    )
    for how in (Format.TEXT, Format.BINARY)
)
