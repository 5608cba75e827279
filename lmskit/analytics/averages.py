"""Rules whose value is a weighted mean of all scores; their intervals follow from the weights."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from lmskit.analytics.rule import Outcome, Parameter, Rule, count, thresholds
from lmskit.rounding import number_text, percent_text

if TYPE_CHECKING:
    from lmskit.analytics.evidence import Evidence
    from lmskit.analytics.rule import Values


def _average(evidence: Evidence, _: Values) -> Outcome:
    return Outcome(evidence.sums(evidence.fraction) / evidence.n, evidence.n.astype(np.float64))


def _latest(evidence: Evidence, _: Values) -> Outcome:
    value = evidence.fraction[evidence.start + evidence.n - 1]
    return Outcome(value, np.ones(len(value)))


def _weighted_average(evidence: Evidence, parameters: Values) -> Outcome:
    w = parameters["w"]
    age, n = evidence.age(), evidence.n
    newest = evidence.fraction[evidence.start + n - 1]
    older = evidence.sums(np.where(age == 0, 0.0, evidence.fraction))  # not sum - newest: that would cancel
    earlier = np.maximum(n - 1, 1)
    single = n == 1
    value = np.where(single, newest, w * newest + (1 - w) * older / earlier)
    return Outcome(value, np.where(single, 1.0, 1 / (w**2 + (1 - w) ** 2 / earlier)))


def _decaying_average(evidence: Evidence, parameters: Values) -> Outcome:
    # d(k) written out: the newest weighs w, the one before w·q, then w·q², …, and the oldest q^(k-1), with q = 1 - w. Each weight
    # comes from a table of powers, so nothing is carried along a long sequence that could drift.
    q, n = 1 - parameters["w"], evidence.n
    age = evidence.age()
    longest = int(n.max(initial=1))
    with np.errstate(under="ignore"):
        power = q ** np.arange(longest, dtype=np.float64)
        weight = parameters["w"] * power[age]
        weight[evidence.start] = power[n - 1]
        value, squares = evidence.sums(weight * evidence.fraction), evidence.sums(weight**2)
    return Outcome(value, evidence.sums(weight) ** 2 / squares)


def _all_alike(evidence: Evidence, _: Values) -> list[str]:
    return [f"the mean of {count(n, 'score')}" for n in evidence.n]


def _only_the_newest(evidence: Evidence, _: Values) -> list[str]:
    return [f"the newest of {count(n, 'score')}" for n in evidence.n]


def _newest_and_earlier(rule: Callable[[Evidence, Values], Outcome], mean: str) -> Callable[[Evidence, Values], list[str]]:
    """Tell the weight of the newest score, and what all before it came to."""

    def account(evidence: Evidence, parameters: Values) -> list[str]:
        w = parameters["w"]
        newest = evidence.fraction[evidence.start + evidence.n - 1]
        earlier = np.clip((rule(evidence, parameters).value - w * newest) / (1 - w), 0.0, 1.0)
        told = []
        for new, old, n in zip(newest.tolist(), earlier.tolist(), evidence.n.tolist(), strict=True):
            rest = f"the {mean} of {count(n - 1, 'score')} before, {number_text(old)}, the rest"
            told.append(f"the newest score, {number_text(new)}, counts {percent_text(w)}, {rest}" if n > 1 else "the only score")
        return told

    return account


AVERAGE = Rule("average", "The mean of all scores.", _average, thresholds(), account=_all_alike)

LATEST = Rule("latest", "The newest score.", _latest, thresholds(), account=_only_the_newest)

WEIGHTED_AVERAGE = Rule(
    "weighted_average",
    "The newest score with weight w, the mean of all earlier scores with the rest.",
    _weighted_average,
    (Parameter("w", 0.01, 0.99, "weight of the newest score", default=0.65), *thresholds()),
    account=_newest_and_earlier(_weighted_average, "mean"),
)

DECAYING_AVERAGE = Rule(
    "decaying_average",
    "A running mean in which each new score has weight w and all before it together the rest.",
    _decaying_average,
    (Parameter("w", 0.50, 0.99, "weight of each new score", default=0.65), *thresholds()),
    account=_newest_and_earlier(_decaying_average, "running mean"),
)
