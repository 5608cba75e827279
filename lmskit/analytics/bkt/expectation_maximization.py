"""Maximum likelihood for knowledge tracing, by expectation and maximisation over a tree of answers.

The answers of a skill are stored as a tree. A node is a sequence of first answers that some students share, with the number of these
students. P(L) after it is the same for all of them, and the evidence of their later answers adds up: each step of the forward-backward
algorithm visits nodes instead of answers, and is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.compiled import compiled

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.bkt.responses import Answers, Floats, Integers

    Tree: TypeAlias = tuple[Integers, Answers, Floats]
    """For each node its parent, its answer and its number of students."""
    Workspace: TypeAlias = tuple[Floats, Floats, Floats, Floats, Floats]
    """One number for each node: see `_climb`."""
    Counts: TypeAlias = tuple[float, float, float, float, float, float, float, float, float, float]
    """Expected numbers of students, by what they knew: see `_backward`."""

BOUND = 1e-9
"""No fitted parameter is closer to 0 or 1: what was never observed is improbable, not impossible."""


@dataclass(frozen=True)
class Ascent:
    """The result of a run of expectation and maximisation.

    Attributes
    ----------
    parameters
        In the order of `PARAMETERS`, shape (5,).
    log_likelihoods
        Before each step, and of `parameters` at the end; they never fall except in the last digits.
    converged
        Whether the last step gained no more than the tolerance.
    """

    parameters: Floats
    log_likelihoods: Floats
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """Of the parameters; natural logarithm."""
        return float(self.log_likelihoods[-1])


def answer_tree(answer: Answers, begin: Integers) -> Tree:
    """Store the sequences of one skill as a tree.

    Parameters
    ----------
    answer, begin
        As in `ResponseSequences`, of one skill; `begin` counts from 0.

    Returns
    -------
    parent, answer, count
        For each node: its parent or -1, its answer, and the number of students who share it. A node has a higher index than its parent.
    """
    return _grow(answer, begin)


def ascend(tree: Tree, start: npt.ArrayLike, *, ceiling: float, tolerance: float, most_steps: int) -> Ascent:
    """Improve the parameters step by step from one start.

    Parameters
    ----------
    tree
        From `answer_tree`, with at least one node.
    start
        In the order of `PARAMETERS`, within (0, 1). If the last, forget, is 0, it stays 0; otherwise it is fitted too.
    ceiling
        The largest guess + slip: a step beyond it ends at the best point with this sum. 2 sets no limit.
    tolerance
        The ascent ends with a step that gains no more than this,
    most_steps
        or after this number of steps.
    """
    parameters = np.array(start, dtype=np.float64)
    parameters[:4] = np.clip(parameters[:4], BOUND, 1 - BOUND)
    history = np.empty(most_steps + 1)
    n, converged = _climb(tree, parameters, history, (ceiling, tolerance, BOUND))
    return Ascent(parameters, history[:n].copy(), bool(converged))


@compiled
def _grow(answer: Answers, begin: Integers) -> Tree:
    size = len(answer)
    parent, kind, count = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int8), np.zeros(size)
    child = np.full((size + 1, 3), -1, dtype=np.int64)  # by node and answer; the last row is the beginning, before any answer
    n = 0
    for sequence in range(len(begin) - 1):
        node = size
        for position in range(begin[sequence], begin[sequence + 1]):
            below = child[node, answer[position]]
            if below < 0:
                below = n
                child[node, answer[position]] = n
                parent[n] = -1 if node == size else node
                kind[n] = answer[position]
                n += 1
            node = below
            count[node] += 1
    return parent[:n].copy(), kind[:n].copy(), count[:n].copy()


@compiled
def _climb(tree: Tree, parameters: Floats, history: Floats, limits: tuple[float, float, float]) -> tuple[int, bool]:
    """Improve `parameters` and write the log-likelihoods to `history`; return their number, and whether they converged."""
    ceiling, tolerance, bound = limits
    parent, _, count = tree
    n = len(parent)
    ending = count.copy()  # the number of students whose last answer is at the node
    for node in range(n):
        if parent[node] >= 0:
            ending[parent[node]] -= count[node]
    # The probability of the answers up to a node, with and without knowing the skill; the share of those who know it that knew it before;
    # the share of those who do not know it that forgot it; the expected number of students who know it.
    work = (np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n))
    for step in range(len(history)):
        history[step] = _forward(tree, ending, parameters, work)
        if step > 0 and history[step] - history[step - 1] <= tolerance:
            return step + 1, True
        if step < len(history) - 1:
            _maximize(parameters, _backward(tree, work, parameters[4] > 0), ceiling, bound)
    return len(history), False


@compiled
def _forward(tree: Tree, ending: Floats, parameters: Floats, work: Workspace) -> float:
    """The log-likelihood. Writes to `work` what the answers up to each node say.

    The probabilities with and without knowing are two numbers: 1 - P(L) would be 0 after some fifty right answers, and wrong answers could
    never raise it again. They are divided by their sum only when they get small: a division at each node would have to wait for the one
    before.
    """
    parent, answer, count = tree
    inside, outside, kept, lost, knowing = work
    prior, learn, guess, slip, forget = parameters
    total, product = 0.0, 1.0
    for node in range(len(parent)):
        above = parent[node]
        if above < 0:
            known, unknown = prior, 1 - prior
        else:
            staying = inside[above] * (1 - forget)
            known, unknown = staying + outside[above] * learn, outside[above] * (1 - learn)
            kept[node] = staying / known
            if forget > 0:
                leaving = inside[above] * forget
                unknown += leaving
                lost[node] = leaving / unknown
        if answer[node] == 1:
            known *= 1 - slip
            unknown *= guess
        elif answer[node] == 0:
            known *= slip
            unknown *= 1 - guess
        chance = known + unknown
        if chance < 1e-50:  # noqa: PLR2004 - far above the smallest float
            total += count[node] * np.log(chance)
            known, unknown, chance = known / chance, unknown / chance, 1.0
        inside[node], outside[node] = known, unknown
        # A logarithm costs more than all the rest; most sequences are those of one student, and their probabilities are multiplied first.
        if ending[node] == 0:
            knowing[node] = 0.0
            continue
        knowing[node] = ending[node] * (known / chance)
        if ending[node] > 1:
            total += ending[node] * np.log(chance)
            continue
        product *= chance
        if product < 1e-200:  # noqa: PLR2004 - one factor is at least 1e-50
            total += np.log(product)
            product = 1.0
    return float(total + np.log(product))


@compiled
def _backward(tree: Tree, work: Workspace, forgetting: bool) -> Counts:  # noqa: FBT001 - Numba takes no keywords
    """The expected numbers of students, in the light of all their answers.

    Returns
    -------
    counts
        All students, and those who knew the skill at the beginning; transitions: not known and then known, not known and then not, known
        and then not, known and then known; answers: right and wrong when known, right and wrong when not known.
    """
    parent, answer, count = tree
    _, _, kept, lost, knowing = work
    first = first_knowing = 0.0
    learned = stayed_out = forgot = stayed_in = 0.0
    right_in = wrong_in = right_out = wrong_out = 0.0
    for node in range(len(parent) - 1, -1, -1):
        in_ = knowing[node]
        out = count[node] - in_
        if answer[node] == 1:
            right_in += in_
            right_out += out
        elif answer[node] == 0:
            wrong_in += in_
            wrong_out += out
        above = parent[node]
        if above < 0:
            first += count[node]
            first_knowing += in_
        else:
            from_in = in_ * kept[node]
            to_out = out * lost[node] if forgetting else 0.0
            stayed_in += from_in
            learned += in_ - from_in
            forgot += to_out
            stayed_out += out - to_out
            knowing[above] += from_in + to_out
    return first, first_knowing, learned, stayed_out, forgot, stayed_in, right_in, wrong_in, right_out, wrong_out


@compiled
def _maximize(parameters: Floats, counts: Counts, ceiling: float, bound: float) -> None:
    """Write the parameters under which the expected numbers are likeliest; those without any observation keep their value."""
    first, first_knowing, learned, stayed_out, forgot, stayed_in, right_in, wrong_in, right_out, wrong_out = counts
    n_parameters = 5 if parameters[4] > 0 else 4
    parameters[0] = first_knowing / first
    if learned + stayed_out > 0:
        parameters[1] = learned / (learned + stayed_out)
    if right_out + wrong_out > 0:
        parameters[2] = right_out / (right_out + wrong_out)
    if right_in + wrong_in > 0:
        parameters[3] = wrong_in / (right_in + wrong_in)
    if n_parameters == 5 and forgot + stayed_in > 0:  # noqa: PLR2004 - forgetting is the fifth
        parameters[4] = forgot / (forgot + stayed_in)
    if parameters[2] + parameters[3] > ceiling:
        parameters[2] = _best_guess((right_in, wrong_in, right_out, wrong_out), ceiling, bound)
        parameters[3] = ceiling - parameters[2]
    for which in range(n_parameters):
        parameters[which] = min(max(parameters[which], bound), 1 - bound)


@compiled
def _best_guess(answers: tuple[float, float, float, float], ceiling: float, bound: float) -> float:
    """The best guess where guess + slip = `ceiling`: the expected log-likelihood is concave in it, so the best is where its slope is 0."""
    right_in, wrong_in, right_out, wrong_out = answers
    low, high = bound, ceiling - bound
    for _ in range(60):
        middle = (low + high) / 2
        slope = right_out / middle - wrong_out / (1 - middle)
        slope += right_in / (1 - ceiling + middle) - wrong_in / (ceiling - middle)
        if slope > 0:
            low = middle
        else:
            high = middle
    return low
