"""The dashboard of quiz quality: what it shows at first, after a choice and after a click, and that no text is interpreted."""

import datetime as dt

import pytest

from lmskit.dashboards import QuizQualityDashboard
from lmskit.dashboards.dashboard import CHARTS, TABLES
from lmskit.dashboards.quiz_quality import NO_QUESTION
from lmskit.errors import InputError
from lmskit.models import Course
from lmskit.vocabulary import CountedAttempts, Origin
from tests import factories
from tests.answered_quiz import EVIL, QUESTIONS, answered_quiz


@pytest.fixture(scope="module")
def written(module_session):
    course = factories.course(module_session, weeks=2)
    factories.quiz(module_session, course, title="A fresh one", questions=QUESTIONS, max_score=5)
    answered_quiz(module_session, course, title="Sets", attempts=2)
    module_session.commit()
    return course.id


@pytest.fixture
def course(session, written):
    return session.get_one(Course, written)


@pytest.fixture
def dashboard(course, in_session):
    return QuizQualityDashboard(course.code, open_session=in_session)


def click(dashboard, number, n=1):
    dashboard.items.figure.clicked = {"n": n, "curve": 0, "point": 0, "x": 50, "y": 0.3, "customdata": [number]}


def title(figure):
    return figure.shown["layout"]["title"]["text"]


def test_it_opens_with_the_first_quiz_that_has_answers(dashboard):
    assert dashboard.quiz.label == "1: Sets · 60 students"
    assert (
        dashboard.about.value
        == "60 students, each student's first attempt; active and completed students only. There is no other run to compare with."
    )
    assert title(dashboard.items.figure) == "Facility and discrimination of each question"
    assert title(dashboard.totals.figure) == "Distribution of the scores"
    assert {trace["name"] for trace in dashboard.items.figure.shown["data"]} >= {"key likely wrong"}
    assert dashboard.panel.question.value == NO_QUESTION


def test_a_click_on_a_question_shows_its_options(dashboard):
    click(dashboard, 1)
    assert dashboard.panel.question.value == "choose"
    assert dashboard.panel.prompt.value == QUESTIONS[0]["prompt"]
    assert title(dashboard.panel.options) == "Options chosen in question 1"
    assert "Which? &lt;img" in dashboard.panel.options.shown["layout"]["title"]["subtitle"]["text"]
    assert dashboard.panel.options_table.frame["Option"].tolist()[:2] == ["the right one", EVIL]
    assert title(dashboard.panel.drift).startswith("Question 1 from term to term")


def test_the_list_does_what_a_click_does_and_a_word_has_no_options(dashboard):
    dashboard.panel.question.value = "word"
    assert dashboard.panel.options_table.view in dashboard.panel._details.children
    assert "This question has no options" in dashboard.panel.options_table.view.value
    dashboard.panel.question.value = NO_QUESTION
    assert dashboard.panel._details.children == ()


def test_a_click_beside_the_questions_shows_nothing(dashboard):
    dashboard.items.figure.clicked = {"n": 1, "curve": 0, "point": 0, "x": 1, "y": 1, "customdata": None}
    click(dashboard, 99, n=2)
    assert dashboard.panel.question.value == NO_QUESTION


def test_other_attempts_give_other_numbers_and_the_question_stays_chosen(dashboard):
    click(dashboard, 3)
    before = dashboard.page.quality.items["facility"].tolist()
    dashboard.attempts.value = CountedAttempts.LAST
    assert dashboard.page.quality.items["facility"].tolist() != before
    assert "each student's last attempt" in dashboard.about.value
    assert dashboard.panel.question.value == "key"
    dashboard.attempts.value = CountedAttempts.ALL
    assert dashboard.about.value.startswith("120 attempts of 60 students")


def test_every_chart_can_be_shown_as_a_table_with_the_same_content(dashboard):
    click(dashboard, 1)
    dashboard.mode.value = TABLES
    assert dashboard.items.view.children == (dashboard.items.table.view,)
    assert dashboard.totals.view.children == (dashboard.totals.table.view,)
    assert dashboard.items.table.frame["Verdict"].tolist()[2] == "key likely wrong"
    assert dashboard.totals.table.frame["Attempts"].sum() == 60
    assert dashboard.panel.options not in dashboard.panel._details.children
    dashboard.mode.value = CHARTS
    assert dashboard.items.view.children == (dashboard.items.figure,)
    assert dashboard.panel.options in dashboard.panel._details.children


