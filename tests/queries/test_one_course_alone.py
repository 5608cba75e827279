"""What is asked about a course, a quiz or a student is answered from their rows alone, whatever else the database holds."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import update

from lmskit.models import Term, TopicPerformance
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.queries.audit import audit_entries, count_audit_entries
from lmskit.queries.computed_at import computed_at
from lmskit.queries.course import count_courses, course_outline, courses, syllabus
from lmskit.queries.evidence import course_evidence, course_responses
from lmskit.queries.knowledge import fitted_parameters, knowledge_fits
from lmskit.queries.mastery import (
    class_weeks,
    counted_students,
    course_rule,
    mastery_cells,
    stored_rules,
    student_weeks,
    students_to_help,
)
from lmskit.queries.outbox import count_outbox_messages, outbox_messages
from lmskit.queries.provenance import row_counts
from lmskit.queries.quiz import count_quizzes, quiz_in_course, quizzes
from lmskit.queries.quiz_answers import answered_quizzes, quiz_answers
from lmskit.queries.quiz_runs import quiz_runs
from lmskit.queries.roster import class_size, course_roster, roster_size
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.answered_quiz import an_attempt, answered_quiz, answers


def taught(session, *, by, students, level, weeks):
    """A course with weeks, two quizzes of a title that other courses have too, estimates, a fit and a message."""
    course = factories.course(session, taught_by=by)
    for number in weeks:
        factories.week(session, course, number, topic=f"{course.code} {number}")
    quiz = answered_quiz(session, course, n_students=3, seed=level)
    again = factories.quiz(session, course, week_number=2, title="Another quiz", max_score=5)
    for student in students:
        factories.enrollment(session, course, student, status=EnrollmentStatus.ACTIVE)
        given = answers(level, np.random.default_rng(level))
        session.add(an_attempt(quiz, student.id, 1, given))
        factories.attempt(session, again, student, score=level)
        factories.attempt(session, again, student, number=2, score=None)
    enroll(session, EnrollStudent(course=course.code, email=factories.unique("e") + "@example.org", family_name="Waiting"))
    session.add(factories.knowledge_fit(course, week_number=weeks[0]))
    session.flush()
    refresh(session, courses=[course.code])
    return course, quiz


@pytest.fixture
def people(session):
    """A lecturer and two students."""
    return factories.lecturer(session), [factories.student(session, family_name=f"Person {number}") for number in range(2)]


@pytest.fixture
def asked(session, people):
    """A course, and every question about it, its quiz and one of its students."""
    lecturer, students = people
    course, quiz = taught(session, by=lecturer, students=students, level=1, weeks=[1, 2, 3])
    code, student, term = course.code, students[0].id, session.get_one(Term, course.term_id).code
    return {
        "courses of a term": lambda: courses(session, term=term),
        "number of courses of a term": lambda: count_courses(session, term=term),
        "syllabus": lambda: syllabus(session, code),
        "outline": lambda: course_outline(session, code),
        "rule": lambda: course_rule(session, code),
        "quizzes": lambda: quizzes(session, code),
        "number of quizzes": lambda: count_quizzes(session, code),
        "quiz by title": lambda: quiz_in_course(session, code, "A quiz").id,
        "roster": lambda: course_roster(session, code),
        "size of the roster": lambda: roster_size(session, code),
        "size of the class": lambda: class_size(session, code),
        "class by week": lambda: class_weeks(session, code),
        "cells": lambda: mastery_cells(session, code),
        "students to help": lambda: students_to_help(session, code),
        "weeks of a student": lambda: student_weeks(session, code, student),
        "students who count": lambda: counted_students(session, code),
        "stored rules": lambda: stored_rules(session, code),
        "attempts of a student": lambda: student_attempts(session, code, student),
        "attempts of a student in a week": lambda: student_attempts(session, code, student, week_number=2),
        "totals": lambda: quiz_totals(session, code),
        "answered quizzes": lambda: answered_quizzes(session, code),
        "answers": lambda: vars(quiz_answers(session, quiz.id)),
        "runs": lambda: [vars(run) for run in quiz_runs(session, quiz.id)],
        "fits": lambda: knowledge_fits(session, code),
        "fitted parameters": lambda: fitted_parameters(session, [course.id]),
        "evidence": lambda: course_evidence(session, [course.id]),
        "responses": lambda: course_responses(session, [course.id]),
        "row counts": lambda: row_counts(session, code),
        "time of computation": lambda: computed_at(session, code),
        "messages": lambda: outbox_messages(session, course=code),
        "number of messages": lambda: count_outbox_messages(session, course=code),
        "changes": lambda: audit_entries(session, course=code, limit=1000),
        "number of changes": lambda: count_audit_entries(session, course=code),
        "changes of a table": lambda: audit_entries(session, course=code, table="courses", limit=1000),
    }


def test_the_answers_stay_the_same_when_another_course_has_the_same_people_and_titles(session, people, asked):
    before = {name: question() for name, question in asked.items()}
    lecturer, students = people
    other, _ = taught(session, by=lecturer, students=students, level=0, weeks=[1, 2, 4])
    later = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
    session.execute(update(TopicPerformance).where(TopicPerformance.course_id == other.id).values(computed_at=later))
    changed = [name for name, question in asked.items() if not same(before[name], question())]
    assert not changed, f"these answers hold rows of another course: {', '.join(changed)}"
    assert [name for name, answer in before.items() if hasattr(answer, "__len__") and not len(answer)] == []


def same(one, other):
    """Whether two answers are equal, tables included."""
    if isinstance(one, pd.DataFrame):
        return one.equals(other)
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)
