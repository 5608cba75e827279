"""Canvas's rules: averages of scores, and rules that pick scores by their size.

`average` weighs all units of evidence alike. Which score is the newest, the best or enough is a matter of attempts: the last question of
a quiz is not newer than its first. So the other rules use the scores of attempts; the score of an attempt is the mean of its units.

The intervals of averages follow from their weights. A score that is picked for its size gives no interval.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.rules.rule import Estimates, Parameter, Rule, threshold_parameters
from lmskit.rounding import count_text, evidence_text, number_text, percent_text
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.rules.evidence import Evidence, Scores
    from lmskit.analytics.rules.rule import Values

    Floats: TypeAlias = npt.NDArray[np.float64]


def _average(evidence: Evidence, _: Values) -> Estimates:
    return Estimates(evidence.sums(evidence.fraction) / evidence.n, evidence.n.astype(np.float64))


def _explain_average(evidence: Evidence, _: Values) -> list[str]:
    return [f"the mean of {evidence_text(n)}" for n in evidence.n]


def _latest(evidence: Evidence, _: Values) -> Estimates:
    scores = evidence.scores()
    return Estimates(scores.fraction[scores.newest()], scores.units[scores.newest()].astype(np.float64))


def _explain_latest(evidence: Evidence, _: Values) -> list[str]:
    return [f"the newest of {count_text(n, 'score')}" for n in evidence.scores().n]


def _weighted_average(evidence: Evidence, parameters: Values) -> Estimates:
    w, scores = parameters["w"], evidence.scores()
    earlier = np.maximum(scores.n - 1, 1)
    newest = scores.age() == 0
    weight = np.where(newest, w, np.repeat((1 - w) / earlier, scores.n))
    weight[scores.start[scores.n == 1]] = 1.0
    return _weighted_mean(scores, weight)


def _decaying_average(evidence: Evidence, parameters: Values) -> Estimates:
    # d(k) written out: the newest weighs w, the one before w·q, then w·q², …, and the oldest q^(k-1), with q = 1 - w. Each weight
    # is read from a table of powers, so no rounding error accumulates along a long sequence.
    q, scores = 1 - parameters["w"], evidence.scores()
    longest = int(scores.n.max(initial=1))
    with np.errstate(under="ignore"):
        power = q ** np.arange(longest, dtype=np.float64)
        weight = parameters["w"] * power[scores.age()]
        weight[scores.start] = power[scores.n - 1]
        return _weighted_mean(scores, weight)


def _weighted_mean(scores: Scores, weight: Floats) -> Estimates:
    """The mean of scores whose weights add up to 1 in each group; the weight of a score is divided among its units of evidence."""
    return Estimates(scores.sums(weight * scores.fraction), scores.sums(weight) ** 2 / scores.sums(weight**2 / scores.units))


def _explain_weights(rule: Callable[[Evidence, Values], Estimates], mean: str) -> Callable[[Evidence, Values], list[str]]:
    """Explain a value by the newest score with its weight and the mean of all earlier scores."""

    def explain(evidence: Evidence, parameters: Values) -> list[str]:
        w, scores = parameters["w"], evidence.scores()
        newest = scores.fraction[scores.newest()]
        earlier = np.clip((rule(evidence, parameters).value - w * newest) / (1 - w), 0.0, 1.0)
        texts = []
        for new, old, n in zip(newest.tolist(), earlier.tolist(), scores.n.tolist(), strict=True):
            rest = f"the {mean} of {count_text(n - 1, 'score')} before, {number_text(old)}, the rest"
            texts.append(f"the newest score, {number_text(new)}, counts {percent_text(w)}, {rest}" if n > 1 else "the only score")
        return texts

    return explain


def _highest(evidence: Evidence, _: Values) -> Estimates:
    scores = evidence.scores()
    return Estimates.without_interval(np.maximum.reduceat(scores.fraction, scores.start) if len(scores.start) else np.empty(0))


def _explain_highest(evidence: Evidence, _: Values) -> list[str]:
    return [f"the best of {count_text(n, 'score')}" for n in evidence.scores().n]


def _n_of_mastery(evidence: Evidence, parameters: Values) -> Estimates:
    scores = evidence.scores()
    meets = scores.fraction >= parameters["threshold"] - SLACK
    kept = scores.sums(meets.astype(np.float64))
    total = scores.sums(np.where(meets, scores.fraction, 0.0))
    return Estimates.without_interval(np.where(kept >= parameters["n"], total / np.maximum(kept, 1), np.nan))


def _explain_n_of_mastery(evidence: Evidence, parameters: Values) -> list[str]:
    scores = evidence.scores()
    kept = scores.sums((scores.fraction >= parameters["threshold"] - SLACK).astype(np.float64)).astype(np.int64)
    required, threshold = int(parameters["n"]), number_text(parameters["threshold"])
    return [
        f"the mean of the {k} among {count_text(n, 'score')} that reach {threshold}"
        if k >= required
        else f"only {k} of {count_text(n, 'score')} reach {threshold}, and {required} are required"
        for k, n in zip(kept.tolist(), scores.n.tolist(), strict=True)
    ]


_BY_ATTEMPT = frozenset({"attempt"})

AVERAGE = Rule(
    "average",
    "The mean of all graded questions, or of attempts of which only the total is known.",
    _average,
    threshold_parameters(),
    explain=_explain_average,
)

LATEST = Rule("latest", "The score of the newest attempt.", _latest, threshold_parameters(), needs=_BY_ATTEMPT, explain=_explain_latest)

WEIGHTED_AVERAGE = Rule(
    "weighted_average",
    "The score of the newest attempt with weight w, the mean of all earlier scores with the rest.",
    _weighted_average,
    (Parameter("w", 0.01, 0.99, "weight of the newest score", default=0.65), *threshold_parameters()),
    needs=_BY_ATTEMPT,
    explain=_explain_weights(_weighted_average, "mean"),
)

DECAYING_AVERAGE = Rule(
    "decaying_average",
    "A running mean in which the score of each new attempt has weight w and all before it together the rest.",
    _decaying_average,
    (Parameter("w", 0.50, 0.99, "weight of each new score", default=0.65), *threshold_parameters()),
    needs=_BY_ATTEMPT,
    explain=_explain_weights(_decaying_average, "running mean"),
)

HIGHEST = Rule(
    "highest",
    "The score of the best attempt.",
    _highest,
    threshold_parameters(),
    needs=_BY_ATTEMPT,
    no_interval="The best of several scores is picked for its size, so that chance can only raise it.",
    explain=_explain_highest,
)

N_OF_MASTERY = Rule(
    "n_of_mastery",
    "The mean of those attempts' scores that meet the threshold, once there are n of them.",
    _n_of_mastery,
    (
        Parameter("n", 1, 10, "how many scores must meet the threshold", default=5, whole=True),
        Parameter("threshold", 0, 1, "a score of at least this counts", default_from="mastery_threshold"),
        *threshold_parameters(),
    ),
    needs=_BY_ATTEMPT,
    no_interval="The scores are picked for their size, so that their mean cannot fall below the threshold.",
    explain=_explain_n_of_mastery,
)
