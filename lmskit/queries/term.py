"""Terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.columns import Column, Columns
from lmskit.errors import TermNotFoundError
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Syllabus, Term, TopicPerformance
from lmskit.queries.code import is_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.rounding import count_text
from lmskit.vocabulary import TermState

if TYPE_CHECKING:
    import datetime as dt

    import pandas as pd
    from sqlalchemy import ScalarSelect
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from lmskit.queries.frame import Rows

TERMS = Columns(
    Column("code", "str", "unique", heading="Term"),
    Column("name", "str", heading="Name"),
    Column("starts_on", "object", "`date`, first day, inclusive", heading="First day"),
    Column("ends_on", "object", "`date`, last day, inclusive", heading="Last day"),
    Column("state", "str", "`TermState`", heading="State"),
    Column("n_courses", "int64", "that the signed-in person can see", heading="Courses"),
)

NEXT = {
    TermState.OPEN: "To close it: lmskit term close {term}",
    TermState.CLOSED: "To open it again: lmskit term open {term}; to archive it: lmskit archive create --term {term}",
    TermState.ARCHIVED: "To bring it back: lmskit archive restore {term}",
}
"""The command for what can be done about a term in each state that people can see."""


@dataclass(frozen=True)
class TermCounts:
    """How much a term has, as far as the signed-in person can see it; archived rows are counted too.

    Attributes
    ----------
    courses, weeks, quizzes
        Of the term.
    students
        Enrolled in one or more of the courses, each counted once, those who withdrew too.
    attempts, estimates
        At quizzes, and of mastery: the rows that archiving moves.
    """

    courses: int
    students: int
    weeks: int
    quizzes: int
    attempts: int
    estimates: int

    @property
    def kept(self) -> str:
        """What stays where it is when the term is archived, in words."""
        listed = [
            count_text(self.courses, "course"),
            count_text(self.students, "student"),
            count_text(self.weeks, "week"),
            count_text(self.quizzes, "quiz", "quizzes"),
        ]
        return f"{', '.join(listed[:-1])} and {listed[-1]}"

    @property
    def moved(self) -> str:
        """What moves when the term is archived, in words."""
        return moved_text(self.attempts, self.estimates)


def moved_text(attempts: int, estimates: int) -> str:
    """Write how many rows of a term move, or moved.

    Examples
    --------
    >>> moved_text(1, 2300)
    '1 attempt and 2,300 estimates of mastery'
    """
    return f"{count_text(attempts, 'attempt')} and {count_text(estimates, 'estimate')} of mastery"


NEWEST_FIRST = RowOrder(Term.code, (Term.starts_on, Term.code.collate("C")), descending=1, is_name=is_code)


@TERMS.documented
def terms(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None) -> pd.DataFrame:
    """The terms that the signed-in person can see, newest first.

    {columns}

    `after` begins the page after the term with this code, instead of at `offset`.
    """
    return TERMS.table(term_rows(session, limit=limit, offset=offset, after=after))


def term_rows(session: Session, *, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None) -> Rows:
    """The rows of `terms`, for a list in the terminal."""
    n_courses = select(func.count()).select_from(Course).where(Course.term_id == Term.id).correlate(Term).scalar_subquery()
    statement = select(Term.code, Term.name, Term.starts_on, Term.ends_on, Term.state, n_courses.label("n_courses"))
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def count_terms(session: Session) -> int:
    """The number of rows on all pages of `terms`."""
    return session.scalar(select(func.count()).select_from(Term)) or 0


def term_counts(session: Session, term_id: int) -> TermCounts:
    """How much a term has; zeros for a term that the signed-in person cannot see."""
    courses = select(Course.id).where(Course.term_id == term_id)

    def n_rows(course: InstrumentedAttribute[int]) -> ScalarSelect[int]:
        return select(func.count()).where(course.in_(courses)).scalar_subquery()

    students = select(func.count(Enrollment.student_id.distinct())).where(Enrollment.course_id.in_(courses))
    found = session.execute(
        select(
            n_rows(Course.id).label("courses"),
            students.scalar_subquery().label("students"),
            n_rows(Syllabus.course_id).label("weeks"),
            n_rows(Quiz.course_id).label("quizzes"),
            n_rows(QuizAttempt.course_id).label("attempts"),
            n_rows(TopicPerformance.course_id).label("estimates"),
        )
    ).one()
    return TermCounts(**found._asdict())


def term_over(session: Session, course_id: int, *, today: dt.date) -> Term | None:
    """The term of a course if its last day is past; None while it goes on, or before it begins."""
    return session.scalars(
        select(Term).join(Course, Course.term_id == Term.id).where(Course.id == course_id, Term.ends_on < today)
    ).one_or_none()


def open_terms(session: Session, *, limit: int) -> list[Term]:
    """The open terms that the signed-in person can see, newest first, at most `limit`."""
    statement = select(Term).where(Term.state == TermState.OPEN).order_by(Term.starts_on.desc(), Term.code.collate("C"))
    return list(session.scalars(statement.limit(limit)))


def term_by_code(session: Session, code: str) -> Term:
    """The term with this code.

    Raises
    ------
    TermNotFoundError
        It does not exist, or the signed-in person may not see it; the error does not say which.
    """
    term = session.scalars(select(Term).where(is_code(Term.code, code))).one_or_none()
    if term is None:
        raise TermNotFoundError(term=code)
    return term
