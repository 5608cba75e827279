"""Mastery of a topic: one value per student and week, with its interval, its evidence and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.evidence import Evidence, evidence_from
from lmskit.analytics.interval import beta_interval
from lmskit.analytics.rule import Values
from lmskit.analytics.rules import RULES, Parameter, Rule, rule_named
from lmskit.thresholds import Standing, levels, standings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RULES", "Parameter", "Rule", "Standing", "estimate", "estimate_of", "estimate_weeks", "levels", "rule_named", "standings"]


def estimate(scores: pd.DataFrame, rule: str, **parameters: float) -> pd.DataFrame:
    """Estimate mastery by one rule, for every student and week with evidence.

    Parameters
    ----------
    scores
        One unit of evidence a row, each counted, also where two are alike, with the columns

        ============  =====================  =====================================================================
        student       any sortable key
        week          int
        score         float                  0 or more; missing (not graded, excused) is no evidence
        max_score     float                  0 or missing is no evidence; a score above it counts as the maximum
        submitted_at  time, or a number      oldest to newest; a missing time counts as the oldest
        id            optional               orders scores of the same time; otherwise their order in the table does
        banked        bool, optional         true is no evidence
        question      optional               which question was answered; missing: one that nobody else is about
        attempt       optional               what was handed in together; missing: only this
        mixed         bool, optional         the attempt is a mixed assessment of several topics; missing: it is not
        hinted        bool, optional         a hint came before the answer; missing: none did
        ============  =====================  =====================================================================

        The last four are read only where a rule `needs` them. What is newest, best or counted by Canvas's rules (all but `average`)
        is an attempt: its score is the mean of its rows, which share its weight where the interval is concerned. For `m_of_n` the
        oldest graded response of a student to a question in a week counts, and no later one. For `khan` the percentage of an exercise
        is the mean over its attempt, which stands where its oldest row does; an attempt is mixed if any of its rows is. To both, an
        answer after a hint is wrong.

    rule
        A name in `RULES`.
    **parameters
        Of that rule, all with defaults: see ``RULES[rule].parameters``. Every rule has `mastery_threshold` (0.80; `bkt` 0.95, `m_of_n`
        and `khan` 1) and `remedial_threshold` (0.50).

    Returns
    -------
    DataFrame
        One row per (student, week) with evidence, ordered by both, with the columns

        ============  =======  ========================================================================
        student       as given
        week          as given
        value         float64  0 to 1; NaN where the rule finds too little evidence
        low, high     float64  central 90 % interval, low <= value <= high; NaN where the rule has none
        n_evidence    int64    units of evidence, at least 1, also where the rule passes over some of them
        state         str      `Level`; `not_assessed` where the value is NaN
        ============  =======  ========================================================================

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    UnknownRuleError, RuleParameterError
        There is no such rule, or it has no such parameter, or one is out of range.
    InputError
        Scores or maxima are negative, infinite or no numbers, or a row names no student or week, or a column of yes and no holds
        something else.

    References
    ----------
    The rules are those of Canvas LMS (outcome calculation methods), Kolibri (`m_of_n`) and Khan Academy (`khan`), and knowledge tracing
    (`bkt`); see `lmskit.analytics.rules`. Canvas's database calls `weighted_average` ``decaying_average`` and `decaying_average`
    ``standard_decaying_average``.

    Examples
    --------
    >>> scores = pd.DataFrame({"student": 7, "week": 1, "score": [1, 2, 3, 4, 5], "max_score": 5, "submitted_at": range(5)})
    >>> estimate(scores, "decaying_average").round(4).to_dict("records")
    [{'student': 7, 'week': 1, 'value': 0.8939, 'low': 0.338, 'high': 0.9938, 'n_evidence': 5, 'state': 'mastered'}]
    """
    chosen = rule_named(rule)
    return estimate_of(evidence_from(scores, chosen.needs), chosen, chosen.resolve(parameters))


def estimate_of(evidence: Evidence, rule: Rule, parameters: Values) -> pd.DataFrame:
    """Estimate mastery of evidence that is in order already, for who tries several rules on the same scores.

    Parameters
    ----------
    evidence
        Read with the columns that the rule `needs`, or more.
    rule
        One of `RULES`.
    parameters
        Complete, as `Rule.resolve` gives them.

    Returns
    -------
    DataFrame
        As that of `estimate`.
    """
    outcome = rule.function(evidence, parameters)
    value = np.clip(outcome.value, 0.0, 1.0)  # weights that sum to 1 do so but for the last bit
    low, high = beta_interval(value, outcome.weight)
    states = levels(value, mastery_threshold=parameters["mastery_threshold"], remedial_threshold=parameters["remedial_threshold"])
    return pd.DataFrame(
        {
            "student": evidence.student,
            "week": evidence.week,
            "value": value,
            "low": low,
            "high": high,
            "n_evidence": evidence.n.astype(np.int64, copy=False),
            "state": pd.array(states, dtype="str"),
        }
    )


def estimate_weeks(evidence: Evidence, rule: Rule, parameters: Values, of_week: Mapping[int, Values]) -> pd.DataFrame:
    """Estimate mastery of evidence where weeks can have parameters of their own.

    Parameters
    ----------
    evidence, rule
        As for `estimate_of`.
    parameters
        Complete, for every week that is not in `of_week`.
    of_week
        By week: complete.

    Returns
    -------
    DataFrame
        As that of `estimate`.
    """
    if not of_week:
        return estimate_of(evidence, rule, parameters)
    parts = [(~evidence.week.isin(list(of_week)), parameters), *((evidence.week == week, own) for week, own in of_week.items())]
    estimates = [estimate_of(evidence.groups(which), rule, values) for which, values in parts]
    place = np.concatenate([np.flatnonzero(which) for which, _ in parts])
    return pd.concat(estimates, ignore_index=True).iloc[np.argsort(place)].reset_index(drop=True)
