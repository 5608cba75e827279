"""The tables of a course that leave lmskit as files: people, gradebook, attempts and answers, of whom the signed-in person sees.

Except for answers, each is a plain table that `lmskit import csv` reads, and reading it changes nothing. What a column then cannot say is
left blank: the status of a student who waits for a message, and the number of a total, which stands for several attempts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, and_, case, cast, exists, func, null, or_, select
from sqlalchemy.dialects.postgresql import distinct_on

from lmskit.columns import QUIZ_WEEK, Column, Columns
from lmskit.models import Enrollment, ExternalId, Quiz, QuizAttempt, QuizException, Section, SectionMember, User
from lmskit.queries.attempt_list import EVIDENCE_STATE
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import rows
from lmskit.vocabulary import EnrollmentStatus, EntityKind, ResultAttempt, SectionKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import ColumnElement, FromClause, RowMapping, Select
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

EXCUSED = "EX"
"""What stands for the score of an excused student, as in Canvas."""
NOT_GRADED = "not graded"
"""What stands for the score of an attempt that is not graded, so that no reader takes it for one that is gone."""

STUDENT = (
    Column("email", "str", "lower case; blank without one, and for lecturers if the student has withdrawn"),
    Column("sis_id", "str", "blank for lecturers, who may not see it"),
    Column("family_name", "str", "official"),
    Column("given_name", "str", "official"),
    Column("preferred_name", "str", "blank for who goes by the given name"),
)
RESULT = (
    Column("quiz", "str", "title"),
    QUIZ_WEEK.renamed("week"),
)
EXPORTED_ROSTER = Columns(
    *STUDENT,
    Column("section", "object", "list of the names of sections"),
    Column("group", "object", "list of the names of groups"),
    Column("status", "str", "`EnrollmentStatus`; blank for `pending`"),
    Column("started_on", "object", "`date`"),
    Column("ended_on", "object", "`date`"),
)
EXPORTED_GRADEBOOK = Columns(
    *STUDENT,
    *RESULT,
    Column("score", "object", "`Decimal`; in a file `instead_of_score`, if there is one"),
    Column("max_score", "object", "`Decimal`"),
)
EXPORTED_ATTEMPTS = Columns(
    *EXPORTED_GRADEBOOK,
    Column("attempt", "Int64", "1 for the first; blank for a total"),
    Column("submitted_at", "object", "`datetime` in UTC; blank if unknown"),
    Column("started_at", "object", "`datetime` in UTC; blank if unknown"),
    Column("evidence", "str", "`EvidenceState`"),
    Column("feedback", "str"),
)
EXPORTED_ANSWERS = Columns(
    *STUDENT,
    *RESULT,
    Column("attempt", "int64"),
    Column("submitted_at", "object", "`datetime` in UTC"),
    Column("quiz_id", "int64"),
    Column("answers", "object", "as `quiz_attempts.answers` stores them"),
)
"""One row is an attempt; a file has a row for each answer in it, with its question."""
ROWS_AT_ONCE = 500
"""Rows that are held while the next ones are read: an attempt can have long answers."""


def exported_roster(session: Session, course: str) -> Rows:
    """Everyone who is or was enrolled in `course`, by family name, in the columns of `EXPORTED_ROSTER`.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    status = case((Enrollment.status == EnrollmentStatus.PENDING, null()), else_=cast(Enrollment.status, Text))
    columns = (
        _sections(SectionKind.SECTION),
        _sections(SectionKind.GROUP),
        status.label("status"),
        Enrollment.started_on,
        Enrollment.ended_on,
    )
    statement = _of_students(session, course_id, *columns).where(Enrollment.course_id == course_id)
    return rows(session, statement.order_by(User.sort_name.collate("C"), User.id))


