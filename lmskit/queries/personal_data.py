"""What lmskit knows about a person: the columns that hold ids, logins and texts, and what names a person in a text."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.errors import PersonGoneError
from lmskit.queries.person import person_by_email

if TYPE_CHECKING:
    from collections.abc import Collection

    from sqlalchemy.orm import Session

_SURROUNDINGS = re.compile(r"\(\?<?![^()]*\)")
MOST_DIGITS = 19
"""Of a number that PostgreSQL still takes."""


class PersonColumn(NamedTuple):
    """A column that holds the id of a person; `by_key` is the foreign key, None for a column that is known by its name."""

    table: str
    column: str
    by_key: str | None


class TextColumn(NamedTuple):
    """A column that can hold what a person typed or a file contained."""

    table: str
    column: str
    type: str
    is_key: bool
    """Whether its value names the row, alone or with others."""
    is_login: bool
    """Whether it holds the login that made the row."""


class FoundText(NamedTuple):
    """How many rows of a column name a person."""

    table: str
    column: str
    n_rows: int


def person_columns(session: Session) -> list[PersonColumn]:
    """Every column of the database that holds the id of a person, by table and column."""
    return [PersonColumn(*row) for row in session.execute(text(_statement("person_columns.sql")))]


def text_columns(session: Session) -> list[TextColumn]:
    """Every column of the database that can hold a text, by table and column; also of types that nothing here can read."""
    return [TextColumn(*row) for row in session.execute(text(_statement("text_columns.sql")))]


def naming_pattern(session: Session, person_id: int, *, family_alone: bool = False) -> str | None:
    """A regular expression, of PostgreSQL and of Python, for what names this person and no other; None if nothing does.

    It finds addresses, full names in both orders and ids of other systems, with capitals in any form, also former ones that the audit
    trail has; the family name alone only with `family_alone`. Only administrators can ask.
    """
    statement = text("SELECT lms.naming_pattern(:person, :family)")
    found: str | None = session.scalar(statement, {"person": person_id, "family": family_alone})
    return found


def without_surroundings(pattern: str) -> str:
    r"""The pattern without what it says of the characters before and after a name: it finds more, and is several times as fast.

    Examples
    --------
    >>> print(without_surroundings(r"(?<![^\W_])Ada\s+Bell(?![^\W_])"))
    Ada\s+Bell
    """
    return _SURROUNDINGS.sub("", pattern)


def texts_naming(session: Session, pattern: str, among: Collection[tuple[str, str]] | None = None) -> list[FoundText]:
    """The columns in which a text has what the pattern finds, with the number of such rows; the person's own row counts too.

    Parameters
    ----------
    among
        The columns to look at, as table and column; by default all.
    """
    found = []
    for table, every_column in columns_by_table(session).items():
        columns = [column for column in every_column if among is None or (table, column.column) in among]
        if not columns:
            continue
        counts = ", ".join(f"count(*) FILTER (WHERE {condition(column)})" for column in columns)
        row = session.execute(text(f"SELECT {counts} FROM lms.{table}"), patterns(pattern)).one()  # noqa: S608 - names of the catalogue
        found += [FoundText(table, column.column, n) for column, n in zip(columns, row, strict=True) if n]
    return found


def columns_by_table(session: Session) -> dict[str, list[TextColumn]]:
    """The text columns of each table, without that of passwords, which nobody can read."""
    by_table: dict[str, list[TextColumn]] = {}
    for column in text_columns(session):
        if (column.table, column.column) != ("users", "password_hash"):
            by_table.setdefault(column.table, []).append(column)
    return by_table


def person_id_of(session: Session, who: str) -> int:
    """The id of the person with this address, or with this number.

    A number is taken as it is: a person who was deleted has no row, and may still be erased from what names them.

    Raises
    ------
    PersonGoneError
        Nobody has the address.
    """
    if who.strip().isdecimal() and len(who.strip()) < MOST_DIGITS:
        return int(who)
    person = person_by_email(session, who)
    if person is None:
        raise PersonGoneError(person=who)
    return person.id


LOGINS = """
SELECT DISTINCT login FROM (
    SELECT db_role AS login FROM users WHERE id = :person
    UNION ALL
    SELECT d.document ->> 'login' FROM audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
    WHERE a.table_name = 'users' AND a.row_key = CAST(:person AS text)
) AS found WHERE login IS NOT NULL
"""


ADDRESSES = """
SELECT DISTINCT address FROM (
    SELECT email AS address FROM users WHERE id = :person
    UNION ALL
    SELECT d.document ->> 'email' FROM audit_log AS a CROSS JOIN LATERAL (VALUES (a.old), (a.new)) AS d (document)
    WHERE a.table_name = 'users' AND a.row_key = CAST(:person AS text)
) AS found
WHERE address IS NOT NULL AND NOT EXISTS (SELECT FROM users AS o WHERE o.id <> :person AND o.email = address)
"""


def addresses_of(session: Session, person_id: int) -> list[str]:
    """The address of a person and earlier ones, which the audit trail has, without those that another person has now."""
    return list(session.scalars(text(ADDRESSES), {"person": person_id}))


def logins_of(session: Session, person_id: int) -> list[str]:
    """The login of a person and those under earlier addresses, which the audit trail has."""
    return list(session.scalars(text(LOGINS), {"person": person_id}))


def condition(column: TextColumn) -> str:
    """The condition that a column has what `patterns` finds; JSON, arrays and text vectors are looked at as they are written."""
    written = f'"{column.column}"' if column.type == "text" else f'"{column.column}"::text'
    return f"CASE WHEN {written} ~* :plain THEN {written} ~* :pattern ELSE false END"


def patterns(pattern: str) -> dict[str, str]:
    """The parameters of `condition`."""
    return {"pattern": pattern, "plain": without_surroundings(pattern)}


def _statement(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")
