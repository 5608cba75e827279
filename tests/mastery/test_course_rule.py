"""The rule of a course: who may change it, which rule is in use, and other rules on the same answers."""

import datetime as dt

import pandas as pd
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.analytics.rules import RULES, configured, configured_from_text, with_fits
from lmskit.analytics.what_if import side_by_side
from lmskit.db import transaction
from lmskit.errors import CourseNotFoundError, RuleParameterError, UnknownRuleError
from lmskit.models import Course, QuizAttempt, TopicPerformance, User
from lmskit.queries.mastery import course_rule
from lmskit.read_models.rule_comparison import class_evidence
from lmskit.read_models.rule_in_use import rule_in_use
from lmskit.services.mastery import refresh
from lmskit.services.mastery_rule import choose_rule
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.conftest import DEMO_LECTURER

MONDAY = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)
SCORES = {"Able": (9, 10), "Falling": (10, 2), "Silent": ()}


@pytest.fixture
def course(session):
    """Two weeks; three students who count, of whom one answered nothing, and one who has left."""
    made = factories.course(session, weeks=2)
    quiz = factories.quiz(session, made)
    for name in ("Silent", "Falling", "Able"):
        student = factories.student(session, family_name=name, given_name="")
        factories.enrollment(session, made, student)
        for number, score in enumerate(SCORES[name], start=1):
            factories.attempt(session, quiz, student, number=number, score=score, submitted_at=MONDAY + dt.timedelta(days=number))
    withdrawn = factories.enrollment(session, made, status=EnrollmentStatus.WITHDRAWN, ended_on=factories.FIRST_DAY)
    factories.attempt(session, quiz, withdrawn.student_id, score=1)
    return made


def test_a_chosen_rule_is_stored_with_the_parameters_given_and_used_by_the_next_refresh(session, course):
    chosen = choose_rule(session, course.code, "weighted_average", {"w": 0.7})
    assert course_rule(session, course.code) == ("weighted_average", {"w": 0.7})
    assert chosen.rule.parameters == {"w": 0.7, "mastery_threshold": 0.8, "remedial_threshold": 0.5}
    refresh(session, courses=[course.code])
    stored = session.scalars(select(TopicPerformance).where(TopicPerformance.course_id == course.id)).all()
    assert {(row.rule, row.parameters["w"]) for row in stored} == {("weighted_average", 0.7)}


def test_a_rule_chosen_since_the_last_refresh_is_not_the_one_behind_what_is_stored(session, course):
    choose_rule(session, course.code, "latest", {})
    assert rule_in_use(session, course.code).rule.name == "latest", "nothing is stored yet"
    refresh(session, courses=[course.code])
    choose_rule(session, course.code, "highest", {})
    stale = rule_in_use(session, course.code)
    assert stale.rule.name == "latest"
    assert f"To refresh it: lmskit mastery refresh --course {course.code}" in stale.caveat()
    refresh(session, courses=[course.code])
    current = rule_in_use(session, course.code)
    assert (current.rule.name, list(current.rule.parameters)) == ("highest", ["mastery_threshold", "remedial_threshold"])
    assert current.caveat() == ""


def test_parameters_fitted_to_each_week_are_named_as_such(session, course):
    other = factories.quiz(session, course, week_number=2)
    someone = class_evidence(session, course.code).students["student_id"].iloc[0]
    factories.attempt(session, other, int(someone))
    session.add(factories.knowledge_fit(course, week_number=1))
    choose_rule(session, course.code, "bkt", {"prior": 0.6})
    refresh(session, courses=[course.code])
    in_use = rule_in_use(session, course.code)
    assert in_use.fitted == ("prior", "guess"), "the others happen to be alike in both weeks"
    assert in_use.rule.parameters["mastery_threshold"] == 0.95
    assert in_use.caveat() == "Fitted to each week: prior, guess."


@pytest.mark.parametrize(
    ("rule", "parameters", "error"),
    [("averag", {}, UnknownRuleError), ("average", {"w": 0.7}, RuleParameterError), ("m_of_n", {"m": 9}, RuleParameterError)],
)
def test_a_rule_that_cannot_be_used_is_not_stored(session, course, rule, parameters, error):
    with pytest.raises(error):
        choose_rule(session, course.code, rule, parameters)
    assert course_rule(session, course.code) == ("average", {})


def test_the_evidence_of_a_class_is_that_of_active_and_completed_students_by_name(session, course):
    found = class_evidence(session, course.code)
    assert found.students["name"].tolist() == ["Able", "Falling", "Silent"]
    assert found.students["position"].tolist() == [1, 2, 3]
    assert found.weeks["week_number"].tolist() == [1, 2]
    assert found.scores[["student", "week", "score"]].to_numpy().tolist() == [[1, 1, 9], [1, 1, 10], [2, 1, 10], [2, 1, 2]]
    assert found.scores.dtypes[["student", "mixed"]].astype(str).tolist() == ["int64", "bool"]