def exported_gradebook(session: Session, course: str, counted: ResultAttempt = ResultAttempt.HIGHEST) -> Rows:
    """The result of each active or completed student at each quiz of `course`, in the columns of `EXPORTED_GRADEBOOK`.

    `counted` says which of several graded attempts is the result. A student who has neither an attempt nor an excuse has no row.
    For `lmskit.reporting.scores_file` the rows have student_id, quiz_id, quiz_max_score and sections, too.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    of_quiz = (QuizAttempt.quiz_id, QuizAttempt.student_id)
    best = {
        ResultAttempt.FIRST: (QuizAttempt.number,),
        ResultAttempt.LAST: (QuizAttempt.number.desc(),),
        ResultAttempt.HIGHEST: (QuizAttempt.score.desc(), QuizAttempt.number),
    }[counted]
    counts = (
        select(*of_quiz, QuizAttempt.score, QuizAttempt.max_score)
        .ext(distinct_on(*of_quiz))
        .where(QuizAttempt.course_id == course_id, QuizAttempt.taken_back_at.is_(None))
        .order_by(*of_quiz, QuizAttempt.score.is_(None), *best)
        .subquery()
    )
    excused = _is_excused(Quiz.id, Enrollment.student_id)
    statement = (
        _of_students(
            session,
            course_id,
            Quiz.title.label("quiz"),
            Quiz.week_number.label("week"),
            *_score(excused, counts.c.score),
            func.coalesce(counts.c.max_score, Quiz.max_score).label("max_score"),
            Enrollment.student_id,
            Quiz.id.label("quiz_id"),
            Quiz.max_score.label("quiz_max_score"),
            _sections(SectionKind.SECTION).label("sections"),
        )
        .join(Quiz, Quiz.course_id == Enrollment.course_id)
        .outerjoin(counts, and_(counts.c.quiz_id == Quiz.id, counts.c.student_id == Enrollment.student_id))
        .where(Enrollment.course_id == course_id, Enrollment.status.in_(COUNTED), or_(excused, counts.c.quiz_id.is_not(None)))
    )
    return rows(session, statement.order_by(*_by_quiz()))


def exported_attempts(session: Session, course: str) -> Rows:
    """The attempts at the quizzes of `course` that no file has taken back, in the columns of `EXPORTED_ATTEMPTS`.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    described = QuizAttempt.is_total.is_(False)
    columns = (
        *_score(_is_excused(QuizAttempt.quiz_id, QuizAttempt.student_id), QuizAttempt.score),
        QuizAttempt.max_score,
        case((described, QuizAttempt.number)).label("attempt"),
        case((described, QuizAttempt.submitted_at)).label("submitted_at"),
        QuizAttempt.started_at,
        EVIDENCE_STATE.label("evidence"),
        QuizAttempt.feedback,
    )
    return rows(session, _of_attempts(session, course_id, *columns))


def exported_answers(session: Session, course: str) -> Iterator[RowMapping]:
    """The attempts at the quizzes of `course` whose answers are known, in the columns of `EXPORTED_ANSWERS`, read as they are taken.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    columns = (QuizAttempt.number.label("attempt"), QuizAttempt.submitted_at, Quiz.id.label("quiz_id"), QuizAttempt.answers)
    statement = _of_attempts(session, course_by_code(session, course).id, *columns)
    known = statement.where(func.jsonb_array_length(QuizAttempt.answers) > 0)
    return iter(session.execute(known, execution_options={"yield_per": ROWS_AT_ONCE}).mappings())


def questions_of_quizzes(session: Session, course: str) -> dict[int, list[Any]]:
    """The questions of the quizzes of `course`, as `quizzes.questions` stores them, by the number of the quiz.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    statement = select(Quiz.id, Quiz.questions).where(Quiz.course_id == course_by_code(session, course).id)
    return {row.id: row.questions for row in session.execute(statement)}


