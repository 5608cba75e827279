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
    from lmskit.analytics.bkt.responses import Floats, ResponseSequences

    Row: TypeAlias = dict[str, float | int | bool]

N_STARTS = 16
FIRST_ROUND = (8, 0.1)
"""In the first round, each start takes at most this number of steps, or fewer if a step gains no more than this."""
LATER_ROUNDS = ((5, 40, 0.01), (2, 10_000, 1e-5))
"""In later rounds, this number of the best starts so far go on, with these limits."""
CEILING = 0.999
"""The largest guess + slip of a fit that would otherwise be degenerate."""
WORTH_THREADS = 20_000
"""From this number of answers, skills are fitted in parallel; with fewer, threads cost more than they gain."""

# Near fits to real answers: the usual one; rare slips with frequent guesses, which other starts seldom reach; much known from the
# beginning; and, with forgetting, alternating between knowing and not knowing. Further starts are drawn from a box.
_KNOWN_STARTS = (
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
_SMALL_FORGET = 0.01
"""The forget of a start that is a fit without forgetting."""


def fit(responses: pd.DataFrame, *, forgetting: bool = False, seed: int = 0) -> pd.DataFrame:
    """Find the parameters under which the answers are likeliest, skill by skill.

    Expectation and maximisation is run from sixteen starts; the best of them go on, and the best result is returned. The result of a
    skill depends only on its answers and the seed, not on other skills. With forgetting, the fit without it is one more start, and is
    returned if nothing likelier is found: forgetting never makes answers less likely.

    Parameters
    ----------
    responses
        One answer a row, in rows of any order, with the columns

        ========  =================  ===================================================================
        student   any sortable key
        skill     any sortable key   a topic, a week
        correct   0, 1 or missing    missing: not evidence, but the student may learn
        order     number or time     sorts a student's answers on a skill; equal ones keep their order
        ========  =================  ===================================================================

    forgetting
        Whether a skill can be forgotten; otherwise `forget` is 0.
    seed
        Seed of the random starts; 0 or more.

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
        n_students      int64    students with at least one answer that is not missing
        n_answers       int64    answers without the missing ones
        log_likelihood  float64  natural logarithm, of all answers to the skill; at most 0
        converged       bool     the last step gained next to nothing
        constrained     bool     the answers are likeliest with guess + slip >= 1, where knowing a skill would make a right
                                 answer less likely; the fit is the best one with guess + slip < 1
        ==============  =======  =======================================================================================

        A skill without answers has NaN for every parameter. A fit to few answers says little: see `n_answers`.

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    InputError
        An answer is neither right nor wrong, a row lacks its student or skill, or the seed is negative.

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

    def fit_skill(position: int) -> Row:
        return _fit_tree(*_of_skill(sequences, position), starts, forgetting=forgetting)

    positions = range(len(sequences.skills))
    n_threads = min(os.cpu_count() or 1, len(positions))
    if n_threads > 1 and len(sequences.answer) >= WORTH_THREADS:
        with ThreadPoolExecutor(n_threads) as threads:
            rows = list(threads.map(fit_skill, positions))
    else:
        rows = [fit_skill(position) for position in positions]
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
    """The starts, shape (starts, 5)."""
    drawn = np.random.default_rng(seed).uniform(_LOWEST, _HIGHEST, size=(N_STARTS - len(_KNOWN_STARTS), len(PARAMETERS)))
    return np.vstack([_KNOWN_STARTS, drawn])


def _of_skill(sequences: ResponseSequences, position: int) -> tuple[Tree, int]:
    """The tree of one skill, and the number of students who answered."""
    begin = sequences.begin[sequences.first[position] : sequences.first[position + 1] + 1]
    answer = sequences.answer[begin[0] : begin[-1]]
    begin = begin - begin[0]
    answered = np.add.reduceat(answer != MISSING, begin[:-1])
    return answer_tree(answer, begin), int((answered > 0).sum())


def _fit_tree(tree: Tree, n_students: int, starts: Floats, *, forgetting: bool) -> Row:
    n_answers = int(tree[2][tree[1] != MISSING].sum())
    counts: Row = {"n_students": n_students, "n_answers": n_answers}
    if not n_answers:
        return dict.fromkeys(PARAMETERS, float("nan")) | counts | {"log_likelihood": float("nan"), "converged": False, "constrained": False}
    best, constrained = _sensible(tree, starts * [1, 1, 1, 1, 0])
    if forgetting:
        near = [*best.parameters[:-1], _SMALL_FORGET]
        with_forgetting, refused = _sensible(tree, np.vstack([starts, near]))
        if with_forgetting.log_likelihood > best.log_likelihood:
            best, constrained = with_forgetting, refused
    parameters = dict(zip(PARAMETERS, map(float, best.parameters), strict=True))
    return parameters | counts | {"log_likelihood": best.log_likelihood, "converged": best.converged, "constrained": constrained}


def _sensible(tree: Tree, starts: Floats) -> tuple[Ascent, bool]:
    """The likeliest parameters with guess + slip < 1, and whether others are likelier."""
    best = _best(tree, starts, ceiling=2.0)
    prior, learn, guess, slip, forget = best.parameters
    if forget > 0 and guess + slip > 1:
        # With forgetting, a fit is as likely when the two states are exchanged; in this one they are the wrong way round.
        best = replace(best, parameters=np.array([1 - prior, forget, 1 - slip, 1 - guess, learn]))
    if best.parameters[2] + best.parameters[3] >= 1:
        return _best(tree, starts, ceiling=CEILING), True
    return best, False


def _best(tree: Tree, starts: Floats, *, ceiling: float) -> Ascent:
    """Run from every start, continue with the best, and return the best result."""
    points = list(starts)
    reached: list[Ascent] = []
    for keep, steps, tolerance in ((len(starts), *FIRST_ROUND), *LATER_ROUNDS):
        reached = [ascend(tree, start, ceiling=ceiling, tolerance=tolerance, most_steps=steps) for start in points[:keep]]
        reached.sort(key=lambda ascent: ascent.log_likelihood, reverse=True)
        points = [ascent.parameters for ascent in reached]
    return reached[0]
