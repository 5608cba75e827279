"""What rows are ordered by in time, as numbers that can be compared quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt

_NUMBERS = frozenset({"integer", "floating", "mixed-integer-float", "decimal", "boolean"})


def moments(column: pd.Series) -> npt.NDArray[Any]:
    """Times or numbers as numbers that sort as they do, whatever type the column has; a missing one sorts first.

    Only to be compared: neither their distances nor their size mean anything.

    Raises
    ------
    InputError
        Something is neither a number nor a time, as text of another kind: it would sort 10 before 9.

    Examples
    --------
    >>> moments(pd.Series([10, None, 9], dtype="object")).argsort().tolist()
    [1, 2, 0]
    >>> moments(pd.to_datetime(pd.Series(["2026-02-01", None, "2026-01-01"]))).argsort().tolist()
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
            # A missing one has the code -1. Whole numbers stay exact, also beyond what a float64 can tell apart.
            return pd.factorize(plain, sort=True)[0]
        try:
            times = pd.to_datetime(plain, utc=True, format="ISO8601")
        except (TypeError, ValueError) as error:
            reason = str(error).partition("\n")[0].rstrip(".")
            message = (
                f"The column {column.name} holds something that is neither a time nor a number ({reason}); "
                "convert it with pandas.to_datetime first."
            )
            raise InputError(message) from error
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.to_numpy().view("int64")  # a missing time is the smallest int64
