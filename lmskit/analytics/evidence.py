"""Scores as evidence: checked, as fractions of their maximum, ordered by student, week and time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.errors import ColumnsMissingError, InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int64]

COLUMNS = ("student", "week", "score", "max_score", "submitted_at")
"""What a table of scores needs."""


@dataclass(frozen=True)
class Evidence:
    """All evidence, one unit a row, the units of one (student, week) side by side from oldest to newest.

    Attributes
    ----------
    fraction
        Score over maximum, 0 to 1, shape (units,).
    start
        Where each (student, week) begins in `fraction`, shape (groups,); no group is empty.
    n
        Units in each group, shape (groups,).
    student, week
        The keys of the groups, shape (groups,), in order.
    """

    fraction: Floats
    start: Integers
    n: Integers
    student: pd.Index[Any]
    week: pd.Index[Any]

    def sums(self, units: Floats) -> Floats:
        """Add up a number per unit to one per group."""
        if not len(self.start):
            return np.empty(0)
        added: Floats = np.add.reduceat(units, self.start)
        return added

    def age(self) -> Integers:
        """How many newer units each unit has in its group: 0 for the newest."""
        last = np.repeat(self.start + self.n - 1, self.n)
        return np.asarray(last - np.arange(len(self.fraction)), dtype=np.int64)


def evidence_from(scores: pd.DataFrame) -> Evidence:
    """Check a table of scores and put its evidence in order.

    Parameters
    ----------
    scores
        The columns of `COLUMNS`; optionally `id`, which orders scores submitted at the same time (otherwise their order in
        the table does), and `banked`, which marks rows that are no evidence. Scores without time count as the oldest.

    Returns
    -------
    Evidence
        Without missing scores, without unknown or zero maxima, and with scores above their maximum capped at 1.

    Raises
    ------
    ColumnsMissingError
        A column of `COLUMNS` is missing.
    InputError
        A score or maximum is negative, infinite or no number, or a row names no student or week; it says how many.
    """
    missing = [column for column in COLUMNS if column not in scores.columns]
    if missing:
        raise ColumnsMissingError(subject="A mastery estimate", missing=missing, present=[str(column) for column in scores.columns])
    if "banked" in scores.columns:
        scores = scores.loc[~scores["banked"].to_numpy(dtype=bool, na_value=False)]
    score, maximum = _numbers(scores, "score"), _numbers(scores, "max_score")
    counts = np.flatnonzero(~np.isnan(score) & (maximum > 0))  # a comparison with NaN is false
    fraction = np.minimum(score[counts] / maximum[counts], 1.0)
    kept = scores.take(counts) if len(counts) < len(scores) else scores

    student_code, students = _keys(kept["student"])
    week_code, weeks = _keys(kept["week"])
    key = student_code * max(len(weeks), 1) + week_code
    order = _order(key, _instants(kept["submitted_at"]), kept["id"] if "id" in kept.columns else None)
    if order is not None:
        key, fraction = key[order], fraction[order]
    start = np.flatnonzero(np.diff(key, prepend=-1))
    group_student, group_week = np.divmod(key[start], max(len(weeks), 1))
    return Evidence(
        fraction=fraction,
        start=start,
        n=np.diff(start, append=len(key)),
        student=students.take(group_student),
        week=weeks.take(group_week),
    )


def _numbers(scores: pd.DataFrame, column: str) -> Floats:
    try:
        numbers = scores[column].to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        message = f"The column {column} holds something that is not a number ({error}); convert or drop those rows first."
        raise InputError(message) from error
    for count, what in (((numbers < 0).sum(), "negative"), (np.isinf(numbers).sum(), "infinite")):
        if count:
            message = f"The column {column} holds {count} {what} value{'s' if count > 1 else ''}; correct or drop those rows first."
            raise InputError(message)
    return numbers


def _keys(column: pd.Series) -> tuple[Integers, pd.Index[Any]]:
    """Number the distinct values of a column in their order."""
    try:
        code, distinct = pd.factorize(column, sort=True)
    except TypeError as error:
        message = f"The column {column.name} mixes kinds of values that have no common order; use only numbers or only text."
        raise InputError(message) from error
    unnamed = int((code < 0).sum())
    if unnamed:
        rows = f"{unnamed} row{'s' if unnamed > 1 else ''}"
        message = f"The column {column.name} is empty in {rows} with a score; every score belongs to a student and a week."
        raise InputError(message)
    return code.astype(np.int64, copy=False), pd.Index(distinct)


def _instants(column: pd.Series) -> npt.NDArray[Any]:
    """Times as numbers that sort as the times do, a missing time first."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(dtype=np.float64, na_value=-np.inf)
    try:
        times = column if pd.api.types.is_datetime64_any_dtype(column.dtype) else pd.to_datetime(column, utc=True, format="ISO8601")
    except (TypeError, ValueError) as error:
        message = f"The column submitted_at holds something that is not a time ({error}); convert it with pandas.to_datetime first."
        raise InputError(message) from error
    if times.dt.tz is not None:
        times = times.dt.tz_convert("UTC").dt.tz_localize(None)
    return times.to_numpy().view("int64")  # a missing time is the smallest int64


def _order(key: Integers, time: npt.NDArray[Any], ties: pd.Series | None) -> npt.NDArray[np.intp] | None:
    """The stable order by key, time and tie-break; None where the rows have it already, which costs one look."""
    tie = np.zeros(0, dtype=np.int64) if ties is None else _tie_break(ties)
    step, later = np.diff(key), np.diff(time) if time.dtype.kind == "i" else time[1:] - time[:-1]
    sorted_already = (step > 0) | ((step == 0) & (later > 0))
    same = (step == 0) & (later == 0)
    sorted_already |= same if ties is None else same & (np.diff(tie) >= 0)
    if bool(sorted_already.all()):
        return None
    return np.lexsort((time, key) if ties is None else (tie, time, key))


def _tie_break(ties: pd.Series) -> npt.NDArray[Any]:
    if pd.api.types.is_integer_dtype(ties.dtype) and not ties.hasnans:
        return ties.to_numpy(dtype=np.int64)
    code, _ = pd.factorize(ties, sort=True)
    return code.astype(np.int64, copy=False)
