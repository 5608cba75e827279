"""The stored mastery is what the rules compute from the evidence, and changes only where the evidence does."""

import datetime as dt
import random
from decimal import Decimal
from typing import Any

import pandas as pd
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lmskit.analytics.mastery import estimate
from lmskit.db import transaction
from lmskit.errors import BusyError, ColumnsMissingError, CourseNotFoundError, NotPermittedError
from lmskit.models import Quiz, QuizAttempt, TopicPerformance
from lmskit.queries.evidence import course_evidence, course_responses
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus, Level
from tests import factories

MONDAY = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)
QUESTIONS = [{"id": "a", "points": 1}, {"id": "b", "points": 2}, {"id": "c", "points": 0}]


@pytest.fixture
def course(session):
    return factories.course(session, weeks=3)


@pytest.fixture
def student(session, course):
    enrolled = factories.student(session)
    factories.enrollment(session, course, enrolled)
    return enrolled


@pytest.fixture
def quiz(session, course):
    return factories.quiz(session, course, questions=QUESTIONS, max_score=10)


def rows(session: Session, *courses) -> list[tuple[Any, ...]]:
    columns = ("course_id", "student_id", "week_number", "level", "value", "low", "high", "n_evidence", "rule", "parameters")
    statement = select(*(getattr(TopicPerformance, name) for name in columns)).order_by(*map(text, columns[:3]))
    return [tuple(row) for row in session.execute(statement.where(TopicPerformance.course_id.in_([course.id for course in courses])))]


def only(session: Session, course) -> TopicPerformance:
    return session.scalars(select(TopicPerformance).where(TopicPerformance.course_id == course.id)).one()


def evidence(session: Session, course) -> list[tuple[float, float]]:
    table = course_evidence(session, [course.id])
    return list(zip(table["score"], table["max_score"], strict=True))


def answers(**scores) -> list[dict[str, Any]]:
    return [{"question": name, "response": "x", "score": score} for name, score in scores.items()]


def test_each_graded_question_is_a_unit_of_evidence(session, course, student, quiz):
    factories.attempt(session, quiz, student, score=1, answers=answers(b=0.5, a=1))
    assert evidence(session, course) == [(1, 1), (0.5, 2)]


def test_without_answers_the_attempt_is_the_unit(session, course, student, quiz):
    factories.attempt(session, quiz, student, score=7)
    assert evidence(session, course) == [(7, 10)]


def test_a_question_that_is_not_graded_is_not_evidence_and_the_others_are(session, course, student, quiz):
    factories.attempt(session, quiz, student, score=None, answers=answers(a=1, b=None))
    assert evidence(session, course) == [(1, 1)]


def test_without_a_graded_answer_the_attempt_is_the_unit(session, course, student, quiz):
    factories.attempt(session, quiz, student, score=4, answers=answers(a=None, b=None))
    assert evidence(session, course) == [(4, 10)]


@pytest.mark.parametrize(
    "attempt", [{"score": None}, {"banked": True}, {"score": 0, "max_score": 0}, {"score": 0, "max_score": 0, "answers": answers(c=0)}]
)
def test_attempts_that_are_not_graded_or_banked_or_without_a_maximum_are_not_evidence(session, course, student, quiz, attempt):
    factories.attempt(session, quiz, student, **attempt)
    assert evidence(session, course) == []
    refresh(session, courses=[course.code])
    assert rows(session, course) == []


def test_evidence_is_ordered_by_time_then_attempt_then_question(session, course, student, quiz):
    factories.attempt(session, quiz, student, number=2, score=2, submitted_at=MONDAY)
    factories.attempt(session, quiz, student, number=3, score=3, submitted_at=MONDAY)
    factories.attempt(session, quiz, student, number=1, score=None, answers=answers(b=1, a=0), submitted_at=MONDAY - dt.timedelta(hours=1))
    assert evidence(session, course) == [(0, 1), (1, 2), (2, 10), (3, 10)]


def test_a_question_has_the_points_of_its_own_quiz_and_of_two_with_the_same_id_the_last_counts(session, course, student):
    for number, points_of in enumerate([[1, 4], [2], [3, 0]], start=1):
        questions = [{"id": "a", "points": points} for points in points_of]
        at = MONDAY + dt.timedelta(hours=number)
        factories.attempt(
            session, factories.quiz(session, course, questions=questions), student, score=7, answers=answers(a=1), submitted_at=at
        )
    assert evidence(session, course) == [(1, 4), (1, 2), (7, 10)]


def test_of_several_answers_to_one_question_in_an_attempt_the_first_counts(session, course, student, quiz):
    factories.attempt(session, quiz, student, score=3, answers=[*answers(b=0.5, a=1), *answers(b=2, a=0)])
    assert evidence(session, course) == [(1, 1), (0.5, 2)]


