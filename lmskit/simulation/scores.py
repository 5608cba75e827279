"""Simulated scores of a quiz in which the keys of some items are wrong, to measure how well wrong keys are found."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from lmskit.errors import InputError
from lmskit.simulation.term import response_probability


@dataclass(frozen=True)
class SimulatedScores:
    """The answers and scores of a quiz.

    Attributes
    ----------
    scores
        Scores of 0 or 1, students × items.
    wrong
        By item, whether its key is wrong.
    chosen
        The index of the chosen option, students × items; 0 is the right answer.
    key
        By item, the index of the option that scores 1.
    """

    scores: pd.DataFrame
    wrong: pd.Series
    chosen: pd.DataFrame
    key: pd.Series


def simulated_scores(
    *, n_students: int = 200, n_items: int = 20, discrimination: float = 1.2, n_wrong: int = 0, n_options: int = 2, seed: int = 0
) -> SimulatedScores:
    """Simulate a quiz by the 2PL model, with ability and difficulty standard normal.

    A wrong key is another option than the right one. With two options it turns the scores of the item around; with more, students who
    do not know the answer choose each wrong option with the same chance, and those who choose the option of the key score 1.

    Parameters
    ----------
    n_students, n_items
        Size of the quiz.
    discrimination
        a of every item.
    n_wrong
        Number of items with a wrong key, which are chosen at random.
    n_options
        Options of each item, at least 2.
    seed
        The same seed gives the same scores.

    Returns
    -------
    SimulatedScores
        With the truth about each item.

    Raises
    ------
    InputError
        There are more wrong keys than items, or fewer than two options.

    Examples
    --------
    >>> quiz = simulated_scores(n_students=500, n_items=10, n_wrong=1, seed=3)
    >>> rest = quiz.scores.loc[:, ~quiz.wrong].sum(axis=1)
    >>> quiz.scores.corrwith(rest).lt(0).equals(quiz.wrong)
    True
    """
    if not 0 <= n_wrong <= n_items or n_options < 2:  # noqa: PLR2004  # a wrong key needs another option
        raise InputError("A simulated quiz has at most as many wrong keys as items, and at least two options per item.")
    from scipy.special import ndtri  # takes long to import, so that only simulating pays for it

    generator = np.random.default_rng([seed, n_students, n_items, n_wrong, n_options])
    ability, difficulty = ndtri(generator.random(n_students)), ndtri(generator.random(n_items))
    knows = generator.random((n_students, n_items)) < response_probability(ability[:, None], discrimination, difficulty)
    guess = 1 + np.floor(generator.random((n_students, n_items)) * (n_options - 1)).astype(np.int64)
    wrong = np.zeros(n_items, dtype=np.bool_)
    wrong[np.argsort(generator.random(n_items), kind="stable")[:n_wrong]] = True
    items = pd.Index([f"q{number}" for number in range(1, n_items + 1)], name="item")
    chosen = pd.DataFrame(np.where(knows, 0, guess), columns=items)
    key = pd.Series(wrong.astype(np.int64), index=items, name="key")
    return SimulatedScores((chosen == key).astype(np.float64), pd.Series(wrong, index=items, name="wrong"), chosen, key)
