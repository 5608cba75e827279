"""Delete what was made by mistake and has no evidence: a quiz, an attempt, a course, a term, a person.

What results, people or files rest on stays; the refusal says what can be done instead. All else that goes is counted and shown first; if it
is more by then, nothing goes. A dry run does the same in a savepoint, and takes it back. The database has the last word: an attempt keeps
its quiz and its enrollment, and a closed term what belongs to it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from lmskit.db import violated_constraint
from lmskit.errors import AttemptNotFoundError, ConflictError, InUseError, PersonGoneError
from lmskit.models import (
    Archive,
    Course,
    KnowledgeFit,
    Material,
    MaterialCrawl,
    OutboxMessage,
    Quiz,
    QuizAttempt,
    Term,
    User,
)
from lmskit.queries.attempt_list import EVIDENCE_STATE, EvidenceState
from lmskit.queries.course import course_by_code
from lmskit.queries.import_run import runs_that_added
from lmskit.queries.page import LAST_ROW
from lmskit.queries.quiz import quiz_in_course
from lmskit.queries.term import term_by_code
from lmskit.rounding import count_text
from lmskit.services.deletion_counts import Deletion, counted, n_rows, of_course, of_person, of_quiz, of_term
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import OutboxStatus

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from lmskit.models import Base
    from lmskit.services.deletion_counts import Going

MOST_NAMED = 5
"""Courses, or imports, that a refusal names."""
STANDS = QuizAttempt.taken_back_at.is_(None)
"""The condition that an attempt was not taken back by a file."""


@administrators_only("delete quizzes")
def delete_quiz(session: Session, course: str, quiz: str, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    """Delete a quiz that no attempt rests on; attempts that a file took back go with it.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    course
        Code of the course.
    quiz
        Number or title of the quiz.
    dry_run
        Only say what would go.
    shown
        What a person saw of `Deletion.going`; None if nothing was asked.

    Raises
    ------
    CourseNotFoundError, QuizNotFoundInCourseError, QuizAmbiguousError
        There is no such quiz, or there are several.
    InUseError
        It has attempts.
    TermClosedError
        It is in a term that is closed or archived.
    MoreWouldGoError
        More would go with it than was shown.
    ConflictError
        Another person deleted it, or changed what belongs to it, at the same time.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    found = quiz_in_course(session, course, quiz)
    code = course_by_code(session, course).code
    what, own = f"the quiz {found.title} of {code}", QuizAttempt.quiz_id == found.id
    _lock(session, Quiz, Quiz.id == found.id, what)
    _refuse_attempts(session, what, code, own)
    planned = counted(session, what, of_quiz(found.id), shown=shown)
    _delete(session, [(QuizAttempt, own), (Quiz, Quiz.id == found.id)], what, dry_run=dry_run)
    return planned


@administrators_only("delete attempts")
def delete_attempt(session: Session, number: int, *, dry_run: bool = False) -> Deletion:
    """Delete an attempt that is not evidence of mastery.

    Parameters
    ----------
    number
        Of the attempt, as `queries.attempt_list.attempts` has it.

    Raises
    ------
    AttemptNotFoundError
        There is no such attempt.
    InUseError
        It is evidence.
    TermClosedError, ConflictError, NotPermittedError
        As in `delete_quiz`.
    """
    of_quiz = (Quiz.id == QuizAttempt.quiz_id) & (Quiz.course_id == QuizAttempt.course_id)
    statement = select(Quiz.title, Quiz.week_number, Course.code, QuizAttempt.number, EVIDENCE_STATE.label("evidence")).join(Quiz, of_quiz)
    statement = statement.join(Course, Course.id == QuizAttempt.course_id).where(QuizAttempt.id == number)
    found = session.execute(statement.with_for_update(of=QuizAttempt)).one_or_none() if 0 < number <= LAST_ROW else None
    if found is None:
        raise AttemptNotFoundError(attempt=number)
    what = f"attempt {number}, at the quiz {found.title} of {found.code},"
    if found.evidence == EvidenceState.EXCUSED:
        raise InUseError(
            what=what,
            because="counts again when its student is not excused any more",
            instead="Take the excuse back first; to list those of the course: "
            f"lmskit exception list {found.code}. An attempt that is evidence then is taken back with its import",
        )
    if found.evidence == EvidenceState.EVIDENCE:
        raise InUseError(
            what=what,
            because=f"is evidence of mastery in week {found.week_number}",
            instead=f"{_undo_advice(session, QuizAttempt.id == number)}To take back single results: leave them out of the file of "
            "the quiz, and import it again with --remove-missing.",
        )
    _delete(session, [(QuizAttempt, QuizAttempt.id == number)], what, dry_run=dry_run)
    return Deletion(f"attempt {number} at the quiz {found.title} of {found.code}")


