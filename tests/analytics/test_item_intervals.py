"""Intervals and verdicts of items: resamples computed one by one, wrong keys found, and verdicts withheld."""

import dataclasses

import numpy as np
import pandas as pd
import pytest

from lmskit.analytics.items import item_analysis, item_statistics, quiz_analysis, quiz_statistics
from lmskit.analytics.items.analysis import RESAMPLED
from lmskit.analytics.items.bootstrap import QUIZ_COLUMNS, _counts, bounds, item_resamples, quiz_resamples
from lmskit.analytics.items.scores import validated_scores
from lmskit.errors import InputError
from lmskit.simulation import simulated_scores

EACH = 1


def scores_of_several_kinds(n, seed=0):
    dice = np.random.default_rng(seed)
    level = dice.normal(size=n)
    return pd.DataFrame(
        {
            "right": (level + dice.normal(size=n) > 0).astype(float),
            "partly": np.clip(np.round(2 * level + dice.normal(size=n)) / 2 + 1, 0, 3),
            "against": (level + dice.normal(size=n) < 0) * 0.1,
            "all": 1.0,
            "rare": (np.arange(n) == 3).astype(float),
        }
    )


MAXIMA = {"right": 1, "partly": 3, "against": 0.1, "all": 1, "rare": 1}


@pytest.mark.parametrize("students", [None, np.arange(25) // 2])
def test_each_resample_has_the_statistics_of_the_attempts_drawn(students):
    scores = scores_of_several_kinds(25)
    validated = validated_scores(scores, MAXIMA)
    items = item_resamples(validated, students=students, resamples=12, seed=5)
    quiz = quiz_resamples(validated, students=students, resamples=12, seed=5)
    [counts] = _counts(25, students, 12, 5)
    for resample, drawn in enumerate(counts.astype(int)):
        table = scores.loc[scores.index.repeat(drawn)]
        expected = item_statistics(table, MAXIMA)
        for name in RESAMPLED:
            np.testing.assert_allclose(items[name][resample], expected[name], rtol=1e-9, atol=1e-12, err_msg=name)
        whole = dataclasses.asdict(quiz_statistics(table, MAXIMA))
        for name in QUIZ_COLUMNS:
            np.testing.assert_allclose(quiz[name][resample], whole[name], rtol=1e-8, atol=1e-12, err_msg=name)


def test_all_attempts_of_a_student_are_drawn_together():
    students = np.array(["a", "b", "a", "c", "b"])
    [counts] = _counts(5, students, 200, 0)
    assert (counts[:, [0, 1]] == counts[:, [2, 4]]).all()
    assert (counts[:, [0, 1, 3]].sum(axis=1) == 3).all()


def test_the_same_seed_gives_the_same_intervals_however_the_resamples_are_divided(monkeypatch):
    scores = scores_of_several_kinds(60)
    before = item_analysis(scores, MAXIMA, seed=4)
    monkeypatch.setattr("lmskit.analytics.items.bootstrap._CELLS", 60 * 7)
    pd.testing.assert_frame_equal(item_analysis(scores, MAXIMA, seed=4), before)
    assert not item_analysis(scores, MAXIMA, seed=5).equals(before)


def test_an_interval_holds_its_value_and_is_missing_where_too_few_attempts_differ():
    table = item_analysis(scores_of_several_kinds(60), MAXIMA)
    for name in RESAMPLED:
        known = table[[f"{name}_low", name, f"{name}_high"]].dropna().to_numpy()
        assert (np.diff(known, axis=1) >= 0).all()
    intervals = table["discrimination_index_low"].notna()
    assert intervals.to_dict() == {"right": True, "partly": True, "against": True, "all": False, "rare": False}
    assert table["discrimination_index"].notna().to_dict() == {"right": True, "partly": True, "against": True, "all": False, "rare": True}


def test_without_any_defined_resample_there_is_no_interval_and_no_warning():
    assert np.isnan(bounds(np.full((10, 1), np.nan), [0.3])).all()


def test_an_item_that_contradicts_the_rest_has_another_verdict_than_one_that_is_equal_for_all():
    table = item_analysis(scores_of_several_kinds(200), MAXIMA)
    assert table.loc[["against", "all"], "verdict"].tolist() == ["likely_wrong_key", "undefined"]
    assert table.loc["against", "standing"] == "firm"
    assert table.loc["all", "standing"] == "no interval"
    assert table["negative_covariance"].to_dict()["against"]


def test_below_thirty_students_the_numbers_stay_and_the_verdict_is_withheld():
    scores = simulated_scores(n_students=29, n_wrong=1, seed=1).scores
    table = item_analysis(scores, dict.fromkeys(scores, EACH))
    assert set(table["verdict"]) == {"withheld"}
    assert not table["dubious"].any()
    assert table["discrimination_index"].notna().any()
    thirty = simulated_scores(n_students=30, seed=1).scores
    assert "withheld" not in set(item_analysis(thirty, dict.fromkeys(thirty, EACH))["verdict"])


def test_thirty_attempts_of_ten_students_are_ten_students():
    scores = simulated_scores(n_students=30, seed=1).scores
    table = item_analysis(scores, dict.fromkeys(scores, EACH), students=np.arange(30) // 3)
    assert (table["n"].iloc[0], table["n_students"].iloc[0], set(table["verdict"])) == (30, 10, {"withheld"})


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_attempts_give_values_without_intervals_and_no_warning(n):
    table = item_analysis(scores_of_several_kinds(5).head(n), MAXIMA)
    assert table["discrimination_index_low"].isna().all()
    assert set(table["verdict"]) == {"withheld"}
    assert quiz_analysis(scores_of_several_kinds(5).head(n), MAXIMA).loc["alpha", ["low", "high"]].isna().all()


def test_attempts_without_a_student_are_refused_if_others_have_one():
    scores = simulated_scores(n_students=4, seed=1).scores
    with pytest.raises(InputError, match="1 of 4 attempts have no student"):
        item_analysis(scores, dict.fromkeys(scores, 1), students=np.array(["u", "v", None, "u"], dtype="object"))


def test_students_that_do_not_fit_the_attempts_are_refused():
    with pytest.raises(InputError, match="students are given for 3 of them"):
        item_analysis(scores_of_several_kinds(5), MAXIMA, students=[1, 2, 3])
    with pytest.raises(InputError, match="at least 1 resample"):
        item_analysis(scores_of_several_kinds(5), MAXIMA, resamples=0)


def shares_flagged(quizzes, *, n_wrong):
    """Shares of wrong and of right keys that are flagged, and the share of quizzes with a flag."""
    tables = []
    for seed in quizzes:
        quiz = simulated_scores(n_wrong=n_wrong, seed=seed)
        table = item_analysis(quiz.scores, dict.fromkeys(quiz.scores, EACH), resamples=300, seed=seed)
        tables.append(pd.DataFrame({"flagged": table["verdict"] == "likely_wrong_key", "wrong": quiz.wrong}))
    flags = pd.concat(tables, keys=quizzes)
    return flags.groupby("wrong")["flagged"].mean(), flags["flagged"].groupby(level=0).any().mean()


def test_wrong_keys_are_flagged_and_right_keys_are_not():
    shares, _ = shares_flagged(range(20), n_wrong=1)
    assert shares[True] >= 0.95
    assert shares[False] <= 0.05
    _, with_a_flag = shares_flagged(range(100, 120), n_wrong=0)
    assert with_a_flag <= 0.05
