"""Columns that rows are grouped and sorted by, such as students, weeks and times, as numbers that are quick to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal", "boolean"})


def numbered_keys(column: pd.Series, *, empty: str) -> tuple[npt.NDArray[np.int64], pd.Index[Any]]:
    """Number the distinct values of a column in their order.

    Parameters
    ----------
    column
        Numbers or texts, none missing.
    empty
        How the error message about missing values goes on after the number of rows.

    Returns
    -------
    code, distinct
        For each row the index of its value in `distinct`, from 0; the values, sorted.

    Raises
    ------
    InputError
        A value is missing, or the values have no common order.

    Examples
    --------
    >>> code, weeks = numbered_keys(pd.Series([3, 1, 3], name="week"), empty="; every score belongs to a week.")
    >>> code.tolist(), weeks.tolist()
    ([1, 0, 1], [1, 3])
    """
    try:
        code, distinct = pd.factorize(column, sort=True)
    except TypeError as error:
        message = f"The column {column.name} mixes kinds of values that have no common order; use only numbers or only text."
        raise InputError(message) from error
    missing = int((code < 0).sum())
    if missing:
        raise InputError(f"The column {column.name} is empty in {missing} row{'s' if missing > 1 else ''}{empty}")
    return code.astype(np.int64, copy=False), pd.Index(distinct)


def timestamps(column: pd.Series) -> npt.NDArray[Any]:
    """Times, or numbers instead of times, as numbers in the same order, whatever type the column has; a missing time sorts first.

    Use the result for comparisons only: neither its differences nor its size mean anything.

    Raises
    ------
    InputError
        A value is neither a number nor a time. Text of another kind is refused because it would sort 10 before 9.

    Examples
    --------
    >>> timestamps(pd.Series([10, None, 9], dtype="object")).argsort().tolist()
    [1, 2, 0]
    >>> timestamps(pd.to_datetime(pd.Series(["2026-02-01", None, "2026-01-01"]))).argsort().tolist()
    [1, 2, 0]
    """
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "i":
        return column.to_numpy()
    if isinstance(column.dtype, np.dtype) and column.dtype.kind == "f":
        return np.where(np.isnan(column), -np.inf, column)
    if pd.api.types.is_datetime64_any_dtype(column.dtype):
        times = column
    else:
        plain = column.astype(object)
        if pd.api.types.infer_dtype(plain, skipna=True) in _NUMBERS:
            # A missing value has the code -1. Whole numbers stay exact, also beyond what a float64 can distinguish.
            return pd.factorize(plain, sort=True)[0]
        try:
            times = pd.to_datetime(plain, utc=True, format="ISO8601")
        except (TypeError, ValueError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            message = (
                f"The column {column.name} contains something that is neither a time nor a number ({reason}); "
                "convert it with pandas.to_datetime first."
            )
            raise InputError(message) from error
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.to_numpy().view("int64")  # a missing time is the smallest int64
