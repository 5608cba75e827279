"""Attempts: those of one student, and the totals of each quiz."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import BigInteger, Float, cast, func, select

from lmskit.columns import QUIZ_WEEK, Column, Columns
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt
from lmskit.queries.course import COUNTED, has_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.quiz_exception import stands

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

ATTEMPTS = Columns(
    Column("quiz_title", "str"),
    QUIZ_WEEK,
    Column("number", "int64", "1 for the first attempt at the quiz"),
    Column("score", "float64", "NaN = not graded; extra credit may exceed `max_score`"),
    Column("max_score", "float64"),
    Column("submitted_at", "datetime64[us, UTC]", "NaT = unknown"),
    Column("origin", "str", "`Origin`"),
    Column("banked", "bool", "carried over from an earlier course: no evidence"),
    Column("n_questions", "int64", "answers stored question by question; 0 where only the total is known"),
)

OLDEST_FIRST = (QuizAttempt.submitted_at.asc().nulls_first(), QuizAttempt.number, QuizAttempt.id)
"""The order of attempts in time, as `lmskit.queries.evidence.ORDER` has it; those whose time is unknown come first, by number."""

QUIZ_TOTALS = Columns(
    Column("quiz_id", "int64"),
    Column("quiz_title", "str"),
    QUIZ_WEEK,
    Column("n_students", "int64", "with an attempt"),
    Column("n_attempts", "int64", "graded, not graded and banked attempts together; none that was taken back, none of excused students"),
    Column("n_graded", "int64", "with a score, and not banked"),
    Column("not_graded", "int64", "without a score, and not banked"),
    Column("n_banked", "int64", "carried over from an earlier course"),
    Column(
        "mean_share",
        "float64",
        "mean of score / max_score of graded attempts with max_score > 0; above 1 with extra credit; NaN without any",
    ),
)


@ATTEMPTS.documented
def student_attempts(
    session: Session, course: str, student_id: int, *, week_number: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0
) -> pd.DataFrame:
    """One student's attempts in `course`, by week, then by time, unknown times first.

    {columns}

    `week_number` keeps only the attempts of that week. Those that a file took back are left out, and those at quizzes from which the
    student is excused.
    An unknown course, or a student without attempts in it, gives an empty table with these columns.
    """
    statement = (
        select(
            Quiz.title.label("quiz_title"),
            Quiz.week_number,
            QuizAttempt.number,
            cast(QuizAttempt.score, Float(53)).label("score"),
            cast(QuizAttempt.max_score, Float(53)).label("max_score"),
            QuizAttempt.submitted_at,
            QuizAttempt.origin,
            QuizAttempt.banked,
            func.jsonb_array_length(QuizAttempt.answers).label("n_questions"),
        )
        .join(Quiz, (Quiz.id == QuizAttempt.quiz_id) & (Quiz.course_id == QuizAttempt.course_id))
        .join(Course, Course.id == QuizAttempt.course_id)
        .where(has_code(course), QuizAttempt.student_id == cast(student_id, BigInteger), stands())
        .order_by(Quiz.week_number, *OLDEST_FIRST)
    )
    if week_number is not None:
        statement = statement.where(Quiz.week_number == cast(week_number, BigInteger))
    return frame(session, paged(statement, limit, offset), ATTEMPTS)


@QUIZ_TOTALS.documented
def quiz_totals(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Counts and mean share of each quiz of `course`, of its active and completed students, by week, then by title.

    {columns}

    An unknown course, or one without quizzes, gives an empty table with these columns.
    """
    own = ~QuizAttempt.banked
    graded = own & QuizAttempt.score.is_not(None)
    made = (
        select(
            QuizAttempt.quiz_id,
            func.count(QuizAttempt.student_id.distinct()).label("n_students"),
            func.count().label("n_attempts"),
            func.count().filter(graded).label("n_graded"),
            func.count().filter(own, QuizAttempt.score.is_(None)).label("not_graded"),
            func.count().filter(QuizAttempt.banked).label("n_banked"),
            cast(func.avg(QuizAttempt.score / func.nullif(QuizAttempt.max_score, 0)).filter(graded), Float(53)).label("mean_share"),
        )
        .join(Enrollment, (Enrollment.course_id == QuizAttempt.course_id) & (Enrollment.student_id == QuizAttempt.student_id))
        .join(Course, Course.id == QuizAttempt.course_id)
        .where(has_code(course), Enrollment.status.in_(COUNTED), stands())
        .group_by(QuizAttempt.quiz_id)
        .subquery()
    )
    counts = ("n_students", "n_attempts", "n_graded", "not_graded", "n_banked")
    statement = (
        select(
            Quiz.id.label("quiz_id"),
            Quiz.title.label("quiz_title"),
            Quiz.week_number,
            *(func.coalesce(made.c[name], 0).label(name) for name in counts),
            made.c.mean_share,
        )
        .join(Course, Course.id == Quiz.course_id)
        .outerjoin(made, made.c.quiz_id == Quiz.id)
        .where(has_code(course))
        .order_by(Quiz.week_number, Quiz.title.collate("C"), Quiz.id)
    )
    return frame(session, paged(statement, limit, offset), QUIZ_TOTALS)
