import datetime as dt

import pandas as pd
import pytest

from lmskit.dashboards import MasteryDashboard
from lmskit.dashboards.dashboard import ALL_WEEKS, CHARTS, TABLES
from lmskit.dashboards.mastery import NO_STUDENT, WHOLE_CLASS
from lmskit.db import engine_for, snapshot
from lmskit.models import Course, Section, SectionMember
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus, Origin, Role, SectionKind
from lmskit.widgets.dropdown import SEARCHED_FROM
from tests import factories

EVIL = "<img src=x onerror=alert(1)>"
SCORES: dict[str, dict[int, float | None]] = {
    "Able": {1: 9, 2: 10, 3: 9},
    EVIL: {1: 2, 2: 3},
    "Middle": {1: 6, 2: 4, 3: None},
    "Silent": {},
}
"""Scores of 10 by week; None is not graded."""


@pytest.fixture(scope="module")
def written(module_session):
    """Three weeks and a quiz of none, four students who count, one who has left."""
    session = module_session
    course = factories.course(session, weeks=3, title="Programming")
    quizzes = {week: factories.quiz(session, course, week_number=week, title=f"Quiz {week}") for week in (1, 2, 3)}
    for name, scores in SCORES.items():
        student = factories.student(session, family_name=name, given_name="")
        factories.enrollment(session, course, student)
        for week, score in scores.items():
            factories.attempt(session, quizzes[week], student, score=score)
        if name == "Middle":
            survey = factories.quiz(session, course, week_number=None, title="Survey")
            factories.attempt(session, survey, student, score=5, submitted_at="unknown")
    gone = factories.enrollment(session, course, status=EnrollmentStatus.WITHDRAWN, ended_on=factories.FIRST_DAY)
    factories.attempt(session, quizzes[1], gone.student_id, score=1)
    refresh(session, courses=[course.code])
    session.commit()
    return course.id


@pytest.fixture
def course(session, written):
    return session.get_one(Course, written)


@pytest.fixture
def dashboard(course, in_session):
    return MasteryDashboard(course.code, open_session=in_session)


def ids(dashboard):
    return set(dashboard.page.cells["student_id"])


def names(dashboard):
    return dashboard.page.cells["name"].unique().tolist()


def student_id(dashboard, name):
    cells = dashboard.page.cells
    return int(cells.loc[cells["name"] == name, "student_id"].iloc[0])


def click(dashboard, name, week, curve=1):
    figure = dashboard.heat_map.figure
    figure.clicked = {"curve": curve, "x": str(week), "y": str(student_id(dashboard, name)), "n": figure.clicked.get("n", 0) + 1}


def class_row_students(dashboard):
    return set(dashboard.page.by_week.weeks["n_students"])


def titles(dashboard):
    figures = (dashboard.heat_map.figure, dashboard.distribution.figure, dashboard.panel.weeks.figure)
    return [figure.shown["layout"]["title"]["text"] for figure in figures if figure.shown["data"]]


def test_a_course_is_a_class_row_a_heat_map_a_distribution_and_students_to_help(dashboard):
    class_row, students = dashboard.heat_map.figure.shown["data"]
    assert class_row["x"] == ["1", "2", "3"]
    assert len(students["y"]) == 4
    assert [trace["type"] for trace in dashboard.distribution.figure.shown["data"]] == ["bar"] * 4
    assert dashboard.to_help.frame["Student"].tolist() == [EVIL, "Middle", "Silent"]
    assert dashboard.pager.label.value == "students 1–4 of 4"


def test_the_student_who_needs_most_help_is_first(dashboard):
    assert names(dashboard) == [EVIL, "Middle", "Silent", "Able"]


def test_the_rule_the_students_and_the_time_are_shown(dashboard):
    today = dt.datetime.now(dt.UTC).date()
    assert dashboard.about.value.startswith("4 students (active and completed). Rule: average (")
    assert f"computed {today}" in dashboard.about.value


def test_values_keep_the_name_of_their_rule_when_another_was_chosen_since(session, course, in_session):
    course.mastery_rule = "latest"
    session.flush()
    about = MasteryDashboard(course.code, open_session=in_session).about.value
    assert "Rule: average (" in about
    assert "The course's mastery rule was changed and its mastery not refreshed since" in about


