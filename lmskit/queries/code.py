"""The condition that a row has a code, which people type in any case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import ColumnElement, SQLColumnExpression


def is_code(column: SQLColumnExpression[str], typed: str) -> ColumnElement[bool]:
    """The condition that a code is the one typed, whatever their case."""
    return is_one_of_codes(column, [typed])


def is_one_of_codes(column: SQLColumnExpression[str], typed: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a code is one of those typed, whatever their case; no code has a NUL, which PostgreSQL refuses."""
    return func.lower(column).in_([func.lower(code) for code in typed if "\0" not in code])
