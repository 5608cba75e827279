"""Maximum likelihood for knowledge tracing, by expectation and maximisation over a tree of answers.

Students whose first answers on a skill are the same share them: the answers of a skill are kept as a tree, in which a node is a
beginning that some students have in common and counts them. What was known after it is the same for all of them, and what their
later answers say of it adds up: each step of the forward-backward algorithm visits nodes instead of answers, and is exact.
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

BOUND = 1e-9
"""No fitted parameter comes closer to 0 or 1: what was never seen is improbable, not impossible."""


@dataclass(frozen=True)
class Ascent:
    """Where a run of expectation and maximisation went.

    Attributes
    ----------
    parameters
        In the order of `PARAMETERS`, shape (5,).
    log_likelihoods
        Before each step, and of `parameters` at the end; never falling but for the last digits.
    converged
        The last step gained no more than the tolerance.
    """

    parameters: Floats
    log_likelihoods: Floats
    converged: bool

    @property
    def log_likelihood(self) -> float:
        """Of the parameters; natural logarithm."""
        return float(self.log_likelihoods[-1])


def answer_tree(answer: Answers, begin: Integers) -> Tree:
    """Put the sequences of one skill into a tree.

    Parameters
    ----------
    answer, begin
        As in `Sequences`, of one skill; `begin` counts from 0.

    Returns
    -------
    parent, answer, count
        Of each node: the node before it or -1, its answer, and how many students have this beginning. A node comes after its parent.
    """
    return _grow(answer, begin)


def ascend(tree: Tree, start: npt.ArrayLike, *, ceiling: float, tolerance: float, most_steps: int) -> Ascent:
    """Go uphill from one start, step by step.

    Parameters
    ----------
    tree
        From `answer_tree`, with at least one node.
    start
        In the order of `PARAMETERS`, within (0, 1). Where the last, forget, is 0, it stays 0; otherwise it is fitted too.
    ceiling
        The most that guess + slip may be: where a step would go beyond, it goes to the best point on this line. 2 is no limit.
    tolerance
        A step that gains no more ends the ascent.
    most_steps
        So does this number of steps.
    """
    found = np.array(start, dtype=np.float64)
    found[:4] = np.clip(found[:4], BOUND, 1 - BOUND)
    history = np.empty(most_steps + 1)
    n, converged = _climb(tree, found, history, (ceiling, tolerance, BOUND))
    return Ascent(found, history[:n].copy(), bool(converged))


@compiled
def _grow(answer: Answers, begin: Integers) -> Tree:
    size = len(answer)
    parent, kind, count = np.empty(size, dtype=np.int64), np.empty(size, dtype=np.int8), np.zeros(size)
    child = np.full((size + 1, 3), -1, dtype=np.int64)  # by node and answer; the last row is before any answer
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
def _climb(  # noqa: C901, PLR0912, PLR0915 - one loop in machine code, which can call no other
    tree: Tree, found: Floats, history: Floats, limits: tuple[float, float, float]
) -> tuple[int, bool]:
    """Improve `found` in place and keep the log-likelihoods; return how many, and whether it converged."""
    parent, answer, count = tree
    ceiling, tolerance, bound = limits
    n, forgetting = len(parent), found[4] > 0
    inside, outside, kept, lost, knowing = np.empty(n), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    ending = count.copy()
    for node in range(n):
        if parent[node] >= 0:
            ending[parent[node]] -= count[node]
    for step in range(len(history)):
        prior, learn, guess, slip, forget = found
        # Forward: how probable the answers up to a node are together with knowing, and with not knowing. Two numbers, as 1 minus what is
        # known would be 0 after some fifty right answers, and no wrong ones could ever bring it back. They are divided by their sum only
        # when they get small: a division at each node would have to wait for the one before.
        total, product = 0.0, 1.0
        for node in range(n):
            above = parent[node]
            if above < 0:
                known, unknown = prior, 1 - prior
            else:
                staying = inside[above] * (1 - forget)
                known, unknown = staying + outside[above] * learn, outside[above] * (1 - learn)
                kept[node] = staying / known
                if forgetting:
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
            if chance < 1e-50:  # noqa: PLR2004 - far from where numbers vanish
                total += count[node] * np.log(chance)
                known, unknown, chance = known / chance, unknown / chance, 1.0
            inside[node], outside[node] = known, unknown
            # A logarithm costs more than all else here; most sequences are one student's, whose probabilities are multiplied first.
            if ending[node] == 0:
                knowing[node] = 0.0
            else:
                knowing[node] = ending[node] * (known / chance)
                if ending[node] == 1:
                    product *= chance
                    if product < 1e-200:  # noqa: PLR2004 - as one factor is at least 1e-50
                        total += np.log(product)
                        product = 1.0
                else:
                    total += ending[node] * np.log(chance)
        total += np.log(product)
        history[step] = total
        if step > 0 and total - history[step - 1] <= tolerance:
            return step + 1, True
        if step == len(history) - 1:
            break
        # Backward: how many of those at a node knew, in the light of all their answers; and the counts that make the next step.
        first = first_knowing = 0.0
        stayed_out = learned = stayed_in = forgot = 0.0
        right_in = right_out = wrong_in = wrong_out = 0.0
        for back in range(n):
            node = n - 1 - back
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
        found[0] = first_knowing / first
        if learned + stayed_out > 0:
            found[1] = learned / (learned + stayed_out)
        if right_out + wrong_out > 0:
            found[2] = right_out / (right_out + wrong_out)
        if right_in + wrong_in > 0:
            found[3] = wrong_in / (right_in + wrong_in)
        if forgetting and forgot + stayed_in > 0:
            found[4] = forgot / (forgot + stayed_in)
        if found[2] + found[3] > ceiling:
            # The expected log-likelihood is concave in guess and slip, so its best point on the line is where its slope is 0.
            low, high = bound, ceiling - bound
            for _ in range(60):
                middle = (low + high) / 2
                slope = right_out / middle - wrong_out / (1 - middle)
                slope += right_in / (1 - ceiling + middle) - wrong_in / (ceiling - middle)
                if slope > 0:
                    low = middle
                else:
                    high = middle
            found[2] = low
            found[3] = ceiling - low
        for which in range(5 if forgetting else 4):
            found[which] = min(max(found[which], bound), 1 - bound)
    return len(history), False
