"""What a lecturer sees of knowledge tracing, without a browser."""

import numpy as np
import pytest

from lmskit.analytics import bkt
from lmskit.dashboards import KnowledgeDashboard
from lmskit.dashboards.dashboard import CHARTS, TABLES
from lmskit.models import Course
from lmskit.services.knowledge_tracing import fit_courses
from lmskit.vocabulary import Origin
from tests import factories

EVIL = "<img src=x onerror=alert(1)>"
QUESTIONS = [{"id": f"q{number}", "points": 1} for number in range(6)]


@pytest.fixture(scope="module")
def written(module_session):
    """Two weeks with answers of 40 students, of which the second gets harder from question to question, and one without."""
    session = module_session
    course = factories.course(session, title="Programming", origin=Origin.SIMULATION)
    draw = np.random.default_rng(4)
    people = [factories.enrollment(session, course).student_id for _ in range(40)]
    for week, topic, chances in ((1, EVIL, np.linspace(0.3, 0.9, 6)), (2, "Loops", np.linspace(1, 0, 6)), (3, "Sets", np.zeros(0))):
        factories.week(session, course, week, topic=topic)
        quiz = factories.quiz(session, course, week_number=week, questions=QUESTIONS)
        for person in people if len(chances) else []:
            given = [
                {"question": question["id"], "response": "x", "score": float(right)}
                for question, right in zip(QUESTIONS, draw.random(6) < chances, strict=True)
            ]
            factories.attempt(session, quiz, person, score=None, answers=given)
    session.commit()
    return course.id


@pytest.fixture
def course(session, written):
    return session.get_one(Course, written)


@pytest.fixture
def dashboard(course, in_session):
    return KnowledgeDashboard(course.code, open_session=in_session)


def test_a_course_is_fitted_in_memory_week_by_week(dashboard):
    assert dashboard.words.frame["Topic"].tolist() == [EVIL, "Loops"]
    assert dashboard.fits.frame["Answers"].tolist() == [240, 240]
    expected = bkt.fit(dashboard.answers.responses)
    assert dashboard.preview.fits["learn"].tolist() == expected["learn"].tolist()
    assert EVIL not in dashboard.words.view.value


def test_parameters_are_explained_in_words_and_a_constrained_week_is_named(dashboard):
    good, constrained = dashboard.words.frame["In words"]
    assert dashboard.fits.frame["Note"].tolist() == ["", "constrained"]
    assert "knew it before" in good
    assert "Constrained" not in good
    assert "Constrained" in constrained
    assert dashboard.about.value.endswith("Constrained fits, which should not be relied on: week 2.")


def test_the_measures_are_of_students_who_were_held_out(dashboard):
    chance = bkt.cross_validate(dashboard.answers.responses)
    right = dashboard.answers.responses["correct"]
    assert dashboard.preview.quality.n == 480
    assert dashboard.preview.quality.rmse == pytest.approx(np.sqrt(((right - chance) ** 2).mean()))
    assert "AUC 0." in dashboard.about.value


def test_the_calibration_and_the_learning_curve_of_a_week_are_drawn(dashboard):
    assert dashboard.calibration.figure.shown["layout"]["title"]["text"] == "Calibration: predicted and observed correct answers"
    assert "&lt;img" in dashboard.curve.figure.shown["layout"]["title"]["subtitle"]["text"]
    dashboard.week.value = 2
    assert "Loops" in dashboard.curve.figure.shown["layout"]["title"]["subtitle"]["text"]
    assert dashboard.curve.figure.shown["data"][0]["y"][0] > 95


def test_every_chart_can_be_shown_as_a_table(dashboard):
    dashboard.mode.value = TABLES
    assert dashboard.calibration.table.frame["Answers"].sum() == 480
    assert dashboard.curve.table.frame["Answer"].tolist() == [1, 2, 3, 4, 5, 6]
    assert dashboard.calibration.view.children == (dashboard.calibration.table.view,)
    dashboard.mode.value = CHARTS
    assert dashboard.calibration.view.children == (dashboard.calibration.figure,)


def test_forgetting_is_fitted_when_it_is_ticked_and_the_week_stays(dashboard):
    dashboard.week.value = 2
    assert set(dashboard.fits.frame["Forget"]) == {"0.00"}
    dashboard.forgetting.value = True
    assert dashboard.preview.fits["forget"].max() > 0
    assert dashboard.week.value == 2
    assert "forgetting on" in dashboard.calibration.figure.shown["layout"]["title"]["subtitle"]["text"]


def test_stored_fits_are_shown_below_and_looking_stores_nothing(session, course, in_session):
    assert KnowledgeDashboard(course.code, open_session=in_session).stored.frame.empty
    fit_courses(session, courses=[course.code], forgetting=True)
    dashboard = KnowledgeDashboard(course.code, open_session=in_session)
    assert dashboard.stored.frame["Week"].tolist() == [1, 2]
    assert set(dashboard.fits.frame["Forget"]) == {"0.00"}
    assert set(dashboard.stored.frame["Forget"]) != {"0.00"}


def test_simulated_data_are_marked(dashboard):
    assert dashboard.simulated.layout.display is None


def test_a_course_without_answers_says_so(session, in_session):
    empty = factories.course(session, weeks=2)
    dashboard = KnowledgeDashboard(empty.code, open_session=in_session)
    assert dashboard.message.value == f"There are no answers in {empty.code} yet."
    assert dashboard.fits.frame.empty
    assert dashboard.curve.view.children == ()


def test_a_course_that_does_not_exist_is_named(course, in_session):
    assert "There is no course 'NOWHERE'" in KnowledgeDashboard("NOWHERE", open_session=in_session).message.value
