"""Which quizzes a course has, and what they ask."""

import pandas as pd
from pydantic import ValidationError
from sqlalchemy import Float, cast, false, func, select
from sqlalchemy.orm import Session

from lmskit.errors import QuizAmbiguousError, QuizNotFoundError, QuizNotFoundInCourseError, QuizUnreadableError
from lmskit.models import Course, Quiz, QuizAttempt
from lmskit.queries.course import has_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, check_page
from lmskit.schemas.mistakes import one_sentence
from lmskit.schemas.quiz import QuizContent


def quizzes(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The quizzes of `course`, by week, then by title.

    ============  =======  =================================================================
    quiz_id       int64
    week_number   int64    1-60
    title         str      several quizzes may have the same after an import
    n_questions   int64    0 where only totals are known
    max_score     float64  marks a perfect attempt earns
    due_on        object   `date`, None where there is none
    n_attempts    int64    of all students, whatever their status; banked ones included
    ============  =======  =================================================================

    An unknown course, or one without quizzes, gives an empty table with these columns.
    """
    check_page(limit, offset)
    attempts = (
        select(func.count())
        .select_from(QuizAttempt)
        .where(QuizAttempt.quiz_id == Quiz.id, QuizAttempt.course_id == Quiz.course_id)
        .correlate(Quiz)
        .scalar_subquery()
    )
    statement = (
        select(
            Quiz.id.label("quiz_id"),
            Quiz.week_number,
            Quiz.title,
            func.jsonb_array_length(Quiz.questions).label("n_questions"),
            cast(Quiz.max_score, Float(53)).label("max_score"),
            Quiz.due_on,
            attempts.label("n_attempts"),
        )
        .join(Course, Course.id == Quiz.course_id)
        .where(has_code(course))
        .order_by(Quiz.week_number, Quiz.title.collate("C"), Quiz.id)
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, _LISTED)


def count_quizzes(session: Session, course: str) -> int:
    """How many rows `quizzes` has on all its pages together."""
    statement = select(func.count()).select_from(Quiz).join(Course, Course.id == Quiz.course_id)
    return session.scalar(statement.where(has_code(course))) or 0


def quiz_by_id(session: Session, quiz_id: int) -> Quiz:
    """The quiz with this number.

    Raises
    ------
    QuizNotFoundError
        There is none, or the signed-in person may not see it: the two cannot be told apart.
    """
    quiz = session.scalars(select(Quiz).where(Quiz.id == quiz_id)).one_or_none() if 0 < quiz_id <= LAST_ROW else None
    if quiz is None:
        raise QuizNotFoundError(quiz=quiz_id)
    return quiz


def quiz_in_course(session: Session, course: str, quiz: str) -> Quiz:
    """The quiz of `course` that a person means by its number or its exact title.

    Raises
    ------
    QuizNotFoundInCourseError
        The course has none, or the signed-in person may not see it: the two cannot be told apart.
    QuizAmbiguousError
        Several have the title.
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
        There is no such quiz among those the signed-in person can see.
    QuizUnreadableError
        The database holds something else as its questions: it accepts any list.
    """
    return content_of(quiz_by_id(session, quiz_id))


def content_of(quiz: Quiz) -> QuizContent:
    """The questions and the key of a quiz that is at hand; see `quiz_content`."""
    try:
        return QuizContent.model_validate({"questions": quiz.questions, "answer_key": quiz.answer_key})
    except ValidationError as error:
        raise QuizUnreadableError(title=quiz.title, mistake=one_sentence(error)) from error


_LISTED = {
    "quiz_id": "int64",
    "week_number": "int64",
    "title": "str",
    "n_questions": "int64",
    "max_score": "float64",
    "due_on": "object",
    "n_attempts": "int64",
}
