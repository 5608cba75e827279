"""The fast way in: COPY into a temporary table, from where one statement validates and inserts.

COPY FROM is not supported on tables with row security, so data always come through a staging table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
from psycopg import Connection, sql

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from sqlalchemy.orm import Session

# Of binary COPY: signature, flags and the length of an extension that is not there; and the number of fields that no row has.
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
_ROWS_AT_ONCE = 100_000


def stage(session: Session, name: str, columns: Mapping[str, str]) -> None:
    """Create a temporary table that goes with the transaction.

    Parameters
    ----------
    session
        Of an administrator: nobody else may create temporary tables.
    name
        Name of the table; it hides a table of the schema that has the same name.
    columns
        Names and SQL types, such as ``{"student": "bigint", "score": "numeric"}``. The types go into the
        statement as they stand: they come from code, never from a file.
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
        Taken one by one, so a generator over a file of any size will do. None is NULL.
    types
        Where given, COPY is binary: the names of the columns' types, which then have to fit the values
        exactly (an `int` for ``int8``). Without it the server reads the values from text.
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
        numbers of two, four or eight bytes. None is null.
    rows
        Millions take a second: no value becomes a Python object.
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
    """Return psycopg's connection under the session, with what the session had pending written first."""
    session.flush()
    return cast("Connection[tuple[object, ...]]", session.connection().connection.driver_connection)