@administrators_only("delete courses")
def delete_course(session: Session, course: str, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    """Delete a course without attempts and materials, with its enrollments, weeks, quizzes, sections, staff and messages.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    InUseError
        It has attempts or materials, or a message about it is being sent.
    TermClosedError, MoreWouldGoError, ConflictError, NotPermittedError
        As in `delete_quiz`.
    """
    found = course_by_code(session, course)
    what = f"the course {found.code}"
    _lock(session, Course, Course.id == found.id, what)
    _refuse_attempts(session, what, found.code, QuizAttempt.course_id == found.id)
    for model, noun in ((Material, "material"), (MaterialCrawl, "crawl")):
        if n_files := n_rows(session, model, model.course_id == found.id):
            listing = f"lmskit material {'list' if model is Material else 'crawls'} {found.code}"
            raise InUseError(what=what, because=f"has {count_text(n_files, noun)}", instead=f"Remove them first; to list them: {listing}")
    _refuse_sending(session, what, OutboxMessage.course_id == found.id)
    kinds = of_course(found.id)
    planned = counted(session, what, kinds, shown=shown)
    # Children first, while the course is still there: whether a term is closed is known from it.
    order = ("attempts that were taken back", "messages", "staff", "sections and groups", "enrollments", "quizzes", "weeks")
    rows: list[tuple[type[Base], ColumnElement[bool]]] = [(KnowledgeFit, KnowledgeFit.course_id == found.id)]
    rows += [kinds[kind] for kind in order]
    rows.append((Course, Course.id == found.id))
    _delete(session, rows, what, dry_run=dry_run)
    return planned


@administrators_only("delete terms")
def delete_term(session: Session, term: str, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    """Delete a term without courses.

    Raises
    ------
    TermNotFoundError
        There is no such term.
    InUseError
        It has courses, or archives.
    MoreWouldGoError, ConflictError, NotPermittedError
        As in `delete_quiz`.
    """
    found = term_by_code(session, term)
    what = f"the term {found.code}"
    _lock(session, Term, Term.id == found.id, what)
    codes = list(session.scalars(select(Course.code).where(Course.term_id == found.id).order_by(Course.code.collate("C"))))
    if codes:
        raise InUseError(
            what=what,
            because=f"has {count_text(len(codes), 'course')}, {_some(codes)}",
            instead=f"To delete one without results: lmskit course delete COURSE. {_archive_advice(found.code)}",
        )
    if n_rows(session, Archive, Archive.term_id == found.id):
        raise InUseError(what=what, because="has archives", instead="To list them: lmskit archive list")
    planned = counted(session, what, of_term(found.id), shown=shown)
    _delete(session, [(Term, Term.id == found.id)], what, dry_run=dry_run)
    return planned


@administrators_only("delete people")
def delete_person(session: Session, person_id: int, *, dry_run: bool = False, shown: Going | None = None) -> Deletion:
    """Delete a person without results, login and courses, with the enrollments, roles, ids and messages.

    The audit trail keeps who it was; `services.erasure` removes a person from there too.

    Raises
    ------
    PersonGoneError
        There is no such person.
    InUseError
        The person has attempts or a login, is responsible for courses, or gets a message at this moment.
    TermClosedError, MoreWouldGoError, ConflictError, NotPermittedError
        As in `delete_quiz`.
    """
    # A login cannot read the whole row.
    statement = select(User.name, User.db_role).where(User.id == person_id).with_for_update(of=User)
    found = session.execute(statement).one_or_none() if 0 < person_id <= LAST_ROW else None
    if found is None:
        raise PersonGoneError(person=str(person_id))
    what = f"person {person_id}, {found.name},"
    erasing = f"To erase a person with everything: lmskit person erase {person_id}"
    own = QuizAttempt.student_id == person_id
    if n_attempts := n_rows(session, QuizAttempt, own & STANDS):
        merging = f"If the person is in lmskit twice: lmskit person merge OTHER {person_id}. "
        instead = f"{_undo_advice(session, own)}{merging}{erasing}"
        raise InUseError(what=what, because=f"has {count_text(n_attempts, 'attempt')}", instead=instead)
    if codes := list(session.scalars(select(Course.code).where(Course.lecturer_id == person_id).order_by(Course.code.collate("C")))):
        instead = "To hand a course over: lmskit course hand-over COURSE EMAIL"
        raise InUseError(what=what, because=f"is responsible for {_some(codes)}", instead=instead)
    if found.db_role is not None:
        raise InUseError(what=what, because="has a login", instead=f"To close it: lmskit login disable EMAIL. {erasing}")
    _refuse_sending(session, what, OutboxMessage.student_id == person_id)
    kinds = of_person(person_id)
    planned = counted(session, f"person {person_id}, {found.name}", kinds, shown=shown)
    order = ("attempts that were taken back", "messages", "roles in courses", "enrollments", "ids of other systems")
    _delete(session, [*(kinds[kind] for kind in order), (User, User.id == person_id)], what, dry_run=dry_run)
    return planned


def _lock(session: Session, model: type[Base], condition: ColumnElement[bool], what: str) -> None:
    """Let nobody add what would refer to a row, until the transaction ends."""
    if not session.execute(select(1).select_from(model).where(condition).with_for_update(of=model)).all():
        raise ConflictError(f"Another person deleted {what} at the same moment. Nothing is left to delete.")


def _delete(session: Session, rows: list[tuple[type[Base], ColumnElement[bool]]], what: str, *, dry_run: bool) -> None:
    """Delete rows in their order; of a dry run, find out whether the database would let them go."""
    savepoint = session.begin_nested()
    try:
        for model, condition in rows:
            session.execute(delete(model).where(condition).execution_options(synchronize_session=False))
    except IntegrityError as error:
        savepoint.rollback()
        if violated_constraint(error) is None or not str(violated_constraint(error)).startswith("fk_"):
            raise
        raise ConflictError(f"Another person added to {what.rstrip(',')} at the same time. Nothing was deleted. Try again.") from error
    if dry_run:
        savepoint.rollback()
    else:
        savepoint.commit()
    session.expire_all()


def _refuse_attempts(session: Session, what: str, code: str, condition: ColumnElement[bool]) -> None:
    if n_attempts := n_rows(session, QuizAttempt, condition & STANDS):
        term = session.scalars(select(Term.code).join(Course, Course.term_id == Term.id).where(Course.code == code)).one()
        instead = f"{_undo_advice(session, condition)}{_archive_advice(term)}"
        raise InUseError(what=what, because=f"has {count_text(n_attempts, 'attempt')}", instead=instead)


def _refuse_sending(session: Session, what: str, condition: ColumnElement[bool]) -> None:
    leased = (OutboxMessage.status == OutboxStatus.WAITING) & (OutboxMessage.leased_until >= func.clock_timestamp())
    rows = select(OutboxMessage.id).where(condition, leased)
    if session.scalars(rows.limit(1)).one_or_none() is not None:
        raise InUseError(what=what, because="gets a message sent at this moment", instead="Try again in a few minutes.")


def _undo_advice(session: Session, condition: ColumnElement[bool]) -> str:
    """Say which imports brought attempts; empty if none is known."""
    if not (runs := runs_that_added(session, condition, limit=MOST_NAMED)):
        return ""
    listed = ", ".join(f"lmskit import undo {run}" for run in runs)
    return f"To take back the import that brought {'them' if len(runs) > 1 else 'it'}: {listed}. "


def _archive_advice(term: str) -> str:
    return f"To put away what is over: lmskit term close {term}, then lmskit archive create --term {term}"


def _some(codes: list[str]) -> str:
    return ", ".join(codes[:MOST_NAMED]) + (f" and {len(codes) - MOST_NAMED:,} more" if len(codes) > MOST_NAMED else "")
