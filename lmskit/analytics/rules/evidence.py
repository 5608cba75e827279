"""Scores as evidence: checked, as fractions of their maximum, ordered by student, week and time."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from decimal import Decimal
from numbers import Real
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.sort_keys import numbered_keys, timestamps
from lmskit.columns import need_columns
from lmskit.errors import InputError
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int64]
    Flags: TypeAlias = npt.NDArray[np.bool_]

COLUMNS = ("student", "week", "score", "max_score", "submitted_at")
"""Columns that a table of scores must have."""

OPTIONAL = ("question", "attempt", "mixed", "hinted")
"""Columns that a table of scores may have; each rule names those it needs."""

_EMPTY = " with a score; every score belongs to a student and a week."


@dataclass(frozen=True)
class ScoreSequences:
    """Scores in groups, one group per (student, week), those of a group side by side from oldest to newest.

    Attributes
    ----------
    fraction
        Score / maximum score, 0 to 1, shape (scores,).
    start
        Index in `fraction` at which each group begins, shape (groups,); no group is empty.
    n
        Number of scores in each group, shape (groups,).
    """

    fraction: Floats
    start: Integers
    n: Integers

    def sums(self, numbers: Floats) -> Floats:
        """Add up numbers, one for each score, to one sum per group."""
        if not len(self.start):
            return np.empty(0)
        added: Floats = np.add.reduceat(numbers, self.start)
        return added

    def newest(self) -> Integers:
        """Index of the newest score of each group."""
        return np.asarray(self.start + self.n - 1, dtype=np.int64)

    def age(self) -> Integers:
        """Number of newer scores in the same group, for each score: 0 for the newest."""
        return np.asarray(np.repeat(self.newest(), self.n) - np.arange(len(self.fraction)), dtype=np.int64)


@dataclass(frozen=True)
class Scores(ScoreSequences):
    """One score for each attempt.

    Attributes
    ----------
    units
        Number of units of evidence that each score is the mean of, shape (scores,).
    """

    units: Integers


@dataclass(frozen=True)
class Evidence(ScoreSequences):
    """All evidence: one score for each unit of evidence.

    Attributes
    ----------
    student, week
        The keys of the groups, shape (groups,), in order.
    question, attempt
        Numbers from 0: units with the same number answer the same question, or were handed in together. Shape (units,), or (0,) if
        the column was not read.
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
        """Keep only the flagged groups; one flag for each group, shape (groups,)."""
        n = self.n[which]
        units = self._units(np.repeat(which, self.n))
        return replace(self, student=self.student[which], week=self.week[which], start=np.cumsum(n) - n, n=n, **units)

    def correct(self, at_least: float) -> Flags:
        """Whether each unit earned at least this share of its maximum score, without a hint before."""
        correct: Flags = (self.fraction >= at_least - SLACK) & ~self.hinted
        return correct

    def first_responses(self) -> Evidence:
        """Keep only the oldest response of each group to each question. Needs `question`."""
        first = ~pd.Series(self._within_groups(self.question)).duplicated().to_numpy()
        n = np.add.reduceat(first.astype(np.int64), self.start) if len(self.start) else self.n
        return replace(self, start=np.cumsum(n) - n, n=n, **self._units(first))

    def attempts_together(self) -> Evidence:
        """Sort the units so that those of an attempt are side by side, attempts by their oldest unit. Needs `attempt`."""
        code, _ = pd.factorize(self._within_groups(self.attempt))  # in the order of first appearance
        if bool((np.diff(code) >= 0).all()):
            return replace(self, attempt=code)
        order = np.argsort(code, kind="stable")
        return replace(self, **{**self._units(order), "attempt": code[order]})

    def scores(self) -> Scores:
        """One score per attempt, oldest first: the mean of its units. Needs `attempt`."""
        together = self.attempts_together()
        begins = together.attempt_start()
        if len(begins) == len(together.fraction):
            return Scores(self.fraction, self.start, self.n, np.ones(len(begins), dtype=np.int64))
        units = np.diff(begins, append=len(together.fraction))
        start = np.searchsorted(begins, together.start)
        return Scores(np.add.reduceat(together.fraction, begins) / units, start, np.diff(start, append=len(begins)), units)

    def attempt_start(self) -> Integers:
        """Index at which each attempt begins. Needs the units of attempts side by side."""
        return np.flatnonzero(np.diff(self.attempt, prepend=-1))

    def _units(self, which: npt.NDArray[Any]) -> dict[str, Any]:
        """The columns of units, for the units with these flags or in the order of these indices."""
        optional = {name: getattr(self, name) for name in OPTIONAL}
        return {"fraction": self.fraction[which], **{name: column[which] if len(column) else column for name, column in optional.items()}}

    def _within_groups(self, numbers: Integers) -> Integers:
        """Numbers that differ between groups: the same number in two groups becomes two numbers."""
        group = np.repeat(np.arange(len(self.start)), self.n)
        return np.asarray(group * (numbers.max(initial=0) + 1) + numbers, dtype=np.int64)


