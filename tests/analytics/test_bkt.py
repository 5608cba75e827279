"""Knowledge tracing reproduces the published numbers, and a fit is the likeliest one that is not degenerate."""

import itertools
import warnings
from fractions import Fraction
from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.analytics import bkt
from lmskit.analytics.bkt.expectation_maximization import answer_tree, ascend
from lmskit.analytics.bkt.responses import sequences_from
from lmskit.errors import ColumnsMissingError, InputError

PUBLISHED = {"prior": 0.3, "learn": 0.2, "guess": 0.2, "slip": 0.1, "forget": 0.0}
TRUTH = {"prior": 0.25, "learn": 0.15, "guess": 0.2, "slip": 0.08, "forget": 0.05}


@pytest.fixture(autouse=True)
def no_warnings():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def responses(*students, skill="sets"):
    """One student for each list of answers."""
    rows = [(number, skill, answer, order) for number, answers in enumerate(students) for order, answer in enumerate(answers)]
    return pd.DataFrame(rows, columns=["student", "skill", "correct", "order"])


def simulated(parameters, *, n_students, n_answers, seed=1, skill="sets"):
    draw = np.random.default_rng(seed)
    known = draw.random(n_students) < parameters["prior"]
    answers = []
    for _ in range(n_answers):
        answers.append(draw.random(n_students) < np.where(known, 1 - parameters["slip"], parameters["guess"]))
        known = np.where(known, draw.random(n_students) >= parameters["forget"], draw.random(n_students) < parameters["learn"])
    return responses(*np.array(answers, dtype=int).T.tolist(), skill=skill)


def row(found, skill="sets"):
    return found.to_dict("index")[skill]


def log_likelihood(table, parameters):
    """The log-likelihood, from the prediction of each answer by those before it."""
    known = parameters if isinstance(parameters, pd.DataFrame) else pd.DataFrame([parameters], index=table["skill"].unique())
    chance, answered = bkt.predict(table, known), table["correct"].notna()
    return float(np.log(np.where(table["correct"] == 1, chance, 1 - chance)[answered]).sum())


def by_paths(answers, *, prior, learn, guess, slip, forget):
    """The probability of the answers, as a sum over every way in which a student may have known and not known."""
    total = 0.0
    for path in itertools.product([False, True], repeat=len(answers)):
        chance = prior if path[0] else 1 - prior
        for before, after in itertools.pairwise(path):
            gone = forget if before else learn
            chance *= gone if before != after else 1 - gone
        for known, answer in zip(path, answers, strict=True):
            right = 1 - slip if known else guess
            chance *= 1.0 if answer is None else right if answer else 1 - right
        total += chance
    return total


def test_the_published_vector():
    known = bkt.filter([1, 1, 0, 1], PUBLISHED)
    assert known == pytest.approx([0.3, 0.7268292683, 0.9383344804, 0.7243341986, 0.9376175233], abs=1e-9, rel=0)
    chance = bkt.predict(responses([1, 1, 0, 1, np.nan]), pd.DataFrame([PUBLISHED], index=["sets"]))
    assert chance.tolist() == pytest.approx([0.41, 0.7087804878, 0.8568341363, 0.7070339390, 0.8563322663], abs=1e-9, rel=0)


def test_a_missing_answer_is_not_evidence_and_the_student_may_learn():
    assert bkt.filter([np.nan], PUBLISHED).tolist() == pytest.approx([0.3, 0.3 + 0.7 * 0.2])
    assert bkt.filter([np.nan, 1], PUBLISHED | {"forget": 0.5})[1] == pytest.approx(0.3 * 0.5 + 0.7 * 0.2)


def test_without_answers_the_prior_remains():
    assert bkt.filter([], PUBLISHED).tolist() == [0.3]


def test_forgetting_is_off_unless_it_is_given():
    without = {name: value for name, value in PUBLISHED.items() if name != "forget"}
    assert bkt.filter([1, 0], pd.Series(without)).tolist() == bkt.filter([1, 0], PUBLISHED).tolist()


@pytest.mark.parametrize("answer", [0, 1])
def test_an_answer_that_the_parameters_rule_out_changes_nothing(answer):
    sure = {"prior": 1 - answer, "learn": 0, "guess": 0, "slip": 0}
    assert bkt.filter([answer], sure).tolist() == [1 - answer, 1 - answer]


LONG = [1] * 64 + [0] * 8
"""After so many right answers, not knowing is as improbable as 1e-18; as many wrong ones make it likely again."""


