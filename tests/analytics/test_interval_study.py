"""Nine of ten intervals contain the truth: students whose true share of right answers is known, and the rules that have an interval."""

import numpy as np
import pytest
from scipy.stats import beta

from lmskit.analytics.interval import beta_interval
from lmskit.analytics.interval_study import interval_coverage
from lmskit.analytics.mastery import RULES
from lmskit.analytics.rules import configured

WITH_INTERVAL = [name for name, rule in RULES.items() if rule.has_interval]


def pooled(table):
    return float(np.average(table["coverage"], weights=table["n_students"]))


def exact_coverage(n):
    """The exact coverage of the average's interval for a uniform truth, over every number of right answers among n."""
    right = np.arange(n + 1)
    low, high = beta_interval(right / n, np.full(n + 1, float(n)))
    return float(np.mean(beta.cdf(high, right + 1, n - right + 1) - beta.cdf(low, right + 1, n - right + 1)))


def test_the_interval_of_the_average_contains_a_uniform_truth_nine_times_in_ten_from_two_questions_on():
    held = [exact_coverage(n) for n in range(2, 101)]
    assert min(held) >= 0.899
    assert max(held) <= 0.93
    assert exact_coverage(1) == pytest.approx(0.948, abs=5e-4), "one question says little, and its interval is too wide, not too narrow"


def test_the_simulation_agrees_with_the_exact_coverage():
    counts = [1, 2, 5, 20]
    table = interval_coverage([configured("average")], counts, n_students=20_000, seed=5)
    assert table["coverage"].tolist() == pytest.approx([exact_coverage(n) for n in counts], abs=0.008)


def test_nine_of_ten_intervals_of_the_average_contain_the_truth():
    table = interval_coverage([configured("average")], [3, 5, 8, 10, 15, 20, 40], n_students=8_000, seed=1)
    assert table["coverage"].between(0.87, 0.93).all(), table
    assert 0.89 <= pooled(table) <= 0.92


@pytest.mark.parametrize("prior", [(0.5, 0.5), (2.0, 1.0), (4.0, 2.0)])
def test_the_average_has_its_coverage_pooled_over_evidence_for_any_distribution_of_students(prior):
    table = interval_coverage([configured("average")], [1, 2, 3, 5, 8, 10, 15, 20, 40], n_students=4_000, prior=prior, seed=2)
    assert 0.87 <= pooled(table) <= 0.93


@pytest.mark.long
@pytest.mark.parametrize("questions", [2, 3, 5, 8, 10, 15, 20, 40, 100])
def test_nine_of_ten_intervals_of_the_average_contain_the_truth_at_any_length(questions):
    table = interval_coverage([configured("average")], [questions], n_students=100_000, seed=questions)
    assert 0.87 <= table["coverage"].item() <= 0.93


def test_more_evidence_narrows_the_average_and_not_the_latest():
    table = interval_coverage([configured("average"), configured("latest")], [5, 40], n_students=2_000, seed=3)
    average, latest = (table.loc[table["number"] == number, "width"].tolist() for number in (1, 2))
    assert average[1] < average[0] / 2
    assert latest[1] == pytest.approx(latest[0], rel=0.02)


def test_every_rule_with_an_interval_has_its_row_for_every_count_and_a_seed_repeats_it():
    rules = [configured(name) for name in WITH_INTERVAL]
    table = interval_coverage(rules, [2, 5], n_students=500, seed=4)
    assert table["rule"].tolist() == [name for name in WITH_INTERVAL for _ in range(2)]
    assert table.equals(interval_coverage(rules, [2, 5], n_students=500, seed=4))
    assert table["coverage"].between(0.8, 1).all(), "no rule promises more than it holds by far"
