"""The marks of a quiz as arrays: checked, unanswered items counted as 0, and brought to a scale on which nothing overflows."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.errors import MarksError

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

NEGLIGIBLE_SPREAD = 1e-9
"""A standard deviation of at most this share of the maximum mark is none: in floats, equal totals differ by rounding."""
NEGLIGIBLE_COVARIANCE = 1e-12
"""A covariance of at most this share of the product of both maximum marks is 0."""


@dataclass(frozen=True)
class Marks:
    """Marks of attempts on items, divided by ``2**exponent``, which costs no digit.

    Attributes
    ----------
    items
        Their names, as the index of results.
    x
        Shape (attempts, items); 0 where an item was not answered.
    maxima
        Shape (items,).
    exponent
        What the marks were scaled by.
    """

    items: pd.Index
    x: Floats
    maxima: Floats
    exponent: int

    @property
    def units(self) -> Floats:
        """What counts as large for each item: its maximum mark, or what somebody got beyond it."""
        units: Floats = np.maximum(self.maxima, self.x.max(axis=0, initial=0.0))
        return units

    @property
    def total_unit(self) -> float:
        """What counts as large for the totals."""
        return float(max(self.maxima.sum(), self.x.sum(axis=1).max(initial=0.0)))

    def in_marks(self, scaled: npt.ArrayLike) -> Floats:
        """Bring numbers of the dimension of a mark back to the scale they came in."""
        with np.errstate(over="ignore", under="ignore"):
            marks: Floats = np.ldexp(np.asarray(scaled, dtype=np.float64), self.exponent)
        return marks


def checked(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> Marks:
    """Read marks, and refuse what cannot be marks.

    Parameters
    ----------
    scores
        Rows are attempts, columns are items; a missing mark means that the item was not answered.
    max_scores
        The maximum mark of every column; those of other items are passed over.

    Raises
    ------
    MarksError
        An item's name is there twice or its maximum is not known, or a mark is text, negative or infinite.
    """
    if isinstance(scores.columns, pd.MultiIndex):
        raise MarksError("Items have names of several levels. Give each item one name, as with scores.columns.map('/'.join).")
    twice = scores.columns[scores.columns.duplicated()]
    if len(twice):
        raise MarksError(f"There is more than one item {str(twice[0])!r}. Give each item a name of its own.")
    maxima = _maxima(scores.columns, max_scores)
    x = np.empty(scores.shape, dtype=np.float64)
    for position, name in enumerate(scores.columns):
        x[:, position] = _column(scores.iloc[:, position], name)
    x[np.isnan(x)] = 0.0
    largest = max(float(x.max(initial=0.0)), float(maxima.max(initial=0.0)))
    # Totals of all items stay at or below 1, so that no square of them overflows.
    exponent = int(np.frexp(largest)[1]) + len(scores.columns).bit_length() if largest > 0 else 0
    with np.errstate(under="ignore"):
        return Marks(scores.columns.rename("item"), np.ldexp(x, -exponent), np.ldexp(maxima, -exponent), exponent)


def _maxima(items: pd.Index, max_scores: Mapping[Any, float] | pd.Series) -> Floats:
    if isinstance(max_scores, pd.Series):
        given = max_scores[max_scores.index.isin(items)]
        if given.index.has_duplicates:
            raise MarksError(f"There is more than one maximum mark for item {str(given.index[given.index.duplicated()][0])!r}. Give one.")
        known = dict(zip(given.index, given, strict=True))
    else:
        known = {item: max_scores[item] for item in items if item in max_scores}
    unknown = [str(item) for item in items if item not in known]
    if unknown:
        several = "items" if len(unknown) > 1 else "item"
        raise MarksError(f"The maximum mark of the {several} {', '.join(unknown[:5])} is not known. Give one for every item.")
    maxima = np.array([_number(known[item], item, "maximum mark") for item in items], dtype=np.float64)
    missing = np.isnan(maxima)
    if missing.any():
        raise MarksError(f"The maximum mark of item {str(items[missing][0])!r} is missing. Give a number of 0 or more.")
    return maxima


def _column(marks: pd.Series, item: Hashable) -> Floats:
    if pd.api.types.is_numeric_dtype(marks.dtype) and not pd.api.types.is_complex_dtype(marks.dtype):  # truth values are numeric
        column = marks.to_numpy(dtype=np.float64, na_value=np.nan)
        impossible = (column < 0) | np.isinf(column)
        if impossible.any():
            raise _no_mark(column[impossible][0], item, "mark")
        return column
    return np.array([_number(mark, item, "mark") for mark in _plain(marks)], dtype=np.float64)


def _plain(marks: pd.Series) -> Iterable[object]:
    return marks.astype(object)


def _number(mark: object, item: Hashable, noun: str) -> float:
    if mark is None or mark is pd.NA or mark is pd.NaT:
        return np.nan
    if not isinstance(mark, numbers.Real | Decimal | np.bool_):
        raise _no_mark(mark, item, noun)
    try:
        number = float(mark)
    except (OverflowError, ValueError):  # an integer beyond all floats, a signalling NaN of decimal
        raise _no_mark(mark, item, noun) from None
    if number < 0 or np.isinf(number):
        raise _no_mark(mark, item, noun)
    return number


def _no_mark(mark: object, item: Hashable, noun: str) -> MarksError:
    shown = str(mark) if isinstance(mark, numbers.Real | Decimal) else repr(mark)
    return MarksError(f"{shown[:40]} is no {noun} of item {str(item)!r}: a number of 0 or more is expected, or nothing.")
