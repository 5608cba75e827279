"""Excusing students from quizzes, giving them more time, and taking both back; mastery follows in the same transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from lmskit.errors import InputError, NoQuizExceptionError, StudentNotFoundError
from lmskit.models import QuizAttempt, QuizException, User
from lmskit.queries.page import LAST_ROW
from lmskit.queries.person import person_by_email
from lmskit.queries.quiz import quiz_in_course
from lmskit.queries.roster import require_student
from lmskit.rounding import count_text
from lmskit.services.mastery import refresh
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.models import Quiz
    from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent


@administrators_only("excuse students from quizzes")
def excuse(session: Session, request: QuizOfStudent) -> str:
    """Excuse a student from a quiz, and return a sentence: no attempt of the student at it is evidence, not even a later one.

    Raises
    ------
    CourseNotFoundError, QuizNotFoundInCourseError, QuizAmbiguousError
        There is no such course, or not one such quiz in it.
    StudentNotFoundError, StudentNotInCourseError
        There is no such student, or not in the course.
    TermClosedError
        The term of the course is closed.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    quiz, student = _meant(session, request)
    values = {"course_id": quiz.course_id, "quiz_id": quiz.id, "student_id": student.id, "excused": True}
    statement = insert(QuizException).values(**values)
    excused = {"excused": True, "excused_by_format": None, "granted_at": func.now()}
    session.execute(statement.on_conflict_do_update(constraint="pk_quiz_exceptions", set_=excused))
    left = _estimate_again(session, quiz, student)
    return f"{_name(student)} is excused from {quiz.title!r} of {request.course}{_attempts(session, quiz, student)}.{left}"


@administrators_only("give students more time")
def extend(session: Session, request: ExtendQuiz) -> str:
    """Give a student until a later day for a quiz, and return a sentence; errors as in `excuse`.

    Raises
    ------
    InputError
        The quiz is due on that day or a later one for all.
    """
    quiz, student = _meant(session, request)
    if quiz.due_on is not None and request.due_on <= quiz.due_on:
        raise InputError(f"{quiz.title!r} of {request.course} is due on {quiz.due_on} for all. Nothing was changed. Give a later day.")
    values = {"course_id": quiz.course_id, "quiz_id": quiz.id, "student_id": student.id, "excused": False, "due_on": request.due_on}
    statement = insert(QuizException).values(**values)
    session.execute(
        statement.on_conflict_do_update(constraint="pk_quiz_exceptions", set_={"due_on": request.due_on, "granted_at": func.now()})
    )
    others = f"; for others it is {quiz.due_on}" if quiz.due_on is not None else ""
    return f"{quiz.title!r} of {request.course} is due on {request.due_on} for {_name(student)}{others}."


@administrators_only("take exceptions back")
def remove_exception(session: Session, request: QuizOfStudent) -> str:
    """Let a quiz hold for a student as it does for others again, and return a sentence; errors as in `excuse`.

    Raises
    ------
    NoQuizExceptionError
        Nothing else holds for the student.
    """
    quiz, student = _meant(session, request)
    removed = delete(QuizException).where(
        QuizException.course_id == quiz.course_id, QuizException.quiz_id == quiz.id, QuizException.student_id == student.id
    )
    was_excused = session.scalar(removed.returning(QuizException.excused))
    if was_excused is None:
        raise NoQuizExceptionError(student=_name(student), quiz=quiz.title, course=request.course)
    left = _estimate_again(session, quiz, student) if was_excused else ""
    counted = " The attempts of the student at it count again." if was_excused else ""
    return f"{quiz.title!r} of {request.course} holds for {_name(student)} as for others again.{counted}{left}"


def _meant(session: Session, request: QuizOfStudent) -> tuple[Quiz, User]:
    quiz = quiz_in_course(session, request.course, request.quiz)
    typed = request.student
    if typed.isascii() and typed.isdecimal():
        require_student(session, request.course, min(int(typed), LAST_ROW))
        student = session.get(User, int(typed))
    else:
        student = person_by_email(session, typed)
    if student is None:
        raise StudentNotFoundError(student=typed)
    require_student(session, request.course, student.id)
    return quiz, student


def _estimate_again(session: Session, quiz: Quiz, student: User) -> str:
    """Estimate the mastery of the week again; return a sentence, after a space, if that is not possible."""
    if quiz.week_number is None:
        return ""
    left = refresh(session, touched=[(student.id, quiz.course_id, quiz.week_number)]).skipped_sentences
    return "".join(f" {sentence}" for sentence in left)


def _attempts(session: Session, quiz: Quiz, student: User) -> str:
    of_quiz = (QuizAttempt.quiz_id == quiz.id, QuizAttempt.course_id == quiz.course_id, QuizAttempt.student_id == student.id)
    number = session.scalar(select(func.count()).select_from(QuizAttempt).where(*of_quiz)) or 0
    return f"; {count_text(number, 'attempt')} no longer {'counts' if number == 1 else 'count'}" if number else ""


def _name(student: User) -> str:
    return student.name
