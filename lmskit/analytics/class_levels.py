"""Where a class stands: how many students are at which level, with an interval, and the mean value by week."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.errors import ColumnsMissingError
from lmskit.vocabulary import Level

ORDER = tuple(level.value for level in (Level.MASTERED, Level.DEVELOPING, Level.REMEDIAL, Level.NOT_ASSESSED))
"""Levels in the order in which tables and charts show them."""


def level_shares(levels: pd.Series) -> pd.DataFrame:
    """Count students by level.

    Parameters
    ----------
    levels
        One `Level` value per student.

    Returns
    -------
    DataFrame
        Four rows, one per level in the order of `ORDER`, with the columns

        ===========  =======  ======================================================================
        level        str      `Level`
        n            int64    students at that level
        n_students   int64    students in all, `not_assessed` included
        share        float64  n / n_students; NaN without students
        low, high    float64  central 90 % interval of the share (Jeffreys), low <= share <= high
        ===========  =======  ======================================================================

        The interval takes the students for a sample of such students: it tells how far the share could differ in another
        class of this size, not how sure each level is.

    References
    ----------
    Brown, Cai, DasGupta (2001), Interval estimation for a binomial proportion, Statistical Science 16(2).

    Examples
    --------
    >>> shares = level_shares(pd.Series(["mastered"] * 3 + ["remedial"]))
    >>> shares[["level", "n", "share", "low", "high"]].round(2).head(1).to_dict("records")
    [{'level': 'mastered', 'n': 3, 'share': 0.75, 'low': 0.35, 'high': 0.95}]
    """
    return _shares(pd.DataFrame({"group": 0, "level": levels.to_numpy(dtype=object)}), [0]).drop(columns="group")


def level_shares_by_week(cells: pd.DataFrame) -> pd.DataFrame:
    """Count students by level, for every week.

    Parameters
    ----------
    cells
        One row per student and week, with week_number, topic and level; students without evidence included.

    Returns
    -------
    DataFrame
        Four rows per week, by week: week_number, topic, and the columns of `level_shares`.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    """
    _need(cells, ["week_number", "topic", "level"], "The shares by week")
    rows = cells[["week_number", "level"]].rename(columns={"week_number": "group"})
    shares = _shares(rows, sorted(rows["group"].unique().tolist())).rename(columns={"group": "week_number"})
    topics = cells.drop_duplicates("week_number").set_index("week_number")["topic"]
    shares.insert(1, "topic", shares["week_number"].map(topics))
    return shares


def class_weeks(cells: pd.DataFrame) -> pd.DataFrame:
    """Summarise the class as a whole, week by week: the row above a heat map of students.

    Parameters
    ----------
    cells
        One row per student and week, with week_number, topic, value and level; the whole class, not one page of it.

    Returns
    -------
    DataFrame
        One row per week, by week: week_number, topic, value (mean over the students who have one; NaN if none has), n_students,
        n_mastered, n_developing, n_remedial, n_not_assessed.

    Raises
    ------
    ColumnsMissingError
        A column is missing.

    Examples
    --------
    >>> cells = pd.DataFrame({"week_number": 1, "topic": "Sets", "value": [0.5, 0.9], "level": ["developing", "mastered"]})
    >>> class_weeks(cells)[["week_number", "value", "n_students", "n_mastered"]].to_dict("records")
    [{'week_number': 1, 'value': 0.7, 'n_students': 2, 'n_mastered': 1}]
    """
    _need(cells, ["week_number", "topic", "value", "level"], "The class by week")
    flags = {f"n_{level}": cells["level"].eq(level).astype(np.int64) for level in ORDER}
    counted = cells[["week_number", "topic", "value"]].assign(value=cells["value"].astype(np.float64), n_students=1, **flags)
    totals: dict[str, tuple[str, str]] = {name: (name, "sum") for name in ("n_students", *flags)}
    return counted.groupby("week_number", as_index=False, sort=True).agg(topic=("topic", "first"), value=("value", "mean"), **totals)


def _shares(rows: pd.DataFrame, groups: list[int]) -> pd.DataFrame:
    grid = pd.MultiIndex.from_product([groups, ORDER], names=["group", "level"])
    n = rows.groupby(["group", "level"]).size().reindex(grid, fill_value=0).astype(np.int64)
    total = n.groupby("group").transform("sum")
    share = n / total.where(total > 0)
    low, high = beta_interval(share.to_numpy(), total.to_numpy())
    return pd.DataFrame({"n": n, "n_students": total, "share": share, "low": low, "high": high}).reset_index()


def _need(table: pd.DataFrame, columns: list[str], subject: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise ColumnsMissingError(subject=subject, missing=missing, present=[str(column) for column in table.columns])