def test_a_click_on_a_cell_shows_the_weeks_and_the_attempts_behind_it(dashboard):
    click(dashboard, "Middle", 2)
    panel = dashboard.panel
    assert (panel.student.value, panel.week.value) == (student_id(dashboard, "Middle"), 2)
    assert "Middle" in panel.weeks.figure.shown["layout"]["title"]["text"]
    assert "week 2" in panel.attempts.shown["layout"]["title"]["text"]
    assert panel.attempts_table.frame[["Quiz", "Score"]].to_numpy().tolist() == [["Quiz 2", "4.00"]]
    assert panel.weeks.view in panel._details.children


def test_choosing_from_the_list_does_what_a_click_does(dashboard):
    dashboard.panel.student.value = student_id(dashboard, "Middle")
    assert dashboard.panel.week.value == ALL_WEEKS
    assert dashboard.panel.attempts_table.frame["Week"].tolist() == [1, 2, 3, "–"]
    assert dashboard.panel.attempts_table.frame["Score"].tolist() == ["6.00", "4.00", "not graded", "5.00"]
    assert dashboard.panel.attempts_table.frame["Submitted (UTC)"].iloc[-1] == "unknown"


def test_a_click_on_a_week_of_the_student_shows_its_attempts(dashboard):
    click(dashboard, "Middle", 2)
    dashboard.panel.weeks.figure.clicked = {"curve": 0, "x": "3", "y": 0.5, "n": 1}
    assert dashboard.panel.week.value == 3
    assert dashboard.panel.attempts_table.frame["Score"].tolist() == ["not graded"]


@pytest.mark.parametrize(
    "clicked", [{"curve": 0, "x": "1", "y": "class"}, {"curve": 1, "x": "1", "y": "999999999"}, {"curve": 1, "x": None, "y": None}]
)
def test_a_click_on_the_class_row_or_on_nothing_changes_nothing(dashboard, clicked):
    dashboard.heat_map.figure.clicked = clicked | {"n": 1}
    assert dashboard.panel.student.value == NO_STUDENT


def test_every_chart_can_be_shown_as_a_table(dashboard):
    click(dashboard, "Middle", 2)
    dashboard.mode.value = TABLES
    shown = dashboard.heat_map.table.frame
    assert shown["Student"].tolist() == ["Mean of all", EVIL, "Middle", "Silent", "Able"]
    assert dashboard.distribution.table.frame["Week"].tolist() == [1, 2, 3]
    assert dashboard.panel.weeks.table.frame["Week"].tolist() == [1, 2, 3]
    assert dashboard.heat_map.view.children == (dashboard.heat_map.table.view,)
    dashboard.mode.value = CHARTS
    assert dashboard.heat_map.view.children == (dashboard.heat_map.figure,)


def test_a_hostile_name_is_text_wherever_it_is_shown(dashboard):
    click(dashboard, EVIL, 1)
    dashboard.mode.value = TABLES
    tables = (dashboard.heat_map.table, dashboard.to_help, dashboard.panel.weeks.table, dashboard.panel.attempts_table)
    assert all("<img" not in table.view.value for table in tables)
    assert "&lt;img" in dashboard.to_help.view.value
    assert all("<img" not in title for title in titles(dashboard))


def test_more_than_fifty_students_are_two_pages_that_neither_overlap_nor_skip(session, in_session):
    course = factories.course(session, weeks=2)
    for number in range(53):
        factories.enrollment(session, course, factories.student(session, family_name=f"Name {number:02}", given_name=""))
    dashboard = MasteryDashboard(course.code, open_session=in_session)
    first = ids(dashboard)
    assert (len(first), dashboard.pager.label.value) == (50, "students 1–50 of 53")
    dashboard.panel.student.value = dashboard.panel.student.options[1][1]
    dashboard.pager.next.click()
    second = ids(dashboard)
    assert (len(second), dashboard.pager.label.value) == (3, "students 51–53 of 53")
    assert not first & second
    assert dashboard.panel.student.value == NO_STUDENT
    assert "51. Name 50" in [label for label, _ in dashboard.panel.student.options]


def test_another_course_begins_on_its_first_page_without_a_chosen_student(session, in_session, course):
    other = factories.course(session, weeks=1, origin=Origin.SIMULATION)
    factories.enrollment(session, other, factories.student(session, family_name="Other", given_name=""))
    dashboard = MasteryDashboard(course.code, open_session=in_session)
    click(dashboard, "Middle", 2)
    assert dashboard.simulated.layout.display == "none"
    dashboard.course.value = other.code
    assert names(dashboard) == ["Other"]
    assert dashboard.panel.student.value == NO_STUDENT
    assert dashboard.simulated.layout.display is None, "simulated data is marked"
    assert any(label.endswith("simulated") and code == other.code for label, code in dashboard.course.options)


