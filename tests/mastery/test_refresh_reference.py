"""What a refresh stores is what loops over plain numbers give, in whatever order attempts come, and however the table is read."""

import datetime as dt
import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from lmskit.analytics.rules import evidence_from
from lmskit.db.bulk import copy_array, stage
from lmskit.queries.attempt import student_attempts
from lmskit.queries.evidence import course_evidence, course_responses, order_by, units_of
from lmskit.queries.row_keys import row_keys
from lmskit.services.mastery import refresh
from tests import factories
from tests.analytics import reference
from tests.examples import share

MONDAY = dt.datetime(2026, 9, 14, 9, tzinfo=dt.UTC)
QUESTIONS = [{"id": "a", "points": 1}, {"id": "b", "points": 2.5}]
NEITHER = {"mixed": False, "hinted": False}
UNKNOWN = -(2**63)
PACKED = ">i8, >i8, >i8, >i4, >i4, >f8, >f8, >i8"
"""Quiz, student, attempt, number of answers, number, score, maximum score and time of an attempt, as the statement packs them."""
RULES = ["average", "highest", "latest", "weighted_average", "decaying_average", "n_of_mastery", "m_of_n", "khan"]

scores = st.none() | st.integers(0, 12).map(lambda quarters: quarters / 4)
attempts = st.lists(
    st.fixed_dictionaries(
        {
            "student": st.integers(0, 2),
            "quiz": st.integers(0, 2),
            "hours": st.none() | st.integers(0, 3),
            "score": scores,
            "answers": st.just([]) | st.lists(st.tuples(st.sampled_from("ab"), scores), unique_by=lambda pair: pair[0], max_size=2),
            "banked": st.sampled_from([False, False, False, True]),
        }
    ),
    max_size=15,
)


@pytest.fixture
def school(session):
    """A course for each rule, three students in all of them, quizzes of two weeks."""
    students = [factories.student(session) for _ in range(3)]
    courses = [factories.course(session, weeks=2, mastery_rule=rule) for rule in RULES]
    for course in courses:
        for student in students:
            factories.enrollment(session, course, student)
    quizzes = {
        course.id: [factories.quiz(session, course, week_number=week, questions=QUESTIONS) for week in (1, 2, 2)] for course in courses
    }
    return students, courses, quizzes


def units(rows):
    """The evidence of one student in one week, from its definition."""
    points = {question["id"]: (position, question["points"]) for position, question in enumerate(QUESTIONS, start=1)}
    for number, row in enumerate(rows):
        graded = sorted((*points[name], score) for name, score in row["answers"] if score is not None)
        total = [] if row["score"] is None else [(0, 3, row["score"])]
        for position, maximum, score in graded or total:
            unit = {"score": score, "max_score": maximum, "submitted_at": row["hours"], "id": (number, position), "attempt": number}
            yield {**unit, "question": (row["quiz"], position) if position else unit["id"], "banked": row["banked"]} | NEITHER


