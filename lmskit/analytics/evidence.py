"""Scores as evidence: checked, as fractions of their maximum, ordered by student, week and time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.keys import numbered
from lmskit.analytics.moments import moments
from lmskit.errors import ColumnsMissingError, InputError
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int64]
    Flags: TypeAlias = npt.NDArray[np.bool_]

COLUMNS = ("student", "week", "score", "max_score", "submitted_at")
"""What a table of scores needs."""

FURTHER = ("question", "attempt", "mixed", "hinted")
"""What a table of scores may tell besides; rules name those they read."""

_EMPTY = " with a score; every score belongs to a student and a week."


@dataclass(frozen=True)
class Sequences:
    """Numbers in groups, one group per (student, week), those of a group side by side from oldest to newest.

    Attributes
    ----------
    fraction
        Score over maximum, 0 to 1, shape (all,).
    start
        Where each group begins in `fraction`, shape (groups,); no group is empty.
    n
        How many there are in each group, shape (groups,).
    """

    fraction: Floats
    start: Integers
    n: Integers

    def sums(self, numbers: Floats) -> Floats:
        """Add up a number for each to one per group."""
        if not len(self.start):
            return np.empty(0)
        added: Floats = np.add.reduceat(numbers, self.start)
        return added

    def newest(self) -> Integers:
        """Where the newest of each group stands."""
        return np.asarray(self.start + self.n - 1, dtype=np.int64)

    def age(self) -> Integers:
        """How many newer ones each has in its group: 0 for the newest."""
        return np.asarray(np.repeat(self.newest(), self.n) - np.arange(len(self.fraction)), dtype=np.int64)


@dataclass(frozen=True)
class Scores(Sequences):
    """What was reached in each attempt.

    Attributes
    ----------
    units
        How many units of evidence each score is the mean of, shape (all,).
    """

    units: Integers


@dataclass(frozen=True)
class Evidence(Sequences):
    """All evidence: one unit each.

    Attributes
    ----------
    student, week
        The keys of the groups, shape (groups,), in order.
    question, attempt
        Numbers from 0: units with the same one answer the same question, or were handed in together. Shape (units,), or (0,) where
        nobody asked for them.
    mixed, hinted
        Whether the unit's attempt is a mixed assessment, and whether a hint came before the answer. Shaped as `question`.
    """

    student: pd.Index[Any]
    week: pd.Index[Any]
    question: Integers
    attempt: Integers
    mixed: Flags
    hinted: Flags

    def groups(self, which: Flags) -> Evidence:
        """Leave some of the groups; one flag for each, shape (groups,)."""
        n = self.n[which]
        units = self._units(np.repeat(which, self.n))
        return replace(self, student=self.student[which], week=self.week[which], start=np.cumsum(n) - n, n=n, **units)

    def correct(self, at_least: float) -> Flags:
        """Whether each unit earned this share of its maximum, without a hint before."""
        reached: Flags = (self.fraction >= at_least - SLACK) & ~self.hinted
        return reached

    def first_responses(self) -> Evidence:
        """Leave, of each group, only the oldest response to each question. Needs `question`."""
        first = ~pd.Series(self._within_groups(self.question)).duplicated().to_numpy()
        n = np.add.reduceat(first.astype(np.int64), self.start) if len(self.start) else self.n
        return replace(self, start=np.cumsum(n) - n, n=n, **self._units(first))

    def attempts_together(self) -> Evidence:
        """Put the units of each attempt side by side, where the oldest of them stands. Needs `attempt`."""
        code, _ = pd.factorize(self._within_groups(self.attempt))  # in the order of first appearance
        if bool((np.diff(code) >= 0).all()):
            return replace(self, attempt=code)
        order = np.argsort(code, kind="stable")
        return replace(self, **{**self._units(order), "attempt": code[order]})

    def scores(self) -> Scores:
        """One score per attempt, oldest first: the mean of its units. Needs `attempt`."""
        taken = self.attempts_together()
        begins = taken.attempt_start()
        if len(begins) == len(taken.fraction):
            return Scores(self.fraction, self.start, self.n, np.ones(len(begins), dtype=np.int64))
        units = np.diff(begins, append=len(taken.fraction))
        start = np.searchsorted(begins, taken.start)
        return Scores(np.add.reduceat(taken.fraction, begins) / units, start, np.diff(start, append=len(begins)), units)

    def attempt_start(self) -> Integers:
        """Where each attempt begins, once they are together."""
        return np.flatnonzero(np.diff(self.attempt, prepend=-1))

    def _units(self, which: npt.NDArray[Any]) -> dict[str, Any]:
        """Everything that is known of each unit, for some of them or in another order."""
        further = {name: getattr(self, name) for name in FURTHER}
        return {"fraction": self.fraction[which], **{name: told[which] if len(told) else told for name, told in further.items()}}

    def _within_groups(self, numbers: Integers) -> Integers:
        """Tell what has the same number in two groups apart."""
        group = np.repeat(np.arange(len(self.start)), self.n)
        return np.asarray(group * (numbers.max(initial=0) + 1) + numbers, dtype=np.int64)


def evidence_from(scores: pd.DataFrame, further: Collection[str] = ()) -> Evidence:
    """Check a table of scores and put its evidence in order.

    Parameters
    ----------
    scores
        The columns of `COLUMNS`; optionally `id`, which orders scores submitted at the same time (otherwise their order in
        the table does), and `banked`, which marks rows that are no evidence. Scores without time count as the oldest.
    further
        Which of the columns in `FURTHER` to read. Where the table does not have one, or a row leaves it empty: each row is a
        question and an attempt of its own, not mixed, and without a hint.

    Returns
    -------
    Evidence
        Without missing scores, without unknown or zero maxima, and with scores above their maximum capped at 1.

    Raises
    ------
    ColumnsMissingError
        A column of `COLUMNS` is missing.
    InputError
        A score or maximum is negative, infinite or no number, or a row names no student or week; it says how many. Or a column of
        yes and no holds something else.
    """
    missing = [column for column in COLUMNS if column not in scores.columns]
    if missing:
        raise ColumnsMissingError(subject="A mastery estimate", missing=missing, present=[str(column) for column in scores.columns])
    for column in (*COLUMNS, "id", "banked", *FURTHER):
        if list(scores.columns).count(column) > 1:
            raise InputError(f"There is more than one column {column}. Keep the one that is meant.")
    if "banked" in scores.columns:
        scores = scores.loc[~_flags(scores, "banked")]
    score, maximum = _numbers(scores, "score"), _numbers(scores, "max_score")
    counts = np.flatnonzero(~np.isnan(score) & (maximum > 0))  # a comparison with NaN is false
    fraction = np.minimum(score[counts], maximum[counts]) / maximum[counts]
    kept = scores.take(counts) if len(counts) < len(scores) else scores

    student_code, students = numbered(kept["student"], empty=_EMPTY)
    week_code, weeks = numbered(kept["week"], empty=_EMPTY)
    key = student_code * max(len(weeks), 1) + week_code
    order = _order(key, moments(kept["submitted_at"]), kept["id"] if "id" in kept.columns else None)
    told: dict[str, Any] = {column: _READ[column](kept if column in further else kept.iloc[:0], column) for column in FURTHER}
    if order is not None:
        key, fraction = key[order], fraction[order]
        told = {column: numbers[order] if column in further else numbers for column, numbers in told.items()}
    start = np.flatnonzero(np.diff(key, prepend=-1))
    group_student, group_week = np.divmod(key[start], max(len(weeks), 1))
    return Evidence(
        fraction=fraction,
        start=start,
        n=np.diff(start, append=len(key)),
        student=students.take(group_student),
        week=weeks.take(group_week),
        **told,
    )


def _numbers(scores: pd.DataFrame, column: str) -> Floats:
    given = scores[column]
    if not pd.api.types.is_numeric_dtype(given.dtype) or pd.api.types.is_complex_dtype(given.dtype):
        strange = [value for value in given.dropna() if not isinstance(value, Real | Decimal | np.bool_)]
        if strange:
            message = f"The column {column} holds something that is not a number ({strange[0]!r:.40}); convert or drop those rows first."
            raise InputError(message)
    try:
        numbers = given.to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError as error:
        raise InputError(f"The column {column} holds a number that is too large; correct or drop those rows first.") from error
    for count, what in (((numbers < 0).sum(), "negative"), (np.isinf(numbers).sum(), "infinite")):
        if count:
            message = f"The column {column} holds {count} {what} value{'s' if count > 1 else ''}; correct or drop those rows first."
            raise InputError(message)
    return numbers


def _identities(scores: pd.DataFrame, column: str) -> Integers:
    """Number what has the same identity alike; what has none, each by itself."""
    if column not in scores.columns:
        return np.arange(len(scores), dtype=np.int64)
    try:
        code, distinct = pd.factorize(scores[column])
    except TypeError as error:
        message = f"The column {column} holds something that cannot name anything ({error}); use numbers or text."
        raise InputError(message) from error
    return np.where(code < 0, len(distinct) + np.arange(len(code)), code).astype(np.int64, copy=False)


def _flags(scores: pd.DataFrame, column: str) -> Flags:
    """Yes and no as true and false; nothing is no."""
    if column not in scores.columns:
        return np.zeros(len(scores), dtype=bool)
    given = scores[column]
    if given.dtype == bool:
        return given.to_numpy()
    filled = given.astype(object).where(given.notna(), other=False)
    if not filled.isin([True, False]).all():
        message = f"The column {column} holds something that is neither true nor false; convert or drop those rows first."
        raise InputError(message)
    return filled.to_numpy(dtype=bool)


_READ = {"question": _identities, "attempt": _identities, "mixed": _flags, "hinted": _flags}


def _order(key: Integers, time: npt.NDArray[Any], ties: pd.Series | None) -> npt.NDArray[np.intp] | None:
    """The stable order by key, time and tie-break; None where the rows have it already, which costs one look."""
    columns = [key, time] if ties is None else [key, time, _tie_break(ties)]
    ahead = np.zeros(max(len(key) - 1, 0), dtype=bool)
    alike = ~ahead
    for column in columns:  # compared, not subtracted: the distance of two numbers may be none
        ahead |= alike & (column[1:] > column[:-1])
        alike &= column[1:] == column[:-1]
    if bool((ahead | alike).all()):
        return None
    return np.lexsort(columns[::-1])


def _tie_break(ties: pd.Series) -> npt.NDArray[Any]:
    if isinstance(ties.dtype, np.dtype) and ties.dtype.kind == "i":
        return ties.to_numpy()
    try:
        code, _ = pd.factorize(ties, sort=True)
    except TypeError as error:
        message = f"The column {ties.name} holds something that has no order ({error}); use numbers or text."
        raise InputError(message) from error
    return code