@pytest.mark.parametrize(
    ("questions", "given"),
    [
        ([{"id": "a", "points": "many"}], answers(a=1)),
        ([{"id": "a", "points": 1}], answers(a="full marks")),
        ([{"id": "a"}, 5, None, "x", {"points": 1}], answers(a=1)),
        ([{"id": "a", "points": 1}], [5, None, "a", [], {"question": {}, "score": 1}, {"score": 1}]),
        ([{"id": "a", "points": {"of": 1}}], [{"question": "a", "score": [1]}]),
    ],
)
def test_answers_of_any_shape_do_not_stop_a_refresh_and_the_total_counts(session, course, student, questions, given):
    quiz = factories.quiz(session, course, questions=questions)
    factories.attempt(session, quiz, student, score=5, answers=given)
    assert evidence(session, course) == [(5, 10)]


def test_numbers_of_any_size_do_not_stop_a_refresh(session, course, student):
    quiz = factories.quiz(session, course)
    factories.attempt(session, quiz, student, score=5)
    session.execute(text("""UPDATE quizzes SET questions = '[{"id": "a", "points": 1e400}]' WHERE id = :id"""), {"id": quiz.id})
    session.execute(
        text("""UPDATE quiz_attempts SET answers = '[{"question": "a", "score": -1e-400}]' WHERE quiz_id = :id"""), {"id": quiz.id}
    )
    assert evidence(session, course) == [(0, 1e8)]


TOPICS = [{"id": "a", "points": 1, "topic": "Sets"}, {"id": "b", "points": 2, "topic": "Maps"}]


def test_responses_are_the_evidence_with_its_questions_and_attempts(session, course, student, quiz):
    other = factories.quiz(session, course, questions=QUESTIONS)
    factories.attempt(session, quiz, student, answers=answers(a=1, b=2), submitted_at=MONDAY)
    factories.attempt(session, quiz, student, number=2, answers=answers(b=1), submitted_at=MONDAY + dt.timedelta(days=1))
    factories.attempt(session, other, student, answers=answers(a=0), submitted_at=MONDAY + dt.timedelta(days=2))
    factories.attempt(session, other, student, number=2, score=5, submitted_at=MONDAY + dt.timedelta(days=3))
    factories.attempt(session, other, student, number=3, score=6, submitted_at=MONDAY + dt.timedelta(days=4))
    table = course_responses(session, [course.id])
    pd.testing.assert_frame_equal(table.iloc[:, :6], course_evidence(session, [course.id]))
    first_a, first_b, again_b, others_a, total, other_total = table["question"]
    assert again_b == first_b
    assert len({first_a, first_b, others_a, total, other_total}) == 5
    assert pd.factorize(table["attempt"])[0].tolist() == [0, 0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("questions", "mixed"),
    [
        (TOPICS, True),
        ([*TOPICS[:1], {**TOPICS[1], "topic": "Sets"}], False),
        ([*TOPICS[:1], {"id": "b", "points": 2}], False),
        ([{"id": "a", "points": 1}, {"id": "b", "points": 2}, 5, None], False),
    ],
)
def test_a_quiz_is_mixed_when_its_questions_have_two_topics(session, course, student, questions, mixed):
    asked = factories.quiz(session, course, questions=questions)
    factories.attempt(session, asked, student, answers=answers(a=1, b=2))
    assert course_responses(session, [course.id])["mixed"].tolist() == [mixed, mixed]


def test_a_total_is_never_mixed_as_it_does_not_show_which_answers_were_right(session, course, student):
    factories.attempt(session, factories.quiz(session, course, questions=TOPICS), student, score=10)
    assert course_responses(session, [course.id])["mixed"].tolist() == [False]


def test_a_refresh_stores_what_the_rule_computes_from_the_evidence(session, student, course, quiz):
    factories.attempt(session, quiz, student, score=4, submitted_at=MONDAY)
    factories.attempt(session, quiz, student, number=2, score=10, submitted_at=MONDAY + dt.timedelta(days=1))
    report = refresh(session, courses=[course.code])
    stored = only(session, course)
    assert (report.n_courses, report.n_evidence, report.n_keys, report.added, report.n_rows) == (1, 2, 1, 1, 1)
    assert stored.value == pytest.approx(0.7)
    assert stored.low is not None
    assert stored.high is not None
    assert stored.low < 0.7 < stored.high
    assert (stored.level, stored.n_evidence, stored.rule) == (Level.DEVELOPING, 2, "average")
    assert stored.parameters == {"mastery_threshold": 0.8, "remedial_threshold": 0.5}


