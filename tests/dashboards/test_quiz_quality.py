"""The dashboard of quiz quality: what it opens with, what choosing and clicking show, and that nothing typed is interpreted."""

import datetime as dt

import pytest

from lmskit.dashboards import QuizQuality
from lmskit.dashboards.one_question import NONE
from lmskit.dashboards.quiz_quality import CHARTS, TABLES
from lmskit.errors import InputError
from lmskit.vocabulary import CountedAttempts, Origin
from tests import factories
from tests.answered_quiz import EVIL, QUESTIONS, answered_quiz


@pytest.fixture
def course(session):
    course = factories.course(session, weeks=2)
    factories.quiz(session, course, title="A fresh one", questions=QUESTIONS, max_score=5)
    answered_quiz(session, course, title="Sets", attempts=2)
    return course


@pytest.fixture
def dashboard(course, in_session):
    return QuizQuality(course.code, opened=in_session)


def click(dashboard, number, n=1):
    dashboard.items.clicked = {"n": n, "curve": 0, "point": 0, "x": 50, "y": 0.3, "customdata": [number]}


def title(figure):
    return figure.shown["layout"]["title"]["text"]


def test_it_opens_with_the_first_quiz_that_has_answers(dashboard):
    assert dashboard.quiz.label == "1: Sets · 60 students"
    assert dashboard.about.value == "60 students, each student's first attempt (active and completed). Nothing to compare it with."
    assert title(dashboard.items) == "Facility and discrimination of each question"
    assert title(dashboard.totals) == "Distribution of the scores"
    assert {trace["name"] for trace in dashboard.items.shown["data"]} >= {"key likely wrong"}
    assert dashboard.panel.question.value == NONE


def test_a_click_on_a_question_shows_its_options(dashboard):
    click(dashboard, 1)
    assert dashboard.panel.question.value == "choose"
    assert dashboard.panel.prompt.value == QUESTIONS[0]["prompt"]
    assert title(dashboard.panel.options) == "Options chosen in question 1"
    assert "Which? &lt;img" in dashboard.panel.options.shown["layout"]["title"]["subtitle"]["text"]
    assert dashboard.panel.options_table.frame["Option"].tolist()[:2] == ["the right one", EVIL]
    assert title(dashboard.panel.drift).startswith("Question 1 from term to term")


def test_a_choice_from_the_list_does_what_a_click_does_and_a_word_has_no_options(dashboard):
    dashboard.panel.question.value = "word"
    assert dashboard.panel.options_table.view in dashboard.panel._details.children
    assert "Nothing is chosen in answer" in dashboard.panel.options_table.view.value
    dashboard.panel.question.value = NONE
    assert dashboard.panel._details.children == ()


def test_a_click_beside_the_questions_shows_nothing(dashboard):
    dashboard.items.clicked = {"n": 1, "curve": 0, "point": 0, "x": 1, "y": 1, "customdata": None}
    click(dashboard, 99, n=2)
    assert dashboard.panel.question.value == NONE


def test_other_attempts_give_other_numbers_and_the_question_stays_chosen(dashboard):
    click(dashboard, 3)
    before = dashboard.page.quality.items["facility"].tolist()
    dashboard.attempts.value = CountedAttempts.LAST
    assert dashboard.page.quality.items["facility"].tolist() != before
    assert "each student's last attempt" in dashboard.about.value
    assert dashboard.panel.question.value == "key"
    dashboard.attempts.value = CountedAttempts.ALL
    assert dashboard.about.value.startswith("120 attempts of 60 students")


def test_every_chart_has_a_table_with_the_same_content_in_its_place(dashboard):
    click(dashboard, 1)
    dashboard.look.value = TABLES
    assert dashboard._items_place.children == (dashboard.items_table.view,)
    assert dashboard._totals_place.children == (dashboard.totals_table.view,)
    assert dashboard.items_table.frame["Verdict"].tolist()[2] == "key likely wrong"
    assert dashboard.totals_table.frame["Attempts"].sum() == 60
    assert dashboard.panel.options not in dashboard.panel._details.children
    dashboard.look.value = CHARTS
    assert dashboard._items_place.children == (dashboard.items,)
    assert dashboard.panel.options in dashboard.panel._details.children


