"""Many rows at once, in and out, within the session's transaction.

In: COPY into a temporary table, from which one statement validates and inserts. COPY FROM is not supported on tables with row
security, so data always go through a staging table.

Out: PostgreSQL takes most of the time of reading numbers to make rows of them. A statement that joins what the binary protocol writes
of each number (`int8send`, `float8send`, `timestamptz_send`) into a few long strings gives the same in a third of the time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np
from psycopg import Connection, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy.typing as npt
    from sqlalchemy.orm import Session

    Columns: TypeAlias = dict[str, npt.NDArray[Any]]

# Of binary COPY: signature, flags and an empty extension; at the end, a number of fields that no row has.
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROWS_AT_ONCE = 100_000
_BLOCKS_AT_ONCE = 1024
"""Blocks of a table in one range: 8 MiB, so that the server reads on while the last range is on its way."""

# In ----------------------------------------------------------------------------------------------------


def stage(session: Session, name: str, columns: Mapping[str, str]) -> None:
    """Create a temporary table that is dropped at the end of the transaction.

    Parameters
    ----------
    session
        A session of an administrator: no other login may create temporary tables.
    name
        Name of the table; it hides a table of the schema that has the same name.
    columns
        Names and SQL types, such as ``{"student": "bigint", "score": "numeric"}``. The types become part
        of the statement unquoted, so they must come from code, never from a file.
    """
    definitions: list[sql.Composable] = [sql.SQL("{} {}").format(sql.Identifier(column), sql.SQL(kind)) for column, kind in columns.items()]
    statement = sql.SQL("CREATE TEMPORARY TABLE {} ({}) ON COMMIT DROP").format(sql.Identifier(name), sql.SQL(", ").join(definitions))
    connection_of(session).execute(statement)


def copy_rows(
    session: Session, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]], *, types: Sequence[str] | None = None
) -> int:
    """Write rows with COPY, within the session's transaction, and return how many there were.

    Parameters
    ----------
    session
        The transaction to write in; nothing is committed.
    table
        A staging table.
    columns
        The columns that each row gives, in its order.
    rows
        Read one by one, so they may be a generator over a file of any size. None is NULL.
    types
        Names of the columns' types. If given, COPY is binary, and the types must fit the values exactly (an `int` for ``int8``).
        Without them the server reads the values from text.
    """
    connection = connection_of(session)
    statement = sql.SQL("COPY {} ({}) FROM STDIN{}").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns)), sql.SQL(" (FORMAT BINARY)" if types else "")
    )
    with connection.cursor() as cursor:
        with cursor.copy(statement) as copy:
            if types:
                copy.set_types(types)
            for row in rows:
                copy.write_row(row)
        return cursor.rowcount


def copy_array(session: Session, table: str, rows: np.ndarray) -> int:
    """Write a structured array with COPY, within the session's transaction, and return how many rows there were.

    Parameters
    ----------
    session
        The transaction to write in; nothing is committed.
    table
        A staging table with a column of the same name for each field: `smallint`, `integer`, `bigint` or `double precision` for
        numbers of two, four or eight bytes. No value is null.
    rows
        Millions of rows take a second, because no value becomes a Python object.
    """
    names = rows.dtype.names or ()
    row: list[tuple[str, str]] = [("n_fields", ">i2")]
    for name in names:
        row += [(f"length of {name}", ">i4"), (name, rows.dtype[name].newbyteorder(">").str)]
    statement = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT BINARY)").format(
        sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, names))
    )
    with connection_of(session).cursor() as cursor:
        with cursor.copy(statement) as copy:
            copy.write(_HEADER)
            for start in range(0, len(rows), _ROWS_AT_ONCE):
                part = rows[start : start + _ROWS_AT_ONCE]
                written = np.empty(len(part), dtype=row)
                written["n_fields"] = len(names)
                for name in names:
                    written[f"length of {name}"] = rows.dtype[name].itemsize
                    written[name] = part[name]
                copy.write(written.tobytes())
            copy.write(_TRAILER)
        return cursor.rowcount


def connection_of(session: Session) -> Connection[tuple[object, ...]]:
    """Return psycopg's connection under the session, after writing what the session has pending."""
    session.flush()
    return cast("Connection[tuple[object, ...]]", session.connection().connection.driver_connection)


# Out ---------------------------------------------------------------------------------------------------


def packed_rows(session: Session, statement: sql.Composed, parameters: Mapping[str, object]) -> Iterator[tuple[Any, ...]]:
    """Run one SELECT and return its rows one by one, as they arrive; a packed string is `bytes`, or None if it packs no row.

    Until the last row has been taken, the session can do nothing else.
    """
    with connection_of(session).cursor(binary=True) as cursor:
        yield from cursor.stream(statement, parameters)


def unpacked(strings: Iterable[bytes | None], kind: np.dtype[Any]) -> Columns:
    """Return the columns of packed rows, shape (rows,) each, in the machine's own byte order.

    Parameters
    ----------
    strings
        Packed strings of whole rows. Each is released before the next is read.
    kind
        Names and types of a row's numbers, most significant byte first, such as ``[("id", ">i8")]``.
    """
    pieces: list[Columns] = [_columns(string or b"", kind) for string in strings] or [_columns(b"", kind)]
    return {name: np.concatenate([piece.pop(name) for piece in pieces]) for name in kind.names or ()}


def block_ranges(table: str) -> tuple[sql.Composed, sql.Composed]:
    """Return SQL that reads a table in ranges of blocks, from end to end.

    Returns
    -------
    ranges
        What to select from: the first block of each range, as `block_range (first_block)`.
    within
        The condition for rows `a` of the table in one such range.
    """
    ranges = sql.SQL(
        "generate_series(0, pg_relation_size({}) / current_setting('block_size')::bigint, {}) AS block_range (first_block)"
    ).format(table, _BLOCKS_AT_ONCE)
    within = sql.SQL(
        "a.ctid >= format('(%%s,0)', block_range.first_block)::tid AND a.ctid < format('(%%s,0)', block_range.first_block + {})::tid"
    ).format(_BLOCKS_AT_ONCE)
    return ranges, within


def _columns(string: bytes, kind: np.dtype[Any]) -> Columns:
    rows = np.frombuffer(string, kind)
    return {name: rows[name].astype(rows.dtype[name].newbyteorder("=")) for name in kind.names or ()}
