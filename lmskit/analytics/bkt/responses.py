"""Answers for knowledge tracing: validated, and in the order in which each student gave them, skill by skill."""

from __future__ import annotations

from dataclasses import dataclass
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
    Answers: TypeAlias = npt.NDArray[np.int8]

COLUMNS = ("student", "skill", "correct", "order")
"""Columns that a table of responses must have."""
WRONG, RIGHT, MISSING = 0, 1, 2
"""Answers as small numbers."""
_EMPTY = "; every answer belongs to a student and a skill."


@dataclass(frozen=True)
class ResponseSequences:
    """All answers as sequences: one per student and skill, from first to last answer, the sequences of a skill side by side.

    Attributes
    ----------
    answer
        `WRONG`, `RIGHT` or `MISSING`, shape (rows,).
    row
        Index of each answer in the table, shape (rows,).
    begin
        Index in `answer` at which each sequence begins, followed by the number of answers, shape (sequences + 1,).
    first
        Index of the first sequence of each skill, followed by the number of sequences, shape (skills + 1,).
    skills
        In order; each has at least one row.
    """

    answer: Answers
    row: Integers
    begin: Integers
    first: Integers
    skills: pd.Index[Any]


def sequences_from(responses: pd.DataFrame) -> ResponseSequences:
    """Validate a table of responses and put them in order.

    Parameters
    ----------
    responses
        The columns of `COLUMNS`. `correct` is 0, 1, or missing where a student saw the question and gave no answer. `order` is a
        number or a time; equal ones keep the order of the table, and a missing one sorts first.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        An answer is neither right nor wrong, a row lacks its student or skill, or keys have no common order.
    """
    need_columns(responses, COLUMNS, subject="Knowledge tracing")
    answer = answers(responses["correct"])
    skill, skills = numbered_keys(responses["skill"], empty=_EMPTY)
    student, students = numbered_keys(responses["student"], empty=_EMPTY)
    pair = skill * max(len(students), 1) + student
    row = _order(pair, timestamps(responses["order"]))
    pair = pair[row]
    begin = np.flatnonzero(np.diff(pair, prepend=-1))
    first = np.searchsorted(pair[begin], np.arange(len(skills)) * max(len(students), 1))
    return ResponseSequences(
        answer=answer[row],
        row=row,
        begin=np.append(begin, len(row)).astype(np.int64, copy=False),
        first=np.append(first, len(begin)).astype(np.int64, copy=False),
        skills=skills,
    )


def answers(correct: npt.ArrayLike) -> Answers:
    """Right (1, true), wrong (0, false) and missing answers as `RIGHT`, `WRONG` and `MISSING`.

    Raises
    ------
    InputError
        An answer is something else; the message says how many are.

    Examples
    --------
    >>> answers([1, 0, float("nan"), True]).tolist()
    [1, 0, 2, 1]
    """
    try:
        numbers = pd.Series(correct).to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise InputError(f"Answers are 1 for right, 0 for wrong or missing, and one of them is not a number ({error}).") from error
    codes = np.where(numbers == RIGHT, np.int8(RIGHT), np.where(numbers == WRONG, np.int8(WRONG), np.int8(MISSING)))
    other = numbers[(codes == MISSING) & ~np.isnan(numbers)]
    if len(other):
        raise InputError(
            f"Answers are 1 for right, 0 for wrong or missing; {len(other)} {'is' if len(other) == 1 else 'are'} something else, "
            f"the first {other[0]:g}. Decide from which score on an answer is right."
        )
    return codes


def responses_from_evidence(evidence: pd.DataFrame, *, correct_from: float) -> pd.DataFrame:
    """Evidence of one course as responses for knowledge tracing, with the weeks as skills.

    Parameters
    ----------
    evidence
        The columns student_id, week_number, score and max_score, from oldest to newest within a student and week.
    correct_from
        An answer that earned at least this share of its points is correct.

    Returns
    -------
    DataFrame
        student, skill, correct and order, as `fit` takes them; one row per row of `evidence`.

    Examples
    --------
    >>> evidence = pd.DataFrame({"student_id": [7, 7], "week_number": 1, "score": [2.0, 1.0], "max_score": 2.0})
    >>> responses_from_evidence(evidence, correct_from=1.0).to_dict("list")
    {'student': [7, 7], 'skill': [1, 1], 'correct': [1, 0], 'order': [0, 1]}
    """
    correct = evidence["score"] / evidence["max_score"] >= correct_from - SLACK
    return pd.DataFrame(
        {
            "student": evidence["student_id"],
            "skill": evidence["week_number"],
            "correct": correct.astype(np.int64),
            "order": np.arange(len(evidence), dtype=np.int64),
        }
    )


def _order(pair: Integers, time: npt.NDArray[Any]) -> Integers:
    """The stable order by pair and time; the rows are not sorted if one comparison of neighbours shows that they are in order."""
    ahead = pair[1:] - pair[:-1]
    if bool(((ahead > 0) | ((ahead == 0) & (time[1:] >= time[:-1]))).all()):
        return np.arange(len(pair), dtype=np.int64)
    return np.lexsort((time, pair)).astype(np.int64, copy=False)