@given(attempts)
@settings(max_examples=5, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_refresh_stores_what_loops_over_plain_numbers_give(session, school, given):
    students, courses, quizzes = school
    session.execute(text("DELETE FROM quiz_attempts WHERE course_id = ANY(:ids)"), {"ids": [course.id for course in courses]})
    for course in courses:
        for number, row in reversed(list(enumerate(given, start=1))):  # a later attempt may be stored first
            factories.attempt(
                session,
                quizzes[course.id][row["quiz"]],
                students[row["student"]],
                number=number,
                score=row["score"],
                max_score=3,
                answers=[{"question": name, "response": "x", "score": score} for name, score in row["answers"]],
                submitted_at="unknown" if row["hours"] is None else MONDAY + dt.timedelta(hours=row["hours"]),
                banked=row["banked"],
            )
    refresh(session, courses=[course.code for course in courses])
    expected = {}
    for course in courses:
        for index, student in enumerate(students):
            for week, of_week in ((1, {0}), (2, {1, 2})):
                fractions = reference.ordered(units([row for row in given if row["student"] == index and row["quiz"] in of_week]))
                if fractions:
                    value, weights = reference.value_and_weights(fractions, course.mastery_rule)
                    low, high = reference.interval(value, weights)
                    expected[course.id, student.id, week] = (len(fractions), value, low, high, reference.state(value, course.mastery_rule))
    found = session.execute(
        text("""
            SELECT course_id, student_id, week_number, n_evidence, value, low, high, level::text FROM topic_performance
            WHERE course_id = ANY(:ids)"""),
        {"ids": [course.id for course in courses]},
    ).all()
    stored = {tuple(row[:3]): (row[3], *(math.nan if number is None else number for number in row[4:7]), row[7]) for row in found}
    assert stored.keys() == expected.keys()
    for key, (n, *numbers, level) in expected.items():
        assert (stored[key][0], stored[key][-1]) == (n, level)
        assert stored[key][1:4] == pytest.approx(tuple(numbers), rel=1e-9, abs=1e-9, nan_ok=True)


def test_the_whole_table_gives_the_same_evidence_as_reading_course_by_course(session, school):
    students, courses, quizzes = school
    for course in courses:
        for number, student in enumerate(students * 3, start=1):
            for index, quiz in enumerate(quizzes[course.id]):
                answers = [{"question": "b", "response": "x", "score": number / 4}] if number % 2 else []
                later = MONDAY - dt.timedelta(hours=number * index)  # stored later, submitted earlier
                factories.attempt(session, quiz, student, number=number, score=number / 4, answers=answers, submitted_at=later)
    ids = [course.id for course in courses[1:]]
    for read in (course_evidence, course_responses):
        by_course = read(session, ids)
        assert len(by_course) == len(ids) * 27
        pd.testing.assert_frame_equal(read(session, ids, most=True), by_course)


def test_estimates_are_the_same_however_the_evidence_is_divided(session, school, monkeypatch):
    students, courses, quizzes = school
    for index, course in enumerate(courses):
        for number, student in enumerate(students[: 1 + index % 3], start=1):
            factories.attempt(session, quizzes[course.id][index % 3], student, score=number, max_score=3)
    codes = [course.code for course in courses]
    added = refresh(session, courses=codes).added
    assert added == sum(1 + index % 3 for index in range(len(courses)))
    for batch in (1, 2, 4, 7):
        monkeypatch.setattr("lmskit.services.mastery._BATCH", batch)
        report = refresh(session, courses=codes)
        assert (report.unchanged, report.n_rows) == (added, 0)


whole = st.integers(-5, 5) | st.integers(-(2**62), 2**62)


@given(st.lists(st.tuples(whole, whole, st.integers(1, 60), st.integers(0, 3), st.integers(0, 3), st.integers(0, 2)), max_size=40))
@example([(0, 2**62, 1, 1, 0, 0), (0, -(2**62), 1, 0, 0, 0)])
def test_evidence_is_put_in_order_whatever_the_ids(rows):
    columns = np.array(rows, dtype=np.int64).reshape(-1, 6).T
    course, student, week, time, attempt, position = columns
    order = order_by(row_keys(course, student, week), time, attempt, position)
    assert order.tolist() == np.lexsort(columns[::-1]).tolist()


@given(st.lists(st.tuples(st.none() | st.integers(0, 2), st.integers(1, 3)), max_size=12), st.randoms(use_true_random=False))
@settings(max_examples=share(60))
def test_evidence_with_unknown_times_has_one_order_however_it_is_stored(rows, random):
    stored = [(8, 7, attempt, 0, number, attempt, 20, UNKNOWN if time is None else time) for attempt, (time, number) in enumerate(rows, 1)]
    random.shuffle(stored)
    attempts = np.array(stored, dtype=PACKED).tobytes()
    quizzes = np.array([(8, 5, 1, 0)], dtype=">i8").tobytes()
    units = units_of([(True, quizzes, None), (False, attempts, None)])
    by_hand = sorted(enumerate(rows, 1), key=lambda row: (row[1][0] is not None, row[1][0] or 0, row[1][1], row[0]))
    assert units.attempt.tolist() == [attempt for attempt, _ in by_hand]
    frame = units.frame()
    assert frame["submitted_at"].isna().tolist() == [time is None for _, (time, _) in by_hand]
    scores = frame.rename(columns={"student_id": "student", "week_number": "week"})
    evidence = evidence_from(scores)
    assert evidence.fraction.tolist() == (scores["score"] / scores["max_score"]).tolist()


def test_attempts_are_listed_in_the_order_of_the_evidence(session, school):
    students, courses, quizzes = school
    course = courses[0]
    first, other = quizzes[course.id][1:]
    earlier = MONDAY - dt.timedelta(hours=1)
    attempts = [(first, 1, MONDAY), (first, 2, None), (other, 3, None), (other, 1, MONDAY), (other, 2, earlier)]
    for score, (quiz, number, time) in enumerate(attempts, 1):
        factories.attempt(session, quiz, students[0], number=number, score=score, max_score=10, submitted_at=time or "unknown")
    listed = student_attempts(session, course.code, students[0].id)
    assert listed["score"].tolist() == course_evidence(session, [course.id])["score"].tolist() == [2, 3, 5, 1, 4]
    assert listed["submitted_at"].isna().tolist() == [True, True, False, False, False]


def test_an_array_is_copied_as_it_is(session):
    rows = np.array(
        [(1, -2, 2**40, math.nan), (-(2**15), 2**31 - 1, -(2**63), -math.inf), (0, 0, 0, 0.1)],
        dtype=[("a", "i2"), ("b", "i4"), ("c", "i8"), ("d", "f8")],
    )
    stage(session, "copied", {"a": "smallint", "b": "integer", "c": "bigint", "d": "double precision"})
    assert copy_array(session, "copied", rows[:0]) == 0
    assert copy_array(session, "copied", rows) == 3
    found = [tuple(row) for row in session.execute(text("SELECT a, b, c, d FROM pg_temp.copied"))]
    assert np.array(found, dtype=rows.dtype).tobytes() == rows.tobytes()
