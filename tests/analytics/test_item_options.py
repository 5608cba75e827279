"""Options of a choice item: who chooses them, which mislead strong students, and that every attempt is counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from lmskit.analytics.items import NO_ANSWER, OTHER, option_statistics
from lmskit.errors import InputError
from tests.examples import share

OPTIONS = ["a", "b", "c", "d"]


def class_of(**chosen_by):
    """Responses and rest scores: option = the rest scores of those who chose it."""
    responses = [option for option, rest in chosen_by.items() for _ in rest]
    return responses, [score for rest in chosen_by.values() for score in rest]


def test_each_option_is_counted_with_its_share_and_its_correlation_with_the_rest():
    responses, rest = class_of(a=[8, 9, 10, 9], b=[2, 3], c=[5])
    table = option_statistics([*responses, None], [*rest, 1], options=OPTIONS, right=["a"])
    assert table["n"].to_dict() == {"a": 4, "b": 2, "c": 1, "d": 0, NO_ANSWER: 1, OTHER: 0}
    assert table["share"].tolist() == [0.5, 0.25, 0.125, 0, 0.125, 0]
    chose_b = np.array([0, 0, 0, 0, 1, 1, 0, 0])
    assert table["point_biserial"]["b"] == pytest.approx(np.corrcoef(chose_b, [*rest, 1])[0, 1])
    assert np.isnan(table["point_biserial"]["d"]), "no attempt chose it"
    assert table["right"].tolist() == [True, False, False, False, False, False]


def test_a_wrong_option_that_the_strong_choose_is_attractive_and_one_of_the_weak_works():
    strong, weak = [8, 9, 10, 9] * 6, [1, 2, 3, 4] * 6
    responses, rest = class_of(a=strong + weak, b=[9, 10, 8] * 5, c=[2, 1] * 8, d=[4])
    table = option_statistics(responses, rest, options=OPTIONS, right=["a"])
    assert table["verdict"].tolist() == ["right", "attractive", "working", "idle", "no_option", "no_option"]


def test_a_wrong_option_that_more_choose_than_the_right_one_is_attractive():
    responses, rest = class_of(a=[5, 9] * 8, b=[4, 8, 5] * 10)
    assert option_statistics(responses, rest, options=["a", "b"], right=["a"])["verdict"].tolist()[:2] == ["right", "attractive"]


def test_below_thirty_students_no_option_has_a_verdict():
    responses, rest = class_of(a=[1, 2] * 5, b=[8, 9] * 9)
    table = option_statistics(responses, rest, options=["a", "b"], right=["a"])
    assert table["verdict"].tolist()[:2] == ["right", "withheld"]


def test_several_options_may_be_chosen_and_several_right():
    table = option_statistics([["a", "c"], ["a"], ["b", "c"], []], [4, 3, 1, 0], options=OPTIONS, right=["a", "c"])
    assert table["n"].to_dict() == {"a": 2, "b": 1, "c": 2, "d": 0, NO_ANSWER: 1, OTHER: 0}
    assert table["right"].tolist() == [True, False, True, False, False, False]


def test_true_and_false_are_options_too():
    table = option_statistics([True, False, False], [3, 1, 2], options=["true", "false"], right=["true"])
    assert table["n"].tolist() == [1, 2, 0, 0]


@pytest.mark.parametrize("answer", ["e", 7, {"a": "b"}, ["e", ["a"]], 1.5, "A"])
def test_an_answer_that_is_not_an_option_is_counted_apart(answer):
    table = option_statistics([answer, "a"], [1, 2], options=OPTIONS, right=["a"])
    assert table["n"].to_dict() == {"a": 1, "b": 0, "c": 0, "d": 0, NO_ANSWER: 0, OTHER: 1}


def test_no_attempts_and_rest_scores_that_are_all_equal_are_undefined_and_no_warning():
    nothing = option_statistics([], [], options=OPTIONS, right=["a"])
    assert nothing["n"].sum() == 0
    assert nothing[["share", "point_biserial"]].isna().all(axis=None)
    assert option_statistics(["a", "b"] * 20, [0.1 + 0.2] * 40, options=["a", "b"])["point_biserial"].isna().all()


def test_responses_of_other_attempts_and_an_option_that_is_there_twice_are_refused():
    with pytest.raises(InputError, match="1 responses and 2 rest scores"):
        option_statistics(["a"], [1, 2], options=OPTIONS)
    with pytest.raises(InputError, match="An option is there twice"):
        option_statistics(["a"], [1], options=["a", "a"])


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "c", None, "z"]), st.integers(0, 9)), max_size=12))
@examples(max_examples=share(40))
def test_every_attempt_chose_one_thing(attempts):
    table = option_statistics([response for response, _ in attempts], [rest for _, rest in attempts], options=OPTIONS, resamples=5)
    assert table["n"].sum() == len(attempts)
    assert table["point_biserial"].dropna().between(-1, 1).all()
