"""Item and quiz statistics: Moodle's own figures, small quizzes worked out by hand, laws, and values that are not scores."""

import dataclasses
import math
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lmskit.analytics.items import QuizStatistics, item_statistics, negative_covariance, quiz_statistics
from lmskit.errors import ItemScoresError
from tests.analytics import items_reference as reference
from tests.real_data import REAL_DATA

MOODLE = REAL_DATA / "moodle" / "quiz_statistics"
needs_moodle = pytest.mark.skipif(not MOODLE.is_dir(), reason=f"the files are not there: {MOODLE}")

COLUMNS = ["n", "facility", "sd", "intended_weight", "effective_weight", "discrimination_index", "discriminative_efficiency"]
NAN = float("nan")

# ada and ben know more than cho and dia: "sound" agrees with that, "odd" contradicts it, "easy" is the same for all.
SCORES = pd.DataFrame(
    [[1, 2.0, 0], [1, 2.0, 0], [1, 0.5, 1], [1, 0.5, None]], columns=["easy", "sound", "odd"], index=["ada", "ben", "cho", "dia"]
)
MAXIMA = {"easy": 1, "sound": 2, "odd": 1}


@pytest.fixture
def moodle():
    """Moodle's 25 attempts on 7 slots."""
    table = pd.read_csv(MOODLE / "results00.csv")
    scores = table[[f"slots.{slot}.mark" for slot in range(1, 8)]].set_axis(range(1, 8), axis=1)
    maxima = pd.read_csv(MOODLE / "questions00.csv").dropna(subset="slot").set_index("slot")["mark"]
    return scores, maxima


@needs_moodle
def test_every_cell_of_moodles_own_item_table_is_reproduced(moodle):
    expected = pd.read_csv(MOODLE / "qstats00.csv", na_values="**NULL**")
    expected = expected[expected["subqname"].isna() & expected["variant"].isna()].set_index("slot")
    found = item_statistics(*moodle)
    assert found["n"].tolist() == expected["s"].tolist() == [25] * 7
    np.testing.assert_allclose(found["facility"], expected["facility"], rtol=1e-5)
    np.testing.assert_allclose(found["sd"], expected["sd"], rtol=1e-5)
    np.testing.assert_allclose(found["intended_weight"], 1 / 7, rtol=1e-12)
    for ours, theirs in (
        ("effective_weight", "effectiveweight"),
        ("discrimination_index", "discriminationindex"),
        ("discriminative_efficiency", "discriminativeefficiency"),
    ):
        np.testing.assert_allclose(100 * found[ours], expected[theirs], rtol=1e-5, err_msg=ours)


@needs_moodle
def test_all_eight_quiz_statistics_of_moodles_own_are_reproduced(moodle):
    found = quiz_statistics(*moodle)
    assert found.n == 25
    assert dataclasses.astuple(found)[1:] == pytest.approx(
        (4.617333332, 4.5, 0.8117265554, -0.092502502, -0.7073968557, -0.872230935542, 1.368294900795, 1.1106813066), rel=1e-5
    )


def test_a_small_quiz_worked_out_by_hand():
    found = item_statistics(SCORES, MAXIMA)
    assert list(found.columns) == COLUMNS
    assert (found.index.name, list(found.index)) == ("item", ["easy", "sound", "odd"])
    assert found["n"].tolist() == [4, 4, 4]
    assert found["facility"].tolist() == [1.0, 0.625, 0.25]
    # Sound deviates by .75, .75, -.75, -.75: var = 2.25/3. Odd by -.25, -.25, .75, -.25: var = .75/3.
    np.testing.assert_allclose(found["sd"], [0, math.sqrt(0.75), 0.5])
    np.testing.assert_allclose(found["intended_weight"], [0.25, 0.5, 0.25])
    # The totals 3, 3, 2.5, 1.5 by .5, .5, 0, -1: cov(sound, T) = .75(.5 + .5 - 0 + 1)/3, cov(odd, T) = -.25(.5 + .5 - 1)/3 = 0.
    np.testing.assert_allclose(found["effective_weight"], [0, 1, 0], atol=1e-12)
    # The rest of sound, 1, 1, 2, 1, by -.25, -.25, .75, -.25: cov = -.25, var .25. That of odd, 3, 3, 1.5, 1.5: cov = -.25, var .75.
    np.testing.assert_allclose(found["discrimination_index"], [NAN, -0.25 / math.sqrt(0.75 * 0.25), -0.25 / math.sqrt(0.75 * 0.25)])
    np.testing.assert_allclose(found["discriminative_efficiency"], [NAN, -1, -1])


