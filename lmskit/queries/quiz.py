"""The quizzes of a course and their questions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import ValidationError
from sqlalchemy import Float, cast, false, func, select

from lmskit.errors import QuizAmbiguousError, QuizNotFoundError, QuizNotFoundInCourseError, QuizUnreadableError
from lmskit.listings import QUIZZES
from lmskit.models import Course, Quiz, QuizAttempt
from lmskit.queries.course import has_code
from lmskit.queries.course_plan import read_by_course
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, paged
from lmskit.schemas.mistakes import mistakes
from lmskit.schemas.quiz import QuizContent

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@QUIZZES.documented
def quizzes(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The quizzes of `course`, by week, then by title.

    {columns}

    An unknown course, or one without quizzes, gives an empty table with these columns.
    """
    return QUIZZES.table(quiz_rows(session, course, limit=limit, offset=offset))


def quiz_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `quizzes`, for a list in the terminal."""
    attempts = (
        select(QuizAttempt.quiz_id, func.count().label("n_attempts"))
        .join(Course, Course.id == QuizAttempt.course_id)
        .where(has_code(course))
        .group_by(QuizAttempt.quiz_id)
        .subquery()
    )
    statement = (
        select(
            Quiz.id.label("quiz_id"),
            Quiz.week_number,
            Quiz.title,
            func.jsonb_array_length(Quiz.questions).label("n_questions"),
            cast(Quiz.max_score, Float(53)).label("max_score"),
            Quiz.due_on,
            func.coalesce(attempts.c.n_attempts, 0).label("n_attempts"),
        )
        .join(Course, Course.id == Quiz.course_id)
        .outerjoin(attempts, attempts.c.quiz_id == Quiz.id)
        .where(has_code(course))
        .order_by(Quiz.week_number, Quiz.title.collate("C"), Quiz.id)
    )
    with read_by_course(session):
        return rows(session, paged(statement, limit, offset))


def count_quizzes(session: Session, course: str) -> int:
    """The number of rows on all pages of `quizzes`."""
    statement = select(func.count()).select_from(Quiz).join(Course, Course.id == Quiz.course_id)
    return session.scalar(statement.where(has_code(course))) or 0


def quiz_by_id(session: Session, quiz_id: int) -> Quiz:
    """The quiz with this number.

    Raises
    ------
    QuizNotFoundError
        It does not exist, or the signed-in person may not see it; the error does not say which.
    """
    quiz = session.scalars(select(Quiz).where(Quiz.id == quiz_id)).one_or_none() if 0 < quiz_id <= LAST_ROW else None
    if quiz is None:
        raise QuizNotFoundError(quiz=quiz_id)
    return quiz


def quiz_in_course(session: Session, course: str, quiz: str) -> Quiz:
    """The quiz of `course` with this number or exactly this title.

    Raises
    ------
    QuizNotFoundInCourseError
        It does not exist, or the signed-in person may not see it; the error does not say which.
    QuizAmbiguousError
        Several quizzes of the course have the title.
    """
    statement = select(Quiz).join(Course, Course.id == Quiz.course_id).where(has_code(course))
    number = int(quiz) if quiz.isascii() and quiz.isdigit() and len(quiz) < len(str(LAST_ROW)) else 0
    found = session.scalars(statement.where(Quiz.id == number)).one_or_none()
    if found is not None:
        return found
    titled = session.scalars(statement.where(Quiz.title == quiz if "\0" not in quiz else false()).limit(2)).all()
    if len(titled) > 1:
        raise QuizAmbiguousError(title=quiz, course=course)
    if not titled:
        raise QuizNotFoundInCourseError(quiz=quiz, course=course)
    return titled[0]


def quiz_content(session: Session, quiz_id: int) -> QuizContent:
    """The questions of a quiz and their key.

    Raises
    ------
    QuizNotFoundError
        The signed-in person can see no such quiz.
    QuizUnreadableError
        Its stored questions do not have the form of `QuizContent`; the database accepts any list.
    """
    return content_of(quiz_by_id(session, quiz_id))


def content_of(quiz: Quiz) -> QuizContent:
    """The questions and the key of a quiz; errors as in `quiz_content`."""
    try:
        return QuizContent.model_validate({"questions": quiz.questions, "answer_key": quiz.answer_key})
    except ValidationError as error:
        raise QuizUnreadableError(quiz=quiz.id, title=quiz.title, mistakes=mistakes(error)) from error


def unreadable_quizzes(session: Session, course_id: int) -> list[str]:
    """The titles of the quizzes of a course whose stored questions do not have the form of `QuizContent`, by title."""
    found = []
    for quiz in session.scalars(select(Quiz).where(Quiz.course_id == course_id).order_by(Quiz.title, Quiz.id)):
        try:
            content_of(quiz)
        except QuizUnreadableError:
            found.append(quiz.title)
    return found
