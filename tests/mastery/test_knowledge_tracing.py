"""Fits are stored by course and week, and the rule bkt uses the fits of its weeks."""

import datetime as dt

import numpy as np
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.analytics import bkt
from lmskit.analytics.bkt import responses_from_evidence
from lmskit.db import transaction
from lmskit.errors import CourseNotFoundError, NotPermittedError
from lmskit.models import KnowledgeFit, TopicPerformance
from lmskit.queries.evidence import course_responses
from lmskit.queries.knowledge import fitted_parameters, knowledge_fits
from lmskit.queries.person import person_by_email
from lmskit.services.knowledge_tracing import fit_courses
from lmskit.services.mastery import refresh
from tests import factories

MONDAY = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)
QUESTIONS = [{"id": f"q{number}", "points": 2} for number in range(5)]


def taught(session: Session, *, weeks=(1, 2), n_students=12, **chosen):
    """A course with answers to each question in some of its weeks."""
    course = factories.course(session, weeks=3, **chosen)
    draw = np.random.default_rng(8)
    people = [factories.enrollment(session, course).student_id for _ in range(n_students)]
    for week in weeks:
        quiz = factories.quiz(session, course, week_number=week, questions=QUESTIONS)
        for person in people:
            right = draw.random(5) < np.linspace(0.3, 0.9, 5)
            given = [
                {"question": question["id"], "response": "x", "score": 2.0 if is_right else 1.0}
                for question, is_right in zip(QUESTIONS, right, strict=True)
            ]
            factories.attempt(session, quiz, person, score=None, answers=given, submitted_at=MONDAY + dt.timedelta(weeks=week))
    return course


def expected(session, course, **options):
    return bkt.fit(responses_from_evidence(course_responses(session, [course.id]), correct_from=1.0), **options)


def test_each_week_with_answers_gets_the_fit_of_its_answers(session):
    course = taught(session)
    report = fit_courses(session, courses=[course.code])
    assert (report.n_courses, report.n_weeks, report.n_answers) == (1, 2, 120)
    stored, computed = knowledge_fits(session, course.code), expected(session, course)
    assert stored["week_number"].tolist() == [1, 2]
    assert stored["topic"].tolist() == ["Topic 1", "Topic 2"]
    for name in (*bkt.PARAMETERS, "n_students", "n_answers", "log_likelihood", "converged", "constrained"):
        assert stored[name].tolist() == computed[name].tolist()
    assert stored["n_held_out"].tolist() == [60, 60]
    assert stored["auc"].between(0, 1).all()
    assert stored["rmse"].between(0, 1).all()
    assert (stored["correct_from"] == 1).all()


def test_a_second_fit_replaces_the_first(session):
    course = taught(session)
    fit_courses(session, courses=[course.code])
    fit_courses(session, courses=[course.code], forgetting=True, seed=3)
    assert knowledge_fits(session, course.code)["forget"].tolist() == expected(session, course, forgetting=True, seed=3)["forget"].tolist()


def test_pages_of_fits_neither_overlap_nor_skip(session):
    course = taught(session)
    fit_courses(session, courses=[course.code])
    pages = [knowledge_fits(session, course.code, limit=1, offset=offset)["week_number"].tolist() for offset in range(3)]
    assert pages == [[1], [2], []]
    assert knowledge_fits(session, "NOWHERE").empty