def test_the_quiz_of_that_worked_out_by_hand():
    found = quiz_statistics(SCORES, MAXIMA)
    # Totals 3, 3, 2.5, 1.5: mean 2.5, deviations .5, .5, 0, -1, squares 1.5, so var .5; item variances 0 + .75 + .25 = 1.
    assert found.n == 4
    assert (found.mean, found.median, found.sd) == pytest.approx((2.5, 2.75, math.sqrt(0.5)))
    # m2 .375, m3 -.1875, m4 .28125: k2 = .5, k3 = 16·(-.1875)/6 = -.5, k4 = 16(5·.28125 - 9·.140625)/6 = .375.
    assert (found.skewness, found.kurtosis) == pytest.approx((-0.5 / 0.5**1.5, 1.5))
    assert found.alpha == pytest.approx(3 / 2 * (1 - 1 / 0.5))
    assert (found.error_ratio, found.standard_error) == pytest.approx((math.sqrt(2.5), math.sqrt(2.5 * 0.5)))


def test_an_item_that_contradicts_the_totals_has_no_weight_unlike_one_that_is_equal_for_all():
    scores = pd.DataFrame({"long": [0, 5, 9, 10], "against": [1, 1, 1, 0], "flat": [1, 1, 1, 1]})
    maxima = {"long": 10, "against": 1, "flat": 1}
    weights = item_statistics(scores, maxima)["effective_weight"]
    assert weights.isna().tolist() == [False, True, False]
    assert weights["flat"] == 0
    assert negative_covariance(scores, maxima).tolist() == [False, True, False]


def with_odd(*scores):
    return SCORES.assign(odd=pd.Series(scores, index=SCORES.index, dtype=object))


def all_undefined(frame):
    return frame[COLUMNS[4:]].isna().all(axis=None)


def test_one_attempt_has_a_facility_and_nothing_that_takes_a_spread():
    found = item_statistics(SCORES.head(1), MAXIMA)
    assert found["facility"].tolist() == [1, 1, 0]
    assert all_undefined(found)
    assert found["sd"].isna().all()
    quiz = quiz_statistics(SCORES.head(1), MAXIMA)
    assert (quiz.n, quiz.mean, quiz.median) == (1, 3, 3)
    assert all(math.isnan(value) for value in dataclasses.astuple(quiz)[3:])


def test_one_item_has_no_rest_to_discriminate_by_and_the_quiz_no_reliability():
    found = item_statistics(SCORES[["sound"]], MAXIMA)
    assert found[["intended_weight", "effective_weight"]].to_numpy().tolist() == [[1, 1]]
    assert found[["discrimination_index", "discriminative_efficiency"]].isna().all(axis=None)
    quiz = quiz_statistics(SCORES[["sound"]], MAXIMA)
    assert quiz.sd == pytest.approx(math.sqrt(0.75))
    assert math.isnan(quiz.alpha)
    assert math.isnan(quiz.standard_error)


def test_a_quiz_without_any_answer_is_all_zeros_and_gives_no_warning():
    scores = pd.DataFrame(np.nan, index=range(40), columns=["a", "b"])
    found = item_statistics(scores, {"a": 1, "b": 3})
    assert found[["n", "facility", "sd"]].to_numpy().tolist() == [[40, 0, 0]] * 2
    assert all_undefined(found)
    quiz = quiz_statistics(scores, {"a": 1, "b": 3})
    assert (quiz.mean, quiz.sd) == (0, 0)
    assert all(math.isnan(value) for value in dataclasses.astuple(quiz)[4:])


@pytest.mark.parametrize("level", [0.1, 1 / 3, 0.7, 1e-7, 1e12])
def test_scores_that_are_all_equal_have_no_spread_however_floats_round(level):
    scores = pd.DataFrame(level, index=range(37), columns=[f"q{number}" for number in range(7)])
    found = item_statistics(scores, dict.fromkeys(scores, level))
    np.testing.assert_allclose(found["facility"], 1)
    assert all_undefined(found)
    assert math.isnan(quiz_statistics(scores, dict.fromkeys(scores, level)).alpha)