def test_an_earlier_term_is_compared(session, in_session, course):
    spring = factories.term(session, starts_on=factories.FIRST_DAY - dt.timedelta(weeks=30))
    earlier = factories.course(session, module_code=course.module_code, in_term=spring, weeks=1)
    answered_quiz(session, earlier, title="Sets", seed=3)
    dashboard = QuizQualityDashboard(course.code, "Sets", open_session=in_session)
    assert dashboard.about.value.endswith(f"Compared with {earlier.code}.")
    assert set(dashboard.changes_table.frame["Runs compared"]) == {2}
    click(dashboard, 1)
    assert dashboard.panel.drift_table.frame["Course"].tolist() == [earlier.code, course.code]


def test_a_quiz_without_answers_says_so_and_another_can_be_chosen(dashboard):
    dashboard.quiz.value = next(value for label, value in dashboard.quiz.options if "A fresh one" in label)
    assert dashboard.message.value.startswith("This quiz has no statistics")
    assert dashboard._body.layout.display == "none"
    dashboard.quiz.value = next(value for label, value in dashboard.quiz.options if "Sets" in label)
    assert (dashboard.message.value, dashboard._body.layout.display) == ("", None)


def test_a_course_without_quizzes_and_names_that_do_not_exist_are_reported(session, in_session, course):
    empty = factories.course(session, weeks=1)
    dashboard = QuizQualityDashboard(empty.code, open_session=in_session)
    assert dashboard.message.value.startswith(f"{empty.code} has no quizzes yet.")
    dashboard.course.value = course.code
    assert dashboard.message.value == ""
    assert QuizQualityDashboard("NO-SUCH", open_session=in_session).message.value.startswith("There is no course 'NO-SUCH'")
    assert "has no quiz 'No such'" in QuizQualityDashboard(course.code, "No such", open_session=in_session).message.value
    with pytest.raises(InputError, match="first, last, highest, all, not 'best'"):
        QuizQualityDashboard(attempts="best", open_session=in_session)


def test_a_quiz_whose_questions_cannot_be_read_is_a_sentence(session, in_session, course, dashboard):
    broken = factories.quiz(session, course, title="Broken", questions=[{"id": "x"}])
    dashboard = QuizQualityDashboard(course.code, str(broken.id), open_session=in_session)
    assert dashboard.message.value.startswith("The stored questions of the quiz 'Broken' cannot be read")
    assert dashboard._body.layout.display == "none"


def test_simulated_data_are_marked(session, in_session):
    course = factories.course(session, weeks=1, origin=Origin.SIMULATION)
    answered_quiz(session, course, n_students=4)
    dashboard = QuizQualityDashboard(course.code, open_session=in_session)
    assert dashboard.simulated.layout.display is None
    assert "Simulated data" in dashboard.items.figure.shown["layout"]["title"]["subtitle"]["text"]


def test_a_lost_connection_is_a_sentence(course, losable):
    dashboard = QuizQualityDashboard(course.code, open_session=losable)
    losable.lost = True
    dashboard.attempts.value = CountedAttempts.ALL
    assert dashboard.message.value == "The database does not answer."
    losable.lost = False
    dashboard.attempts.value = CountedAttempts.FIRST
    assert (dashboard.message.value, dashboard._body.layout.display) == ("", None)


def test_no_text_that_a_person_typed_is_interpreted(dashboard):
    for number in range(1, 5):
        click(dashboard, number, n=number)
        for figure in (dashboard.items.figure, dashboard.panel.options, dashboard.panel.drift):
            assert "<img" not in figure.spec
        for table in (dashboard.panel.options_table, dashboard.items.table, dashboard.changes_table):
            assert "<img" not in table.view.value
    dashboard.mode.value = TABLES
    assert "<img" not in dashboard.items.table.view.value
    assert "&lt;img" in dashboard.items.table.view.value