def test_a_section_is_shown_alone_and_all_sections_beside_each_other(session, course, in_session):
    before = MasteryDashboard(course.code, open_session=in_session)
    members_of = {"A": [EVIL, "Able"], "B": ["Middle"], "Nobody": []}
    for section, members in members_of.items():
        made = Section(course_id=course.id, kind=SectionKind.SECTION, name=section, source="csv")
        session.add(made)
        session.flush()
        session.add_all(SectionMember(course_id=course.id, section_id=made.id, student_id=student_id(before, name)) for name in members)
    session.flush()
    dashboard = MasteryDashboard(course.code, open_session=in_session)
    assert [label for label, _ in dashboard.section.options] == ["all students", "A", "B", "Nobody"]
    assert list(dashboard.sections.figure.shown["data"][0]["y"]) == ["section:A", "section:B", "section:Nobody"]
    dashboard.section.value = "A"
    assert names(dashboard) == [EVIL, "Able"]
    assert dashboard.about.value.startswith("2 students (active and completed) in A; what to read again is of all students.")
    assert dashboard.pager.label.value == "students 1–2 of 2"
    assert dashboard.to_help.frame["Student"].tolist() == [EVIL]
    assert class_row_students(dashboard) == {2}
    dashboard.section.value = "Nobody"
    assert dashboard.message.value == "Nobody has no active or completed students. Choose another section, or all students."
    dashboard.section.value = WHOLE_CLASS
    assert len(names(dashboard)) == 4
    other = factories.course(session, weeks=1)
    factories.enrollment(session, other)
    dashboard.section.value = "B"
    dashboard.course.options = [*dashboard.course.options, ("other", other.code)]
    dashboard.course.value = other.code
    assert (dashboard.section.value, dashboard.section.layout.display, dashboard.section_part.layout.display) == (
        WHOLE_CLASS,
        "none",
        "none",
    )


def test_a_course_without_weeks_or_students_says_so(session, in_session):
    without_weeks, without_students = factories.course(session), factories.course(session, weeks=2)
    dashboard = MasteryDashboard(without_weeks.code, open_session=in_session)
    assert dashboard.message.value == f"{without_weeks.code} has no weeks in its syllabus yet."
    dashboard.course.value = without_students.code
    assert dashboard.message.value == f"{without_students.code} has no students yet."
    assert dashboard._body.layout.display == "none"


def test_a_course_that_does_not_exist_is_named_and_another_can_be_chosen(in_session, course):
    dashboard = MasteryDashboard("NO-SUCH-COURSE", open_session=in_session)
    assert dashboard.message.value.startswith("There is no course 'NO-SUCH-COURSE' among those you can see.")
    dashboard.course.value = course.code
    assert dashboard.message.value == ""
    assert dashboard._body.layout.display is None


def test_a_person_without_courses_reads_who_creates_them(make_person):
    email = f"{factories.unique('newcomer')}@example.org"
    make_person(email, Role.LECTURER)
    dashboard = MasteryDashboard(open_session=lambda: snapshot(engine_for(email)))
    assert dashboard.message.value.startswith("There are no courses that you can see yet.")


def test_a_course_is_searched_where_there_are_many(session, course, in_session):
    _, *_, sought = (factories.course(session, title=f"Épée {'x' * number}") for number in range(SEARCHED_FROM))
    dashboard = MasteryDashboard(course.code, open_session=in_session)
    assert (dashboard.course.value, dashboard.course.search.layout.display) == (course.code, None)
    dashboard.course.search.value = f"epee {'x' * (SEARCHED_FROM - 1)}"
    assert dashboard.course.value == sought.code
    assert dashboard.message.value.startswith(f"{sought.code} has no ")


def test_a_lost_connection_is_a_sentence_and_the_charts_stay(course, losable):
    dashboard = MasteryDashboard(course.code, open_session=losable)
    losable.lost = True
    click(dashboard, "Middle", 2)
    assert dashboard.panel.message.value == "The database does not answer."
    dashboard.pager._on_turn()
    assert dashboard.message.value == "The database does not answer."
    assert dashboard.heat_map.figure.shown["data"]
    losable.lost = False
    dashboard.pager._on_turn()
    assert dashboard.message.value == ""


def test_the_shares_are_those_of_the_whole_class(dashboard):
    shares = dashboard.page.by_week.shares
    assert shares.loc[shares["week_number"] == 1, ["level", "n"]].to_numpy().tolist() == [
        ["mastered", 1],
        ["developing", 1],
        ["remedial", 1],
        ["not_assessed", 1],
    ]
    assert isinstance(dashboard.page.by_week.weeks, pd.DataFrame)
