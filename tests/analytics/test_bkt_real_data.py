"""Knowledge tracing on the answers of real students, where the shared data are."""

import pytest

from lmskit.analytics import bkt
from lmskit.analytics.bkt import calibration, prediction_quality
from tests.analytics.assistments import FILE, responses

pytestmark = [pytest.mark.skipif(not FILE.exists(), reason=f"the ASSISTments data are not here: {FILE}")]


@pytest.fixture(scope="module")
def table():
    return responses()


def test_all_answers_of_the_file_are_read(table):
    assert (len(table), table["student"].nunique(), table["skill"].nunique()) == (407_967, 3_361, 123)


def test_students_outside_the_fit_are_predicted_better_than_by_the_share_of_right_answers_to_a_skill(table, say):
    """A sample of the skills, five folds by student; benchmarks/bkt_quality.py has all of them."""
    some = table[table["skill"].isin(sorted(table["skill"].unique())[::8])]
    qualities = [prediction_quality(some["correct"], bkt.cross_validate(some, forgetting=forgetting)) for forgetting in (False, True)]
    share = prediction_quality(some["correct"], some.groupby("skill")["correct"].transform("mean"))
    say("16 skills of real answers, held out: " + "; ".join(f"AUC {quality.auc:.3f}, RMSE {quality.rmse:.3f}" for quality in qualities))
    assert share.auc + 0.05 < qualities[0].auc < qualities[1].auc
    assert share.rmse > qualities[0].rmse > qualities[1].rmse


@pytest.mark.long
@pytest.mark.parametrize(("forgetting", "auc", "rmse"), [(False, 0.76, 0.42), (True, 0.80, 0.40)])
def test_five_folds_of_all_students_are_predicted_as_well_as_published(table, say, forgetting, auc, rmse):
    chance = bkt.cross_validate(table, forgetting=forgetting)
    found = prediction_quality(table["correct"], chance)
    say(f"all real answers, forgetting {'on' if forgetting else 'off'}, held out: AUC {found.auc:.4f}, RMSE {found.rmse:.4f}")
    assert found.auc > auc
    assert found.rmse < rmse
    parts = calibration(table["correct"], chance)
    assert ((parts["predicted"] - parts["observed"]).abs() < 0.08).all()


@pytest.mark.long
def test_no_skill_is_fitted_better_from_other_starts_than_from_ours_by_much(table):
    seeds = [bkt.fit(table, seed=seed)["log_likelihood"] for seed in range(3)]
    assert max(likelihoods.sum() for likelihoods in seeds) - seeds[0].sum() < 0.001 * abs(seeds[0].sum())
