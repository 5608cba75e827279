"""Rules that count right and wrong answers: the last few of them, or a level that goes up and down.

Both need more of an answer than its score: which question it answers, in which attempt it was given, whether a hint came before it.
See `lmskit.analytics.rules.evidence` for these columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.compiled import compiled
from lmskit.analytics.rules.rule import Estimates, Parameter, Rule, threshold_parameters
from lmskit.errors import RuleParameterError
from lmskit.rounding import count_text
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.rules.evidence import Evidence
    from lmskit.analytics.rules.rule import Values

    Integers: TypeAlias = npt.NDArray[np.int64]

KHAN_POINTS = (0.0, 0.5, 0.8, 1.0)
"""What the levels attempted, familiar, proficient and mastered are worth, as shares of the 100 mastery points of a skill."""

KHAN_LEVELS = ("attempted", "familiar", "proficient", "mastered")

FAMILIAR_FROM = 0.70
"""A skill is familiar when at least this share of an exercise is correct."""


def _m_of_n(evidence: Evidence, parameters: Values) -> Estimates:
    _, most, last = _correct_in_a_row(evidence, parameters)
    m = int(parameters["m"])
    return Estimates.without_interval(np.where(most >= m, 1.0, last / m))


def _correct_in_a_row(evidence: Evidence, parameters: Values) -> tuple[Integers, Integers, Integers]:
    """For each group: how many questions were answered; the most correct answers in any n in a row; the correct ones in the last n."""
    responses = evidence.first_responses()
    right = responses.correct(parameters["correct_from"]).astype(np.int64)
    before = np.concatenate(([0], np.cumsum(right)))
    position = np.arange(len(right))
    oldest = np.maximum(position - int(parameters["n"]) + 1, np.repeat(responses.start, responses.n))  # of the n that end at each position
    among = before[position + 1] - before[oldest]
    most = np.maximum.reduceat(among, responses.start) if len(responses.start) else among
    return responses.n, most, among[responses.start + responses.n - 1]


def _explain_progress(evidence: Evidence, parameters: Values) -> list[str]:
    m, n = int(parameters["m"]), int(parameters["n"])
    return [
        f"{count_text(m, 'correct answer')} among {n} in a row reached"
        if reached >= m
        else f"{now} of the last {count_text(min(answered, n), 'question')} answered correctly at first, and {m} are required"
        for answered, reached, now in zip(*(numbers.tolist() for numbers in _correct_in_a_row(evidence, parameters)), strict=True)
    ]


def _check_m_at_most_n(parameters: Values) -> None:
    m, n = parameters["m"], parameters["n"]
    if m > n:
        message = f"The rule m_of_n requires m = {m:g} correct answers among the last n = {n:g}; choose m at most as large as n."
        raise RuleParameterError(message)


def _khan(evidence: Evidence, parameters: Values) -> Estimates:
    return Estimates.without_interval(np.array(KHAN_POINTS)[_last_levels(evidence, parameters)])


def _last_levels(evidence: Evidence, parameters: Values) -> Integers:
    """The last level of each group, as an index into `KHAN_LEVELS`.

    An exercise lifts to the level that its percentage earns, and never lowers; an answer in a mixed assessment is one step up or down.
    """
    attempts = evidence.attempts_together()
    fraction = np.where(attempts.hinted, 0.0, attempts.fraction)
    begins = attempts.attempt_start()
    n = np.diff(begins, append=len(fraction))
    if len(begins):
        mixed = np.repeat(np.logical_or.reduceat(attempts.mixed, begins), n)
        share = np.repeat(np.add.reduceat(fraction, begins) / n, n)
    else:
        mixed, share = np.zeros(0, dtype=bool), np.empty(0)
    earned = (share >= FAMILIAR_FROM - SLACK).astype(np.int64) + (share >= 1 - SLACK)
    step = np.where(mixed, np.where(attempts.correct(parameters["correct_from"]), 1, -1), 0)
    level = np.zeros(len(attempts.start), dtype=np.int64)
    _follow_levels(attempts.start, attempts.n, step, np.where(mixed, 0, earned), level)
    return level


def _explain_level(evidence: Evidence, parameters: Values) -> list[str]:
    attempts = evidence.attempts_together()
    begins = attempts.attempt_start()
    n_attempts = np.searchsorted(begins, attempts.start + attempts.n) - np.searchsorted(begins, attempts.start)
    return [
        f"Khan Academy's level {KHAN_LEVELS[level]} after {count_text(n, 'attempt')}"
        for level, n in zip(_last_levels(evidence, parameters).tolist(), n_attempts.tolist(), strict=True)
    ]


@compiled
def _follow_levels(start: Integers, n: Integers, step: Integers, earned: Integers, level: Integers) -> None:
    """Follow each group's level from one answer to the next, and write the last one to `level`."""
    for group in range(len(start)):
        reached = 0
        for unit in range(start[group], start[group] + n[group]):
            reached = max(min(max(reached + step[unit], 0), 3), earned[unit])
        level[group] = reached


DEFAULT_CORRECT_FROM = 1.0
CORRECT_FROM = Parameter(
    "correct_from", 0.01, 1, "an answer that earned at least this share of its points is correct", default=DEFAULT_CORRECT_FROM
)

M_OF_N = Rule(
    "m_of_n",
    "How many of the last n questions were answered correctly at first, as a share of the m required; a value of 1, once reached, stays.",
    _m_of_n,
    (
        Parameter("m", 1, 20, "how many answers must be correct", default=5, whole=True),
        Parameter("n", 1, 20, "among how many of the last", default=7, whole=True),
        CORRECT_FROM,
        *threshold_parameters(mastery=1.0),
    ),
    no_interval="The value is progress towards a goal, capped and kept once reached, and no mean of scores.",
    needs=frozenset({"question", "hinted"}),
    check=_check_m_at_most_n,
    explain=_explain_progress,
)
"""Kolibri's mastery model "m of n". Only a value of 1, which Kolibri calls complete, is mastered."""

KHAN = Rule(
    "khan",
    "Khan Academy's levels: an exercise earns familiar (70 %) or proficient (100 %), an answer in a mixed quiz moves one level up or down.",
    _khan,
    (CORRECT_FROM, *threshold_parameters(mastery=1.0)),
    no_interval="The value is one of four levels with the points that Khan Academy gives them, and no mean of scores.",
    needs=frozenset({"attempt", "mixed", "hinted"}),
    explain=_explain_level,
)
"""Attempted is worth 0, familiar 0.5, proficient 0.8, mastered 1: so only Khan Academy's own `mastered` is mastered in lmskit."""