def ids_of_quizzes(session: Session, course: str, source: str) -> dict[int, str]:
    """What a system calls the quizzes of `course`, by their number; of several ids the first.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    found: FromClause
    if _may_read_ids(session):
        ids = select(ExternalId.quiz_id, ExternalId.external_id, ExternalId.source).join(Quiz, Quiz.id == ExternalId.quiz_id)
        found = ids.where(Quiz.course_id == course_id).subquery()
    else:
        found = func.lms.external_ids_in(course_id).table_valued("source", "kind", "external_id", "quiz_id").alias("found")
    statement = select(found.c.quiz_id, func.min(found.c.external_id)).where(found.c.source == source, found.c.quiz_id.is_not(None))
    return {quiz: external_id for quiz, external_id in session.execute(statement.group_by(found.c.quiz_id)) if quiz is not None}


def ids_of_students(session: Session, course: str, source: str) -> dict[int, str]:
    """What a system calls the students of `course`, by their number; nobody for lecturers, who may not see it.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    if not _may_read_ids(session):
        return {}
    statement = (
        select(ExternalId.person_id, func.min(ExternalId.external_id))
        .join(Enrollment, Enrollment.student_id == ExternalId.person_id)
        .where(Enrollment.course_id == course_id, ExternalId.source == source, ExternalId.kind == EntityKind.PERSON)
        .group_by(ExternalId.person_id)
    )
    return {person: external_id for person, external_id in session.execute(statement) if person is not None}


def _may_read_ids(session: Session) -> bool:
    return bool(session.scalar(select(func.has_table_privilege("lms.external_ids", "SELECT"))))


def _of_students(session: Session, course_id: int, *columns: Any) -> Select[Any]:
    """Select columns beside those of the students enrolled in a course."""
    address = func.lms.addresses_in(course_id).table_valued("student_id", "email").alias("address")
    student = (address.c.email, _sis_id(session), User.family_name, User.given_name, User.preferred_name)
    return (
        select(*student, *columns)
        .select_from(Enrollment)
        .join(User, User.id == Enrollment.student_id)
        .outerjoin(address, address.c.student_id == Enrollment.student_id)
    )


def _of_attempts(session: Session, course_id: int, *columns: Any) -> Select[Any]:
    return (
        _of_students(session, course_id, Quiz.title.label("quiz"), Quiz.week_number.label("week"), *columns)
        .join(QuizAttempt, and_(QuizAttempt.course_id == Enrollment.course_id, QuizAttempt.student_id == Enrollment.student_id))
        .join(Quiz, and_(Quiz.id == QuizAttempt.quiz_id, Quiz.course_id == QuizAttempt.course_id))
        .where(Enrollment.course_id == course_id, QuizAttempt.taken_back_at.is_(None))
        .order_by(*_by_quiz(), QuizAttempt.number, QuizAttempt.id)
    )


def _by_quiz() -> tuple[Any, ...]:
    return (Quiz.week_number, Quiz.title.collate("C"), Quiz.id, User.sort_name.collate("C"), User.id)


def _score(excused: ColumnElement[bool], score: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:  # noqa: ANN401 - as below
    """The score, and the word that stands for it if there is one."""
    return score.label("score"), case((excused, EXCUSED), (score.is_(None), NOT_GRADED)).label("instead_of_score")


def _is_excused(quiz_id: Any, student_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns of SQLAlchemy
    return exists().where(QuizException.quiz_id == quiz_id, QuizException.student_id == student_id, QuizException.excused)


def _sis_id(session: Session) -> ColumnElement[Any]:
    """The SIS id of a student, of several the first; administrators alone may read it."""
    if not _may_read_ids(session):
        return cast(null(), Text).label("sis_id")
    ids = select(func.min(ExternalId.external_id)).where(
        ExternalId.source == "sis", ExternalId.kind == EntityKind.PERSON, ExternalId.person_id == User.id
    )
    return ids.scalar_subquery().label("sis_id")


def _sections(kind: SectionKind) -> ColumnElement[Any]:
    """The names of the sections or groups of a student in the course of the enrollment; an empty list for none."""
    named = (
        select(Section.name)
        .join(SectionMember, and_(SectionMember.section_id == Section.id, SectionMember.course_id == Section.course_id))
        .where(Section.kind == kind, Section.course_id == Enrollment.course_id, SectionMember.student_id == Enrollment.student_id)
        .order_by(Section.name.collate("C"))
        .correlate(Enrollment)
        .scalar_subquery()
    )
    return func.array(named).label(kind.value)