def test_totals_that_differ_only_by_rounding_are_equal():
    scores = pd.DataFrame([[0.1, 0.2, 0.3], [0.3, 0.2, 0.1], [0.2, 0.3, 0.1]], columns=["a", "b", "c"])
    assert len(set(scores.sum(axis=1))) > 1, "in floats these totals are not equal"
    assert math.isnan(quiz_statistics(scores, dict.fromkeys("abc", 0.3)).alpha)
    assert item_statistics(scores, dict.fromkeys("abc", 0.3))["effective_weight"].isna().all()


def test_no_attempts_and_no_items_are_empty_and_not_an_error():
    nothing = item_statistics(SCORES.head(0), MAXIMA)
    assert nothing["n"].tolist() == [0, 0, 0]
    assert nothing["intended_weight"].tolist() == [0.25, 0.5, 0.25]
    assert nothing[["facility", "sd"]].isna().all(axis=None)
    assert quiz_statistics(SCORES.head(0), MAXIMA).n == 0
    assert list(item_statistics(SCORES[[]], {}).columns) == COLUMNS
    assert len(item_statistics(SCORES[[]], {})) == 0
    assert quiz_statistics(SCORES[[]], {}).n == 4


def test_a_maximum_of_zero_has_neither_facility_nor_weight():
    found = item_statistics(SCORES.assign(easy=0), MAXIMA | {"easy": 0})
    assert found["facility"].isna().tolist() == [True, False, False]
    assert found["intended_weight"].tolist() == [0, 2 / 3, 1 / 3]
    assert item_statistics(SCORES * 0, dict.fromkeys(SCORES, 0))["intended_weight"].isna().all()


def test_scores_above_the_maximum_are_not_capped():
    found = item_statistics(pd.DataFrame({"a": [3, 1], "b": [0, 1]}), {"a": 1, "b": 1})
    assert found.loc["a", "facility"] == 2


def test_any_kind_of_number_is_a_score_and_maxima_may_be_a_series():
    plain = item_statistics(SCORES, MAXIMA)
    kinds = pd.Series([Decimal(2), 2, np.float32(0.5), Decimal("0.5")], index=SCORES.index, dtype=object)
    odd = SCORES.assign(easy=pd.array([True] * 4), sound=kinds, odd=pd.array([0, 0, 1, pd.NA], dtype="Int64"))
    pd.testing.assert_frame_equal(item_statistics(odd, pd.Series(MAXIMA | {"another": "text"})), plain)


def test_points_below_0_count_as_they_are():
    found = item_statistics(pd.DataFrame({"deducts": [-1, 0, 1], "other": [1, 1, 1.0]}), {"deducts": 1, "other": 1})
    assert (found["facility"]["deducts"], found["sd"]["deducts"]) == (0, 1)
    quiz = quiz_statistics(pd.DataFrame({"deducts": [-1, 0, 1], "other": [0, 0, -3]}), {"deducts": 1, "other": 1})
    assert (quiz.mean, quiz.median) == (-1, -1)


@pytest.mark.parametrize(
    ("scores", "maxima", "sentence"),
    [
        (SCORES.assign(odd=np.inf), MAXIMA, "inf is not a score of item 'odd'"),
        (SCORES.assign(odd="0"), MAXIMA, "'0' is not a score of item 'odd'"),
        (with_odd(0, "right", None, 1), MAXIMA, "'right' is not a score of item 'odd'"),
        (with_odd(0, 10**400, None, 1), MAXIMA, "is not a score of item 'odd'"),
        (SCORES.assign(odd=1j), MAXIMA, "is not a score of item 'odd'"),
        (SCORES.assign(odd=pd.Timestamp("2026-01-01")), MAXIMA, "is not a score of item 'odd'"),
        (SCORES.set_axis(["easy", "odd", "odd"], axis=1), MAXIMA, "more than one item 'odd'"),
        (SCORES, {"easy": 1}, "The maximum score of the items sound, odd is missing"),
        (SCORES, MAXIMA | {"odd": None}, "The maximum score of item 'odd' is missing"),
        (SCORES, MAXIMA | {"odd": "one"}, "'one' is not a maximum score of item 'odd'"),
        (SCORES, MAXIMA | {"odd": -1}, "-1 is not a maximum score of item 'odd'"),
        (SCORES, pd.Series([1, 2, 1, 1], index=["easy", "sound", "odd", "odd"]), "more than one maximum score for item 'odd'"),
    ],
)
def test_a_value_that_is_not_a_score_is_named(scores, maxima, sentence):
    for function in (item_statistics, quiz_statistics, negative_covariance):
        with pytest.raises(ItemScoresError, match=sentence):
            function(scores, maxima)