def test_wrong_answers_after_a_long_run_of_right_ones_count_exactly_as_in_fractions():
    rare = {"prior": Fraction(1, 20), "learn": Fraction(1, 100), "guess": Fraction(1, 2), "slip": Fraction(1, 1024), "forget": Fraction(0)}
    given = {name: float(value) for name, value in rare.items()}
    known, chances = [rare["prior"]], []
    for answer in LONG:
        with_it = known[-1] * (1 - rare["slip"] if answer else rare["slip"])
        chances.append(with_it + (1 - known[-1]) * rare["guess"])  # without knowing it, an answer is wrong as often as right
        after = with_it / chances[-1]
        known.append(after + (1 - after) * rare["learn"])
    found = bkt.filter(LONG, given)
    assert found.tolist() == pytest.approx([float(chance) for chance in known], rel=1e-9)
    assert found[64] == 1, "as near as floats come"
    assert found[72] < 0.02
    sequences = sequences_from(responses(LONG))
    ascent = ascend(answer_tree(sequences.answer, sequences.begin), list(given.values()), ceiling=2, tolerance=0, most_steps=1)
    assert ascent.log_likelihoods[0] == pytest.approx(sum(map(log, chances)), rel=1e-9)


probability = st.floats(0.01, 0.99)
answer_lists = st.lists(st.lists(st.sampled_from([0, 1, None]), min_size=1, max_size=6), min_size=1, max_size=8)


@given(answer_lists, st.fixed_dictionaries(dict.fromkeys(bkt.PARAMETERS, probability)))
def test_predictions_multiply_to_the_probability_over_all_paths(students, parameters):
    expected = sum(np.log(by_paths(answers, **parameters)) for answers in students)
    assert log_likelihood(responses(*students), parameters) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(answer_lists, st.booleans(), st.sampled_from([2.0, 0.999]), st.lists(probability, min_size=5, max_size=5))
