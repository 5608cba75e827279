"""A term with two courses that other processes see, and its reports."""

import datetime as dt

import pytest

from lmskit.db import transaction
from lmskit.models import Course, Quiz, QuizAttempt, Term
from lmskit.services.mastery import refresh
from lmskit.vocabulary import EnrollmentStatus, Origin
from tests import factories

HOSTILE = "<img src=x onerror=alert(1)></script><script>alert(2)</script>"
"""A name that would run if it were not escaped."""
ATTRIBUTE = '" onmouseover="alert(3)'
FIRST_DAY = dt.date(2026, 8, 24)


@pytest.fixture(scope="session")
def term(admin_engine):
    """A term of a simulated course whose every text is hostile, and of a small plain one."""
    with transaction(admin_engine) as session:
        period = factories.term(session, code=factories.unique("R"), starts_on=FIRST_DAY)
        teacher = factories.lecturer(session, family_name=HOSTILE)
        made = [
            factories.course(
                session,
                code=factories.unique("<b> & 'co'"),
                title=HOSTILE,
                in_term=period,
                taught_by=teacher,
                origin=Origin.SIMULATION,
            ),
            factories.course(session, code=factories.unique("PLAIN"), title="Sets and maps", in_term=period, taught_by=teacher),
        ]
        for course, n_students in zip(made, (7, 3), strict=True):
            for week in (1, 2, 3):
                factories.week(session, course, week, topic=f"{HOSTILE} {week}")
            quizzes = [factories.quiz(session, course, week_number=week, title=ATTRIBUTE) for week in (1, 3)]
            for number in range(n_students):
                who = factories.student(session, family_name=HOSTILE, given_name=str(number))
                factories.enrollment(session, course, who, status=EnrollmentStatus.COMPLETED if number % 2 else EnrollmentStatus.ACTIVE)
                for quiz in quizzes[: 1 + number % 2]:
                    factories.attempt(session, quiz, who, score=number + 2, origin=Origin.SIMULATION)
        refresh(session, courses=[course.code for course in made])
    yield period, made
    with transaction(admin_engine) as session:
        ids = [course.id for course in made]
        for kind in (QuizAttempt, Quiz):
            session.query(kind).filter(kind.course_id.in_(ids)).delete()
        session.query(Course).filter(Course.id.in_(ids)).delete()
        session.query(Term).filter_by(id=period.id).delete()
