"""The rule `bkt`: mastery by Bayesian knowledge tracing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lmskit.analytics.bkt.parameters import PARAMETERS
from lmskit.analytics.bkt.prediction import knowledge
from lmskit.analytics.rules.right_or_wrong import CORRECT_FROM
from lmskit.analytics.rules.rule import Estimates, Parameter, Rule, threshold_parameters
from lmskit.errors import RuleParameterError
from lmskit.rounding import count_text

if TYPE_CHECKING:
    from lmskit.analytics.rules.evidence import Evidence
    from lmskit.analytics.rules.rule import Values


def _bkt(evidence: Evidence, parameters: Values) -> Estimates:
    answer = evidence.correct(parameters["correct_from"]).astype(np.int8)
    begin = np.append(evidence.start, len(answer))
    vector = np.array([parameters[name] for name in PARAMETERS], dtype=np.float64)
    return Estimates.without_interval(knowledge(answer, begin, np.tile(vector, (len(evidence.start), 1))))


def _explain_bkt(evidence: Evidence, parameters: Values) -> list[str]:
    right = evidence.sums(evidence.correct(parameters["correct_from"]).astype(np.float64))
    return [f"from {int(k)} of {count_text(n, 'answer')} correct" for k, n in zip(right.tolist(), evidence.n.tolist(), strict=True)]


def _check_not_degenerate(parameters: Values) -> None:
    guess, slip = parameters["guess"], parameters["slip"]
    if guess + slip >= 1:
        message = (
            f"The rule bkt needs guess + slip below 1, and {guess:g} + {slip:g} is not: knowing a topic would make right answers rarer."
        )
        raise RuleParameterError(message)


BKT = Rule(
    "bkt",
    "How likely the student knows the topic after the last answer, allowing for guesses, slips and learning from one answer to the next.",
    _bkt,
    (
        Parameter("prior", 0, 1, "how likely the topic is known before the first answer", default=0.3),
        Parameter("learn", 0, 1, "how likely it is learned from one answer to the next", default=0.2),
        Parameter("guess", 0, 1, "how likely an answer is correct though the topic is not known", default=0.2),
        Parameter("slip", 0, 1, "how likely an answer is wrong though the topic is known", default=0.1),
        Parameter("forget", 0, 1, "how likely it is forgotten from one answer to the next", default=0.0),
        CORRECT_FROM,
        *threshold_parameters(mastery=0.95),
    ),
    no_interval="The value is itself a probability: it says how sure it is that the topic is known, if the parameters hold.",
    needs=frozenset({"hinted"}),
    fitted=PARAMETERS,
    check=_check_not_degenerate,
    explain=_explain_bkt,
)
"""Corbett and Anderson's knowledge tracing, which calls a topic mastered from 0.95. A second answer to a question counts too."""