def test_an_earlier_term_is_compared(session, in_session, course):
    spring = factories.term(session, starts_on=factories.FIRST_DAY - dt.timedelta(weeks=30))
    earlier = factories.course(session, module_code=course.module_code, in_term=spring, weeks=1)
    answered_quiz(session, earlier, title="Sets", seed=3)
    dashboard = QuizQuality(course.code, "Sets", opened=in_session)
    assert dashboard.about.value.endswith(f"Compared with {earlier.code}.")
    assert set(dashboard.changes_table.frame["Runs compared"]) == {2}
    click(dashboard, 1)
    assert dashboard.panel.drift_table.frame["Course"].tolist() == [earlier.code, course.code]


def test_a_quiz_that_nobody_answered_says_so_and_another_can_be_chosen(dashboard):
    dashboard.quiz.value = next(value for label, value in dashboard.quiz.options if "A fresh one" in label)
    assert dashboard.message.value.startswith("There is nothing to judge this quiz by")
    assert dashboard._body.layout.display == "none"
    dashboard.quiz.value = next(value for label, value in dashboard.quiz.options if "Sets" in label)
    assert (dashboard.message.value, dashboard._body.layout.display) == ("", None)


def test_a_course_without_quizzes_and_names_that_are_not_there_are_said(session, in_session, course):
    empty = factories.course(session, weeks=1)
    dashboard = QuizQuality(empty.code, opened=in_session)
    assert dashboard.message.value.startswith(f"{empty.code} has no quizzes yet.")
    dashboard.course.value = course.code
    assert dashboard.message.value == ""
    assert QuizQuality("NO-SUCH", opened=in_session).message.value.startswith("There is no course 'NO-SUCH'")
    assert "has no quiz 'No such'" in QuizQuality(course.code, "No such", opened=in_session).message.value
    with pytest.raises(InputError, match="first, last, highest, all, not 'best'"):
        QuizQuality(attempts="best", opened=in_session)


def test_a_quiz_whose_questions_cannot_be_read_is_a_sentence(session, in_session, course, dashboard):
    broken = factories.quiz(session, course, title="Broken", questions=[{"id": "x"}])
    dashboard = QuizQuality(course.code, str(broken.id), opened=in_session)
    assert dashboard.message.value.startswith("The stored questions of the quiz 'Broken' cannot be read")
    assert dashboard._body.layout.display == "none"


def test_simulated_data_are_marked(session, in_session):
    course = factories.course(session, weeks=1, origin=Origin.SIMULATION)
    answered_quiz(session, course, n_students=4)
    dashboard = QuizQuality(course.code, opened=in_session)
    assert dashboard.simulated.layout.display is None
    assert "Simulated data" in dashboard.items.shown["layout"]["title"]["subtitle"]["text"]


def test_a_lost_database_is_a_sentence(course, losable):
    dashboard = QuizQuality(course.code, opened=losable)
    losable.lost = True
    dashboard.attempts.value = CountedAttempts.ALL
    assert dashboard.message.value == "The database does not answer."
    losable.lost = False
    dashboard.attempts.value = CountedAttempts.FIRST
    assert (dashboard.message.value, dashboard._body.layout.display) == ("", None)


def test_nothing_that_people_typed_is_interpreted(dashboard):
    for number in range(1, 5):
        click(dashboard, number, n=number)
        for figure in (dashboard.items, dashboard.panel.options, dashboard.panel.drift):
            assert "<img" not in figure.spec
        for table in (dashboard.panel.options_table, dashboard.items_table, dashboard.changes_table):
            assert "<img" not in table.view.value
    dashboard.look.value = TABLES
    assert "<img" not in dashboard.items_table.view.value
    assert "&lt;img" in dashboard.items_table.view.value
