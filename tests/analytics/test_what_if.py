"""The same scores under several rules: the level by each, the students whose level differs, and why."""

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.analytics.mastery import RULES, estimate
from lmskit.analytics.rules import configured, configured_from_text, parameters_from_text, with_fits
from lmskit.analytics.what_if import changes, level_counts, n_changes, side_by_side, transitions, with_everyone
from lmskit.errors import RuleParameterError, UnknownRuleError
from lmskit.vocabulary import LEVELS

ADA, BEN, CHO = 1, 2, 3
SCORES = pd.DataFrame(
    [
        (ADA, 1, 0.4, 1),
        (ADA, 1, 0.6, 2),
        (ADA, 1, 1.0, 3),
        (BEN, 1, 0.9, 1),
        (BEN, 2, 0.9, 2),
        (CHO, 1, 1.0, 1),
        (CHO, 1, 0.2, 2),
    ],
    columns=["student", "week", "score", "submitted_at"],
).assign(max_score=1.0)
RULES_COMPARED = [configured("average"), configured("weighted_average", {"w": 0.7}), configured("average", {"mastery_threshold": 0.65})]


@pytest.fixture
def cells():
    return side_by_side(SCORES, RULES_COMPARED)


def test_each_rule_gives_the_values_that_it_estimates_alone(cells):
    for number, rule in enumerate(RULES_COMPARED, start=1):
        alone = estimate(SCORES, rule.name, **rule.parameters)
        beside = cells[["student", "week", *(f"{name}_{number}" for name in ("value", "low", "high")), "n_evidence", f"state_{number}"]]
        pd.testing.assert_frame_equal(beside.set_axis(alone.columns, axis=1), alone)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_explains_its_value_in_numbers(rule):
    rules = [configured(rule, {"mastery_threshold": 1, "remedial_threshold": 1}), configured(rule, {"remedial_threshold": 0})]
    scores = SCORES.assign(score=SCORES["score"] * 0.9)
    cells = side_by_side(scores, rules)
    found = changes(scores, cells, rules)
    assert len(found) or set(cells["state_1"]) == {"not_assessed"}
    assert found["why"].str.count(f"y {rule.replace('_', ' ')} ").eq(2).all()


@pytest.mark.parametrize(
    ("text", "explanation"),
    [
        ("average", "average developing at 0.67: the mean of 3 graded questions and attempts"),
        ("latest", "latest mastered at 1.00: the newest of 3 scores"),
        ("highest", "highest mastered at 1.00: the best of 3 scores"),
        (
            "weighted_average:w=0.7",
            "weighted average mastered at 0.85: the newest score, 1.00, counts 70 %, the mean of 2 scores before, 0.50, the rest",
        ),
        (
            "decaying_average:w=0.7",
            "decaying average mastered at 0.86: the newest score, 1.00, counts 70 %, the running mean of 2 scores before, 0.54, the rest",
        ),
        ("n_of_mastery:n=1", "n of mastery mastered at 1.00: the mean of the 1 among 3 scores that reach 0.80"),
        ("n_of_mastery:n=2", "n of mastery not assessed: only 1 of 3 scores reach 0.80, and 2 are required"),
        ("m_of_n:m=2,n=3", "m of n developing at 0.50: 1 of the last 3 questions answered correctly at first, and 2 are required"),
        ("m_of_n:m=1,n=1", "m of n mastered at 1.00: 1 correct answer among 1 in a row reached"),
        ("khan", "khan developing at 0.80: Khan Academy's level proficient after 3 attempts"),
    ],
)
def test_a_change_is_explained_by_numbers(text, explanation):
    rules = [configured("average", {"mastery_threshold": 1, "remedial_threshold": 1}), configured_from_text(text)]
    cells = side_by_side(SCORES[SCORES["student"] == ADA], rules)
    assert explanation in changes(SCORES, cells, rules)["why"].item()


def test_weeks_with_parameters_of_their_own_are_estimated_by_them_and_other_weeks_by_those_of_the_rule():
    fit = {"prior": 0.9, "learn": 0.4, "guess": 0.1, "slip": 0.3, "forget": 0.0, "correct_from": 1.0}
    rule = configured("bkt", {"remedial_threshold": 0.6})
    fitted = with_fits(rule, {2: fit, 3: fit})
    found = side_by_side(SCORES, [fitted])
    for week, parameters in ((1, rule.parameters), (2, {**rule.parameters, **fit})):
        alone = estimate(SCORES[SCORES["week"] == week], "bkt", **parameters)
        beside = found.loc[found["week"] == week, ["student", "week", "value_1", "low_1", "high_1", "n_evidence", "state_1"]]
        pd.testing.assert_frame_equal(beside.set_axis(alone.columns, axis=1).reset_index(drop=True), alone)
    both = [with_fits(rule, {2: fit}), rule]
    why = changes(SCORES, side_by_side(SCORES, both), both)["why"].item()
    fitted_words = "bkt developing at 0.85: from 0 of 1 answer correct, with parameters fitted to the week"
    assert why == f"By {fitted_words}; by bkt remedial at 0.24: from 0 of 1 answer correct."


