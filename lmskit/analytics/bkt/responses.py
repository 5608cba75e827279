"""Answers to trace knowledge by: checked, and in the order in which each student gave them, skill by skill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.keys import numbered
from lmskit.analytics.moments import moments
from lmskit.errors import ColumnsMissingError, InputError

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]
    Integers: TypeAlias = npt.NDArray[np.int64]
    Answers: TypeAlias = npt.NDArray[np.int8]

COLUMNS = ("student", "skill", "correct", "order")
"""What a table of responses needs."""
WRONG, RIGHT, MISSING = 0, 1, 2
"""Answers as small numbers."""
_EMPTY = "; every answer belongs to a student and a skill."


@dataclass(frozen=True)
class Sequences:
    """All answers, those of one student on one skill side by side from first to last, the skills one after the other.

    Attributes
    ----------
    answer
        `WRONG`, `RIGHT` or `MISSING`, shape (rows,).
    row
        Where each answer stood in the table, shape (rows,).
    begin
        Where each sequence begins in `answer`, and after them its end, shape (sequences + 1,).
    first
        The first sequence of each skill, and after them the number of sequences, shape (skills + 1,).
    skills
        In order; no skill is without a row.
    """

    answer: Answers
    row: Integers
    begin: Integers
    first: Integers
    skills: pd.Index[Any]


def sequences_from(responses: pd.DataFrame) -> Sequences:
    """Check a table of responses and put them in order.

    Parameters
    ----------
    responses
        The columns of `COLUMNS`. `correct` is 0, 1, or missing where a student saw the question and gave no answer. `order` is a
        number or a time; equal ones are in the order of the table, and a missing one comes first.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        An answer is neither right nor wrong, a row names no student or skill, or keys have no common order.
    """
    missing = [column for column in COLUMNS if column not in responses.columns]
    if missing:
        raise ColumnsMissingError(subject="Knowledge tracing", missing=missing, present=[str(column) for column in responses.columns])
    answer = answers(responses["correct"])
    skill, skills = numbered(responses["skill"], empty=_EMPTY)
    student, students = numbered(responses["student"], empty=_EMPTY)
    pair = skill * max(len(students), 1) + student
    row = _order(pair, moments(responses["order"]))
    pair = pair[row]
    begin = np.flatnonzero(np.diff(pair, prepend=-1))
    first = np.searchsorted(pair[begin], np.arange(len(skills)) * max(len(students), 1))
    return Sequences(
        answer=answer[row],
        row=row,
        begin=np.append(begin, len(row)).astype(np.int64, copy=False),
        first=np.append(first, len(begin)).astype(np.int64, copy=False),
        skills=skills,
    )


def answers(correct: npt.ArrayLike) -> Answers:
    """Take right (1, true), wrong (0, false) and missing answers.

    Raises
    ------
    InputError
        There is something else among them; it says how many.

    Examples
    --------
    >>> answers([1, 0, float("nan"), True]).tolist()
    [1, 0, 2, 1]
    """
    try:
        numbers = pd.Series(correct).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"Answers are 1 for right, 0 for wrong or missing, and one of them is no number ({error}).") from error
    found = np.where(numbers == RIGHT, np.int8(RIGHT), np.where(numbers == WRONG, np.int8(WRONG), np.int8(MISSING)))
    odd = numbers[(found == MISSING) & ~np.isnan(numbers)]
    if len(odd):
        raise InputError(
            f"Answers are 1 for right, 0 for wrong or missing; {len(odd)} {'is' if len(odd) == 1 else 'are'} something else, "
            f"the first {odd[0]:g}. Decide from which score on an answer is right."
        )
    return found


def _order(pair: Integers, moment: npt.NDArray[Any]) -> Integers:
    """The stable order by pair and moment, which costs one look where the rows have it already."""
    ahead = pair[1:] - pair[:-1]
    if bool(((ahead > 0) | ((ahead == 0) & (moment[1:] >= moment[:-1]))).all()):
        return np.arange(len(pair), dtype=np.int64)
    return np.lexsort((moment, pair)).astype(np.int64, copy=False)
