"""The comparison of rules in widgets: every choice is computed from the answers, which are read once."""

import datetime as dt

import pytest

from lmskit.analytics.rules import RULES
from lmskit.dashboards import WhatIfDashboard
from lmskit.dashboards.dashboard import CHARTS, TABLES
from lmskit.db import engine_for, snapshot
from lmskit.errors import UnknownRuleError
from lmskit.models import Course
from lmskit.vocabulary import Origin, Role
from tests import factories

MONDAY = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)
EVIL = "<img src=x onerror=alert(1)>"
SCORES: dict[str, tuple[float, ...]] = {EVIL: (2, 9), "Constant": (9, 9), "Falling": (9, 2), "Silent": ()}
"""Scores of 10 in the first week, oldest first."""


@pytest.fixture(scope="module")
def written(module_session):
    """Two weeks, in the first of which three of four students answered twice."""
    session = module_session
    course = factories.course(session, weeks=2, title="Programming")
    quiz = factories.quiz(session, course)
    for name, scores in SCORES.items():
        student = factories.student(session, family_name=name, given_name="")
        factories.enrollment(session, course, student)
        for number, score in enumerate(scores, start=1):
            factories.attempt(session, quiz, student, number=number, score=score, submitted_at=MONDAY + dt.timedelta(days=number))
    session.commit()
    return course.id


@pytest.fixture
def course(session, written):
    return session.get_one(Course, written)


@pytest.fixture
def dashboard(course, in_session):
    return WhatIfDashboard(course.code, other_rule="latest", open_session=in_session)


def subtitle(figure):
    return figure.shown["layout"]["title"]["subtitle"]["text"]


def test_the_rule_of_the_course_is_compared_with_another_and_students_whose_level_differs_are_listed(dashboard):
    assert (dashboard.first.rule.value, dashboard.second.rule.value) == ("average", "latest")
    assert dashboard.summary.value == "By rule 2, 2 of 8 student weeks have a different level: 1 higher, 1 lower."
    assert dashboard.changes_table.frame["Student"].tolist() == [EVIL, "Falling"]
    assert dashboard.changes_table.frame["Why"].iloc[0] == (
        "By average developing at 0.55: the mean of 2 graded questions and attempts; by latest mastered at 0.90: the newest of 2 scores."
    )
    assert dashboard.pager.label.value == "changes 1–2 of 2"


def test_a_slider_changes_the_counts_without_reading_again(dashboard):
    dashboard._open_session = pytest.fail
    dashboard.second.sliders["mastery_threshold"].value = 0.95
    assert dashboard.summary.value == "By rule 2, 2 of 8 student weeks have a different level: 0 higher, 2 lower."
    dashboard.first.sliders["remedial_threshold"].value = 0.6
    assert dashboard.summary.value == "By rule 2, 2 of 8 student weeks have a different level: 1 higher, 1 lower."
    assert "remedial threshold 0.6" in subtitle(dashboard.levels.figure)


def test_another_rule_brings_its_own_sliders_and_its_sentence(dashboard):
    dashboard.second.rule.value = "m_of_n"
    assert list(dashboard.second.sliders) == ["m", "n", "correct_from", "mastery_threshold", "remedial_threshold"]
    assert dashboard.second.explanation.value.startswith("How many of the last n questions")
    assert "No interval: the value is progress towards a goal" in dashboard.second.explanation.value
    assert "2 Rule: m of n (m 5, n 7, correct from 1," in subtitle(dashboard.levels.figure)


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_can_be_compared_and_is_named_in_every_figure(dashboard, rule):
    dashboard.first.rule.value = dashboard.second.rule.value = rule
    dashboard.second.sliders["remedial_threshold"].value = 0
    dashboard.second.sliders["mastery_threshold"].value = 0.01
    figures = [dashboard.levels.figure, dashboard.transitions.figure, *([dashboard.changes] if len(dashboard.changes_table.frame) else [])]
    assert dashboard.message.value == ""
    assert all(f"2 Rule: {rule.replace('_', ' ')} (" in subtitle(figure) for figure in figures)


