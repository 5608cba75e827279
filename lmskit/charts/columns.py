"""What a chart needs of its table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.errors import ColumnsMissingError, InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd


def need(table: pd.DataFrame, columns: Sequence[str], *, chart: str) -> None:
    """Refuse a table that lacks columns, naming them.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ColumnsMissingError(subject=chart, missing=missing, present=[str(column) for column in table.columns])


def need_once(table: pd.DataFrame, keys: Sequence[str], *, chart: str) -> None:
    """Refuse a table with two rows for one key: a chart could only show one of them.

    Raises
    ------
    InputError
        It names the first such key.
    """
    twice = table.duplicated(list(keys))
    if twice.any():
        first = table.loc[twice, list(keys)].iloc[0]
        message = f"{chart} needs one row per {' and '.join(keys)}, and there are several for {', '.join(str(key) for key in first)}."
        raise InputError(message)


def need_one(table: pd.DataFrame, column: str, *, chart: str) -> None:
    """Refuse a table about more than one student.

    Raises
    ------
    InputError
        It says how many there are.
    """
    several = table[column].nunique()
    if several > 1:
        message = f"{chart} is about one {column}, and the table holds {several}; select one first."
        raise InputError(message)
