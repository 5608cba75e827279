"""Mastery of a topic: one value per student and week, with its interval, its evidence and its state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lmskit.analytics.interval import beta_interval
from lmskit.analytics.rules import RULES, Evidence, Parameter, Rule, Values, configured, evidence_from, rule_named
from lmskit.thresholds import Standing, levels, standings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lmskit.configured_rule import ConfiguredRule

__all__ = ["RULES", "Parameter", "Rule", "Standing", "estimate", "estimate_by", "evidence_for", "levels", "rule_named", "standings"]


def estimate(scores: pd.DataFrame, rule: str, **parameters: float) -> pd.DataFrame:
    """Estimate mastery by one rule, for every student and week with evidence.

    Parameters
    ----------
    scores
        One unit of evidence a row, equal rows counted separately, with the columns

        ============  =====================  =====================================================================
        student       any sortable key
        week          int
        score         float                  0 or more; missing (not graded, excused): not evidence
        max_score     float                  0 or missing: not evidence; a score above it counts as the maximum
        submitted_at  time, or a number      oldest to newest; a missing time counts as the oldest
        id            optional               orders scores of the same time; otherwise their order in the table does
        banked        bool, optional         true: not evidence
        question      optional               the question that was answered; missing: a question of its own
        attempt       optional               the attempt it was handed in with; missing: an attempt of its own
        mixed         bool, optional         the attempt is a mixed assessment of several topics; missing: it is not
        hinted        bool, optional         a hint came before the answer; missing: none did
        ============  =====================  =====================================================================

        The last four are read only if a rule `needs` them. Canvas's rules (all but `average`) use attempts: the score of an attempt is
        the mean of its rows, and its weight is divided among them in the interval. For `m_of_n` only the oldest graded response of a
        student to a question in a week counts. For `khan` the percentage of an exercise is the mean over its attempt, which is ordered
        by its oldest row; an attempt is mixed if any of its rows is. For both, an answer after a hint is wrong.

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
        value         float64  0 to 1; NaN if there is too little evidence for the rule
        low, high     float64  central 90 % interval, low <= value <= high; NaN if the rule has no interval
        n_evidence    int64    units of evidence, at least 1, including those that the rule ignores
        state         str      `Level`; `not_assessed` if the value is NaN
        ============  =======  ========================================================================

    Raises
    ------
    ColumnsMissingError
        A column is missing.
    UnknownRuleError, RuleParameterError
        There is no such rule, or it has no such parameter, or a parameter is out of range.
    InputError
        A score or maximum score is negative, infinite or not a number, or a row lacks its student or week, or a column of true and
        false contains something else.

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
    chosen = configured(rule, parameters)
    return estimate_by(chosen, evidence_for(scores, [chosen]))


def evidence_for(scores: pd.DataFrame, rules: Iterable[ConfiguredRule]) -> Evidence:
    """Put scores in order once for several rules, with the columns that any of them needs."""
    return evidence_from(scores, frozenset[str]().union(*(rule_named(rule.name).needs for rule in rules)))


def estimate_by(rule: ConfiguredRule, evidence: Evidence) -> pd.DataFrame:
    """Estimate mastery from evidence that is in order, such as the same evidence by several rules.

    Parameters
    ----------
    rule
        With complete parameters. A week in `rule.of_week` is estimated by the parameters of that week.
    evidence
        Read with the columns that the rule `needs`, or more.

    Returns
    -------
    DataFrame
        As that of `estimate`.
    """
    definition = rule_named(rule.name)
    if not rule.of_week:
        return _estimate(definition, rule.parameters, evidence)
    parts = [
        (~evidence.week.isin(list(rule.of_week)), rule.parameters),
        *((evidence.week == week, parameters) for week, parameters in rule.of_week.items()),
    ]
    estimates = [_estimate(definition, parameters, evidence.groups(in_part)) for in_part, parameters in parts]
    order = np.concatenate([np.flatnonzero(in_part) for in_part, _ in parts])
    return pd.concat(estimates, ignore_index=True).iloc[np.argsort(order)].reset_index(drop=True)


def _estimate(rule: Rule, parameters: Values, evidence: Evidence) -> pd.DataFrame:
    outcome = rule.function(evidence, parameters)
    value = np.clip(outcome.value, 0.0, 1.0)  # weights that sum to 1 may exceed it in the last bit
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
