"""The scores of a quiz: which attempts count, and validated scores as arrays on a scale on which nothing overflows."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.columns import need_columns
from lmskit.errors import ItemScoresError
from lmskit.vocabulary import CountedAttempts

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

NEGLIGIBLE_SPREAD = 1e-9
"""A standard deviation of at most this share of the maximum score is 0: in floats, equal totals differ by rounding."""
NEGLIGIBLE_COVARIANCE = 1e-12
"""A covariance of at most this share of the product of both maximum scores is 0."""


@dataclass(frozen=True)
class ItemScores:
    """Scores of attempts on items, divided by ``2**exponent``, which loses no digit.

    Attributes
    ----------
    items
        Names of the items, as the index of results.
    x
        Scores, shape (attempts, items); 0 if an item was not answered.
    maxima
        Maximum scores, shape (items,).
    exponent
        Exponent of the scale.
    """

    items: pd.Index
    x: Floats
    maxima: Floats
    exponent: int

    @property
    def largest(self) -> Floats:
        """The largest score of each item, whatever its sign: its maximum score, or one beyond it that was given."""
        largest: Floats = np.maximum(self.maxima, np.abs(self.x).max(axis=0, initial=0.0))
        return largest

    @property
    def largest_total(self) -> float:
        """The largest total, whatever its sign."""
        return float(max(self.maxima.sum(), np.abs(self.x).sum(axis=1).max(initial=0.0)))

    def in_points(self, scaled: npt.ArrayLike) -> Floats:
        """Convert scaled scores, or numbers of the same dimension, back to points."""
        with np.errstate(over="ignore", under="ignore"):
            points: Floats = np.ldexp(np.asarray(scaled, dtype=np.float64), self.exponent)
        return points


def validated_scores(scores: pd.DataFrame, max_scores: Mapping[Any, float] | pd.Series) -> ItemScores:
    """Read scores, and refuse values that cannot be scores.

    Parameters
    ----------
    scores
        Rows are attempts, columns are items; a missing score means that the item was not answered.
    max_scores
        The maximum score of every column; those of other items are ignored.

    Raises
    ------
    ItemScoresError
        Two items have the same name, or the maximum score of an item is missing, or a score is text or infinite.
    """
    if isinstance(scores.columns, pd.MultiIndex):
        raise ItemScoresError("Items have names of several levels. Give each item one name, as with scores.columns.map('/'.join).")
    duplicates = scores.columns[scores.columns.duplicated()]
    if len(duplicates):
        raise ItemScoresError(f"There is more than one item {str(duplicates[0])!r}. Give each item a name of its own.")
    maxima = _maxima(scores.columns, max_scores)
    x = np.empty(scores.shape, dtype=np.float64)
    for position, name in enumerate(scores.columns):
        x[:, position] = _column(scores.iloc[:, position], name)
    x[np.isnan(x)] = 0.0
    largest = max(float(np.abs(x).max(initial=0.0)), float(maxima.max(initial=0.0)))
    # Totals of all items are at most 1, so that no square of them overflows.
    exponent = int(np.frexp(largest)[1]) + len(scores.columns).bit_length() if largest > 0 else 0
    with np.errstate(under="ignore"):
        return ItemScores(scores.columns.rename("item"), np.ldexp(x, -exponent), np.ldexp(maxima, -exponent), exponent)


def _maxima(items: pd.Index, max_scores: Mapping[Any, float] | pd.Series) -> Floats:
    if isinstance(max_scores, pd.Series):
        given = max_scores[max_scores.index.isin(items)]
        if given.index.has_duplicates:
            raise ItemScoresError(
                f"There is more than one maximum score for item {str(given.index[given.index.duplicated()][0])!r}. Give one."
            )
        known = dict(zip(given.index, given, strict=True))
    else:
        known = {item: max_scores[item] for item in items if item in max_scores}
    unknown = [str(item) for item in items if item not in known]
    if unknown:
        several = "items" if len(unknown) > 1 else "item"
        raise ItemScoresError(f"The maximum score of the {several} {', '.join(unknown[:5])} is missing. Give one for every item.")
    maxima = np.array([_number(known[item], item, "maximum score", lowest=0) for item in items], dtype=np.float64)
    missing = np.isnan(maxima)
    if missing.any():
        raise ItemScoresError(f"The maximum score of item {str(items[missing][0])!r} is missing. Give a number of 0 or more.")
    return maxima


def _column(scores: pd.Series, item: Hashable) -> Floats:
    if pd.api.types.is_numeric_dtype(scores.dtype) and not pd.api.types.is_complex_dtype(scores.dtype):  # truth values are numeric
        column = scores.to_numpy(dtype=np.float64, na_value=np.nan)
        impossible = np.isinf(column)
        if impossible.any():
            raise _not_a_score(column[impossible][0], item, "score")
        return column
    return np.array([_number(score, item, "score") for score in _plain(scores)], dtype=np.float64)


def _plain(scores: pd.Series) -> Iterable[object]:
    return scores.astype(object)


def _number(score: object, item: Hashable, noun: str, *, lowest: float = -np.inf) -> float:
    if score is None or score is pd.NA or score is pd.NaT:
        return np.nan
    if not isinstance(score, numbers.Real | Decimal | np.bool_):
        raise _not_a_score(score, item, noun)
    try:
        number = float(score)
    except (OverflowError, ValueError):  # an integer beyond all floats, a signalling NaN of decimal
        raise _not_a_score(score, item, noun) from None
    if number < lowest or np.isinf(number):
        raise _not_a_score(score, item, noun)
    return number


def _not_a_score(score: object, item: Hashable, noun: str) -> ItemScoresError:
    shown = str(score) if isinstance(score, numbers.Real | Decimal) else repr(score)
    kind = "a number" if noun == "score" else "a number of 0 or more"
    return ItemScoresError(f"{shown[:40]} is not a {noun} of item {str(item)!r}. Give {kind}, or nothing.")


def counted_attempts(attempts: pd.DataFrame, total: npt.ArrayLike, which: CountedAttempts) -> npt.NDArray[np.bool_]:
    """Flag the attempts that statistics are computed from: each student's first, last or best, or all.

    Parameters
    ----------
    attempts
        One row per graded attempt: student_id and number.
    total
        The total score of each attempt.
    which
        ``first`` is usual, because later attempts build on the feedback to earlier ones. Of several ``highest`` attempts, the first
        counts. With ``all`` the attempts of a student are not independent, and intervals need the student of each attempt.

    Returns
    -------
    array of bool
        One per row; except with ``all``, one row per student is true.

    Raises
    ------
    ColumnsMissingError
        A column is missing.

    Examples
    --------
    >>> attempts = pd.DataFrame({"student_id": [1, 1, 1, 2], "number": [1, 2, 3, 1]})
    >>> counted_attempts(attempts, [5, 9, 9, 3], CountedAttempts.HIGHEST).tolist()
    [False, True, False, True]
    """
    need_columns(attempts, ("student_id", "number"), subject="A table of attempts")
    if which is CountedAttempts.ALL:
        return np.ones(len(attempts), dtype=np.bool_)
    table = pd.DataFrame(
        {
            "student": attempts["student_id"].to_numpy(),
            "number": attempts["number"].to_numpy(),
            "total": np.asarray(total, dtype=np.float64),
            "row": np.arange(len(attempts)),
        }
    )
    order = {
        CountedAttempts.FIRST: (["number"], [True]),
        CountedAttempts.LAST: (["number"], [False]),
        CountedAttempts.HIGHEST: (["total", "number"], [False, True]),
    }
    columns, ascending = order[which]
    kept = table.sort_values(columns, ascending=ascending, kind="stable").drop_duplicates("student")
    counted = np.zeros(len(attempts), dtype=np.bool_)
    counted[kept["row"].to_numpy()] = True
    return counted
