"""Temporary tables that are declared by the type of their rows."""

from __future__ import annotations

import datetime as dt
from types import UnionType
from typing import TYPE_CHECKING, Annotated, Generic, TypeAlias, TypeVar, Union, get_args, get_origin, get_type_hints

from sqlalchemy import text

from lmskit.db.bulk import copy_rows, stage

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy.orm import Session

R = TypeVar("R", bound=tuple[object, ...])

Int8: TypeAlias = Annotated[int, "int8"]
SQL_TYPES: dict[object, str] = {str: "text", bool: "bool", int: "int4", float: "float8", dt.date: "date", dt.datetime: "timestamptz"}


def columns_of(row: type[tuple[object, ...]]) -> dict[str, str]:
    """Return the columns of a table whose rows are of this named tuple, with PostgreSQL's short names of their types.

    Examples
    --------
    >>> from typing import NamedTuple
    >>> class Row(NamedTuple):
    ...     n: int
    ...     person_id: Int8
    ...     title: str | None
    >>> columns_of(Row)
    {'n': 'int4', 'person_id': 'int8', 'title': 'text'}
    """
    return {name: _sql_type(hint) for name, hint in get_type_hints(row, include_extras=True).items()}


def _sql_type(hint: object) -> str:
    if get_origin(hint) is Annotated:
        return str(get_args(hint)[1])
    if get_origin(hint) in {Union, UnionType}:
        (hint,) = (part for part in get_args(hint) if part is not type(None))
        return _sql_type(hint)
    return SQL_TYPES[hint]


class StagingTable(Generic[R]):
    """A temporary table; the fields of `row`, a named tuple, are its columns."""

    def __init__(self, name: str, row: type[R], *, key: str | None = None) -> None:
        self.name, self.key = name, key
        self.columns = columns_of(row)

    def create(self, session: Session) -> None:
        """Create the empty table; it is dropped when the transaction ends."""
        definitions = {name: f"{kind} PRIMARY KEY" if name == self.key else kind for name, kind in self.columns.items()}
        stage(session, self.name, definitions)

    def copy(self, session: Session, rows: Iterable[R]) -> int:
        """Add rows by binary COPY, and return how many there were."""
        return copy_rows(session, self.name, list(self.columns), rows, types=list(self.columns.values()))

    def fill(self, session: Session, rows: Iterable[R]) -> int:
        """Create the table with these rows and its statistics, and return how many rows there were."""
        self.create(session)
        count = self.copy(session, rows)
        analyze(session, self.name)
        return count


def analyze(session: Session, table: str) -> None:
    """Collect statistics of a temporary table for the planner; PostgreSQL does not do it by itself."""
    quoted = session.connection().dialect.identifier_preparer.quote(table)
    session.execute(text(f"ANALYZE pg_temp.{quoted}"))