FITTED, NEVER_FITTED, FITTED_TO_OTHER_ANSWERS = 1, 2, 3


@pytest.fixture
def fitted(session):
    """Three weeks answered by all: one has a fit, one has no fit, and one was fitted with half of the points as correct."""
    made = factories.course(session, weeks=3)
    session.add(factories.knowledge_fit(made, week_number=FITTED))
    other = factories.knowledge_fit(made, week_number=FITTED_TO_OTHER_ANSWERS)
    other.correct_from = 0.5
    session.add(other)
    quizzes = [factories.quiz(session, made, week_number=week) for week in (1, 2, 3)]
    for scores in ((10, 3, 10), (10, 10, 10), (2, 6), (7,)):
        student = factories.enrollment(session, made).student_id
        for quiz in quizzes:
            for number, score in enumerate(scores, start=1):
                factories.attempt(session, quiz, student, number=number, score=score, submitted_at=MONDAY + dt.timedelta(days=number))
    return made


@pytest.mark.parametrize("rule", RULES)
def test_what_a_refresh_stores_is_what_comparing_shows_for_the_rule_of_the_course(session, fitted, rule):
    choose_rule(session, fitted.code, rule, {"remedial_threshold": 0.6})
    refresh(session, courses=[fitted.code])
    found = class_evidence(session, fitted.code)
    own = with_fits(configured(found.rule, found.parameters), found.fits)
    cells = side_by_side(found.scores, [own])
    columns = {"value_1": "value", "low_1": "low", "high_1": "high", "n_evidence": "n_evidence", "state_1": "level"}
    shown = cells.assign(student=cells["student"].map(found.students.set_index("position")["student_id"])).rename(columns=columns)
    statement = select(
        TopicPerformance.student_id.label("student"),
        TopicPerformance.week_number.label("week"),
        *map(TopicPerformance.__table__.c.get, columns.values()),
    ).where(TopicPerformance.course_id == fitted.id)
    stored = pd.DataFrame(session.execute(statement).mappings()).astype({"value": float, "low": float, "high": float, "level": str})
    key = ["student", "week"]
    assert len(stored) == 12
    pd.testing.assert_frame_equal(
        shown[stored.columns].sort_values(key, ignore_index=True),
        stored.sort_values(key, ignore_index=True),
        check_exact=True,
    )


def test_a_week_uses_its_fit_if_it_is_to_the_same_answers_and_no_fitted_parameter_is_typed(session, fitted):
    fits = class_evidence(session, fitted.code).fits
    assert {week: own["guess"] for week, own in configured_from_text("bkt", fits).of_week.items()} == {FITTED: 0.25}
    assert list(configured_from_text("bkt:correct_from=0.5", fits).of_week) == [FITTED_TO_OTHER_ANSWERS]
    assert configured_from_text("bkt:mastery_threshold=0.9", fits).of_week[FITTED]["mastery_threshold"] == 0.9
    for typed in ("bkt:guess=0.2", "bkt:forget=0", "m_of_n"):
        assert configured_from_text(typed, fits).of_week == {}


def test_a_course_without_students_or_weeks_gives_empty_tables_of_the_same_shape(session, course):
    empty, full = (class_evidence(session, code) for code in (factories.course(session).code, course.code))
    for name in ("students", "weeks", "scores"):
        assert getattr(empty, name).empty
        assert getattr(empty, name).dtypes.to_dict() == getattr(full, name).dtypes.to_dict()


@pytest.fixture
def taught(admin_engine, lecturer_engine):
    """A course of the demonstration lecturer and one of another lecturer, committed so that others see them; each with one answer."""
    with transaction(admin_engine) as session:
        lecturer = session.scalars(select(User).where(User.email == DEMO_LECTURER)).one()
        own, other = factories.course(session, weeks=1, taught_by=lecturer), factories.course(session, weeks=1)
        for made in (own, other):
            factories.attempt(session, factories.quiz(session, made), factories.enrollment(session, made).student_id)
    yield own, other
    with transaction(admin_engine) as session:
        for made in (own, other):
            for attempt in session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == made.id)):
                session.delete(attempt)
            session.flush()
            session.delete(session.get_one(Course, made.id))


def test_a_lecturer_compares_rules_in_an_own_course_and_sees_nothing_of_others(lecturer_engine, taught):
    own, other = taught
    with Session(lecturer_engine) as theirs:
        found = class_evidence(theirs, own.code)
        assert (len(found.students), found.scores["score"].tolist()) == (1, [8])
        with pytest.raises(CourseNotFoundError):
            class_evidence(theirs, other.code)


def test_a_lecturer_chooses_the_rule_of_an_own_course_and_of_no_other(lecturer_engine, taught):
    own, other = taught
    with Session(lecturer_engine) as theirs:
        choose_rule(theirs, own.code, "latest", {})
        assert course_rule(theirs, own.code) == ("latest", {})
        with pytest.raises(CourseNotFoundError):
            choose_rule(theirs, other.code, "latest", {})