def test_a_rule_without_interval_or_value_stores_nulls(session, student):
    strict = factories.course(session, weeks=1, mastery_rule="n_of_mastery", mastery_parameters={"n": 3})
    factories.enrollment(session, strict, student)
    factories.attempt(session, factories.quiz(session, strict), student, score=10)
    refresh(session, courses=[strict.code])
    stored = only(session, strict)
    assert (stored.level, stored.value, stored.low, stored.high, stored.n_evidence) == (Level.NOT_ASSESSED, None, None, None, 1)


NOTHING = {"id": "c", "points": 0}
WEEKS = [(1, QUESTIONS), (2, QUESTIONS), (2, TOPICS), (4, TOPICS)]


@pytest.fixture
def several_courses(session):
    """Five courses with different rules, and students of every status, some in all of them."""
    draw = random.Random(7)
    people = [factories.student(session) for _ in range(12)]
    courses = [
        factories.course(session, weeks=4),
        factories.course(session, weeks=4, mastery_rule="decaying_average", mastery_parameters={"w": 0.7}),
        factories.course(session, weeks=4, mastery_rule="decaying_average", mastery_parameters={"w": 0.9}),
        factories.course(session, weeks=4, mastery_rule="m_of_n", mastery_parameters={"m": 2, "n": 3, "correct_from": 0.5}),
        factories.course(session, weeks=4, mastery_rule="khan", mastery_parameters={"correct_from": 0.5}),
    ]
    for course in courses:
        quizzes = [factories.quiz(session, course, week_number=week, questions=[*asked, NOTHING]) for week, asked in WEEKS]
        for person in draw.sample(people, 9):
            factories.enrollment(session, course, person, status=draw.choice(list(EnrollmentStatus)))
            for quiz in quizzes:
                for number in range(1, draw.randint(1, 4)):
                    factories.attempt(
                        session,
                        quiz,
                        person,
                        number=number,
                        score=draw.choice([None, 0, 3, 7.25, 10, 12]),
                        answers=draw.choice([[], answers(a=draw.random(), b=2), answers(a=None, b=None, c=0), answers(b=draw.random())]),
                        submitted_at=MONDAY + dt.timedelta(hours=draw.randint(0, 5)),
                        banked=draw.random() < 0.1,
                    )
    return courses


def evidence_by_a_loop(session: Session, course) -> list[tuple[Any, ...]]:
    """The evidence of a course by a loop over its attempts."""
    found = []
    quizzes = {quiz.id: quiz for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course.id))}
    attempts = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id, ~QuizAttempt.banked))
    for attempt in attempts:
        quiz = quizzes[attempt.quiz_id]
        points = {question["id"]: (position, question["points"]) for position, question in enumerate(quiz.questions)}
        mixed = len({question.get("topic") for question in quiz.questions} - {None}) > 1
        units = [
            (*points[answer["question"]], answer["score"], f"{quiz.id}/{answer['question']}", mixed)
            for answer in attempt.answers
            if answer["question"] in points and answer["score"] is not None and points[answer["question"]][1] > 0
        ]
        if not units and attempt.score is not None and attempt.max_score > 0:
            units = [(0, attempt.max_score, attempt.score, f"total of {attempt.id}", False)]
        for position, maximum, score, question, is_mixed in sorted(units):
            key = (attempt.student_id, quiz.week_number, attempt.submitted_at, attempt.number, attempt.id, position)
            found.append((*key, float(round(Decimal(score), 8)), float(maximum), attempt.id, question, is_mixed))
    return sorted(found)


COLUMNS = ["student", "week", "submitted_at", "number", "id", "position", "score", "max_score", "attempt", "question", "mixed"]


def test_a_refresh_of_several_rules_equals_an_estimate_per_course_of_evidence_selected_by_a_loop(session, several_courses):
    refresh(session, courses=[course.code for course in several_courses])
    for course in several_courses:
        scores = pd.DataFrame(evidence_by_a_loop(session, course), columns=COLUMNS)
        expected = estimate(scores.drop(columns="id"), course.mastery_rule, **course.mastery_parameters)
        stored = (
            pd.DataFrame(rows(session, course))
            .iloc[:, 1:8]
            .set_axis(["student", "week", "state", "value", "low", "high", "n_evidence"], axis=1)
        )
        pd.testing.assert_frame_equal(stored[expected.columns], expected, check_dtype=False, check_exact=True)


