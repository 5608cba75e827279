"""Exceptions for single students at quizzes, and which attempts count in spite of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import and_, func, select, tuple_

from lmskit.listings import QUIZ_EXCEPTIONS
from lmskit.models import Quiz, QuizAttempt, QuizException, User
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


def stands() -> ColumnElement[bool]:
    """Whether an attempt counts as far as people decide: no file took it back, and its student is not excused from the quiz.

    `evidence.sql` and `missed_questions.sql` say the same in SQL. Whether it is banked is another question.
    """
    excused = select(QuizException.quiz_id, QuizException.student_id).where(QuizException.excused)
    return and_(QuizAttempt.taken_back_at.is_(None), tuple_(QuizAttempt.quiz_id, QuizAttempt.student_id).not_in(excused))


@QUIZ_EXCEPTIONS.documented
def quiz_exceptions(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Who is excused from a quiz of `course` or has more time for it, by week and quiz, then by name.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return QUIZ_EXCEPTIONS.table(quiz_exception_rows(session, course, limit=limit, offset=offset))


def quiz_exception_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `quiz_exceptions`, for a list in the terminal."""
    statement = (
        select(
            QuizException.quiz_id,
            Quiz.week_number,
            Quiz.title,
            QuizException.student_id,
            User.name.label("name"),
            QuizException.excused,
            QuizException.due_on,
            Quiz.due_on.label("due_for_others"),
            QuizException.excused_by_format,
            QuizException.granted_at,
        )
        .join(Quiz, (Quiz.id == QuizException.quiz_id) & (Quiz.course_id == QuizException.course_id))
        .join(User, User.id == QuizException.student_id)
        .where(QuizException.course_id == course_by_code(session, course).id)
        .order_by(Quiz.week_number, Quiz.title.collate("C"), Quiz.id, User.sort_name.collate("C"), User.id)
    )
    return rows(session, paged(statement, limit, offset))


def count_quiz_exceptions(session: Session, course: str) -> int:
    """The number of rows on all pages of `quiz_exceptions`."""
    course_id = course_by_code(session, course).id
    return session.scalar(select(func.count()).select_from(QuizException).where(QuizException.course_id == course_id)) or 0
