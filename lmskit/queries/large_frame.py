"""The result of a person's own SELECT as a table, fast also with millions of rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd
import psycopg
from psycopg.adapt import Transformer
from psycopg.pq import Format

from lmskit.db.arrow import reading
from lmskit.db.select_statement import with_values
from lmskit.db.values import json_value
from lmskit.errors import QueryError

if TYPE_CHECKING:
    import pyarrow as pa
    from sqlalchemy import Engine

_UNCHANGED = frozenset(
    {"int2", "int4", "int8", "float8", "bool", "text", "varchar", "bpchar", "name", "char", "date", "timestamp", "timestamptz", "bytea"}
)
"""PostgreSQL's types whose values the driver passes on unchanged."""
_CAST = {"numeric": "{}::float8", "float4": "{}::text::float8"}
"""Casts where the driver and `pandas.read_sql` differ: it returns a numeric as text, and 0.1 in single precision with wrong digits."""
_PLAIN = _UNCHANGED | _CAST.keys()
"""Types for which Arrow makes the right column; values of all others are written by the server as text and read one by one."""
_WITHOUT_ROWS = {"interval": "timedelta64[us]"}
"""The dtype of a column without values; for other types it is `object`."""
_WRITTEN = {"DateStyle": "ISO", "IntervalStyle": "postgres"}
"""Server settings for values as text, in the form that psycopg reads."""
STORED_CODE = "SELECT c.code FROM courses AS c WHERE lower(c.code) = lower(:course)"
_EXACT = 2**53
"""Above it, not every whole number is a float64."""
_YEARS_1_TO_9999 = (-62_135_596_800_000_000, 253_402_300_799_999_999)
_DAY = 86_400_000_000
"""Both in microseconds, from 1970."""


def read_frame(
    engine: Engine, statement: str, parameters: Mapping[str, object] | None = None, *, course: str | None = None
) -> pd.DataFrame:
    """Run one SELECT in a read-only transaction of its own and return its rows, in their order.

    Values and types are those of `pandas.read_sql`, except where those depend on the rows:

    - a column without any value, as in an empty result, has the type that its values would have; pandas says `object`;
    - whole numbers with gaps are `float64`, as in pandas, unless that would change a number: then they are `Int64`.

    Parameters
    ----------
    engine
        The engine of the person whose rights apply.
    statement
        One SELECT; ``:name`` stands for a value.
    parameters
        The values. A list is an array: ``WHERE code = ANY(:codes)``.
    course
        Code of a course to which the policies restrict the query, which makes a lecturer's query faster (see `queries.course.narrow`).

    Raises
    ------
    QueryError
        It is not one SELECT, the server cannot run it, or a date or time in it is not between the years 1 and 9999.
    UnreachableError, BusyError, NotPermittedError
        As in `transaction`.
    """
    complete = with_values(statement, parameters)
    with reading(engine) as reader:
        if course is not None and "\0" not in course:
            # The policies compare codes as they are stored.
            stored = reader.table(with_values(STORED_CODE, {"course": course})).column(0).to_pylist()
            reader.set({"lmskit.course": stored[0] if stored else course})
        described = reader.columns(complete)
        kinds = [_kind(column) for column in described]
        if not kinds:
            raise QueryError("The query has no columns.")
        if not _PLAIN.issuperset(kinds):
            reader.set(_WRITTEN)
        table = reader.table(_selected(complete, kinds))
    return _frame(table, described.names, kinds)


def _kind(column: pa.Field) -> str:
    """Return PostgreSQL's name of a column's type; an enumeration's values are text."""
    import pyarrow as pa

    name = (column.metadata or {}).get(b"POSTGRESQL:type", b"").decode()
    return "text" if pa.types.is_string(column.type) else name


def _selected(statement: str, kinds: list[str]) -> str:
    """Return a statement in which the server converts what the driver would change."""
    if all(kind in _UNCHANGED for kind in kinds):
        return statement
    names = [f"c{position}" for position in range(len(kinds))]
    columns = ", ".join(_expression(name, kind) for name, kind in zip(names, kinds, strict=True))
    return f"SELECT {columns} FROM ({statement}) AS q ({', '.join(names)})"  # noqa: S608 - the person's own statement, run as their own login


