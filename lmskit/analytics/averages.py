"""Rules whose value is a weighted mean; their intervals follow from the weights.

`average` weighs all units of evidence alike. What is newest is a matter of attempts: the last question of a quiz is no newer than its
first. So the other rules weigh scores, of which an attempt has one: the mean of its units.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.rule import Outcome, Parameter, Rule, thresholds
from lmskit.rounding import count_text, number_text, percent_text

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.evidence import Evidence, Scores
    from lmskit.analytics.rule import Values

    Floats: TypeAlias = npt.NDArray[np.float64]


def _average(evidence: Evidence, _: Values) -> Outcome:
    return Outcome(evidence.sums(evidence.fraction) / evidence.n, evidence.n.astype(np.float64))


def _latest(evidence: Evidence, _: Values) -> Outcome:
    scores = evidence.scores()
    return Outcome(scores.fraction[scores.newest()], scores.units[scores.newest()].astype(np.float64))


def _weighted_average(evidence: Evidence, parameters: Values) -> Outcome:
    w, scores = parameters["w"], evidence.scores()
    earlier = np.maximum(scores.n - 1, 1)
    newest = scores.age() == 0
    weight = np.where(newest, w, np.repeat((1 - w) / earlier, scores.n))
    weight[scores.start[scores.n == 1]] = 1.0
    return _weighted(scores, weight)


def _decaying_average(evidence: Evidence, parameters: Values) -> Outcome:
    # d(k) written out: the newest weighs w, the one before w·q, then w·q², …, and the oldest q^(k-1), with q = 1 - w. Each weight
    # comes from a table of powers, so nothing is carried along a long sequence that could drift.
    q, scores = 1 - parameters["w"], evidence.scores()
    longest = int(scores.n.max(initial=1))
    with np.errstate(under="ignore"):
        power = q ** np.arange(longest, dtype=np.float64)
        weight = parameters["w"] * power[scores.age()]
        weight[scores.start] = power[scores.n - 1]
        return _weighted(scores, weight)


def _weighted(scores: Scores, weight: Floats) -> Outcome:
    """The mean of scores whose weights add up to 1 in each group; a score shares its weight among its units."""
    return Outcome(scores.sums(weight * scores.fraction), scores.sums(weight) ** 2 / scores.sums(weight**2 / scores.units))


def _all_alike(evidence: Evidence, _: Values) -> list[str]:
    return [f"the mean of {count_text(n, 'unit')} of evidence" for n in evidence.n]


def _only_the_newest(evidence: Evidence, _: Values) -> list[str]:
    return [f"the newest of {count_text(n, 'score')}" for n in evidence.scores().n]


def _newest_and_earlier(rule: Callable[[Evidence, Values], Outcome], mean: str) -> Callable[[Evidence, Values], list[str]]:
    """Tell the weight of the newest score, and what all before it came to."""

    def account(evidence: Evidence, parameters: Values) -> list[str]:
        w, scores = parameters["w"], evidence.scores()
        newest = scores.fraction[scores.newest()]
        earlier = np.clip((rule(evidence, parameters).value - w * newest) / (1 - w), 0.0, 1.0)
        told = []
        for new, old, n in zip(newest.tolist(), earlier.tolist(), scores.n.tolist(), strict=True):
            rest = f"the {mean} of {count_text(n - 1, 'score')} before, {number_text(old)}, the rest"
            told.append(f"the newest score, {number_text(new)}, counts {percent_text(w)}, {rest}" if n > 1 else "the only score")
        return told

    return account


_BY_ATTEMPT = frozenset({"attempt"})

AVERAGE = Rule(
    "average",
    "The mean of all graded questions, or of attempts of which only the total is known.",
    _average,
    thresholds(),
    account=_all_alike,
)

LATEST = Rule("latest", "The score of the newest attempt.", _latest, thresholds(), needs=_BY_ATTEMPT, account=_only_the_newest)

WEIGHTED_AVERAGE = Rule(
    "weighted_average",
    "The score of the newest attempt with weight w, the mean of all earlier scores with the rest.",
    _weighted_average,
    (Parameter("w", 0.01, 0.99, "weight of the newest score", default=0.65), *thresholds()),
    needs=_BY_ATTEMPT,
    account=_newest_and_earlier(_weighted_average, "mean"),
)

DECAYING_AVERAGE = Rule(
    "decaying_average",
    "A running mean in which the score of each new attempt has weight w and all before it together the rest.",
    _decaying_average,
    (Parameter("w", 0.50, 0.99, "weight of each new score", default=0.65), *thresholds()),
    needs=_BY_ATTEMPT,
    account=_newest_and_earlier(_decaying_average, "running mean"),
)
