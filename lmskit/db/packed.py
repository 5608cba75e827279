"""The fast way out: many numbers of many rows as one string, within the session's transaction.

PostgreSQL takes most of the time to read rows for making rows of them. A statement that joins what the binary protocol writes of
each number (`int8send`, `float8send`, `timestamptz_send`) into a few long strings gives the same in a third of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from psycopg import sql

from lmskit.db.staging import connection_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import numpy.typing as npt
    from sqlalchemy.orm import Session

    Columns: TypeAlias = dict[str, npt.NDArray[Any]]

_BLOCKS = 1024
"""Of a table, in one stretch: 8 MiB, so that the server reads on while the last one is on its way."""


def packed_rows(session: Session, statement: sql.Composed, parameters: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    """Run one SELECT and return its rows one by one, as they arrive; a string is `bytes`, or None where it has no row.

    Until the last row has been taken, the session can do nothing else.
    """
    with connection_of(session).cursor(binary=True) as cursor:
        yield from cursor.stream(statement, parameters)


def unpacked(strings: Iterable[bytes | None], kind: np.dtype[Any]) -> Columns:
    """Return the columns of packed rows, shape (rows,) each, in the machine's own byte order.

    Parameters
    ----------
    strings
        Each of whole rows. They are let go of one by one.
    kind
        Names and types of a row's numbers, the most significant byte first, such as ``[("id", ">i8")]``.
    """
    pieces: list[Columns] = [_columns(string or b"", kind) for string in strings] or [_columns(b"", kind)]
    return {name: np.concatenate([piece.pop(name) for piece in pieces]) for name in kind.names or ()}


def stretches(table: str) -> tuple[sql.Composed, sql.Composed]:
    """A table from end to end in stretches: what gives their first blocks, as `place (block)`, and which rows `a` are in that place."""
    places = sql.SQL("generate_series(0, pg_relation_size({}) / current_setting('block_size')::bigint, {}) AS place (block)").format(
        table, _BLOCKS
    )
    within = sql.SQL("a.ctid >= format('(%%s,0)', place.block)::tid AND a.ctid < format('(%%s,0)', place.block + {})::tid").format(_BLOCKS)
    return places, within


def _columns(string: bytes, kind: np.dtype[Any]) -> Columns:
    rows = np.frombuffer(string, kind)
    return {name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in kind.names or ()}
