"""Every rule against Canvas's vectors, and against a slow, simple computation."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lmskit.analytics.mastery import RULES, estimate
from tests.analytics import reference
from tests.examples import share

PARAMETERS = {
    "average": {},
    "highest": {},
    "latest": {},
    "weighted_average": {"w": 0.3},
    "decaying_average": {"w": 0.55},
    "n_of_mastery": {"n": 2, "threshold": 0.6},
    "m_of_n": {"m": 2, "n": 3, "correct_from": 0.6},
    "khan": {"correct_from": 0.6},
    "bkt": {"correct_from": 0.6, "forget": 0.1},
}


def scores_of(*points, maximum=5):
    return pd.DataFrame({"student": 1, "week": 1, "score": points, "max_score": maximum, "submitted_at": range(len(points))})


@pytest.mark.parametrize(
    ("rule", "parameters", "value"),
    [
        ("weighted_average", {"w": 0.65}, 4.125),
        ("decaying_average", {"w": 0.65}, 4.46961875),
        ("average", {}, 3),
        ("highest", {}, 5),
        ("n_of_mastery", {"n": 3, "threshold": 0.6}, 4),
        ("n_of_mastery", {"n": 4, "threshold": 0.6}, math.nan),
    ],
)
def test_canvas_own_vectors_are_reproduced(rule, parameters, value):
    row = estimate(scores_of(1, 2, 3, 4, 5), rule, **parameters).iloc[0]
    assert row["value"] * 5 == pytest.approx(value, abs=1e-9, nan_ok=True)


def test_the_latest_is_the_newest_not_the_best():
    assert estimate(scores_of(1, 2, 4, 5, 3), "latest")["value"].item() * 5 == pytest.approx(3, abs=1e-9)


def test_what_is_newest_or_best_is_an_attempt_with_all_its_questions():
    answers = scores_of(1, 1, 0, 0, 1, maximum=1).assign(attempt=["first", "first", "first", "second", "second"])
    values = {rule: estimate(answers, rule)["value"].item() for rule in ("latest", "highest", "weighted_average", "decaying_average")}
    assert values == pytest.approx({"latest": 1 / 2, "highest": 2 / 3} | dict.fromkeys(list(values)[2:], 0.35 * 2 / 3 + 0.65 / 2))
    latest = estimate(answers, "latest")
    average = estimate(answers[3:], "average")
    assert latest[["low", "high"]].equals(average[["low", "high"]]), "two questions were asked, so two stand behind the value"


def test_too_few_scores_above_the_threshold_are_evidence_without_a_value():
    row = estimate(scores_of(1, 2, 3, 4, 5), "n_of_mastery", n=4, threshold=0.6).iloc[0]
    assert (row["state"], row["n_evidence"]) == ("not_assessed", 5)
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])


def test_n_of_mastery_counts_from_the_mastery_threshold_unless_it_has_a_threshold_of_its_own():
    assert estimate(scores_of(3, 3), "n_of_mastery", n=2, mastery_threshold=0.6)["value"].item() == pytest.approx(0.6)
    assert estimate(scores_of(3, 3), "n_of_mastery", n=2)["value"].isna().item()


ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "student": st.integers(1, 3),
            "week": st.integers(1, 2),
            "score": st.one_of(st.none(), st.integers(0, 12).map(float), st.floats(0, 12, allow_subnormal=False)),
            "max_score": st.sampled_from([0.0, 5.0, 10.0]),
            "submitted_at": st.none() | st.integers(0, 4).map(lambda day: dt.datetime(2026, 9, 1 + day, tzinfo=dt.UTC)),
            "banked": st.booleans(),
            "question": st.one_of(st.none(), st.integers(1, 4)),
            "attempt": st.one_of(st.none(), st.integers(1, 4)),
            "mixed": st.sampled_from([True, False, None]),
            "hinted": st.sampled_from([True, False, None]),
        }
    ),
    max_size=25,
)


@pytest.mark.parametrize("rule", RULES)
@given(rows=ROWS, order=st.randoms(use_true_random=False))
@settings(max_examples=share(60))
def test_every_rule_equals_its_slow_simple_computation_in_any_order_of_rows(rule, rows, order):
    rows = [{**row, "id": number} for number, row in enumerate(rows)]
    expected = {}
    for key in {(row["student"], row["week"]) for row in rows}:
        s = reference.ordered([row for row in rows if (row["student"], row["week"]) == key])
        if s:
            value, weights = reference.value_and_weights(s, rule, **PARAMETERS[rule])
            expected[key] = (value, *reference.interval(value, weights), len(s), reference.state(value, rule))
    shuffled = rows.copy()
    order.shuffle(shuffled)
    columns = ["student", "week", "score", "max_score", "submitted_at", "banked", "id", "question", "attempt", "mixed", "hinted"]
    found = estimate(pd.DataFrame(shuffled, columns=columns), rule, **PARAMETERS[rule])

    assert list(zip(found["student"], found["week"], strict=True)) == sorted(expected)
    for row, key in zip(found.itertuples(), sorted(expected), strict=True):
        value, low, high, n, state = expected[key]
        assert (row.value, row.low, row.high) == pytest.approx((value, low, high), abs=1e-9, nan_ok=True)
        assert (row.n_evidence, row.state) == (n, state)


@pytest.mark.parametrize("rule", ["average", "latest", "weighted_average", "decaying_average"])
@given(points=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=12))
@settings(max_examples=share(50))
def test_the_interval_contains_the_value_and_stays_between_zero_and_one(rule, points):
    row = estimate(scores_of(*points, maximum=1), rule).iloc[0]
    assert 0 <= row["low"] <= row["value"] <= row["high"] <= 1


@pytest.mark.parametrize("rule", sorted(set(RULES) - {"n_of_mastery"}))
@given(points=st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=8), which=st.integers(0, 7), gain=st.floats(0, 1))
@settings(max_examples=share(50))
def test_a_better_score_never_lowers_mastery(rule, points, which, gain):
    which %= len(points)
    better = [min(1.0, point + gain) if position == which else point for position, point in enumerate(points)]
    before, after = (estimate(scores_of(*each, maximum=1), rule)["value"].item() for each in (points, better))
    assert after >= before - 1e-12


@pytest.mark.parametrize(
    ("rule", "value"), [("highest", 1), ("n_of_mastery", 1), ("m_of_n", 1), ("khan", 0.8), ("bkt", pytest.approx(1, abs=1e-3))]
)
def test_rules_without_a_mean_have_no_interval_and_say_why(rule, value):
    row = estimate(scores_of(5, 5, 5, 5, 5), rule).iloc[0]
    assert row["value"] == value
    assert np.isnan(row["low"])
    assert np.isnan(row["high"])
    assert not RULES[rule].has_interval
    assert RULES[rule].no_interval.endswith(".")


def test_a_long_history_neither_drifts_nor_overflows():
    points = np.random.default_rng(1).random(20_000)
    d = points[0]
    for point in points[1:]:
        d = 0.5 * d + 0.5 * point
    row = estimate(scores_of(*points, maximum=1), "decaying_average", w=0.5).iloc[0]
    assert row["value"] == pytest.approx(d, abs=1e-12)
    assert row["low"] < row["value"] < row["high"]