def test_parameters_that_contradict_each_other_are_a_sentence_and_the_charts_stay(dashboard):
    before = dashboard.summary.value
    dashboard.second.sliders["remedial_threshold"].value = 0.9
    assert dashboard.message.value.startswith("The remedial threshold (0.9) is above the mastery threshold (0.8)")
    assert dashboard.summary.value == before
    dashboard.second.sliders["remedial_threshold"].value = 0.5
    assert dashboard.message.value == ""


def test_one_week_can_be_chosen(dashboard):
    dashboard.week.value = 2
    assert dashboard.summary.value == "By rule 2, 0 of 4 student weeks have a different level: 0 higher, 0 lower."
    assert dashboard.pager.label.value == "no changes"
    assert "No level differs." in dashboard.changes_table.view.value


def test_every_chart_can_be_shown_as_a_table(dashboard):
    assert dashboard.changes in dashboard._changes_box.children
    dashboard.mode.value = TABLES
    for part in (dashboard.levels, dashboard.transitions):
        assert part.view.children == (part.table.view,)
    assert dashboard._changes_box.children == (dashboard.changes_table.view,)
    assert dashboard.levels.table.frame["Not assessed"].str.startswith("5 (63 %").all()
    dashboard.mode.value = CHARTS
    assert dashboard.changes in dashboard._changes_box.children


def test_a_hostile_name_is_text_wherever_it_is_shown(dashboard):
    assert "&lt;img" in dashboard.changes_table.view.value
    assert "<img" not in dashboard.changes_table.view.value
    assert "<img" not in dashboard.changes.spec.encode().decode("unicode_escape")


def test_more_changes_than_fit_a_page_have_a_second_page(session, in_session):
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course)
    for number in range(27):
        student = factories.student(session, family_name=f"Name {number:02}", given_name="")
        factories.enrollment(session, course, student)
        for attempt, score in enumerate((0, 10), start=1):
            factories.attempt(session, quiz, student, number=attempt, score=score)
    dashboard = WhatIfDashboard(course.code, other_rule="latest", open_session=in_session)
    first = set(dashboard.changes_table.frame["Student"])
    dashboard.pager.next.click()
    assert dashboard.pager.label.value == "changes 26–27 of 27"
    assert set(dashboard.changes_table.frame["Student"]) == {"Name 25", "Name 26"}
    assert len(first) == 25


def test_rule_1_has_the_parameters_of_the_course_and_a_rule_that_cannot_be_used_is_reported(session, in_session, course):
    course.mastery_rule, course.mastery_parameters = "weighted_average", {"w": 0.3}
    unusable = factories.course(session, weeks=1, mastery_rule="palm reading", origin=Origin.SIMULATION)
    factories.enrollment(session, unusable)
    session.flush()
    dashboard = WhatIfDashboard(course.code, open_session=in_session)
    assert dashboard.first.sliders["w"].value == 0.3
    assert dashboard.simulated.layout.display == "none"
    dashboard.course.value = unusable.code
    assert dashboard.first.rule.value == "average"
    assert "The rule stored for the course cannot be used: There is no mastery rule 'palm reading'." in dashboard.about.value
    assert dashboard.simulated.layout.display is None, "simulated data is marked"


@pytest.fixture
def traced(session, course):
    """The course, by knowledge tracing, with a fit of its first week."""
    course.mastery_rule, course.mastery_parameters = "bkt", {"correct_from": 0.9}
    fit = factories.knowledge_fit(course)
    fit.correct_from, fit.guess = 0.9, 0.01
    session.add(fit)
    session.flush()
    return course