def test_the_log_likelihood_never_falls_from_step_to_step(students, forgetting, ceiling, start):
    start[2:4] = [value * (0.45 if ceiling < 1 else 1) for value in start[2:4]]  # a start is within the bound
    sequences = sequences_from(responses(*students))
    tree = answer_tree(sequences.answer, sequences.begin)
    point = [*start[:4], start[4] if forgetting else 0.0]
    ascent = ascend(tree, point, ceiling=ceiling, tolerance=-1, most_steps=40)
    steps = np.diff(ascent.log_likelihoods)
    assert (steps >= -1e-9 * np.maximum(1, np.abs(ascent.log_likelihoods[:-1]))).all()
    assert ascent.parameters[2] + ascent.parameters[3] <= ceiling + 1e-12
    named = dict(zip(bkt.PARAMETERS, ascent.parameters, strict=True))
    assert ascent.log_likelihood == pytest.approx(log_likelihood(responses(*students), named), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("forgetting", [False, True])
def test_a_fit_finds_the_parameters_that_the_answers_were_simulated_with(forgetting):
    truth = TRUTH if forgetting else TRUTH | {"forget": 0.0}
    table = simulated(truth, n_students=6_000, n_answers=12)
    found = bkt.fit(table, forgetting=forgetting)
    fitted = row(found)
    assert {name: fitted[name] for name in bkt.PARAMETERS} == pytest.approx(truth, abs=0.03)
    assert (fitted["n_students"], fitted["n_answers"], fitted["converged"], fitted["constrained"]) == (6_000, 72_000, True, False)
    assert fitted["log_likelihood"] == pytest.approx(log_likelihood(table, found), rel=1e-9)
    assert fitted["log_likelihood"] > log_likelihood(table, truth)


@given(answer_lists, st.integers(0, 3))
def test_forgetting_never_makes_the_answers_less_likely(students, seed):
    table = responses(*students)
    without, with_it = (row(bkt.fit(table, forgetting=forgetting, seed=seed)) for forgetting in (False, True))
    if table["correct"].notna().any():
        assert with_it["log_likelihood"] >= without["log_likelihood"] - 1e-9 * abs(without["log_likelihood"])


def test_answers_without_forgetting_are_fitted_with_forgetting_as_well_as_without():
    """More students than in the property above; the starts with forgetting used to end a little below."""
    for seed in range(4):
        table = simulated(TRUTH | {"forget": 0.0}, n_students=120, n_answers=6, seed=seed)
        without, with_it = (row(bkt.fit(table, forgetting=forgetting)) for forgetting in (False, True))
        assert with_it["log_likelihood"] >= without["log_likelihood"] * (1 + 1e-9)


def test_no_parameters_nearby_are_likelier_than_the_fit():
    table = simulated(TRUTH | {"forget": 0.0}, n_students=300, n_answers=8)
    found = bkt.fit(table)
    best = row(found)["log_likelihood"]
    for name, step in itertools.product(["prior", "learn", "guess", "slip"], [-0.01, 0.01]):
        assert log_likelihood(table, found.assign(**{name: found[name] + step})) < best


def test_a_degenerate_fit_is_refused_and_the_best_other_one_is_marked():
    worse = {"prior": 0.05, "learn": 0.3, "guess": 0.9, "slip": 0.8, "forget": 0.0}  # knowing it makes answers wrong
    table = simulated(worse, n_students=500, n_answers=8)
    found = row(bkt.fit(table))
    assert found["constrained"]
    assert found["guess"] + found["slip"] < 1
    grid = itertools.product([0.01, 0.1, 0.5, 0.9, 0.99], [1e-6, 0.1, 0.5], [0.05, 0.2, 0.4, 0.6, 0.8], [0.05, 0.19, 0.4, 0.6])
    sensible = [dict(zip(bkt.PARAMETERS, [*point, 0.0], strict=True)) for point in grid if point[2] + point[3] < 1]
    assert max(log_likelihood(table, point) for point in sensible) <= found["log_likelihood"]
    assert found["log_likelihood"] < log_likelihood(table, worse)


def test_with_forgetting_the_two_states_are_not_exchanged():
    fading = {"prior": 0.9, "learn": 0.05, "guess": 0.1, "slip": 0.1, "forget": 0.3}
    found = row(bkt.fit(simulated(fading, n_students=2_000, n_answers=8), forgetting=True))
    assert found["guess"] + found["slip"] < 1
    assert not found["constrained"]
    assert found["forget"] == pytest.approx(0.3, abs=0.08)


def test_a_skill_is_fitted_alike_alone_and_among_others_whatever_the_order_of_rows():
    maps, sets = (simulated(TRUTH, n_students=80, n_answers=6, seed=seed, skill=skill) for seed, skill in ((1, "maps"), (2, "sets")))
    alone = bkt.fit(maps, seed=4)
    together = bkt.fit(pd.concat([maps, sets]).sample(frac=1, random_state=3), seed=4)
    pd.testing.assert_frame_equal(together.loc[["maps"]], alone)


def test_many_answers_are_fitted_in_parallel_and_equally_each_time():
    tables = [simulated(TRUTH, n_students=700, n_answers=8, seed=seed, skill=f"skill {seed}") for seed in range(4)]
    pd.testing.assert_frame_equal(bkt.fit(pd.concat(tables)), bkt.fit(pd.concat(tables)))
    pd.testing.assert_frame_equal(bkt.fit(pd.concat(tables)).iloc[:1], bkt.fit(tables[0]))


def test_predictions_have_the_index_of_their_rows():
    table = pd.concat([responses([1, 0, 1], [0, 1]), responses([0, 1], skill="maps")]).set_index(pd.Index(list("aabbccd")))
    known = pd.DataFrame([PUBLISHED, TRUTH], index=["sets", "maps"])
    shuffled = table.sample(frac=1, random_state=1)
    chance = bkt.predict(shuffled, known)
    assert chance.index.equals(shuffled.index)
    paired = pd.concat([shuffled.assign(chance=chance.to_numpy())]).sort_values(["skill", "student", "order"])
    straight = table.assign(chance=bkt.predict(table, known).to_numpy()).sort_values(["skill", "student", "order"])
    assert paired["chance"].tolist() == straight["chance"].tolist()


def test_answers_at_the_same_time_keep_the_order_of_the_table_and_times_sort_like_numbers():
    table = responses([1, 0, 0])
    known = pd.DataFrame([PUBLISHED], index=["sets"])
    assert bkt.predict(table.assign(order=7), known).tolist() == bkt.predict(table, known).tolist()
    times = pd.Timestamp("2026-09-14", tz="UTC") + pd.to_timedelta(table["order"], unit="h")
    assert bkt.predict(table.assign(order=times), known).tolist() == bkt.predict(table, known).tolist()


@pytest.mark.parametrize("answers", [[[1]], [[0]], [[1], [1]], [[0, 0, 0], [0, 0]], [[1, 1, 1]], [[1, None]], [[1, 0, 1, 0]]])
@pytest.mark.parametrize("forgetting", [False, True])
def test_a_few_answers_or_all_equal_ones_give_a_fit_that_explains_them(answers, forgetting):
    table = responses(*answers)
    found = bkt.fit(table, forgetting=forgetting)
    fitted = row(found)
    assert all(0 <= fitted[name] <= 1 for name in bkt.PARAMETERS)
    assert fitted["guess"] + fitted["slip"] < 1
    assert fitted["n_answers"] == table["correct"].notna().sum()
    assert log_likelihood(table, found) == pytest.approx(fitted["log_likelihood"], abs=1e-6)
    if len({*table["correct"].dropna()}) == 1:
        assert fitted["log_likelihood"] > -0.01


def test_a_skill_without_any_answer_has_no_parameters_and_no_predictions():
    table = pd.concat([responses([None, None]), responses([1, 0], skill="maps")])
    found = bkt.fit(table)
    fitted = row(found)
    assert all(np.isnan(fitted[name]) for name in bkt.PARAMETERS)
    assert (fitted["n_students"], fitted["n_answers"], fitted["converged"], fitted["constrained"]) == (0, 0, False, False)
    assert bkt.predict(table, found).isna().tolist() == [True, True, False, False]


def test_no_answers_at_all_give_no_skills_and_no_predictions():
    found = bkt.fit(responses())
    assert found.empty
    assert list(found.columns[:5]) == list(bkt.PARAMETERS)
    assert bkt.predict(responses(), found).empty


def test_a_prediction_needs_only_the_parameters():
    table = responses([1, 0, 1])
    assert bkt.predict(table, bkt.fit(table)[["prior", "learn", "guess", "slip"]]).notna().all()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"correct": 0.5}, "3 are something else, the first 0.5"),
        ({"correct": "yes"}, "not a number"),
        ({"skill": None}, "The column skill is empty in 3 rows"),
        ({"student": None}, "The column student is empty in 3 rows"),
        ({"student": [1, "two", pd.Timestamp("2026-09-14")]}, "mixes kinds"),
        ({"order": ["first", "second", "third"]}, "neither a time nor a number"),
    ],
)
def test_answers_that_cannot_be_traced_are_refused_with_the_reason(wrong, message):
    with pytest.raises(InputError, match=message):
        bkt.fit(responses([1, 0, 1]).assign(**wrong))


