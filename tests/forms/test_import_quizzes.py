"""The quizzes of a file, as preview after preview asks about them."""

from dataclasses import replace

import pytest

from lmskit.forms.import_quizzes import NEW, SAME, ImportQuizzes
from lmskit.importers.report import QuizDecision

MIDTERM = QuizDecision("Midterm", week=None, candidates=(), needs_max_score=True, is_open=True)


@pytest.fixture
def changes():
    return []


@pytest.fixture
def quizzes(changes):
    shown = ImportQuizzes(lambda: changes.append("a choice"))
    shown.show([MIDTERM])
    return shown


def first_week(quizzes):
    return quizzes.quizzes["Midterm"].week.options[0][0]


def is_asked(quizzes):
    """Whether the quiz stands among those about which something is missing."""
    view = quizzes.quizzes["Midterm"].view
    assert (view in quizzes._open.children) != (view in quizzes._others.children)
    return view in quizzes._open.children


def test_a_quiz_is_no_longer_asked_about_when_an_option_says_what_was_missing(quizzes):
    assert (first_week(quizzes), is_asked(quizzes)) == ("choose", True)
    quizzes.show([replace(MIDTERM, week=3, needs_max_score=False, is_open=False)], week=3)
    assert (first_week(quizzes), is_asked(quizzes)) == ("3, as chosen above", False)
    assert quizzes.quizzes["Midterm"].max_score is None
    quizzes.show([MIDTERM])
    assert (first_week(quizzes), is_asked(quizzes)) == ("choose", True), "the option was taken back"
    assert quizzes.quizzes["Midterm"].max_score is not None


def test_a_quiz_stays_where_it_was_decided_on_and_its_fields_stay_the_same(quizzes):
    before = quizzes.quizzes["Midterm"]
    before.week.value, before.max_score.value = 2, "10"
    quizzes.show([replace(MIDTERM, week=2, needs_max_score=False, is_open=False)])
    assert quizzes.quizzes["Midterm"] is before
    assert is_asked(quizzes)
    assert quizzes.values == {"same_quizzes": {}, "weeks": {"Midterm": 2}, "max_scores": {"Midterm": "10"}}


def test_what_was_chosen_is_kept_when_a_further_question_arises(quizzes, changes):
    quizzes.quizzes["Midterm"].week.value = 2
    changes.clear()
    quizzes.show([replace(MIDTERM, week=2, candidates=("Mid-term",))])
    same = quizzes.quizzes["Midterm"].same
    assert [value for _, value in same.options] == ["", (SAME, "Mid-term"), NEW]
    assert (quizzes.values["weeks"], changes) == ({"Midterm": 2}, []), "nothing was chosen by a person"
    same.value = (SAME, "Mid-term")
    quizzes.show([replace(MIDTERM, candidates=("Mid-term",), needs_max_score=False, is_open=False)])
    assert quizzes.quizzes["Midterm"].same is same
    assert quizzes.values["same_quizzes"] == {"Midterm": "Mid-term"}


def test_a_quiz_that_is_in_lmskit_by_now_is_asked_about_only_if_something_was_chosen_for_it(quizzes):
    quizzes.quizzes["Midterm"].week.value = 2
    quizzes.show([])
    assert quizzes.values["weeks"] == {"Midterm": 2}, "it can be taken away again"
    quizzes.quizzes["Midterm"].week.value = ""
    quizzes.show([])
    assert quizzes.quizzes == {}
    assert quizzes.view.layout.display == "none"
