"""A SELECT written by a person, with values for its named parameters.

Values become literals, quoted by psycopg: the rows of a large result are read by COPY, which takes no parameters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from lmskit.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The beginnings of text in which a colon or a semicolon has no meaning, and these two themselves.
_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\* )
    | (?P<text> \b[eE]'(?:[^'\\]|\\.|'')*' | '(?:[^']|'')*' | "(?:[^"]|"")*" | (?<!\w)\$(?P<tag>(?!\d)\w*)\$.*?\$(?P=tag)\$ )
    | ::
    | (?<![\w\])]):(?P<name>[A-Za-z_]\w*)
    | (?P<end> ; )
    """,
    re.VERBOSE | re.DOTALL,
)
_NESTING = re.compile(r"/\*|\*/")
_OF_ROWS = re.compile(r"[\s(]*(select|with|values|table)\b", re.IGNORECASE)


def with_values(statement: str, parameters: Mapping[str, object] | None = None) -> str:
    """Return the statement without comments, its `:names` replaced by the values.

    Text, quoted names, casts (``::date``) and slices (``a[1:n]``) stay as they are.

    Raises
    ------
    QueryError
        It is not one statement with rows, a name has no value, a value has no name, or a value cannot be written in SQL.

    Examples
    --------
    >>> print(with_values("SELECT ':b'::text, :code -- why?", {"code": "CS'1"}))
    SELECT ':b'::text, 'CS''1'
    """
    values = {name: _literal(name, value) for name, value in (parameters or {}).items()}
    used: set[str] = set()
    parts = list(_parts(statement, None if parameters is None else values, used))
    if unused := sorted(values.keys() - used):
        raise QueryError(f"The query has no :{unused[0]}, and a value was given for it.")
    ends = [number for number, part in enumerate(parts) if part is None]
    if ends and any(part and part.strip() for part in parts[ends[0] :]):
        raise QueryError("A query is one statement. This one has more text after its semicolon; remove it.")
    whole = "".join(part for part in parts if part is not None).strip()
    if not _OF_ROWS.match(whole):
        raise QueryError("Only a query with rows can be read into a table. Begin it with SELECT, WITH, VALUES or TABLE.")
    return whole


def _parts(statement: str, values: Mapping[str, str] | None, used: set[str]) -> Iterator[str | None]:
    """Cut the statement into parts, with values instead of names and None for each semicolon."""
    position = 0
    while found := _TOKEN.search(statement, position):
        yield statement[position : found.start()]
        position = found.end()
        if found["comment"] is not None:
            position = _after_comment(statement, found.start()) if found["comment"] == "/*" else position
            yield " " + "\n" * statement.count("\n", found.start(), position)  # lines keep their numbers
        elif found["end"] is not None:
            yield None
        elif found["name"] is not None and values is not None:
            if found["name"] not in values:
                raise QueryError(f"The query has :{found['name']}, and no value was given for it.")
            used.add(found["name"])
            yield values[found["name"]]
        else:
            yield found.group()
    yield statement[position:]


def _after_comment(statement: str, start: int) -> int:
    depth, position = 0, start
    while found := _NESTING.search(statement, position):
        position = found.end()
        depth += 1 if found.group() == "/*" else -1
        if depth == 0:
            return position
    return len(statement)  # never closed: the rest is comment


def _literal(name: str, value: object) -> str:
    try:
        return sql.Literal(value).as_string(None).strip()
    except (psycopg.Error, UnicodeError) as error:
        raise QueryError(f"The value of :{name} cannot be written in SQL ({error}).") from error
