"""Levels of a class, how sure a level is, and numbers as people read them."""

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.class_levels import level_shares, level_shares_by_week
from lmskit.analytics.interval import beta_interval
from lmskit.errors import ColumnsMissingError, RuleParameterError
from lmskit.rounding import number_text, percent_text, round_half_up
from lmskit.thresholds import levels, standings
from lmskit.vocabulary import LEVELS

WEEKS = pd.DataFrame(
    {
        "week_number": [2, 1],
        "topic": ["Loops", "Sets"],
        "mastered": [0, 2],
        "developing": [0, 1],
        "remedial": [1, 0],
        "not_assessed": [1, 0],
    }
)


def test_shares_name_every_level_and_add_up_to_one():
    shares = level_shares({"not_assessed": 1, "remedial": 1, "mastered": 2, "developing": 1})
    assert shares["level"].tolist() == list(LEVELS)
    assert shares["n"].tolist() == [2, 1, 1, 1]
    assert shares["share"].sum() == pytest.approx(1)
    assert (shares["low"] <= shares["share"]).all()
    assert (shares["share"] <= shares["high"]).all()


def test_a_class_without_students_has_no_shares():
    shares = level_shares({})
    assert shares["n"].tolist() == [0, 0, 0, 0]
    assert shares["share"].isna().all()


def test_shares_by_week_count_each_week_for_itself():
    shares = level_shares_by_week(WEEKS)
    assert shares["week_number"].tolist() == [1] * 4 + [2] * 4
    assert shares["topic"].tolist() == ["Sets"] * 4 + ["Loops"] * 4
    assert shares["n"].tolist() == [2, 1, 0, 0, 0, 0, 1, 1]
    assert shares["n_students"].tolist() == [3] * 4 + [2] * 4


def test_the_shares_of_a_week_are_those_of_its_counts_alone():
    own = level_shares({"mastered": 2, "developing": 1})
    pd.testing.assert_frame_equal(level_shares_by_week(WEEKS).head(4)[own.columns], own)


@pytest.mark.parametrize("weeks", [WEEKS.iloc[:0], WEEKS.assign(**dict.fromkeys(LEVELS, 0))])
def test_a_course_without_weeks_or_students_has_no_shares_by_week(weeks):
    shares = level_shares_by_week(weeks)
    assert len(shares) == 0
    assert shares.columns.tolist() == level_shares_by_week(WEEKS).columns.tolist()


def test_the_shares_by_week_name_the_columns_they_miss():
    with pytest.raises(ColumnsMissingError, match="topic"):
        level_shares_by_week(WEEKS.drop(columns="topic"))


def test_an_interval_without_observations_spans_nearly_everything():
    low, high = beta_interval([0.5], [0])
    assert low[0] < 0.01
    assert high[0] > 0.99


def test_more_observations_make_a_narrower_interval():
    low, high = beta_interval([0.5] * 4, [1, 5, 25, 125])
    assert (np.diff(high - low) < 0).all()


def test_a_level_is_firm_only_when_no_threshold_lies_inside_its_interval():
    low, high = [0.81, 0.55, 0.10, 0.40, 0.70], [0.99, 0.75, 0.49, 0.60, 0.90]
    assert standings(low, high).tolist() == ["firm", "firm", "firm", "tentative", "tentative"]
    assert standings([0.40], [0.60], remedial_threshold=0.3).tolist() == ["firm"]


def test_thresholds_in_the_wrong_order_are_refused():
    with pytest.raises(RuleParameterError, match="at most as high"):
        levels([0.5], mastery_threshold=0.3, remedial_threshold=0.6)


@pytest.mark.parametrize(
    ("value", "digits", "text"),
    [(4.125, 2, "4.13"), (2.675, 2, "2.68"), (0.5, 0, "1"), (-0.5, 0, "−1"), (-0.001, 2, "0.00"), (1e20, 1, "100000000000000000000.0")],
)
def test_half_rounds_away_from_zero(value, digits, text):
    assert number_text(value, digits) == text
    assert round_half_up(value, digits) == pytest.approx(float(text.replace("−", "-")))


def test_a_series_rounds_like_its_numbers_and_keeps_its_index():
    rounded = round_half_up(pd.Series([4.125, np.nan, -4.125], index=["a", "b", "c"], name="v"))
    assert rounded.name == "v"
    assert rounded.to_dict() == pytest.approx({"a": 4.13, "b": np.nan, "c": -4.13}, nan_ok=True)


def test_no_number_is_a_dash():
    assert (number_text(float("nan")), number_text(None), percent_text(float("inf"))) == ("–", "–", "–")
