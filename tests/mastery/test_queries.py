"""Screens and reports ask different questions about one class; their answers agree."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from sqlalchemy import select

from lmskit.errors import CourseNotFoundError, PageLimitError, SectionNotFoundError
from lmskit.models import Enrollment, Section, SectionMember, TopicPerformance, User
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.queries.mastery import class_weeks, course_rule, mastery_cells, stored_rules, student_weeks, students_to_help
from lmskit.read_models.class_mastery import mastery_by_section
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus, SectionKind
from tests import factories

LEVELS = ["mastered", "developing", "remedial", "not_assessed"]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="module")
def course(module_session):
    """Ten students and two who do not count, three weeks; the third has no quiz."""
    made = factories.course(module_session, weeks=3)
    quizzes = [factories.quiz(module_session, made, week_number=week, title=f"Quiz {week}") for week in (1, 2)]
    for number in range(10):
        who = factories.student(module_session, family_name=f"Family {number // 2}" if number else HOSTILE, given_name="Given")
        factories.enrollment(module_session, made, who, status=EnrollmentStatus.COMPLETED if number % 2 else EnrollmentStatus.ACTIVE)
        if number < 9:
            factories.attempt(module_session, quizzes[0], who, score=number)
        if number in {2, 3}:
            factories.attempt(module_session, quizzes[1], who, score=1)
            factories.attempt(module_session, quizzes[1], who, number=2, score=None)
    for status in (EnrollmentStatus.WITHDRAWN, EnrollmentStatus.PENDING):
        who = factories.student(module_session, family_name="Elsewhere")
        factories.enrollment(module_session, made, who, status=status)
        factories.attempt(module_session, quizzes[0], who, score=0)
    refresh(module_session, courses=[made.code])
    module_session.commit()
    return made


@pytest.fixture
def connection(part_of_module):
    """All tests ask about one class; what a test changes is taken back."""
    return part_of_module


def test_the_levels_of_a_week_add_up_to_the_students_who_count(session, course):
    weeks = class_weeks(session, course.code)
    assert weeks["week_number"].tolist() == [1, 2, 3]
    assert (weeks["n_students"] == 10).all()
    assert (weeks[LEVELS].sum(axis=1) == 10).all()
    assert weeks["n_assessed"].tolist() == [9, 2, 0]
    assert weeks["mean_value"].tolist()[:2] == pytest.approx([0.4, 0.1])
    assert pd.isna(weeks["mean_value"].iloc[2])


def test_a_section_is_compared_with_the_class_by_its_own_students(session, course):
    section = Section(course_id=course.id, kind=SectionKind.SECTION, name="A", source="csv")
    session.add(section)
    session.flush()
    everyone = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id).order_by(Enrollment.student_id)).all()
    for student in (*everyone[:3], everyone[-1]):  # the last one waits for a message and does not count
        session.add(SectionMember(course_id=course.id, section_id=section.id, student_id=student))
    session.flush()
    weeks = class_weeks(session, course.code, section="A")
    assert (weeks["n_students"].tolist(), weeks["n_assessed"].tolist()) == ([3, 3, 3], [3, 1, 0])
    assert weeks["mean_value"].tolist()[:1] == pytest.approx([0.1])
    assert mastery_cells(session, course.code, section="A")["student_id"].unique().tolist() == [everyone[2], everyone[0], everyone[1]]
    assert set(students_to_help(session, course.code, section="A")["student_id"]) <= set(everyone[:3])
    with pytest.raises(SectionNotFoundError, match="no section or group 'B'"):
        class_weeks(session, course.code, section="B")


def test_sections_and_groups_stand_side_by_side_with_the_interval_of_their_mean(session, course):
    everyone = session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == course.id).order_by(Enrollment.student_id)).all()
    sections = [Section(course_id=course.id, kind=SectionKind.SECTION, name=name, source="csv") for name in ("B", "A")]
    group = Section(course_id=course.id, kind=SectionKind.GROUP, name="A", source="csv")
    session.add_all([*sections, group])
    session.flush()
    for section, students in ((sections[0], everyone[:1]), (sections[1], everyone[3:7]), (group, ())):
        session.add_all(SectionMember(course_id=course.id, section_id=section.id, student_id=student) for student in students)
    session.flush()
    found = mastery_by_section(session, course.code)
    assert found.drop_duplicates(["kind", "section"])[["kind", "section", "n_students"]].to_numpy().tolist() == [
        ["section", "A", 4],
        ["section", "B", 1],
        ["group", "A", 0],
    ]
    first = found[found["week_number"] == 1]
    weeks = TopicPerformance.course_id == course.id, TopicPerformance.week_number == 1, TopicPerformance.student_id.in_(everyone[3:7])
    values = session.scalars(select(TopicPerformance.value).where(*weeks)).all()
    low, high = scipy.stats.t.interval(0.9, len(values) - 1, np.mean(values), scipy.stats.sem(values))
    assert first["mean_value"].tolist()[:1] == pytest.approx([np.mean(values)])
    assert first["low"].tolist() == pytest.approx([max(low, 0), np.nan, np.nan], nan_ok=True), "one student has no spread"
    assert first["high"].tolist() == pytest.approx([min(high, 1), np.nan, np.nan], nan_ok=True)
    assert first["class_value"].tolist() == pytest.approx([0.4] * 3)
    pages = [mastery_by_section(session, course.code, limit=1, offset=offset) for offset in range(3)]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), found)


def test_the_class_row_counts_what_the_cells_show(session, course):
    weeks = class_weeks(session, course.code).set_index("week_number")
    cells = mastery_cells(session, course.code)
    counted = pd.crosstab(cells["week_number"], cells["level"]).reindex(columns=LEVELS, fill_value=0)
    assert (counted.to_numpy() == weeks[LEVELS].to_numpy()).all()
    means = cells.groupby("week_number")["value"].mean()
    assert means.iloc[:2].tolist() == pytest.approx(weeks["mean_value"].iloc[:2].tolist())


def test_students_who_need_help_most_are_first_then_those_not_assessed_then_the_rest(session, course):
    cells = mastery_cells(session, course.code).drop_duplicates("student_id")
    assert cells["position"].tolist() == list(range(1, 11))
    assert cells["n_remedial"].tolist() == [2, 2, 1, 1, 1, 0, 0, 0, 0, 0]
    assert cells["mean_value"].iloc[:2].tolist() == pytest.approx([0.15, 0.2])
    assert pd.isna(cells["mean_value"].iloc[5])
    assert cells["mean_value"].iloc[6:].is_monotonic_increasing


def test_pages_of_students_neither_overlap_nor_skip(session, course):
    whole = mastery_cells(session, course.code)
    pages = [mastery_cells(session, course.code, limit=3, offset=offset) for offset in (0, 3, 6, 9)]
    assert [page["student_id"].nunique() for page in pages] == [3, 3, 3, 1]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), whole)


def test_the_list_of_students_to_help_has_the_same_order_and_a_reason(session, course):
    cells = mastery_cells(session, course.code).drop_duplicates("student_id")
    listed = students_to_help(session, course.code)
    assert listed["student_id"].tolist() == cells["student_id"].tolist()[:6]
    assert listed["reason"].iloc[0] == "remedial in 2 of 2 assessed weeks: 1–2"
    assert listed["reason"].iloc[5] == "not assessed in any week"
    assert pd.isna(listed["last_submitted_at"].iloc[5])
    assert (listed["n_weeks"] == 3).all()
    pages = [students_to_help(session, course.code, limit=4, offset=offset) for offset in (0, 4)]
    pd.testing.assert_frame_equal(pd.concat(pages, ignore_index=True), listed)


def test_a_students_weeks_are_their_row_of_the_heat_map(session, course):
    cells = mastery_cells(session, course.code)
    for student in cells["student_id"].unique().tolist():
        row = cells[cells["student_id"] == student]
        weeks = student_weeks(session, course.code, student)
        pd.testing.assert_frame_equal(weeks, row[weeks.columns].reset_index(drop=True))


def test_names_are_unchanged(session, course):
    assert f"{HOSTILE}, Given" in set(mastery_cells(session, course.code)["name"])


def test_attempts_are_ordered_by_week_and_time_including_those_not_graded(session, course):
    who = int(mastery_cells(session, course.code)["student_id"].iloc[0])
    attempts = student_attempts(session, course.code, who)
    assert attempts[["week_number", "number"]].to_numpy().tolist() == [[1, 1], [2, 1], [2, 2]]
    assert pd.isna(attempts["score"].iloc[2])
    assert len(student_attempts(session, course.code, who, week_number=2)) == 2


def test_the_attempts_of_a_quiz_are_graded_or_not_or_banked(session, course):
    totals = quiz_totals(session, course.code)
    assert totals["quiz_title"].tolist() == ["Quiz 1", "Quiz 2"]
    assert totals["n_attempts"].tolist() == [9, 4]
    assert (totals["n_attempts"] == totals[["n_graded", "not_graded", "n_banked"]].sum(axis=1)).all()
    assert totals["mean_share"].tolist() == pytest.approx([0.4, 0.1])


QUESTIONS: dict[str, Callable[..., pd.DataFrame]] = {
    "class_weeks": class_weeks,
    "mastery_cells": mastery_cells,
    "students_to_help": students_to_help,
    "student_weeks": lambda session, code, **page: student_weeks(session, code, 1, **page),
    "student_attempts": lambda session, code, **page: student_attempts(session, code, 1, **page),
    "quiz_totals": quiz_totals,
}


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("page", [{"limit": 0}, {"limit": 1001}, {"offset": -1}])
def test_a_page_that_lists_do_not_have_is_refused(session, question, page):
    with pytest.raises(PageLimitError):
        QUESTIONS[question](session, "any", **page)


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("code", ["NOWHERE", "nul\0byte", "'; DROP TABLE users; --"])
def test_an_unknown_course_gives_an_empty_table_with_the_types_of_a_full_one(session, course, question, code):
    empty = QUESTIONS[question](session, code)
    who = int(mastery_cells(session, course.code)["student_id"].iloc[0])
    full = {
        "student_weeks": lambda: student_weeks(session, course.code, who),
        "student_attempts": lambda: student_attempts(session, course.code, who),
    }.get(question, lambda: QUESTIONS[question](session, course.code))()
    assert len(empty) == 0
    assert len(full) > 0
    assert empty.dtypes.to_dict() == full.dtypes.to_dict()


def test_the_rule_of_a_course_and_the_rules_of_its_estimates(session, course):
    assert course_rule(session, course.code) == ("average", {})
    stored = stored_rules(session, course.code)
    assert stored[["rule", "n_rows"]].to_numpy().tolist() == [["average", 13]]
    with pytest.raises(CourseNotFoundError):
        course_rule(session, "NOWHERE")


def test_the_rules_of_estimates_are_listed_by_how_often_they_were_used_then_by_name(session, course):
    estimates = session.query(TopicPerformance).filter_by(course_id=course.id).order_by(TopicPerformance.student_id).all()
    for estimate, rule in zip(estimates, ["highest"] * 3 + ["latest"] * 7 + ["average"] * 3, strict=True):
        estimate.rule = rule
    estimates[-1].parameters = {"a": 1}
    session.flush()
    stored = stored_rules(session, course.code)
    assert stored[["rule", "n_rows"]].to_numpy().tolist() == [["latest", 7], ["highest", 3], ["average", 2], ["average", 1]]
    assert stored["parameters"].iloc[3] == {"a": 1}


def test_a_student_who_left_can_still_be_read(session, course):
    left = session.query(TopicPerformance.student_id).filter_by(course_id=course.id).all()
    counted = set(mastery_cells(session, course.code)["student_id"])
    gone = next(student for (student,) in left if student not in counted)
    assert student_weeks(session, course.code, gone)["level"].iloc[0] == "remedial"
    assert student_attempts(session, course.code, gone)["submitted_at"].iloc[0].tzinfo is not None


def test_a_student_of_two_courses_has_the_weeks_of_the_course_that_was_asked_for(session, course):
    who = session.get(User, int(mastery_cells(session, course.code)["student_id"].iloc[0]))
    other = factories.course(session, weeks=5)
    factories.enrollment(session, other, who, status=EnrollmentStatus.ACTIVE)
    factories.attempt(session, factories.quiz(session, other, week_number=1), who, score=1)
    refresh(session, courses=[other.code])
    assert len(student_weeks(session, course.code, who.id)) == 3
    assert len(student_weeks(session, other.code, who.id)) == 5
    assert len(student_attempts(session, course.code, who.id)) == 3
    assert len(student_attempts(session, other.code, who.id)) == 1
    assert class_weeks(session, course.code)["n_assessed"].tolist() == [9, 2, 0]
    assert class_weeks(session, other.code)["n_assessed"].tolist() == [1, 0, 0, 0, 0]