def evidence_from(scores: pd.DataFrame, optional: Collection[str] = ()) -> Evidence:
    """Validate a table of scores and put its evidence in order.

    Parameters
    ----------
    scores
        The columns of `COLUMNS`; optionally `id`, which orders scores submitted at the same time (otherwise their order in
        the table does), and `banked`, which is true for rows that are not evidence. Scores without a time count as the oldest.
    optional
        Which of the columns in `OPTIONAL` to read. Where the table lacks one, or a row leaves it empty, the row is a question and an
        attempt of its own, not mixed, and without a hint.

    Returns
    -------
    Evidence
        Without missing scores, without unknown or zero maxima, and with scores above their maximum capped at 1.

    Raises
    ------
    ColumnsMissingError
        A column of `COLUMNS` is missing.
    InputError
        A score or maximum score is negative, infinite or not a number, or a row lacks its student or week; the message says how many.
        Or a column of true and false contains something else.
    """
    need_columns(scores, COLUMNS, subject="A mastery estimate")
    for column in (*COLUMNS, "id", "banked", *OPTIONAL):
        if list(scores.columns).count(column) > 1:
            raise InputError(f"There is more than one column {column}. Keep one of them.")
    if "banked" in scores.columns:
        scores = scores.loc[~_flags(scores, "banked")]
    score, maximum = _numbers(scores, "score"), _numbers(scores, "max_score")
    graded = np.flatnonzero(~np.isnan(score) & (maximum > 0))  # a comparison with NaN is false
    fraction = np.minimum(score[graded], maximum[graded]) / maximum[graded]
    kept = scores.take(graded) if len(graded) < len(scores) else scores

    student_code, students = numbered_keys(kept["student"], empty=_EMPTY)
    week_code, weeks = numbered_keys(kept["week"], empty=_EMPTY)
    key = student_code * max(len(weeks), 1) + week_code
    order = _order(key, timestamps(kept["submitted_at"]), kept["id"] if "id" in kept.columns else None)
    columns: dict[str, Any] = {name: _READ[name](kept if name in optional else kept.iloc[:0], name) for name in OPTIONAL}
    if order is not None:
        key, fraction = key[order], fraction[order]
        columns = {name: column[order] if name in optional else column for name, column in columns.items()}
    start = np.flatnonzero(np.diff(key, prepend=-1))
    group_student, group_week = np.divmod(key[start], max(len(weeks), 1))
    return Evidence(
        fraction=fraction,
        start=start,
        n=np.diff(start, append=len(key)),
        student=students.take(group_student),
        week=weeks.take(group_week),
        **columns,
    )


def _numbers(scores: pd.DataFrame, column: str) -> Floats:
    given = scores[column]
    if not pd.api.types.is_numeric_dtype(given.dtype) or pd.api.types.is_complex_dtype(given.dtype):
        other = [value for value in given.dropna() if not isinstance(value, Real | Decimal | np.bool_)]
        if other:
            message = f"The column {column} contains something that is not a number ({other[0]!r:.40}); convert or drop those rows first."
            raise InputError(message)
    try:
        numbers = given.to_numpy(dtype=np.float64, na_value=np.nan)
    except OverflowError as error:
        raise InputError(f"The column {column} contains a number that is too large; correct or drop those rows first.") from error
    for count, kind in (((numbers < 0).sum(), "negative"), (np.isinf(numbers).sum(), "infinite")):
        if count:
            message = f"The column {column} contains {count} {kind} value{'s' if count > 1 else ''}; correct or drop those rows first."
            raise InputError(message)
    return numbers


def _numbers_of_names(scores: pd.DataFrame, column: str) -> Integers:
    """The same number for rows with the same name; a number of its own for each row without a name."""
    if column not in scores.columns:
        return np.arange(len(scores), dtype=np.int64)
    try:
        code, distinct = pd.factorize(scores[column])
    except TypeError as error:
        message = f"The column {column} contains something that cannot be used as a name ({error}); use numbers or text."
        raise InputError(message) from error
    return np.where(code < 0, len(distinct) + np.arange(len(code)), code).astype(np.int64, copy=False)


def _flags(scores: pd.DataFrame, column: str) -> Flags:
    """A column of true and false; a missing value is false."""
    if column not in scores.columns:
        return np.zeros(len(scores), dtype=bool)
    given = scores[column]
    if given.dtype == bool:
        return given.to_numpy()
    filled = given.astype(object).where(given.notna(), other=False)
    if not filled.isin([True, False]).all():
        message = f"The column {column} contains something that is neither true nor false; convert or drop those rows first."
        raise InputError(message)
    return filled.to_numpy(dtype=bool)


_READ = {"question": _numbers_of_names, "attempt": _numbers_of_names, "mixed": _flags, "hinted": _flags}


def _order(key: Integers, time: npt.NDArray[Any], ties: pd.Series | None) -> npt.NDArray[np.intp] | None:
    """The stable order by key, time and tie-break; None if the rows are in that order, which one comparison of neighbours shows."""
    columns = [key, time] if ties is None else [key, time, _tie_break(ties)]
    ahead = np.zeros(max(len(key) - 1, 0), dtype=bool)
    alike = ~ahead
    for column in columns:  # compared, not subtracted: a difference may overflow
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
        message = f"The column {ties.name} contains something that has no order ({error}); use numbers or text."
        raise InputError(message) from error
    return code
