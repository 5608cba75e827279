"""Rules that pick scores by their size; what is picked so gives no interval. An attempt has one score, the mean of its units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmskit.analytics.rule import Outcome, Parameter, Rule, thresholds
from lmskit.rounding import count_text, number_text
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    from lmskit.analytics.evidence import Evidence
    from lmskit.analytics.rule import Values


def _highest(evidence: Evidence, _: Values) -> Outcome:
    scores = evidence.scores()
    return Outcome.without_interval(np.maximum.reduceat(scores.fraction, scores.start) if len(scores.start) else np.empty(0))


def _n_of_mastery(evidence: Evidence, parameters: Values) -> Outcome:
    scores = evidence.scores()
    meets = scores.fraction >= parameters["threshold"] - SLACK
    kept = scores.sums(meets.astype(np.float64))
    total = scores.sums(np.where(meets, scores.fraction, 0.0))
    return Outcome.without_interval(np.where(kept >= parameters["n"], total / np.maximum(kept, 1), np.nan))


def _the_best(evidence: Evidence, _: Values) -> list[str]:
    return [f"the best of {count_text(n, 'score')}" for n in evidence.scores().n]


def _those_kept(evidence: Evidence, parameters: Values) -> list[str]:
    scores = evidence.scores()
    kept = scores.sums((scores.fraction >= parameters["threshold"] - SLACK).astype(np.float64)).astype(np.int64)
    asked, threshold = int(parameters["n"]), number_text(parameters["threshold"])
    return [
        f"the mean of the {k} among {count_text(n, 'score')} that reach {threshold}"
        if k >= asked
        else f"only {k} of {count_text(n, 'score')} reach {threshold}, and {asked} are asked for"
        for k, n in zip(kept.tolist(), scores.n.tolist(), strict=True)
    ]


HIGHEST = Rule(
    "highest",
    "The score of the best attempt.",
    _highest,
    thresholds(),
    needs=frozenset({"attempt"}),
    no_interval="The best of several scores is picked for its size, so that chance can only raise it.",
    account=_the_best,
)

N_OF_MASTERY = Rule(
    "n_of_mastery",
    "The mean of those attempts' scores that meet the threshold, once there are n of them.",
    _n_of_mastery,
    (
        Parameter("n", 1, 10, "how many scores must meet the threshold", default=5, whole=True),
        Parameter("threshold", 0, 1, "a score of at least this counts", default_from="mastery_threshold"),
        *thresholds(),
    ),
    needs=frozenset({"attempt"}),
    no_interval="The scores are picked for their size, so that their mean cannot fall below the threshold.",
    account=_those_kept,
)
