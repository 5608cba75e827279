"""What lmskit has of a course that is synced with another system: its students' ids, its attempts, its questions, and the last sync."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import exists, literal, select
from sqlalchemy.orm import aliased

from lmskit.models import Enrollment, ExternalId, ImportRun, QuestionSlot, Quiz, QuizAttempt, User
from lmskit.vocabulary import EntityKind, ImportStatus

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterator
    from decimal import Decimal

    from sqlalchemy.orm import Session

SIS, ADDRESS = "sis", "address"
"""`external_ids.source` of SIS ids, and what stands for it with addresses."""


class StudentIdRow(NamedTuple):
    """An id of a student of a course: of a system, `sis` or `address`."""

    source: str
    external_id: str
    student_id: int


class SyncedAttemptRow(NamedTuple):
    """An imported attempt that counts, with the key of its quiz in the system."""

    quiz: str
    student_id: int
    number: int
    started_at: dt.datetime | None
    submitted_at: dt.datetime | None
    score: Decimal | None
    answers: list[Any]


class SyncedQuizRow(NamedTuple):
    """A quiz with its key in the system; `is_numbered` says whether reports number its questions."""

    quiz: str
    questions: list[dict[str, Any]]
    is_numbered: bool


def student_ids(session: Session, course_id: int, system: str) -> Iterator[StudentIdRow]:
    """Give out by what an import finds the students of a course; no two have the same id of a source.

    Parameters
    ----------
    session
        Of an administrator.
    course_id
        The course.
    system
        Whose ids the import has.
    """
    of_course = select(Enrollment.student_id).where(Enrollment.course_id == course_id)
    ids = select(ExternalId.source, ExternalId.external_id, ExternalId.person_id).where(
        ExternalId.kind == EntityKind.PERSON, ExternalId.source.in_((system, SIS, ADDRESS)), ExternalId.person_id.in_(of_course)
    )
    addresses = select(literal(ADDRESS), User.email, User.id).where(User.id.in_(of_course), User.email.is_not(None))
    for source, identifier, student in session.execute(ids.union_all(addresses)):
        yield StudentIdRow(source, identifier, int(student or 0))


def synced_attempts(session: Session, course_id: int, system: str) -> Iterator[SyncedAttemptRow]:
    """Give out the attempts at the quizzes of a course that a system knows, without totals and what counts no longer."""
    statement = (
        select(
            ExternalId.external_id,
            QuizAttempt.student_id,
            QuizAttempt.number,
            QuizAttempt.started_at,
            QuizAttempt.submitted_at,
            QuizAttempt.score,
            QuizAttempt.answers,
        )
        .join(ExternalId, (ExternalId.quiz_id == QuizAttempt.quiz_id) & (ExternalId.course_id == QuizAttempt.course_id))
        .where(
            QuizAttempt.course_id == course_id,
            ExternalId.source == system,
            ExternalId.kind == EntityKind.QUIZ,
            QuizAttempt.is_total.is_(False),
            QuizAttempt.taken_back_at.is_(None),
        )
        .order_by(ExternalId.external_id, QuizAttempt.student_id, QuizAttempt.number)
    )
    for row in session.execute(statement):
        yield SyncedAttemptRow(*row)


def synced_quizzes(session: Session, course_id: int, system: str) -> Iterator[SyncedQuizRow]:
    """Give out the quizzes of a course that a system knows."""
    is_numbered = exists().where(QuestionSlot.course_id == Quiz.course_id, QuestionSlot.quiz_id == Quiz.id)
    statement = (
        select(ExternalId.external_id, Quiz.questions, is_numbered)
        .join(ExternalId, (ExternalId.quiz_id == Quiz.id) & (ExternalId.course_id == Quiz.course_id))
        .where(Quiz.course_id == course_id, ExternalId.source == system, ExternalId.kind == EntityKind.QUIZ)
        .order_by(Quiz.id)
    )
    for row in session.execute(statement):
        yield SyncedQuizRow(*row)


def last_sync(session: Session, format_: str, name: str) -> ImportRun | None:
    """Return the last sync of a course, as long as no sync of it has been taken back since; None without one."""
    undo = aliased(ImportRun)
    of_course = (ImportRun.format == format_, ImportRun.name == name, ImportRun.status == ImportStatus.DONE)
    run = session.scalar(select(ImportRun).where(*of_course).order_by(ImportRun.id.desc()).limit(1))
    if run is None:
        return None
    taken_back = select(undo.id).where(undo.undoes.in_(select(ImportRun.id).where(*of_course)), undo.id > run.id)
    is_taken_back = session.scalar(select(taken_back.exists()))
    return None if is_taken_back else run
