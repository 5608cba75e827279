"""The quality of predictions is measured by students that the parameters were not fitted to."""

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.analytics import bkt
from lmskit.analytics.bkt import calibration, prediction_quality
from lmskit.errors import InputError

PAIRS = st.lists(st.tuples(st.sampled_from([0, 1]), st.integers(0, 20).map(lambda n: n / 20)), min_size=1, max_size=30)


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@given(PAIRS)
def test_quality_is_computed_as_defined(pairs):
    correct, chance = map(list, zip(*pairs, strict=True))
    found = prediction_quality(correct, chance)
    order = [(p > q) + (p == q) / 2 for a, p in pairs for b, q in pairs if a > b]
    assert found.auc == pytest.approx(np.mean(order) if order else float("nan"), nan_ok=True)
    assert found.rmse == pytest.approx(np.sqrt(np.mean([(a - p) ** 2 for a, p in pairs])))
    assert found.log_loss == pytest.approx(np.mean([-np.log(max(p if a else 1 - p, 1e-15)) for a, p in pairs]))


@given(PAIRS, st.integers(1, 12))
def test_every_prediction_is_in_one_bin_of_the_calibration(pairs, bins):
    correct, chance = map(list, zip(*pairs, strict=True))
    table = calibration(correct, chance, bins=bins)
    assert len(table) == bins
    assert table["n"].sum() == len(pairs)
    assert (table["n"] * table["observed"].fillna(0)).sum() == pytest.approx(sum(correct))
    assert (table["n"] * table["predicted"].fillna(0)).sum() == pytest.approx(sum(chance))
    filled = table[table["n"] > 0]
    assert ((filled["from"] <= filled["predicted"] + 1e-12) & (filled["predicted"] <= filled["to"] + 1e-12)).all()
    assert ((filled["low"] <= filled["observed"]) & (filled["observed"] <= filled["high"])).all()


def test_without_predictions_quality_is_undefined():
    found = prediction_quality([1, np.nan], [np.nan, 0.5])
    assert found.n == 0
    assert np.isnan([found.auc, found.rmse, found.log_loss]).all()
    assert calibration([], [])["n"].sum() == 0


@pytest.mark.parametrize("function", [prediction_quality, calibration])
@pytest.mark.parametrize(("correct", "chance"), [([1], [1.1]), ([0.5], [0.5]), ([1, 0], [0.5])])
def test_values_that_are_not_predictions_are_refused(function, correct, chance):
    with pytest.raises(InputError):
        function(correct, chance)


def of_students(*rights, skill="sets"):
    """Twelve answers of each student, right with the given chance."""
    draw = np.random.default_rng(5)
    tables = [
        pd.DataFrame({"student": number, "skill": skill, "correct": (draw.random(12) < p).astype(int)}) for number, p in enumerate(rights)
    ]
    return pd.concat(tables).assign(order=lambda table: range(len(table)))


def test_no_student_is_predicted_by_parameters_fitted_to_their_own_answers():
    table = of_students(*[0.1] * 6, 1.0)
    whole = bkt.cross_validate(table, folds=7)
    held_out = table["student"] == 6
    assert whole[held_out].tolist() == bkt.predict(table[held_out], bkt.fit(table[~held_out])).tolist()


def test_predictions_are_the_same_for_the_same_seed_and_in_the_order_of_the_rows():
    table = of_students(*np.linspace(0.1, 0.9, 15))
    shuffled = table.reset_index(drop=True).sample(frac=1, random_state=2)
    found = bkt.cross_validate(shuffled, seed=3)
    assert found.index.equals(shuffled.index)
    assert found.sort_index().tolist() == bkt.cross_validate(table, seed=3).tolist()


def test_a_skill_that_only_one_student_answered_is_not_predicted():
    table = pd.concat([of_students(0.3, 0.6, 0.8), of_students(0.5, skill="maps")], ignore_index=True)
    assert bkt.cross_validate(table).isna().tolist() == (table["skill"] == "maps").tolist()
    assert bkt.cross_validate(of_students(0.5)).isna().all()
    assert bkt.cross_validate(table.iloc[:0]).empty


def test_one_fold_is_refused():
    with pytest.raises(InputError, match="2 folds or more, not 1"):
        bkt.cross_validate(of_students(0.5, 0.5), folds=1)
