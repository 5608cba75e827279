"""The levels of a class: how many students are at each, as shares with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.columns import need_columns
from lmskit.vocabulary import LEVELS

if TYPE_CHECKING:
    from collections.abc import Mapping


def level_shares(counts: Mapping[str, int]) -> pd.DataFrame:
    """Turn the number of students at each level into shares.

    Parameters
    ----------
    counts
        Students by `Level` value; a level that is missing counts 0.

    Returns
    -------
    DataFrame
        Four rows, one per level in the order of `LEVELS`, with the columns

        ===========  =======  ======================================================================
        level        str      `Level`
        n            int64    students at that level
        n_students   int64    students in all, `not_assessed` included
        share        float64  n / n_students; NaN without students
        low, high    float64  central 90 % interval of the share (Jeffreys), low <= share <= high
        ===========  =======  ======================================================================

        The interval takes the students for a sample of such students: it shows how far the share could differ in another
        class of this size, not how sure each level is.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science 16(2).

    Examples
    --------
    >>> shares = level_shares({"mastered": 3, "remedial": 1})
    >>> shares[["level", "n", "share", "low", "high"]].round(2).head(1).to_dict("records")
    [{'level': 'mastered', 'n': 3, 'share': 0.75, 'low': 0.35, 'high': 0.95}]
    """
    return _shares(np.array([[counts.get(level, 0) for level in LEVELS]], dtype=np.int64))


def level_shares_by_week(weeks: pd.DataFrame) -> pd.DataFrame:
    """Turn the number of students at each level, week by week, into shares.

    Parameters
    ----------
    weeks
        One row per week: week_number, topic, and for each level a column of counts named by it, as
        `lmskit.queries.mastery.class_weeks` gives them.

    Returns
    -------
    DataFrame
        Four rows per week, by week: week_number, topic, and the columns of `level_shares`. Weeks without students are left out.

    Raises
    ------
    ColumnsMissingError
        A column is missing.

    Examples
    --------
    >>> weeks = pd.DataFrame({"week_number": [1], "topic": "Sets", "mastered": 3, "developing": 0, "remedial": 1, "not_assessed": 0})
    >>> level_shares_by_week(weeks)[["week_number", "level", "n", "share"]].head(2).to_dict("records")
    [{'week_number': 1, 'level': 'mastered', 'n': 3, 'share': 0.75}, {'week_number': 1, 'level': 'developing', 'n': 0, 'share': 0.0}]
    """
    need_columns(weeks, ("week_number", "topic", *LEVELS), subject="The shares by week")
    counted = weeks[weeks[list(LEVELS)].sum(axis=1) > 0].sort_values("week_number")
    keys = counted.loc[counted.index.repeat(len(LEVELS)), ["week_number", "topic"]].reset_index(drop=True)
    return pd.concat([keys, _shares(counted[list(LEVELS)].to_numpy(dtype=np.int64))], axis=1)


def _shares(counts: np.ndarray[tuple[int, ...], np.dtype[np.int64]]) -> pd.DataFrame:
    """One row per group and level, from groups × levels."""
    n, total = counts.ravel(), np.repeat(counts.sum(axis=1), len(LEVELS))
    share = np.divide(n, total, out=np.full(len(n), np.nan), where=total > 0)
    low, high = beta_interval(share, total)
    levels = pd.Series(LEVELS * len(counts), dtype="str")
    return pd.DataFrame({"level": levels, "n": n, "n_students": total, "share": share, "low": low, "high": high})
