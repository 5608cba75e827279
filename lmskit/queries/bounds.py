"""Rows from before a bound of their table, which the bound refuses since then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg import sql
from sqlalchemy import text

from lmskit.db.bulk import connection_of

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

MOST_NAMED = 5
"""Rows of a table that are named; the statement in the sentence finds all of them."""


@dataclass(frozen=True, slots=True)
class UnmetBound:
    """A check constraint that the database applies to new and changed rows alone.

    Attributes
    ----------
    constraint, table
        Their names.
    condition
        What each row has to meet, in SQL.
    n_rows
        Rows that do not meet it, among those that the signed-in person can see.
    first_keys
        The primary keys of the first `MOST_NAMED` of them, their columns joined by a slash.
    """

    constraint: str
    table: str
    condition: str
    n_rows: int
    first_keys: tuple[str, ...]

    def find(self) -> str:
        """Return the statement that finds the rows."""
        return f"SELECT * FROM {self.table} WHERE NOT ({self.condition})"  # noqa: S608 - names and condition are the catalogue's


def unmet_bounds(session: Session) -> list[UnmetBound]:
    """The constraints that are not valid for every row, by name, with their rows; without tables that the person may not read."""
    declared = session.execute(
        text(
            "SELECT c.conname, t.relname, pg_get_expr(c.conbin, c.conrelid) AS condition,"
            " (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_index AS i"
            "  JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)"
            "  WHERE i.indrelid = c.conrelid AND i.indisprimary) AS key"
            " FROM pg_constraint AS c JOIN pg_class AS t ON t.oid = c.conrelid"
            " WHERE c.connamespace = 'lms'::regnamespace AND c.contype = 'c' AND NOT c.convalidated"
            " AND (SELECT bool_and(has_column_privilege(c.conrelid, a.attnum, 'SELECT')) FROM pg_attribute AS a"
            "  WHERE a.attrelid = c.conrelid AND (a.attnum = ANY (c.conkey) OR a.attname = 'id'))"
            " ORDER BY t.relname, c.conname"
        )
    ).all()
    connection = connection_of(session)
    found = []
    for name, table, condition, key in declared:
        statement = sql.SQL(
            "SELECT count(*), (array_agg(concat_ws('/', {key}) ORDER BY {key}))[:{most}] FROM {table} WHERE NOT ({condition})"
        ).format(
            key=sql.SQL(", ").join(map(sql.Identifier, key)),
            most=sql.Literal(MOST_NAMED),
            table=sql.Identifier(table),
            condition=sql.SQL(condition),
        )
        (row,) = connection.execute(statement).fetchall()
        found.append(UnmetBound(name, table, condition, int(str(row[0])), tuple(row[1] or ())))  # type: ignore[arg-type]
    return found