def test_the_rule_bkt_uses_the_fit_of_each_week_and_otherwise_the_parameters_of_the_course(session):
    course = taught(session, mastery_rule="bkt", mastery_parameters={"learn": 0.4})
    fit_courses(session, courses=[course.code])
    session.delete(session.get_one(KnowledgeFit, (course.id, 2)))
    session.flush()
    refresh(session, courses=[course.code])
    answers = responses_from_evidence(course_responses(session, [course.id]), correct_from=1.0)
    fitted = fitted_parameters(session, [course.id])[course.id]
    assert list(fitted) == [1]
    stored = session.scalars(select(TopicPerformance).where(TopicPerformance.course_id == course.id)).all()
    assert len(stored) == 24
    for row in stored:
        given = answers[(answers["student"] == row.student_id) & (answers["skill"] == row.week_number)]["correct"]
        used = fitted[1] if row.week_number == 1 else {"prior": 0.3, "learn": 0.4, "guess": 0.2, "slip": 0.1, "forget": 0.0}
        assert row.value == pytest.approx(bkt.filter(given, used)[-1], abs=1e-12)
        assert {name: row.parameters[name] for name in bkt.PARAMETERS} == {name: used[name] for name in bkt.PARAMETERS}
        assert row.parameters["mastery_threshold"] == 0.95
    assert refresh(session, courses=[course.code]).n_rows == 0


def test_a_touched_refresh_and_a_refresh_beside_other_rules_use_the_fits_as_well(session):
    course, other = taught(session, mastery_rule="bkt"), taught(session, n_students=3)
    refresh(session, courses=[course.code, other.code])
    fit_courses(session, courses=[course.code])
    keys = session.execute(select(TopicPerformance.student_id, TopicPerformance.course_id, TopicPerformance.week_number)).all()
    touched = [(student, of_course, week) for student, of_course, week in keys if of_course in {course.id, other.id}]
    assert refresh(session, touched=touched).changed == 24
    assert refresh(session, courses=[course.code, other.code]).n_rows == 0


def test_a_fit_with_another_definition_of_correct_is_not_used(session):
    course = taught(session, mastery_rule="bkt")
    fit_courses(session, courses=[course.code])
    course.mastery_parameters = {"correct_from": 0.5}
    session.flush()
    refresh(session, courses=[course.code])
    stored = session.scalars(select(TopicPerformance.parameters).where(TopicPerformance.course_id == course.id)).all()
    assert {parameters["prior"] for parameters in stored} == {0.3}


def test_a_course_without_answers_has_no_fits_and_one_with_wrong_parameters_is_reported(session):
    silent, refused = taught(session, weeks=()), taught(session, mastery_rule="bkt", mastery_parameters={"guess": 2})
    report = fit_courses(session, courses=[silent.code, refused.code])
    assert (report.n_courses, report.n_weeks) == (1, 0)
    assert "guess" in report.skipped[refused.code]


def test_a_degenerate_week_is_named_in_the_report(session):
    course = factories.course(session, weeks=1)
    quiz = factories.quiz(session, course, questions=QUESTIONS)
    for _ in range(20):
        given = [
            {"question": question["id"], "response": "x", "score": 2.0 if number < 2 else 0.0} for number, question in enumerate(QUESTIONS)
        ]
        factories.attempt(session, quiz, factories.enrollment(session, course).student_id, score=None, answers=given)
    report = fit_courses(session, courses=[course.code])
    assert report.constrained == {course.code: (1,)}
    assert f"{course.code} week 1" in report.sentence()
    assert knowledge_fits(session, course.code)["constrained"].tolist() == [True]


def test_an_unknown_course_is_an_error(session):
    with pytest.raises(CourseNotFoundError, match="no course 'NOWHERE'"):
        fit_courses(session, courses=["NOWHERE"])


def test_a_lecturer_reads_fits_of_own_courses_and_makes_none(admin_engine, lecturer_engine):
    with transaction(admin_engine) as session:
        own = factories.course(session, weeks=1, taught_by=person_by_email(session, "demo.lecturer@example.org"))
        foreign = factories.course(session, weeks=1)
        session.add_all([factories.knowledge_fit(own), factories.knowledge_fit(foreign)])
    try:
        with Session(lecturer_engine) as theirs:
            assert knowledge_fits(theirs, own.code)["week_number"].tolist() == [1]
            assert knowledge_fits(theirs, foreign.code).empty
            with pytest.raises(NotPermittedError, match="Only an administrator can fit knowledge tracing"):
                fit_courses(theirs, courses=[own.code])
    finally:
        with transaction(admin_engine) as session:
            for course in (own, foreign):
                session.delete(session.merge(course))
