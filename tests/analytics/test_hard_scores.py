"""Extreme but valid scores: every rule has a documented value for them, and gives no warning (warnings are errors in tests)."""

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.mastery import RULES, estimate

EVERY_RULE = pytest.mark.parametrize("rule", RULES)
FULL_SCORE = {"khan": 0.8}  # full scores in exercises alone are proficient
FEW: dict[str, dict[str, float]] = {
    "n_of_mastery": {"n": 1},
    "m_of_n": {"m": 1, "n": 1},
    "bkt": {"prior": 0.5, "learn": 0, "guess": 0, "slip": 0},
}
"""Parameters by which a rule has a value after one answer."""


def scores_of(points, **columns):
    return pd.DataFrame({"student": 1, "week": 1, "score": points, "max_score": 10.0, "submitted_at": range(len(points))} | columns)


def values(scores, rule):
    return estimate(scores, rule, **FEW.get(rule, {}))["value"].tolist()


@EVERY_RULE
@pytest.mark.parametrize(("point", "value"), [(10, 1), (14, 1), (0, 0)])
def test_one_student_with_one_item(rule, point, value):
    expected = float("nan") if rule == "n_of_mastery" and point == 0 else FULL_SCORE.get(rule, 1) * value
    assert values(scores_of([point]), rule) == pytest.approx([expected], nan_ok=True)


@EVERY_RULE
@pytest.mark.parametrize("n", [2, 50])
def test_all_scores_equal(rule, n):
    assert values(scores_of([10.0] * n), rule) == pytest.approx([FULL_SCORE.get(rule, 1)])


@EVERY_RULE
@pytest.mark.parametrize("missing", [None, np.nan, pd.NA])
def test_all_scores_missing_give_no_row(rule, missing):
    assert estimate(scores_of(pd.array([missing, missing], dtype="Float64")), rule).empty


@EVERY_RULE
def test_an_attempt_that_is_there_twice_counts_twice_unless_it_is_the_same_question(rule):
    once, twice = scores_of([10.0, 0.0]), scores_of([10.0, 0.0, 10.0, 0.0])
    assert estimate(twice, rule)["n_evidence"].tolist() == [4]
    same = twice.assign(question=[1, 2, 1, 2])
    if "question" in RULES[rule].needs:
        assert values(same, rule) == values(once, rule)
    else:
        assert values(same, rule) == values(twice, rule)


@EVERY_RULE
def test_unordered_times_count_in_their_order(rule):
    points = [3.0, 10.0, 0.0, 7.0, 9.0]
    expected = values(scores_of(points), rule)
    order = [4, 0, 3, 1, 2]
    assert values(scores_of([points[index] for index in order], submitted_at=order), rule) == pytest.approx(expected, nan_ok=True)


@EVERY_RULE
def test_extra_credit_counts_as_the_maximum_among_others(rule):
    assert values(scores_of([3.0, 25.0, 12.0]), rule) == pytest.approx(values(scores_of([3.0, 10.0, 10.0]), rule))
