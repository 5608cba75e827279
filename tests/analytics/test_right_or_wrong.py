"""The rules that count right and wrong answers: Kolibri's m of n, and Khan Academy's levels."""

import pandas as pd
import pytest

from lmskit.analytics.mastery import estimate, rule_named
from lmskit.errors import InputError, RuleParameterError

LEVELS = {0.0: "attempted", 0.5: "familiar", 0.8: "proficient", 1.0: "mastered"}


def answers(text, **columns):
    """One answer a letter, in order: 1 right, 0 wrong."""
    scores = [float(letter) for letter in text]
    return pd.DataFrame({"student": 1, "week": 1, "score": scores, "max_score": 1, "submitted_at": range(len(scores))} | columns)


def value(scores, rule, **parameters):
    return estimate(scores, rule, **parameters)["value"].item()


@pytest.mark.parametrize(
    ("given", "progress"),
    [
        ("0", 0),
        ("1", 0.2),
        ("1101", 0.6),
        ("11111", 1),
        ("1011011", 1),  # 5 of exactly 7
        ("1001011", 0.8),
        ("1110000", 0.6),
        ("11100001", 0.6),  # the first right answer is no longer among the last seven
        ("1111100000000", 1),  # once reached, it stays
    ],
)
def test_five_of_the_last_seven_answers_are_required(given, progress):
    assert value(answers(given), "m_of_n") == pytest.approx(progress)


def test_only_the_required_number_of_correct_answers_is_mastery():
    scores = answers("111101", student=[1, 1, 1, 1, 2, 2])
    assert estimate(scores, "m_of_n", m=4, n=4)["state"].tolist() == ["mastered", "remedial"]
    assert estimate(scores, "m_of_n", m=5)["state"].tolist() == ["developing", "remedial"]


def test_only_the_first_response_to_a_question_counts():
    assert value(answers("0111", question=["a", "a", "b", "b"]), "m_of_n", m=2, n=2) == 0.5
    assert value(answers("0111", question=["a", None, None, "b"]), "m_of_n", m=3, n=3) == 1


def test_a_response_that_is_not_graded_is_not_the_first():
    scores = answers("011", question=["a", "a", "b"]).assign(score=[None, 1, 1])
    assert value(scores, "m_of_n", m=2, n=2) == 1


def test_the_same_question_for_another_student_or_week_is_another_question():
    scores = answers("0110", question="a").assign(student=[1, 2, 1, 2], week=[1, 1, 2, 2])
    assert estimate(scores, "m_of_n", m=1, n=1)["value"].tolist() == [0, 1, 1, 0]


def test_a_hint_first_counts_as_wrong():
    assert value(answers("11", hinted=[True, False]), "m_of_n", m=2, n=2) == 0.5
    assert value(answers("11", attempt=1, hinted=[True, False]), "khan") == 0


def test_what_counts_as_correct_is_a_parameter():
    partly = answers("11").assign(score=[0.7, 0.9])
    assert value(partly, "m_of_n", m=2, n=2) == 0
    assert value(partly, "m_of_n", m=2, n=2, correct_from=0.7) == 1


def test_more_right_answers_than_answers_cannot_be_required():
    with pytest.raises(RuleParameterError, match="m = 8 correct answers among the last n = 7"):
        rule_named("m_of_n").configured({"m": 8})


@pytest.mark.parametrize(
    ("given", "level"),
    [("0", "attempted"), ("1110011000", "attempted"), ("1111111000", "familiar"), ("1111111110", "familiar"), ("11", "proficient")],
)
def test_an_exercise_earns_a_level_by_its_percentage(given, level):
    assert LEVELS[value(answers(given, attempt=1), "khan")] == level


@pytest.mark.parametrize(
    ("share", "level"), [(0.69, "attempted"), (0.7, "familiar"), (0.99, "familiar"), (1.0, "proficient"), (1.2, "proficient")]
)
def test_an_exercise_of_which_only_the_total_is_known_earns_the_level_of_its_total(share, level):
    assert LEVELS[value(answers("1").assign(score=share), "khan")] == level


@pytest.mark.parametrize(
    ("given", "level"),
    [
        ("1", "familiar"),
        ("11", "proficient"),
        ("111", "mastered"),
        ("1111", "mastered"),
        ("1110", "proficient"),
        ("11100", "familiar"),
        ("111000", "attempted"),
        ("0", "attempted"),
        ("0001", "familiar"),
    ],
)
def test_each_answer_in_a_mixed_assessment_moves_one_level(given, level):
    assert LEVELS[value(answers(given, attempt=1, mixed=True), "khan")] == level


def test_mastered_is_reached_only_in_a_mixed_assessment_from_proficient():
    exercises = answers("1111", attempt=[1, 2, 3, 4])
    assert LEVELS[value(exercises, "khan")] == "proficient"
    assert LEVELS[value(exercises.assign(mixed=[False, False, False, True]), "khan")] == "mastered"


def test_an_exercise_never_lowers_a_level():
    scores = answers("1110", attempt=[1, 1, 1, 2], mixed=[True, True, True, False])
    assert LEVELS[value(scores, "khan")] == "mastered"


def test_only_khan_academys_own_mastered_is_mastered():
    scores = answers("111011", attempt=1, mixed=True, student=[1, 1, 1, 2, 3, 3])
    assert estimate(scores, "khan")[["value", "state"]].to_numpy().tolist() == [[1, "mastered"], [0, "remedial"], [0.8, "developing"]]


def test_an_attempt_is_ordered_as_a_whole_by_its_first_answer():
    # the mixed attempt begins first, so that the exercise, which was submitted between its answers, is after all of them
    scores = answers("1011", attempt=["mixed", "exercise", "mixed", "mixed"], mixed=[True, False, True, True])
    assert LEVELS[value(scores, "khan")] == "mastered"


@pytest.mark.parametrize(
    ("rule", "column", "wrong", "message"),
    [
        ("khan", "mixed", "no", "mixed contains something that is neither true nor false"),
        ("m_of_n", "hinted", 2, "hinted contains something that is neither true nor false"),
        ("m_of_n", "question", [1], "question contains something that cannot be used as a name"),
        ("khan", "attempt", {}, "attempt contains something that cannot be used as a name"),
    ],
)
def test_a_column_with_unusable_values_is_one_clear_error(rule, column, wrong, message):
    with pytest.raises(InputError, match=message):
        estimate(answers("11", **{column: pd.Series([wrong, wrong], dtype=object)}), rule)


def test_a_rule_reads_only_the_columns_it_needs():
    assert value(answers("10", question=pd.Series([[1], [1]], dtype=object), mixed="?"), "average") == 0.5
