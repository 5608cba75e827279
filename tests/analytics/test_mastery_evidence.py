"""Which scores are evidence, which are refused, and the shape of the result."""

import decimal
import itertools

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.mastery import RULES, estimate, rule_named
from lmskit.errors import ColumnsMissingError, InputError, RuleParameterError, UnknownRuleError

COLUMNS = ["student", "week", "value", "low", "high", "n_evidence", "state"]


def scores_of(**changed):
    columns = {
        "student": [2, 1, 1],
        "week": [1, 2, 2],
        "score": [4.0, 3.0, 5.0],
        "max_score": [5.0, 5.0, 5.0],
        "submitted_at": pd.to_datetime(["2026-09-01", "2026-09-03", "2026-09-02"]),
    }
    return pd.DataFrame(columns | changed)


def test_rows_are_ordered_by_student_and_week_with_the_documented_columns():
    found = estimate(scores_of(), "average")
    assert list(found.columns) == COLUMNS
    assert found[["student", "week"]].to_numpy().tolist() == [[1, 2], [2, 1]]
    assert found["value"].tolist() == pytest.approx([0.8, 0.8])


@pytest.mark.parametrize("rule", RULES)
def test_no_scores_give_an_empty_table_of_the_same_shape(rule):
    full, empty = estimate(scores_of(), rule), estimate(scores_of().iloc[:0], rule)
    assert len(empty) == 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_a_missing_score_is_not_evidence_and_never_a_zero():
    found = estimate(scores_of(score=[None, 3.0, np.nan]), "average")
    assert found[["student", "value", "n_evidence"]].to_numpy().tolist() == [[1, 0.6, 1]]


def test_extra_credit_counts_as_the_maximum():
    assert estimate(scores_of(score=[9.0, 9.0, 9.0]), "average")["value"].tolist() == [1, 1]


@pytest.mark.parametrize("nothing", [0.0, np.nan])
def test_a_maximum_of_zero_or_none_is_not_evidence(nothing):
    assert estimate(scores_of(max_score=[nothing, 5.0, 5.0]), "average")["student"].tolist() == [1]


def test_banked_attempts_are_not_evidence():
    assert estimate(scores_of(banked=[True, False, None]), "average")["student"].tolist() == [1]


def test_time_decides_which_score_is_the_latest_whatever_the_order_of_rows():
    assert estimate(scores_of(), "latest")["value"].tolist() == pytest.approx([0.6, 0.8])


BIG = 2**53
MOMENTS = {
    "times": pd.to_datetime(pd.Series(["2026-09-01", "2026-09-03", None])),
    "times of a zone": pd.to_datetime(pd.Series(["2026-09-01", "2026-09-03", None]), utc=True),
    "text": ["2026-09-01", "2026-09-03T10:00", None],
    "numbers": [9.0, 10.0, np.nan],
    "numbers as objects": pd.Series([9, 10, None], dtype="object"),
    "categories": pd.Categorical([9, 10, None]),
    "whole numbers": pd.Series([9, 10, None], dtype="Int64"),
    "numbers that are equal as floats": pd.Series([BIG, BIG + 1, None], dtype="Int64"),
    "numbers from the end of the range": pd.Series([2**64 - 2, 2**64 - 1, None], dtype="UInt64"),
}


@pytest.mark.parametrize("times", MOMENTS.values(), ids=MOMENTS)
def test_a_score_without_a_time_is_the_oldest_wherever_it_is_in_the_table(times):
    scores = scores_of(student=1, week=1, score=[1.0, 4.0, 2.0], submitted_at=times)
    for rows in itertools.permutations(range(3)):
        assert estimate(scores.iloc[list(rows)], "latest")["value"].tolist() == [0.8]
        assert estimate(scores.iloc[list(rows)], "decaying_average", w=0.5)["value"].tolist() == pytest.approx([0.55])


def test_scores_without_any_time_stay_in_their_order():
    for times in ([np.nan] * 3, [np.inf] * 3, pd.array([None] * 3, dtype="Int64"), pd.to_datetime(pd.Series([None] * 3))):
        assert estimate(scores_of(student=1, week=1, submitted_at=times), "latest")["value"].tolist() == [1.0]


@pytest.mark.parametrize(("ids", "latest"), [([1, 9, 8], 0.6), ([1, 8, 9], 1.0), (["1", "8", "9"], 1.0)])
def test_the_id_decides_between_scores_of_the_same_time(ids, latest):
    same = scores_of(submitted_at=pd.to_datetime(["2026-09-01"] * 3), id=ids)
    assert estimate(same, "latest")["value"].iloc[0] == pytest.approx(latest)


def test_without_ids_scores_of_the_same_time_keep_their_order():
    same = scores_of(submitted_at=pd.to_datetime(["2026-09-01"] * 3))
    assert estimate(same, "latest")["value"].iloc[0] == 1


def test_a_score_without_a_time_counts_as_the_oldest():
    undated = scores_of(submitted_at=pd.to_datetime(["2026-09-01", "2026-09-03", "NaT"]))
    assert estimate(undated, "latest")["value"].iloc[0] == pytest.approx(0.6)


@pytest.mark.parametrize(
    "times",
    [
        pd.to_datetime(["2026-09-01", "2026-09-03", "2026-09-02"]).tz_localize("Europe/London"),
        pd.to_datetime(["2026-09-01", "2026-09-03", "2026-09-02"]).tz_localize("UTC").astype(object),
        ["2026-09-01T10:00:00+02:00", "2026-09-02T01:00:00+02:00", "2026-09-01T22:00:00+00:00"],
        [1, 3, 2],
    ],
)
def test_times_of_every_usual_kind_are_understood(times):
    assert estimate(scores_of(submitted_at=times), "latest")["value"].tolist() == pytest.approx([0.6, 0.8])


