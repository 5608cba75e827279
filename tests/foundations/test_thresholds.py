"""The level of a value at a threshold, where floats are not exact."""

import pytest

from lmskit.errors import RuleParameterError
from lmskit.thresholds import SLACK, check_thresholds, levels, standings

EIGHT_TENTHS = sum([0.1] * 8)
"""Eight tenths, added up: 0.7999999999999999."""


@pytest.mark.parametrize(
    ("value", "level"),
    [
        (0.8, "mastered"),
        (EIGHT_TENTHS, "mastered"),
        (0.8 - 2 * SLACK, "developing"),
        (0.5, "developing"),
        (0.5 - SLACK / 2, "developing"),
        (0.5 - 2 * SLACK, "remedial"),
        (0.0, "remedial"),
    ],
)
def test_a_value_that_misses_a_threshold_by_a_rounding_error_meets_it(value, level):
    assert levels([value]).tolist() == [level]


def test_a_course_can_have_other_thresholds_and_even_one_for_both():
    one = {"mastery_threshold": 0.7, "remedial_threshold": 0.7}
    assert levels([0.7, 0.7 - SLACK / 2, 0.69], **one).tolist() == [
        "mastered",
        "mastered",
        "remedial",
    ]
    check_thresholds(0.7, 0.7)
    with pytest.raises(RuleParameterError, match=r"The remedial threshold \(0.71\) is above the mastery threshold \(0.7\); choose it"):
        levels([0.5], mastery_threshold=0.7, remedial_threshold=0.71)


def test_an_interval_is_tentative_if_a_threshold_is_inside():
    nan = float("nan")
    assert standings([0.5, 0.4, 0.1, nan, 0.1], [0.7, 0.5, 0.4, 0.9, nan]).tolist() == [
        "firm", "tentative", "firm", "no interval", "no interval",
    ]  # fmt: skip
    assert standings([0.5], [0.7], mastery_threshold=0.6).tolist() == ["tentative"]
