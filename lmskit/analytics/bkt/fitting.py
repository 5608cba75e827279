"""Fit the parameters of knowledge tracing to answers."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pandas as pd

from lmskit.analytics.bkt.expectation_maximization import Ascent, answer_tree, ascend
from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.bkt.responses import MISSING, sequences_from
from lmskit.errors import InputError

if TYPE_CHECKING:
    from lmskit.analytics.bkt.expectation_maximization import Tree
    from lmskit.analytics.bkt.responses import Floats, Sequences

    Row: TypeAlias = dict[str, float | int | bool]

N_STARTS = 16
FIRST_ROUND = (8, 0.1)
"""For at most how many steps every start goes uphill, or until a step gains no more than how much."""
LATER_ROUNDS = ((5, 40, 0.01), (2, 10_000, 1e-5))
"""Of how many, the best so far, go on how far."""
CEILING = 0.999
"""The most that guess + slip are together in a fit that had to be kept from being degenerate."""
WORTH_THREADS = 20_000
"""Answers from which skills are fitted side by side; below, threads cost more than they bring."""

# Where fits of real answers were found: the usual one; rarely slipping at a high chance of guessing, which a start elsewhere
# seldom reaches; much known from the beginning; and, with forgetting, knowing in turns. The others are drawn from a box.
_KNOWN_PLACES = (
    (0.3, 0.2, 0.2, 0.1, 0.05),
    (0.1, 0.02, 0.5, 0.005, 0.02),
    (0.6, 0.02, 0.3, 0.01, 0.05),
    (0.8, 0.05, 0.1, 0.2, 0.02),
    (0.3, 0.01, 0.4, 0.1, 0.1),
    (0.9, 0.01, 0.05, 0.1, 0.2),
    (0.05, 0.01, 0.55, 0.001, 0.01),
    (0.25, 0.95, 0.6, 0.1, 0.85),
)
_LOWEST, _HIGHEST = (0.02, 0.005, 0.02, 0.001, 0.005), (0.98, 0.5, 0.6, 0.4, 0.3)
_A_LITTLE = 0.01
"""Forgetting, where a fit without it is a start for one with it."""


def fit(responses: pd.DataFrame, *, forgetting: bool = False, seed: int = 0) -> pd.DataFrame:
    """Find the parameters under which the answers are most likely, skill by skill.

    By expectation and maximisation from sixteen starts; those that do best go on, and the best is kept. A skill's result depends on
    its answers and the seed alone, not on the other skills. With forgetting, the fit without it is one more start, and is kept where
    nothing likelier is found: forgetting never makes answers less likely.

    Parameters
    ----------
    responses
        One answer a row, in rows of any order, with the columns

        ========  =================  ===================================================================
        student   any sortable key
        skill     any sortable key   a topic, a week
        correct   0, 1 or missing    a missing answer is no evidence, but time goes on
        order     number or time     sorts a student's answers on a skill; equal ones by their position
        ========  =================  ===================================================================

    forgetting
        Whether what is known can be forgotten; otherwise `forget` is 0.
    seed
        Of the starts; 0 or more.

    Returns
    -------
    DataFrame
        One row per skill, by skill, with the columns

        ==============  =======  =======================================================================================
        prior           float64  P(known before the first answer)
        learn           float64  P(learned between two answers)
        guess           float64  P(right though not known)
        slip            float64  P(wrong though known)
        forget          float64  P(forgotten between two answers); 0 without forgetting
        n_students      int64    with at least one answer that is not missing
        n_answers       int64    without missing ones
        log_likelihood  float64  natural logarithm, of all answers to the skill; at most 0
        converged       bool     the last step gained next to nothing
        constrained     bool     the answers are likeliest under guess + slip >= 1, where knowing a skill would make a right
                                 answer less likely; that is refused, and this is the best below
        ==============  =======  =======================================================================================

        A skill without any answer has NaN for every parameter. Few answers give a fit too, which says little: see `n_answers`.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        An answer is neither right nor wrong, a row names no student or skill, or the seed is negative.

    References
    ----------
    Baum et al. (1970), A maximization technique occurring in the statistical analysis of probabilistic functions of Markov chains.
    Baker, Corbett, Aleven (2008), More accurate student modeling through contextual estimation of slip and guess (degenerate fits).

    Examples
    --------
    >>> several = pd.DataFrame({"student": np.repeat(range(40), 3), "skill": "sets", "correct": [0, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 0] * 10})
    >>> found = fit(several.assign(order=range(120)))
    >>> found[["n_students", "n_answers", "converged", "constrained"]].to_dict("records")
    [{'n_students': 40, 'n_answers': 120, 'converged': True, 'constrained': False}]
    """
    if seed < 0:
        raise InputError(f"The seed of a fit is 0 or more, not {seed}.")
    sequences = sequences_from(responses)
    starts = _starts(seed)

    def one(position: int) -> Row:
        return _fitted(*_of_skill(sequences, position), starts, forgetting=forgetting)

    positions = range(len(sequences.skills))
    n_threads = min(os.cpu_count() or 1, len(positions))
    if n_threads > 1 and len(sequences.answer) >= WORTH_THREADS:
        with ThreadPoolExecutor(n_threads) as threads:
            rows = list(threads.map(one, positions))
    else:
        rows = [one(position) for position in positions]
    table = pd.DataFrame(rows, columns=list(_KINDS), index=sequences.skills.rename("skill"))
    return table.astype(_KINDS)


_KINDS = {
    **dict.fromkeys(PARAMETERS, "float64"),
    "n_students": "int64",
    "n_answers": "int64",
    "log_likelihood": "float64",
    "converged": "bool",
    "constrained": "bool",
}


def _starts(seed: int) -> Floats:
    """The points to start from, shape (starts, 5)."""
    drawn = np.random.default_rng(seed).uniform(_LOWEST, _HIGHEST, size=(N_STARTS - len(_KNOWN_PLACES), len(PARAMETERS)))
    return np.vstack([_KNOWN_PLACES, drawn])


def _of_skill(sequences: Sequences, position: int) -> tuple[Tree, int]:
    """The tree of one skill, and how many students answered."""
    begin = sequences.begin[sequences.first[position] : sequences.first[position + 1] + 1]
    answer = sequences.answer[begin[0] : begin[-1]]
    begin = begin - begin[0]
    answered = np.add.reduceat(answer != MISSING, begin[:-1])
    return answer_tree(answer, begin), int((answered > 0).sum())


def _fitted(tree: Tree, n_students: int, starts: Floats, *, forgetting: bool) -> Row:
    n_answers = int(tree[2][tree[1] != MISSING].sum())
    counts: Row = {"n_students": n_students, "n_answers": n_answers}
    if not n_answers:
        return dict.fromkeys(PARAMETERS, float("nan")) | counts | {"log_likelihood": float("nan"), "converged": False, "constrained": False}
    best, constrained = _sensible(tree, starts * [1, 1, 1, 1, 0])
    if forgetting:
        near = [*best.parameters[:-1], _A_LITTLE]
        larger, refused = _sensible(tree, np.vstack([starts, near]))
        if larger.log_likelihood > best.log_likelihood:
            best, constrained = larger, refused
    found = dict(zip(PARAMETERS, map(float, best.parameters), strict=True))
    return found | counts | {"log_likelihood": best.log_likelihood, "converged": best.converged, "constrained": constrained}


def _sensible(tree: Tree, starts: Floats) -> tuple[Ascent, bool]:
    """The highest point where guess + slip < 1, and whether there is a higher one where they are not."""
    best = _best(tree, starts, ceiling=2.0)
    prior, learn, guess, slip, forget = best.parameters
    if forget > 0 and guess + slip > 1:
        # With forgetting, a fit is as likely when the two states change their names; this one has them the wrong way round.
        best = replace(best, parameters=np.array([1 - prior, forget, 1 - slip, 1 - guess, learn]))
    if best.parameters[2] + best.parameters[3] >= 1:
        return _best(tree, starts, ceiling=CEILING), True
    return best, False


def _best(tree: Tree, starts: Floats, *, ceiling: float) -> Ascent:
    """Start everywhere, go on where it goes well, and return the highest point."""
    points = list(starts)
    reached: list[Ascent] = []
    for keep, steps, tolerance in ((len(starts), *FIRST_ROUND), *LATER_ROUNDS):
        reached = [ascend(tree, at, ceiling=ceiling, tolerance=tolerance, most_steps=steps) for at in points[:keep]]
        reached.sort(key=lambda ascent: ascent.log_likelihood, reverse=True)
        points = [ascent.parameters for ascent in reached]
    return reached[0]
