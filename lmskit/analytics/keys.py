"""Keys of a table, such as students and weeks, as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lmskit.errors import InputError

if TYPE_CHECKING:
    import numpy.typing as npt


def numbered(column: pd.Series, *, empty: str) -> tuple[npt.NDArray[np.int64], pd.Index[Any]]:
    """Number the distinct values of a column in their order.

    Parameters
    ----------
    column
        Numbers or texts, none missing.
    empty
        What follows in the sentence about missing ones, after how many rows there are.

    Returns
    -------
    code, distinct
        For each row the place of its value in `distinct`, from 0; the values, sorted.

    Raises
    ------
    InputError
        A value is missing, or the values have no common order.

    Examples
    --------
    >>> code, weeks = numbered(pd.Series([3, 1, 3], name="week"), empty="; every score belongs to a week.")
    >>> code.tolist(), weeks.tolist()
    ([1, 0, 1], [1, 3])
    """
    try:
        code, distinct = pd.factorize(column, sort=True)
    except TypeError as error:
        message = f"The column {column.name} mixes kinds of values that have no common order; use only numbers or only text."
        raise InputError(message) from error
    unnamed = int((code < 0).sum())
    if unnamed:
        raise InputError(f"The column {column.name} is empty in {unnamed} row{'s' if unnamed > 1 else ''}{empty}")
    return code.astype(np.int64, copy=False), pd.Index(distinct)