@pytest.mark.parametrize("column", ["student", "skill", "correct", "order"])
def test_a_missing_column_is_named(column):
    for do in (bkt.fit, lambda table: bkt.predict(table, pd.DataFrame([PUBLISHED], index=["sets"]))):
        with pytest.raises(ColumnsMissingError, match=column):
            do(responses([1]).drop(columns=column))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (pd.DataFrame([PUBLISHED], index=["maps"]), "no parameters for the skill sets"),
        (pd.DataFrame([PUBLISHED, TRUTH], index=["sets", "sets"]), "the skill sets twice"),
        (pd.DataFrame([PUBLISHED | {"slip": 1.5}], index=["sets"]), "skill sets are not all probabilities"),
        (pd.DataFrame([PUBLISHED | {"learn": np.nan}], index=["sets"]), "skill sets are not all probabilities"),
        (pd.DataFrame([PUBLISHED], index=["sets"]).drop(columns="guess"), "needs the column guess"),
    ],
)
def test_parameters_that_do_not_fit_the_answers_are_refused(parameters, message):
    with pytest.raises(InputError, match=message):
        bkt.predict(responses([1]), parameters)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"prior": 1.1}, "prior"), ({"slip": float("nan")}, "slip"), ({"guess": "a"}, "guess"), ({"learn": -0.1}, "learn")],
)
def test_a_filter_refuses_parameters_that_are_not_probabilities(wrong, message):
    with pytest.raises(InputError, match=f"The parameter {message} of knowledge tracing is a probability from 0 to 1"):
        bkt.filter([1], PUBLISHED | wrong)
    with pytest.raises(InputError, match=f"lacks the parameter {message}; give a probability"):
        bkt.filter([1], {name: value for name, value in PUBLISHED.items() if name not in wrong})


def test_a_seed_is_not_negative():
    with pytest.raises(InputError, match="0 or more, not -1"):
        bkt.fit(responses([1]), seed=-1)
