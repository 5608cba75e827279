"""The attempts at the quizzes of a course one by one, each with whether it is evidence of mastery."""

from __future__ import annotations

import enum
from typing import TYPE_CHECKING

from sqlalchemy import Float, case, cast, func, select

from lmskit.listings import ATTEMPTS
from lmskit.models import Quiz, QuizAttempt, User
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.quiz import quiz_in_course
from lmskit.queries.quiz_exception import stands

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


class EvidenceState(enum.StrEnum):
    """Whether an attempt is evidence of mastery, and if not, why."""

    EVIDENCE = "yes"
    TAKEN_BACK = "no: taken back"
    EXCUSED = "no: excused"
    """As long as the student is: the attempt counts again when that is taken back."""
    BANKED = "no: banked"
    WITHOUT_WEEK = "no: no week"
    NOT_GRADED = "no: not graded"


EVIDENCE_STATE: ColumnElement[str] = case(
    (QuizAttempt.taken_back_at.is_not(None), EvidenceState.TAKEN_BACK.value),
    (~stands(), EvidenceState.EXCUSED.value),
    (QuizAttempt.banked, EvidenceState.BANKED.value),
    (Quiz.week_number.is_(None), EvidenceState.WITHOUT_WEEK.value),
    (QuizAttempt.score.is_(None) & (func.jsonb_array_length(QuizAttempt.answers) == 0), EvidenceState.NOT_GRADED.value),
    else_=EvidenceState.EVIDENCE.value,
)
"""An `EvidenceState`, as text; of an attempt and its quiz."""


@ATTEMPTS.documented
def attempts(
    session: Session, course: str, *, quiz: str | None = None, student_id: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0
) -> pd.DataFrame:
    """The attempts at the quizzes of `course`, by week and title of the quiz, then by name and number of the attempt.

    {columns}

    `quiz` keeps those at the quiz with this number or title, `student_id` those of one student.

    Raises
    ------
    CourseNotFoundError, QuizNotFoundInCourseError, QuizAmbiguousError
        The signed-in person can see no such course, or the course has no such quiz, or several of that title.
    """
    return ATTEMPTS.table(attempt_rows(session, course, quiz=quiz, student_id=student_id, limit=limit, offset=offset))


def attempt_rows(
    session: Session, course: str, *, quiz: str | None = None, student_id: int | None = None, limit: int = DEFAULT_PAGE, offset: int = 0
) -> Rows:
    """The rows of `attempts`, for a list in the terminal."""
    statement = (
        select(
            QuizAttempt.id.label("attempt_id"),
            User.name.label("name"),
            Quiz.title.label("quiz"),
            Quiz.week_number,
            QuizAttempt.number,
            cast(QuizAttempt.score, Float(53)).label("score"),
            cast(QuizAttempt.max_score, Float(53)).label("max_score"),
            QuizAttempt.submitted_at,
            EVIDENCE_STATE.label("evidence"),
        )
        .join(Quiz, (Quiz.id == QuizAttempt.quiz_id) & (Quiz.course_id == QuizAttempt.course_id))
        .join(User, User.id == QuizAttempt.student_id)
        .where(*_of(session, course, quiz, student_id))
        .order_by(
            Quiz.week_number, Quiz.title.collate("C"), Quiz.id, User.sort_name.collate("C"), User.id, QuizAttempt.number, QuizAttempt.id
        )
    )
    return rows(session, paged(statement, limit, offset))


def count_attempts(session: Session, course: str, *, quiz: str | None = None, student_id: int | None = None) -> int:
    """The number of rows on all pages of `attempts`."""
    return session.scalar(select(func.count()).select_from(QuizAttempt).where(*_of(session, course, quiz, student_id))) or 0


def _of(session: Session, course: str, quiz: str | None, student_id: int | None) -> list[ColumnElement[bool]]:
    conditions = [QuizAttempt.course_id == course_by_code(session, course).id]
    if quiz is not None:
        conditions.append(QuizAttempt.quiz_id == quiz_in_course(session, course, quiz).id)
    if student_id is not None:
        conditions.append(QuizAttempt.student_id == student_id)
    return conditions
