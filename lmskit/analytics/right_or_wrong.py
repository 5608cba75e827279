"""Rules that count right and wrong answers: the last few of them, or a level that goes up and down.

Both need to know more of an answer than its score: which question it answers, in which attempt it was given, whether a hint came
before it. See `lmskit.analytics.evidence` for these columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from lmskit.analytics.compiled import compiled
from lmskit.analytics.rule import Outcome, Parameter, Rule, thresholds
from lmskit.errors import RuleParameterError
from lmskit.rounding import count_text
from lmskit.thresholds import SLACK

if TYPE_CHECKING:
    import numpy.typing as npt

    from lmskit.analytics.evidence import Evidence
    from lmskit.analytics.rule import Values

    Integers: TypeAlias = npt.NDArray[np.int64]

KHAN_POINTS = (0.0, 0.5, 0.8, 1.0)
"""What the levels attempted, familiar, proficient and mastered are worth, as shares of the 100 mastery points of a skill."""

KHAN_LEVELS = ("attempted", "familiar", "proficient", "mastered")

FAMILIAR_FROM = 0.70
"""The share of an exercise from which its skill is familiar."""


def _m_of_n(evidence: Evidence, parameters: Values) -> Outcome:
    _, most, last = _runs(evidence, parameters)
    m = int(parameters["m"])
    return Outcome.without_interval(np.where(most >= m, 1.0, last / m))


def _runs(evidence: Evidence, parameters: Values) -> tuple[Integers, Integers, Integers]:
    """Of each group, how many questions were answered, and how many correctly among n in a row: at most, and among the last."""
    responses = evidence.first_responses()
    right = responses.correct(parameters["correct_from"]).astype(np.int64)
    before = np.concatenate(([0], np.cumsum(right)))
    place = np.arange(len(right))
    oldest = np.maximum(place - int(parameters["n"]) + 1, np.repeat(responses.start, responses.n))  # of the n that end here
    among = before[place + 1] - before[oldest]
    most = np.maximum.reduceat(among, responses.start) if len(responses.start) else among
    return responses.n, most, among[responses.start + responses.n - 1]


def _progress(evidence: Evidence, parameters: Values) -> list[str]:
    m, n = int(parameters["m"]), int(parameters["n"])
    return [
        f"{count_text(m, 'correct answer')} among {n} in a row reached"
        if reached >= m
        else f"{now} of the last {count_text(min(asked, n), 'question')} answered correctly at first, and {m} are asked for"
        for asked, reached, now in zip(*(numbers.tolist() for numbers in _runs(evidence, parameters)), strict=True)
    ]


def _m_at_most_n(parameters: Values) -> None:
    m, n = parameters["m"], parameters["n"]
    if m > n:
        message = f"The rule m_of_n asks for m = {m:g} correct answers among the last n = {n:g}; choose m at most as large as n."
        raise RuleParameterError(message)


def _khan(evidence: Evidence, parameters: Values) -> Outcome:
    return Outcome.without_interval(np.array(KHAN_POINTS)[_levels(evidence, parameters)])


def _levels(evidence: Evidence, parameters: Values) -> Integers:
    """Of each group, the level it has in the end, as a place in `KHAN_LEVELS`.

    An exercise lifts to the level that its percentage earns, and never lowers; an answer in a mixed assessment is one step up or down.
    """
    taken = evidence.attempts_together()
    fraction = np.where(taken.hinted, 0.0, taken.fraction)
    begins = taken.attempt_start()
    n = np.diff(begins, append=len(fraction))
    if len(begins):
        mixed = np.repeat(np.logical_or.reduceat(taken.mixed, begins), n)
        share = np.repeat(np.add.reduceat(fraction, begins) / n, n)
    else:
        mixed, share = np.zeros(0, dtype=bool), np.empty(0)
    earned = (share >= FAMILIAR_FROM - SLACK).astype(np.int64) + (share >= 1 - SLACK)
    step = np.where(mixed, np.where(taken.correct(parameters["correct_from"]), 1, -1), 0)
    level = np.zeros(len(taken.start), dtype=np.int64)
    _walk(taken.start, taken.n, step, np.where(mixed, 0, earned), level)
    return level


def _level_reached(evidence: Evidence, parameters: Values) -> list[str]:
    taken = evidence.attempts_together()
    attempts = np.searchsorted(taken.attempt_start(), taken.start + taken.n) - np.searchsorted(taken.attempt_start(), taken.start)
    return [
        f"Khan Academy's level {KHAN_LEVELS[level]} after {count_text(n, 'attempt')}"
        for level, n in zip(_levels(evidence, parameters).tolist(), attempts.tolist(), strict=True)
    ]


@compiled
def _walk(start: Integers, n: Integers, step: Integers, earned: Integers, level: Integers) -> None:
    """Follow each group's level from one answer to the next, and leave the last in `level`."""
    for group in range(len(start)):
        reached = 0
        for unit in range(start[group], start[group] + n[group]):
            reached = max(min(max(reached + step[unit], 0), 3), earned[unit])
        level[group] = reached


CORRECT_FROM = Parameter("correct_from", 0.01, 1, "an answer that earned at least this share of its points is correct", default=1.0)

M_OF_N = Rule(
    "m_of_n",
    "How many of the last n questions were answered correctly at first, as a share of the m that are asked for; once there, it stays.",
    _m_of_n,
    (
        Parameter("m", 1, 20, "how many answers must be correct", default=5, whole=True),
        Parameter("n", 1, 20, "among how many of the last", default=7, whole=True),
        CORRECT_FROM,
        *thresholds(mastery=1.0),
    ),
    no_interval="The value is progress towards a goal, capped and kept once reached, and no mean of scores.",
    needs=frozenset({"question", "hinted"}),
    check=_m_at_most_n,
    account=_progress,
)
"""Kolibri's mastery model "m of n". Only a value of 1, which Kolibri calls complete, is mastered: fewer are not what is asked for."""

KHAN = Rule(
    "khan",
    "Khan Academy's levels: an exercise earns familiar (70 %) or proficient (100 %), an answer in a mixed quiz moves one level up or down.",
    _khan,
    (CORRECT_FROM, *thresholds(mastery=1.0)),
    no_interval="The value is one of four levels with the points that Khan Academy gives them, and no mean of scores.",
    needs=frozenset({"attempt", "mixed", "hinted"}),
    account=_level_reached,
)
"""Attempted is worth 0, familiar 0.5, proficient 0.8, mastered 1: so only Khan Academy's own `mastered` is mastered here."""