ONE_SCORE = st.one_of(st.none(), st.integers(-4, 8).map(lambda eighths: eighths / 8))


@st.composite
def quizzes(draw):
    """Attempts, items and maxima; scores in eighths, so that the reference is exact."""
    n_items = draw(st.integers(1, 5))
    rows = draw(st.lists(st.lists(ONE_SCORE, min_size=n_items, max_size=n_items), max_size=12))
    maxima = draw(st.lists(st.sampled_from([0, 0.5, 1, 2, 10]), min_size=n_items, max_size=n_items))
    scores = pd.DataFrame(rows, columns=[f"q{item}" for item in range(n_items)], dtype="float64")
    return scores, dict(zip(scores.columns, maxima, strict=True))


def values(quiz: QuizStatistics) -> tuple[float, ...]:
    return dataclasses.astuple(quiz)


def close(found, expected):
    np.testing.assert_allclose(np.array(found, dtype="float64"), np.array(expected, dtype="float64"), rtol=1e-9, atol=1e-12)


# Items that agree: 1 - alpha is a rounding error, of which a root would make 1e-8.
@example((pd.DataFrame({"q0": [0.125, None, None], "q1": [0.125, None, None]}), {"q0": 0, "q1": 0}))
@given(quizzes())
def test_statistics_are_those_of_the_slow_reference(quiz):
    scores, maxima = quiz
    expected = pd.DataFrame(reference.items(scores.to_numpy().tolist(), list(maxima.values())), columns=COLUMNS)
    close(item_statistics(scores, maxima)[COLUMNS], expected)
    close(values(quiz_statistics(scores, maxima)), reference.quiz(scores.to_numpy().tolist(), len(maxima)))


@given(quizzes(), st.sampled_from([1e-290, 1e-9, 0.1, 3.0, 1e12, 1e290]))
def test_another_scale_of_scores_changes_only_what_is_in_points(quiz, factor):
    scores, maxima = quiz
    scaled = (scores * factor, {item: maximum * factor for item, maximum in maxima.items()})
    before, after = item_statistics(scores, maxima), item_statistics(*scaled)
    close(after.drop(columns="sd"), before.drop(columns="sd"))
    close(after["sd"] / factor, before["sd"])
    quiz_before, quiz_after = (
        quiz_statistics(scores, maxima),
        quiz_statistics(scores * factor, {item: m * factor for item, m in maxima.items()}),
    )
    in_points = ("mean", "median", "sd", "standard_error")
    close([getattr(quiz_after, name) / factor for name in in_points], [getattr(quiz_before, name) for name in in_points])
    unchanged = ("skewness", "kurtosis", "alpha", "error_ratio")
    close([getattr(quiz_after, name) for name in unchanged], [getattr(quiz_before, name) for name in unchanged])


@given(quizzes(), st.randoms(use_true_random=False))
def test_neither_the_order_of_attempts_nor_that_of_items_matters(quiz, dice):
    scores, maxima = quiz
    rows, columns = dice.sample(range(len(scores)), len(scores)), dice.sample(list(scores), scores.shape[1])
    shuffled = scores.iloc[rows][columns]
    close(item_statistics(shuffled, maxima).loc[list(scores)], item_statistics(scores, maxima))
    close(values(quiz_statistics(shuffled, maxima)), values(quiz_statistics(scores, maxima)))


@given(quizzes())
def test_shares_stay_within_their_bounds(quiz):
    found = item_statistics(*quiz)
    assert found["discrimination_index"].dropna().between(-1, 1).all()
    assert (found["discriminative_efficiency"].dropna() <= 1).all()
    for weight in ("intended_weight", "effective_weight"):
        shares = found[weight].dropna()
        assert shares.between(0, 1 + 1e-12).all()
        assert shares.empty or shares.sum() == pytest.approx(1)
    alpha = quiz_statistics(*quiz).alpha
    assert math.isnan(alpha) or alpha <= 1