@pytest.mark.parametrize(("keys", "dtype"), [([2, 1, 1], "int64"), (["b", "a", "a"], "str"), (pd.array([2, 1, 1], dtype="Int64"), "Int64")])
def test_students_keep_the_type_of_their_key(keys, dtype):
    found = estimate(scores_of(student=keys), "average")
    assert str(found["student"].dtype) == dtype
    assert found["week"].tolist() == [2, 1]


def test_decimals_and_nullable_numbers_are_numbers():
    decimals = scores_of(score=[decimal.Decimal(4), None, decimal.Decimal(5)], max_score=pd.array([5, 5, 5], dtype="Int64"))
    assert estimate(decimals, "average")["value"].tolist() == pytest.approx([1, 0.8])


def test_ten_scores_at_the_threshold_are_mastered_though_their_float_mean_falls_short():
    tenths = pd.DataFrame({"student": 1, "week": 1, "score": [0.8] * 10, "max_score": 1, "submitted_at": range(10)})
    assert estimate(tenths, "average")["state"].item() == "mastered"


@pytest.mark.parametrize(
    ("score", "state"), [(4.0, "mastered"), (3.99, "developing"), (2.5, "developing"), (2.49, "remedial"), (0.0, "remedial")]
)
def test_a_value_at_a_threshold_belongs_above_it(score, state):
    assert estimate(scores_of(score=[score] * 3), "average")["state"].iloc[1] == state


def test_thresholds_are_parameters_of_every_rule():
    assert estimate(scores_of(), "latest", mastery_threshold=0.6, remedial_threshold=0.3)["state"].tolist() == ["mastered", "mastered"]


def test_missing_columns_are_named():
    with pytest.raises(ColumnsMissingError, match="max_score, submitted_at"):
        estimate(scores_of().drop(columns=["max_score", "submitted_at"]), "average")


def test_an_unknown_rule_is_answered_with_the_nearest():
    with pytest.raises(UnknownRuleError, match="Did you mean average"):
        estimate(scores_of(), "averge")


@pytest.mark.parametrize(
    ("rule", "parameters", "message"),
    [
        ("average", {"w": 0.5}, "no parameter w"),
        ("weighted_average", {"w": 1.0}, "from 0.01 to 0.99, not 1.0"),
        ("decaying_average", {"w": 0.3}, "from 0.5 to 0.99"),
        ("decaying_average", {"w": float("nan")}, "from 0.5 to 0.99"),
        ("decaying_average", {"w": 10**400}, "from 0.5 to 0.99, not 1000"),
        ("n_of_mastery", {"n": 2.5}, "a whole number from 1 to 10"),
        ("n_of_mastery", {"n": True}, "a whole number"),
        ("n_of_mastery", {"threshold": "high"}, "a number from 0 to 1"),
        ("latest", {"mastery_threshold": 0.4}, "is above the mastery threshold"),
    ],
)
def test_an_impossible_parameter_is_refused(rule, parameters, message):
    with pytest.raises(RuleParameterError, match=message):
        estimate(scores_of(), rule, **parameters)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"score": [-1.0, -2.0, 3.0]}, "score contains 2 negative values"),
        ({"score": [np.inf, 1.0, 3.0]}, "score contains 1 infinite value;"),
        ({"max_score": [-5.0, 5.0, 5.0]}, "max_score contains 1 negative value"),
        ({"score": ["good", "bad", 1]}, "score contains something that is not a number"),
        ({"score": ["0.1", "0.2", "1"]}, "score contains something that is not a number"),
        ({"score": pd.to_datetime(["2026-09-01"] * 3)}, "score contains something that is not a number"),
        ({"score": [1j, 2.0, 3.0]}, "score contains something that is not a number"),
        ({"score": [10**400, 1, 2]}, "score contains a number that is too large"),
        ({"id": [[1], [2], [3]]}, "id contains something that has no order"),
        ({"student": [1, None, None]}, "student is empty in 2 rows"),
        ({"submitted_at": ["now", "then", "never"]}, "submitted_at contains something that is neither a time nor a number"),
    ],
)
def test_impossible_scores_are_one_clear_error(changed, message):
    with pytest.raises(InputError, match=message):
        estimate(scores_of(**changed), "average")


def test_a_column_that_is_there_twice_is_refused():
    scores = scores_of()
    with pytest.raises(InputError, match="more than one column score"):
        estimate(pd.concat([scores, scores[["score"]]], axis=1), "average")


def test_the_smallest_maximum_and_the_largest_score_do_not_overflow():
    assert estimate(scores_of(score=1e308, max_score=1e-320), "average")["value"].tolist() == [1, 1]


def test_the_given_table_is_not_changed():
    scores = scores_of(banked=[True, False, False])
    before = scores.copy(deep=True)
    estimate(scores, "decaying_average")
    pd.testing.assert_frame_equal(scores, before)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.name)
def test_every_rule_has_a_description_and_defaults_in_range(rule):
    assert rule.description.endswith(".")
    defaults = rule.configured().parameters
    assert {parameter.name for parameter in rule.parameters} == set(defaults)
    assert all(parameter.meaning and parameter.low <= defaults[parameter.name] <= parameter.high for parameter in rule.parameters)
    assert rule_named(rule.name) is rule


def test_a_configured_rule_gives_the_same_estimate_again():
    configured = RULES["n_of_mastery"].configured({"n": 1, "mastery_threshold": 0.7}).parameters
    pd.testing.assert_frame_equal(
        estimate(scores_of(), "n_of_mastery", **configured), estimate(scores_of(), "n_of_mastery", n=1, mastery_threshold=0.7)
    )
