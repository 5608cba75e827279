"""The attempts behind the numbers: one student's, and how each quiz went."""

import pandas as pd
from sqlalchemy import BigInteger, Float, cast, func, select
from sqlalchemy.orm import Session

from lmskit.models import Course, Enrollment, Quiz, QuizAttempt
from lmskit.queries.course import COUNTED, has_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page


def student_attempts(
    session: Session, course: str, student_id: int, *, week_number: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0
) -> pd.DataFrame:
    """One student's attempts in `course`, by week, then by time.

    ============  ===================  ===================================================================
    quiz_title    str
    week_number   int64                of the quiz
    number        int64                1 for the first attempt at the quiz
    score         float64              marks; NaN = not graded; extra credit may exceed `max_score`
    max_score     float64
    submitted_at  datetime64[us, UTC]
    origin        str                  `Origin`
    banked        bool                 carried over from an earlier course: no evidence
    n_questions   int64                answers that are stored question by question; 0 where only the total is
    ============  ===================  ===================================================================

    `week_number` keeps one week. An unknown course, or a student without attempts in it, gives an empty table with these columns.
    """
    check_page(limit, offset)
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
        .where(has_code(course), QuizAttempt.student_id == cast(student_id, BigInteger))
        .order_by(Quiz.week_number, QuizAttempt.submitted_at, QuizAttempt.id)
        .limit(limit)
        .offset(offset)
    )
    if week_number is not None:
        statement = statement.where(Quiz.week_number == cast(week_number, BigInteger))
    return frame(session, statement, _ATTEMPTS)


def quiz_totals(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """How each quiz of `course` went for its active and completed students, by week, then by title.

    ============  =======  ========================================================================================
    quiz_id       int64
    quiz_title    str
    week_number   int64
    n_students    int64    who made an attempt
    n_attempts    int64    all attempts; those that are graded, not graded and banked add up to it
    n_graded      int64    with a score, and not banked
    not_graded    int64    without a score, and not banked
    n_banked      int64    carried over from an earlier course
    mean_share    float64  mean of score / maximum over the graded ones with a maximum above 0; above 1 with extra credit;
                           NaN without any
    ============  =======  ========================================================================================

    An unknown course, or one without quizzes, gives an empty table with these columns.
    """
    check_page(limit, offset)
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
        .where(has_code(course), Enrollment.status.in_(COUNTED))
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
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, _TOTALS)


_ATTEMPTS = {
    "quiz_title": "str",
    "week_number": "int64",
    "number": "int64",
    "score": "float64",
    "max_score": "float64",
    "submitted_at": "datetime64[us, UTC]",
    "origin": "str",
    "banked": "bool",
    "n_questions": "int64",
}
_TOTALS = {
    "quiz_id": "int64",
    "quiz_title": "str",
    "week_number": "int64",
    "n_students": "int64",
    "n_attempts": "int64",
    "n_graded": "int64",
    "not_graded": "int64",
    "n_banked": "int64",
    "mean_share": "float64",
}
