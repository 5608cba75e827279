"""A quiz with answers to test with: a class in which "key" goes against everything else."""

import datetime as dt
from decimal import Decimal

import numpy as np

from lmskit.models import Course, Enrollment, Quiz, QuizAttempt
from lmskit.vocabulary import EnrollmentStatus, Origin
from tests import factories

EVIL = "<img src=x onerror=alert(1)> [bold]$x$[/bold]"
OPTIONS = [{"id": "a", "text": "the right one"}, {"id": "b", "text": EVIL}, {"id": "c", "text": "the third"}]
QUESTIONS = [
    {"id": "choose", "type": "choice", "prompt": f"Which? {EVIL}", "points": 1, "options": OPTIONS},
    {"id": "count", "type": "numeric", "prompt": "How many?", "points": 2},
    {"id": "key", "type": "true_false", "prompt": "Is it so?", "points": 1},
    {"id": "word", "type": "short_text", "prompt": "What is the word?", "points": 1},
]
KEY = {"choose": {"answer": "a"}, "count": {"answer": 4}, "key": {"answer": True}, "word": {"answer": ["set"]}}


def answers(level, dice):
    """The answers of a student of this level; the key of the third question is wrong."""
    right = [bool(dice.normal(scale=0.6) < level) for _ in range(4)]
    return [
        {"question": "choose", "response": "a" if right[0] else "b", "score": float(right[0])},
        {"question": "count", "response": 4 if right[1] else 5, "score": 2.0 * right[1]},
        {"question": "key", "response": not right[2], "score": float(not right[2])},
        {"question": "word", "response": "set" if right[3] else "bag", "score": float(right[3])},
    ]


def answered_quiz(
    session, course: Course, *, title: str = "A quiz", n_students: int = 60, seed: int = 0, attempts: int = 1, questions=QUESTIONS
) -> Quiz:
    """Add a quiz to a course, with students of all levels who answered it."""
    made = factories.quiz(session, course, title=title, questions=questions, answer_key=KEY, max_score=5)
    dice = np.random.default_rng(seed)
    students = [
        factories.student(session, family_name=f"Student {number:02d}", given_name="", email=None).id for number in range(n_students)
    ]
    known = {"status": EnrollmentStatus.ACTIVE, "origin": Origin.FORM, "started_on": factories.FIRST_DAY}
    session.add_all(Enrollment(course_id=course.id, student_id=student, **known) for student in students)
    session.flush()
    session.add_all(
        an_attempt(made, student, go, answers(2 * number / n_students - 0.8 + 0.5 * (go - 1), dice))
        for number, student in enumerate(students)
        for go in range(1, attempts + 1)
    )
    session.flush()
    return made


def an_attempt(quiz, student, number, given):
    """A graded attempt with these answers."""
    return QuizAttempt(
        quiz_id=quiz.id,
        course_id=quiz.course_id,
        student_id=student,
        number=number,
        score=Decimal(str(sum(answer["score"] for answer in given))),
        max_score=quiz.max_score,
        answers=given,
        submitted_at=dt.datetime(2026, 9, 14, 12 + number, tzinfo=dt.UTC),
        origin=Origin.FORM,
    )