def test_students_whose_level_differs_are_listed_with_both_values(cells):
    found = changes(SCORES, cells, RULES_COMPARED)
    assert found[["student", "week", "state_1", "state_2"]].to_numpy().tolist() == [
        [ADA, 1, "developing", "mastered"],
        [CHO, 1, "developing", "remedial"],
    ]
    assert found["value_2"].tolist() == pytest.approx([0.85, 0.44])
    assert n_changes(cells) == 2


def test_another_threshold_is_named_as_the_reason(cells):
    found = changes(SCORES, cells, RULES_COMPARED, other=3)
    assert found["student"].tolist() == [ADA]
    assert found["why"].item().endswith(" The thresholds differ: mastered from 0.8 against 0.65.")


def test_changes_come_in_pages(cells):
    assert changes(SCORES, cells, RULES_COMPARED, limit=1, offset=1)["student"].tolist() == [CHO]
    assert changes(SCORES, cells, RULES_COMPARED, offset=2).empty


def test_a_value_just_below_a_threshold_is_shown_with_the_digits_that_it_takes():
    scores = pd.DataFrame({"student": 1, "week": 1, "score": [0.7999, 0.9], "max_score": 1, "submitted_at": [2, 1]})
    rules = [configured("latest"), configured("highest")]
    assert "latest developing at 0.7999:" in changes(scores, side_by_side(scores, rules), rules)["why"].item()


def test_everyone_is_counted_and_students_without_evidence_as_not_assessed(cells):
    everyone = with_everyone(cells, [ADA, BEN, CHO, 4], [1, 2])
    assert len(everyone) == 8
    assert everyone["n_evidence"].tolist() == [3, 0, 1, 1, 2, 0, 0, 0]
    counted = level_counts(everyone)
    assert counted["n"].tolist()[:8] == [2, 2, 0, 4, 3, 0, 1, 4]
    assert set(counted["n_cells"]) == {8}
    assert set(counted["n_students"]) == {4}


def test_the_interval_of_a_share_counts_each_student_once_however_many_weeks(cells):
    one_week = level_counts(with_everyone(cells, [ADA, BEN, CHO], [1]))
    same_twice = pd.concat([cells[cells["week"] == 1], cells[cells["week"] == 1].assign(week=2)])
    two_weeks = level_counts(with_everyone(same_twice, [ADA, BEN, CHO], [1, 2]))
    pd.testing.assert_frame_equal(one_week[["share", "low", "high"]], two_weeks[["share", "low", "high"]])
    assert (one_week["low"] <= one_week["share"]).all()


def test_transitions_add_up_to_all_and_their_diagonal_to_those_who_stay(cells):
    table = transitions(cells)
    assert table["n"].sum() == len(cells)
    assert table.loc[table["from"] != table["to"], "n"].sum() == n_changes(cells)
    assert table.loc[(table["from"] == "developing") & (table["to"] == "mastered"), "n"].item() == 1
    assert len(table) == len(LEVELS) ** 2


def test_nothing_has_the_same_shape_as_something(cells):
    nothing = side_by_side(SCORES.iloc[:0], RULES_COMPARED)
    assert nothing.dtypes.to_dict() == cells.dtypes.to_dict()
    assert level_counts(nothing)["n"].sum() == 0
    assert level_counts(nothing)["share"].isna().all()
    assert transitions(nothing)["n"].sum() == 0
    empty, full = changes(SCORES.iloc[:0], nothing, RULES_COMPARED), changes(SCORES, cells, RULES_COMPARED)
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


@given(
    rows=st.lists(st.tuples(st.integers(1, 4), st.integers(1, 2), st.sampled_from([0, 0.4, 0.75, 0.8, 1])), max_size=20),
    rules=st.lists(st.sampled_from(sorted(RULES)), min_size=2, max_size=2),
)
def test_exactly_the_students_whose_level_differs_are_listed_once(rows, rules):
    scores = pd.DataFrame(rows, columns=["student", "week", "score"]).assign(max_score=1, submitted_at=range(len(rows)))
    compared = [configured(name) for name in rules]
    cells = side_by_side(scores, compared)
    found = changes(scores, cells, compared)
    expected = {(row["student"], row["week"]) for row in cells.to_dict("records") if row["state_1"] != row["state_2"]}
    assert set(zip(found["student"], found["week"], strict=True)) == expected
    assert len(found) == len(expected) == n_changes(cells)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("averag", UnknownRuleError, "Did you mean average"),
        ("weighted_average:w", RuleParameterError, "name=number, such as w=0.7, not 'w'"),
        ("weighted_average:w=high", RuleParameterError, "not 'w=high'"),
        ("weighted_average:w=0.6,w=0.7", RuleParameterError, "The parameter w is given twice"),
        ("weighted_average:w=7", RuleParameterError, "from 0.01 to 0.99"),
    ],
)
def test_a_typed_rule_that_cannot_be_read_is_one_clear_error(text, error, message):
    with pytest.raises(error, match=message):
        configured_from_text(text)


def test_blanks_around_the_parts_of_a_typed_rule_do_no_harm():
    assert configured_from_text(" n_of_mastery : n = 3 , threshold=0.6").parameters["n"] == 3
    assert parameters_from_text([]) == {}
