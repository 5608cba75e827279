"""Which titles are titles of the same quiz."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lmskit.importers.matching.titles import SameTitles, richer, same_titles, title_key

COURSE = ["Quiz 1: Basics (week 2)", "Quiz 2 – Gemischt, Größen", "Quiz 10: Basics (week 2)", "Final / Exam?"]


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Quiz 1: Basics (week 2)", "Quiz 1: Basics (week 2)"),
        ("STAT-M1-Quiz 1 Basics (week 2)", "Quiz 1: Basics (week 2)"),
        ("STAT-M1-Quiz 1_ Basics (week 2)", "Quiz 1: Basics (week 2)"),
        ("Other name-Quiz 2 – Gemischt, Größen", "Quiz 2 – Gemischt, Größen"),
        ("stat m1-Final Exam", "Final / Exam?"),
    ],
)
def test_a_report_finds_its_quiz_by_the_name_of_the_file(title, expected):
    assert same_titles(title, COURSE, from_file=True) == SameTitles((expected,))


def test_a_code_of_the_course_may_be_in_front_of_any_title():
    assert same_titles("STAT-M1 Quiz 1: Basics (week 2)", COURSE, codes=["STAT-M1"]).same == ("Quiz 1: Basics (week 2)",)
    assert same_titles("STAT-M1-Quiz 1: Basics (week 2)", COURSE) == SameTitles(())


def test_a_title_that_is_there_exactly_is_the_one_although_others_have_the_same_key():
    assert same_titles("Quiz: 1", ["Quiz 1", "Quiz: 1"]) == SameTitles(("Quiz: 1",))
    assert same_titles("QUIZ 1", ["Quiz 1", "Quiz: 1"]) == SameTitles(("Quiz 1", "Quiz: 1"))


@pytest.mark.parametrize(
    ("title", "near"),
    [
        ("Quiz 1: Basic (week 2)", ("Quiz 1: Basics (week 2)",)),
        ("Basics: Quiz 1 (week 2)", ("Quiz 1: Basics (week 2)",)),
        ("Quiz 3: Basics (week 2)", ()),
        ("Quiz 1: Basics (week 3)", ()),
        ("Homework", ()),
    ],
)
def test_nearly_the_same_title_is_asked_about_but_another_number_is_another_quiz(title, near):
    assert same_titles(title, COURSE) == SameTitles((), near)


def test_short_titles_are_never_nearly_the_same():
    assert same_titles("Exam", ["Exams"]) == SameTitles(())


@given(st.permutations(["STAT-M1-Quiz 1 Basics", "Quiz 1: Basics", "quiz 1 basics"]))
def test_the_title_as_it_was_typed_wins_in_any_order(titles):
    first, second, third = titles
    assert richer(richer(first, second), third) == "Quiz 1: Basics"


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_two_titles_can_be_compared(one, other):
    assert title_key(title_key(one)) == title_key(one)
    assert same_titles(one, [one, other]).same == (one,)
    assert richer(one, other) == richer(other, one)
    same_titles(one, [other], codes=[other], from_file=True)