def _expression(name: str, kind: str) -> str:
    if kind in _UNCHANGED:
        return name
    # format() writes a value as its type does, which a cast to text may not. IS DISTINCT FROM NULL is true for all but a missing value.
    return _CAST[kind].format(name) if kind in _CAST else f"CASE WHEN {name} IS DISTINCT FROM NULL THEN format('%s', {name}) END"


def _frame(table: pa.Table, names: list[str], kinds: list[str]) -> pd.DataFrame:
    import pyarrow as pa

    table = table.rename_columns([str(position) for position in range(len(kinds))])
    plain = [position for position, kind in enumerate(kinds) if kind in _PLAIN]
    for position in plain:
        table = _checked(table, position, names[position])
    # One thread: a process in which Arrow's have been started can no longer be forked.
    frame: pd.DataFrame = (table if len(plain) == len(kinds) else table.select(plain)).to_pandas(use_threads=False)
    columns: dict[str, Any] = {}
    for position, kind in enumerate(kinds):
        key, column = str(position), table.column(position)
        if position not in plain:
            columns[key] = _loaded(column, kind, names[position])
        elif pa.types.is_integer(column.type) and column.null_count and not _fits(column):
            columns[key] = pd.array(column.to_pylist(), dtype="Int64")
    # The table is only copied if a column has changed.
    whole = frame.assign(**columns)[[str(position) for position in range(len(kinds))]] if columns else frame
    whole.columns = pd.Index(names)
    return whole


def _checked(table: pa.Table, position: int, name: str) -> pa.Table:
    """Widen whole numbers as pandas does, and refuse times that a table cannot hold: the driver would pass on other times."""
    import pyarrow as pa
    from pyarrow import compute

    column = table.column(position)
    if pa.types.is_integer(column.type):
        return table if column.type == pa.int64() else table.set_column(position, str(position), column.cast(pa.int64()))
    if pa.types.is_date(column.type):
        first, last = (limit // _DAY for limit in _YEARS_1_TO_9999)
        ends = compute.min_max(column.cast(pa.int32()))
    elif pa.types.is_timestamp(column.type):
        first, last = _YEARS_1_TO_9999
        ends = compute.min_max(column.cast(pa.int64()))
    else:
        return table
    if column.null_count < len(column) and not first <= ends["min"].as_py() <= ends["max"].as_py() <= last:
        raise QueryError(
            f"The column {name} has infinity or a year that is not between 1 and 9999, which a table cannot hold. "
            f"Exclude such rows, or write nullif({name}, 'infinity')."
        )
    return table


def _fits(column: pa.ChunkedArray) -> bool:
    from pyarrow import compute

    ends = compute.min_max(column)
    return ends["min"].as_py() is None or -_EXACT <= ends["min"].as_py() <= ends["max"].as_py() <= _EXACT


def _loaded(column: pa.ChunkedArray, kind: str, name: str) -> Any:  # noqa: ANN401 - whatever pandas makes of it
    """Read values as psycopg does, and their type as pandas does."""
    written = column.to_pylist()
    if column.null_count == len(written):
        return pd.Series(written, dtype=_WITHOUT_ROWS.get(kind, "object"))
    read = json_value if kind in {"json", "jsonb"} else _reader(kind)
    try:
        values = [None if text is None else read(text) for text in written]
    except psycopg.DataError as error:
        raise QueryError(f"The column {name} has a value that a table cannot hold: {error}.") from error
    return pd.DataFrame.from_records([(value,) for value in values], columns=["value"], coerce_float=True)["value"]


def _reader(kind: str) -> Callable[[str], Any]:
    load = Transformer().get_loader(_oid(kind), Format.TEXT).load
    return lambda text: load(text.encode())


def _oid(kind: str) -> int:
    """Return the oid of a type; 0 if psycopg does not have it and reads it as text."""
    types = psycopg.adapters.types
    if kind.startswith("unnamed<oid:"):
        return int(kind.removeprefix("unnamed<oid:").removesuffix(">"))
    known = types.get(kind.removeprefix("_"))
    if known is None:
        return 0
    return known.array_oid if kind.startswith("_") else known.oid