def test_a_second_refresh_changes_nothing(session, several_courses):
    codes = [course.code for course in several_courses]
    first = refresh(session, courses=codes)
    session.execute(text("UPDATE topic_performance SET computed_at = '2026-01-01T00:00Z'"))
    second = refresh(session, courses=codes)
    assert (second.n_rows, second.unchanged, second.n_keys) == (0, first.added, first.added)
    assert session.scalar(select(func.max(TopicPerformance.computed_at))) == dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def test_a_refresh_of_the_touched_keys_equals_a_full_one(session, several_courses):
    codes = [course.code for course in several_courses]
    refresh(session, courses=codes)
    changed = session.scalars(
        select(QuizAttempt).where(QuizAttempt.course_id.in_([course.id for course in several_courses])).order_by(QuizAttempt.id)
    ).all()[::5]
    weeks = dict(session.execute(select(Quiz.id, Quiz.week_number)).all())
    for attempt in changed:
        attempt.score, attempt.answers, attempt.banked = Decimal(9), [], not attempt.banked
    touched = [(attempt.student_id, attempt.course_id, weeks[attempt.quiz_id]) for attempt in changed]
    session.flush()
    report = refresh(session, touched=touched * 2)
    assert report.added + report.changed > 0
    assert report.n_keys + report.removed <= len(set(touched))
    after_touched = rows(session, *several_courses)
    assert refresh(session, courses=codes).n_rows == 0
    assert rows(session, *several_courses) == after_touched


def test_touched_keys_may_be_a_table_and_need_not_exist(session, course, student, quiz):
    factories.attempt(session, quiz, student)
    keys = pd.DataFrame({"student_id": [student.id, -1], "course_id": [course.id, -1], "week_number": [1, 1]})
    assert refresh(session, touched=keys).added == 1
    assert refresh(session, touched=[]).n_rows == 0
    with pytest.raises(ColumnsMissingError, match="week_number"):
        refresh(session, touched=keys.drop(columns="week_number"))


@pytest.mark.parametrize("way", ["full", "touched"])
def test_an_estimate_without_evidence_is_removed_and_the_others_are_kept(session, course, student, quiz, way):
    deleted = factories.attempt(session, quiz, student)
    kept = factories.attempt(session, factories.quiz(session, course, week_number=2), student)
    refresh(session, courses=[course.code])
    session.delete(deleted)
    session.flush()
    key = (student.id, course.id, 1)
    report = refresh(session, courses=[course.code]) if way == "full" else refresh(session, touched=[key])
    assert report.removed == 1
    assert kept.id
    assert only(session, course).week_number == 2


def test_refreshing_one_course_changes_no_estimates_of_others(session, several_courses):
    refresh(session, courses=[course.code for course in several_courses])
    before = rows(session, *several_courses[1:])
    several_courses[0].mastery_rule = "highest"
    session.flush()
    assert refresh(session, courses=[several_courses[0].code]).changed > 0
    assert rows(session, *several_courses[1:]) == before


def test_a_rule_that_cannot_be_used_is_reported_and_does_not_stop_other_courses(session, course, student, quiz):
    factories.attempt(session, quiz, student)
    wrong_parameter = factories.course(session, weeks=1, mastery_rule="average", mastery_parameters={"scores": 1})
    wrong_rule = factories.course(session, weeks=1, mastery_rule="palm reading")
    report = refresh(session, courses=[course.code, wrong_parameter.code, wrong_rule.code])
    assert report.added == 1
    assert "no parameter scores" in report.skipped[wrong_parameter.code]
    assert "palm reading" in report.skipped[wrong_rule.code]


@pytest.mark.parametrize("number", ["1e400", "1e5000", "-1e5000"])
def test_a_parameter_of_any_size_does_not_stop_the_other_courses(session, course, student, quiz, number):
    factories.attempt(session, quiz, student, score=4)
    out_of_range = factories.course(session, weeks=1)
    parameters = f'{{"mastery_threshold": {number}}}'
    update = text("UPDATE courses SET mastery_parameters = CAST(:json AS jsonb) WHERE id = :id")
    session.execute(update, {"json": parameters, "id": out_of_range.id})
    session.expire_all()
    report = refresh(session, courses=[course.code, out_of_range.code])
    assert report.added == 1
    assert "from 0 to 1" in report.skipped[out_of_range.code]


def test_an_unknown_course_is_an_error(session):
    with pytest.raises(CourseNotFoundError, match="no course 'NOWHERE'"):
        refresh(session, courses=["NOWHERE"])


def test_a_lecturer_cannot_refresh(lecturer_engine):
    with Session(lecturer_engine) as theirs, pytest.raises(NotPermittedError, match="Only an administrator"):
        refresh(theirs)


@pytest.fixture
def committed(admin_engine):
    """A course that other connections see as well."""
    with transaction(admin_engine) as session:
        course = factories.course(session, weeks=1)
    yield course
    with transaction(admin_engine) as session:
        session.delete(session.merge(course))


def refresh_within_100_ms(engine, code):
    with transaction(engine) as session:
        session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        refresh(session, courses=[code])


def test_two_refreshes_of_one_course_wait_for_each_other(admin_engine, committed):
    with transaction(admin_engine) as first:
        refresh(first, courses=[committed.code])
        with pytest.raises(BusyError):
            refresh_within_100_ms(admin_engine, committed.code)
    with transaction(admin_engine) as third:
        refresh(third, courses=[committed.code])
