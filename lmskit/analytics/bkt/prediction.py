"""How likely a student knows a skill after each answer, and how likely the next answer is right."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.bkt.parameters import parameter_table, parameter_vector
from lmskit.analytics.bkt.responses import answers, sequences_from
from lmskit.analytics.compiled import compiled
from lmskit.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from lmskit.analytics.bkt.responses import Answers, Floats, Integers

    Parameters: TypeAlias = Mapping[str, float] | pd.Series


def filter(correct: npt.ArrayLike, parameters: Parameters) -> Floats:  # noqa: A001 - the name that the field and callers use
    """Trace how likely one student knows one skill.

    After a right answer P(L|1) = P(L)(1-S) / [P(L)(1-S) + (1-P(L))G], after a wrong one
    P(L|0) = P(L)S / [P(L)S + (1-P(L))(1-G)]; a missing one leaves P(L) unchanged. Then P(L) = P(L|answer)(1-F) + (1-P(L|answer))T.

    Parameters
    ----------
    correct
        Answers from first to last: 1 right, 0 wrong, NaN missing; shape (n,).
    parameters
        prior, learn (T), guess (G), slip (S) and optionally forget (F, else 0), each from 0 to 1.

    Returns
    -------
    array
        P(L) before each answer, and as last element after the last one, shape (n + 1,), each from 0 to 1. An answer that the
        parameters rule out (a wrong answer by a student who surely knows the skill and never slips) leaves P(L) unchanged.

    Raises
    ------
    InputError
        An answer is something else, or a parameter is missing or out of range.

    References
    ----------
    Corbett, Anderson (1995), Knowledge tracing: modeling the acquisition of procedural knowledge.

    Examples
    --------
    >>> filter([1, 1, 0, 1], {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}).round(4).tolist()
    [0.3, 0.7268, 0.9383, 0.7243, 0.9376]
    """
    given = answers(np.ravel(np.asarray(correct, dtype=object)))
    vector = parameter_vector(parameters)
    known = np.empty(len(given) + 1)
    known[0] = vector[0]
    _trace(given, np.array([0, len(given)], dtype=np.int64), vector[None, :], known)
    return known


def predict(responses: pd.DataFrame, parameters: pd.DataFrame) -> pd.Series:
    """Predict how likely each answer is right, from the answers before it.

    P(correct) = P(L)(1-S) + (1-P(L))G, with P(L) from the same student's earlier answers on the same skill.

    Parameters
    ----------
    responses
        The columns student, skill, correct (0, 1 or missing) and order, in rows of any order.
    parameters
        prior, learn, guess, slip and optionally forget by skill, as `fit` returns them; other columns are ignored.

    Returns
    -------
    Series of float64
        From 0 to 1, with the index of `responses`; also for missing answers. NaN for a skill whose parameters are NaN.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        The parameters lack a skill or contain one twice, or a value is out of range.

    Examples
    --------
    >>> responses = pd.DataFrame({"student": 7, "skill": "sets", "correct": [1, 1, 0, 1], "order": range(4)})
    >>> parameters = pd.DataFrame({"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1}, index=["sets"])
    >>> predict(responses, parameters).round(4).tolist()
    [0.41, 0.7088, 0.8568, 0.707]
    """
    sequences = sequences_from(responses)
    table = parameter_table(parameters)
    row = parameters.index.get_indexer(sequences.skills)
    if (row < 0).any():
        unknown = [str(skill) for skill in sequences.skills[row < 0]]
        few = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")  # noqa: PLR2004 - as many as fit a line
        plural = "s" if len(unknown) > 1 else ""
        raise InputError(f"There are no parameters for the skill{plural} {few}; fit them first, or leave out their responses.")
    used = table[row]
    n_sequences = np.diff(sequences.first)
    known = _before(sequences.answer, sequences.begin, np.repeat(used, n_sequences, axis=0))
    by_row = np.repeat(np.repeat(np.arange(len(used)), n_sequences), np.diff(sequences.begin))
    guess, slip = used[by_row, 2], used[by_row, 3]
    chance = np.empty(len(known))
    chance[sequences.row] = known * (1 - slip) + (1 - known) * guess
    return pd.Series(chance, index=responses.index, name="p_correct")


def knowledge(answer: Answers, begin: Integers, parameters: Floats) -> Floats:
    """P(L) after the last answer of each sequence.

    Parameters
    ----------
    answer
        `WRONG`, `RIGHT` or `MISSING`, the answers of a sequence side by side, shape (answers,).
    begin
        Index at which each sequence begins, followed by the number of answers, shape (sequences + 1,).
    parameters
        In the order of `PARAMETERS`, shape (sequences, 5).

    Returns
    -------
    array
        0 to 1, shape (sequences,).
    """
    # One element more than answers for each sequence: P(L) after its last answer.
    after = np.empty(len(answer) + len(begin) - 1)
    _trace(answer, begin, parameters, after)
    last: Floats = after[begin[1:] + np.arange(len(begin) - 1)]
    return last


def _before(answer: Answers, begin: Integers, parameters: Floats) -> Floats:
    known = np.empty(len(answer) + len(begin) - 1)
    _trace(answer, begin, parameters, known)
    keep = np.ones(len(known), dtype=bool)
    keep[begin[1:] + np.arange(len(begin) - 1)] = False
    before: Floats = known[keep]
    return before


@compiled
def _trace(answer: Answers, begin: Integers, parameters: Floats, known: Floats) -> None:
    """Write P(L) before each answer and after the last one, sequence by sequence; `known` has one element more for each sequence."""
    for sequence in range(len(begin) - 1):
        prior, learn, guess, slip, forget = parameters[sequence]
        index = begin[sequence] + sequence
        # The probability that the skill is not known is a number of its own: 1 - P(L) would be 0 after some fifty right answers, and
        # wrong answers could never raise it again.
        inside, outside = prior, 1 - prior
        known[index] = inside
        for position in range(begin[sequence], begin[sequence + 1]):
            if answer[position] == 1:
                with_it, without = inside * (1 - slip), outside * guess
            elif answer[position] == 0:
                with_it, without = inside * slip, outside * (1 - guess)
            else:
                with_it, without = inside, outside
            chance = with_it + without
            if chance > 0:
                inside, outside = with_it / chance, without / chance
            inside, outside = inside * (1 - forget) + outside * learn, inside * forget + outside * (1 - learn)
            index += 1
            known[index] = inside