def test_knowledge_tracing_uses_the_fit_of_each_week_until_a_slider_of_a_fitted_parameter_is_moved(traced, in_session):
    dashboard = WhatIfDashboard(traced.code, other_rule="bkt", open_session=in_session)
    first, second = dashboard.first, dashboard.second
    second.sliders["correct_from"].value = 0.9
    assert dashboard.summary.value.startswith("By rule 2, 0 of 8 student weeks")
    by_hand = "prior 0.3, learn 0.2, guess 0.2, slip 0.1, forget 0."
    assert first.fit_note.value == f"Week 1 uses the parameters fitted to it, week 2 uses {by_hand}"
    assert "1 Rule: bkt (prior 0.3, learn 0.2, guess by week, slip 0.1," in subtitle(dashboard.levels.figure)
    second.sliders["mastery_threshold"].value = 0.94
    assert second.by_fits.value, "thresholds are not fitted"
    second.sliders["slip"].value = 0.11
    assert not second.by_fits.value
    assert second.fit_note.value == "All weeks use the same parameters; those fitted to week 1 are not used."
    assert "2 Rule: bkt (prior 0.3, learn 0.2, guess 0.2, slip 0.11," in subtitle(dashboard.levels.figure)
    assert "with parameters fitted to the week; by bkt" in dashboard.changes_table.frame["Why"].iloc[0]
    second.by_fits.value = True
    assert second.fit_note.value == first.fit_note.value.replace("slip 0.1", "slip 0.11")
    dashboard.week.value = 1
    assert "2 Rule: bkt (prior 0.3, learn 0.2, guess 0.01, slip 0.1," in subtitle(dashboard.levels.figure)


def test_fits_are_offered_if_there_are_some_and_the_rule_is_knowledge_tracing(traced, session, in_session):
    other = factories.course(session, weeks=1, mastery_rule="bkt")
    factories.enrollment(session, other)
    dashboard = WhatIfDashboard(other.code, other_rule="bkt", open_session=in_session)
    pickers = (dashboard.first, dashboard.second)
    assert [picker.by_fits.layout.display for picker in pickers] == ["none", "none"]
    dashboard.course.value = traced.code
    assert [(picker.by_fits.layout.display, picker.by_fits.value) for picker in pickers] == [(None, True), (None, True)]
    dashboard.second.rule.value = "khan"
    assert (dashboard.second.by_fits.layout.display, dashboard.second.fit_note.value) == ("none", "")
    dashboard.first.sliders["prior"].value = 0.5
    dashboard.first.rule.value = "latest"
    dashboard.first.rule.value = "bkt"
    assert dashboard.first.by_fits.value, "a rule that is chosen begins with the fits"


def test_a_course_without_weeks_or_students_says_so(session, in_session):
    without_weeks, without_students = factories.course(session), factories.course(session, weeks=2)
    factories.enrollment(session, without_weeks)
    dashboard = WhatIfDashboard(without_weeks.code, open_session=in_session)
    assert dashboard.message.value == f"{without_weeks.code} has no weeks in its syllabus yet."
    dashboard.course.value = without_students.code
    assert dashboard.message.value == f"{without_students.code} has no students yet."
    assert dashboard._body.layout.display == "none"


def test_a_course_or_a_rule_that_does_not_exist_is_named(in_session, course):
    dashboard = WhatIfDashboard("NO-SUCH-COURSE", open_session=in_session)
    assert dashboard.message.value.startswith("There is no course 'NO-SUCH-COURSE' among those you can see.")
    dashboard.course.value = course.code
    assert dashboard.message.value == ""
    with pytest.raises(UnknownRuleError, match="averag"):
        WhatIfDashboard(course.code, other_rule="averag", open_session=in_session)


def test_a_person_without_courses_reads_who_creates_them(make_person):
    email = f"{factories.unique('newcomer')}@example.org"
    make_person(email, Role.LECTURER)
    dashboard = WhatIfDashboard(open_session=lambda: snapshot(engine_for(email)))
    assert dashboard.message.value.startswith("There are no courses that you can see yet.")
