"""What an export without names has of a course: enrollments, attempts and mastery, with weeks instead of days and no text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Float, Integer, case, cast, func, select

from lmskit.columns import QUIZ_WEEK, WEEK_NUMBER, Column, Columns
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Term, TopicPerformance
from lmskit.queries.frame import frame
from lmskit.queries.quiz_exception import stands
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

PARTICIPANTS = Columns(
    Column("student_id", "int64"),
    Column("status", "str", "`EnrollmentStatus`, without `pending`"),
    Column("started_week", "Int64", "weeks from the first day of the term; 0 for the first week and earlier"),
    Column("ended_week", "Int64", "the same of the last day; missing for who has not left"),
)
SHARES = Columns(
    Column("student_id", "int64"),
    Column("quiz_id", "int64"),
    QUIZ_WEEK,
    Column("number", "int64", "1 for the first attempt at the quiz"),
    Column("share", "float64", "score / max_score, rounded to hundredths; NaN if it is not graded"),
)
LEVELS_OF_WEEKS = Columns(
    Column("student_id", "int64"),
    WEEK_NUMBER,
    Column("level", "str", "`Level`"),
    Column("value", "float64", "from 0 to 1, rounded to hundredths"),
)


@PARTICIPANTS.documented
def participants(session: Session, course_id: int) -> pd.DataFrame:
    """The students of a course who are or were in it.

    {columns}
    """
    started, ended = (cast((day - Term.starts_on) / 7, Integer) for day in (Enrollment.started_on, Enrollment.ended_on))
    statement = (
        select(
            Enrollment.student_id,
            Enrollment.status,
            func.greatest(0, started).label("started_week"),
            case((Enrollment.ended_on.is_not(None), func.greatest(0, ended))).label("ended_week"),
        )
        .join(Course, Course.id == Enrollment.course_id)
        .join(Term, Term.id == Course.term_id)
        .where(Enrollment.course_id == course_id, Enrollment.status != EnrollmentStatus.PENDING)
        .order_by(Enrollment.student_id)
    )
    return frame(session, statement, PARTICIPANTS)


@SHARES.documented
def shares(session: Session, course_id: int) -> pd.DataFrame:
    """The attempts of a course, without those that count for another one.

    {columns}
    """
    share = func.round(QuizAttempt.score / func.nullif(QuizAttempt.max_score, 0), 2)
    statement = (
        select(QuizAttempt.student_id, QuizAttempt.quiz_id, Quiz.week_number, QuizAttempt.number, cast(share, Float).label("share"))
        .join(Quiz, (Quiz.id == QuizAttempt.quiz_id) & (Quiz.course_id == QuizAttempt.course_id))
        .where(QuizAttempt.course_id == course_id, ~QuizAttempt.banked, stands())
        .order_by(Quiz.week_number, QuizAttempt.quiz_id, QuizAttempt.student_id, QuizAttempt.number)
    )
    return frame(session, statement, SHARES)


@LEVELS_OF_WEEKS.documented
def levels_of_weeks(session: Session, course_id: int) -> pd.DataFrame:
    """The stored mastery of a course.

    {columns}
    """
    value = cast(func.round(cast(TopicPerformance.value, QuizAttempt.score.type), 2), Float)
    statement = (
        select(TopicPerformance.student_id, TopicPerformance.week_number, TopicPerformance.level, value.label("value"))
        .where(TopicPerformance.course_id == course_id)
        .order_by(TopicPerformance.week_number, TopicPerformance.student_id)
    )
    return frame(session, statement, LEVELS_OF_WEEKS)
