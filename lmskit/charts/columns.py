"""Columns that several charts need, and checks of the rows of a table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lmskit.columns import NAME, TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

LEVEL = Column("level", "str", "`Level`")
LOW = Column("low", "float64", "lower end of the 90 % interval; NaN without an interval")
HIGH = Column("high", "float64", "upper end of the 90 % interval; NaN without an interval")

CELLS = Columns(
    Column("student_id", "int64"),
    NAME,
    WEEK_NUMBER,
    TOPIC,
    Column("value", "float64", "mastery value from 0 to 1; NaN if not assessed"),
    LOW,
    HIGH,
    Column("n_evidence", "int64", "units of evidence"),
    LEVEL,
)
"""One row per student and week."""


def with_interval(name: str, meaning: str) -> tuple[Column, Column, Column]:
    """Return the columns of a value and of the two ends of its interval."""
    return (
        Column(name, "float64", meaning),
        Column(f"{name}_low", "float64", LOW.meaning),
        Column(f"{name}_high", "float64", HIGH.meaning),
    )


def need_unique(table: pd.DataFrame, keys: Sequence[str], *, subject: str) -> None:
    """Refuse a table with two rows of the same key: a chart could show only one of them.

    Raises
    ------
    InputError
        It names the first such key.
    """
    repeated = table.duplicated(list(keys))
    if repeated.any():
        first = table.loc[repeated, list(keys)].iloc[0]
        message = f"{subject} needs one row per {' and '.join(keys)}; there are several for {', '.join(str(key) for key in first)}."
        raise InputError(message)


def need_single(table: pd.DataFrame, column: str, *, subject: str) -> None:
    """Refuse a table with more than one value in a column, such as a table of several students.

    Raises
    ------
    InputError
        It says how many there are.
    """
    n = table[column].nunique()
    if n > 1:
        message = f"{subject} shows one {column}, but the table has {n}. Select one of them first."
        raise InputError(message)
