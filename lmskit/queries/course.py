"""Which courses there are, and what they teach week by week."""

import pandas as pd
from sqlalchemy import ColumnElement, ScalarSelect, desc, false, func, select
from sqlalchemy.orm import Session

from lmskit.errors import CourseNotFoundError
from lmskit.models import Course, Enrollment, Quiz, Syllabus, Term, User
from lmskit.names import display_name
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.schemas.course import CourseOutline
from lmskit.vocabulary import EnrollmentStatus

COUNTED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED)
"""The students that totals and dashboards count."""


def courses(session: Session, *, term: str | None = None, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The courses the signed-in person can see, newest term first, then by code.

    ============  ======  ====================================================
    code          str     of the course, unique
    module_code   str     the same in every term the module runs in
    title         str
    term          str     code of the term
    lecturer      str     "Family, Given"
    origin        str     `Origin`; "simulation" is to be said on the screen
    starts_on     object  `date`, first day of the term, inclusive
    ends_on       object  `date`, last day of the term, inclusive
    n_students    int64   active and completed
    n_weeks       int64   weeks in the syllabus
    n_quizzes     int64
    ============  ======  ====================================================

    `term` keeps the courses of one term; an unknown one gives an empty table with these columns.
    """
    check_page(limit, offset)
    statement = (
        select(
            Course.code,
            Course.module_code,
            Course.title,
            Term.code.label("term"),
            User.family_name,
            User.given_name,
            Course.origin,
            Term.starts_on,
            Term.ends_on,
            _count(Enrollment, Enrollment.status.in_(COUNTED)).label("n_students"),
            _count(Syllabus).label("n_weeks"),
            _count(Quiz).label("n_quizzes"),
        )
        .join(Term, Term.id == Course.term_id)
        .join(User, User.id == Course.lecturer_id)
        .order_by(desc(Term.starts_on), Course.code.collate("C"))
        .limit(limit)
        .offset(offset)
    )
    if term is not None:
        statement = statement.where(Term.code == term)
    table = frame(session, statement, _LISTED)
    lecturers = [display_name(family, given) for family, given in zip(table["family_name"], table["given_name"], strict=True)]
    table.insert(4, "lecturer", pd.Series(lecturers, dtype="str"))
    return table.drop(columns=["family_name", "given_name"])


def count_courses(session: Session, *, term: str | None = None) -> int:
    """How many rows `courses` has on all its pages together."""
    statement = select(func.count()).select_from(Course)
    if term is not None:
        statement = statement.join(Term, Term.id == Course.term_id).where(Term.code == term)
    return session.scalar(statement) or 0


def course_by_code(session: Session, code: str) -> Course:
    """The course with this code.

    Raises
    ------
    CourseNotFoundError
        There is none, or the signed-in person may not see it: the two cannot be told apart.
    """
    course = session.scalars(select(Course).where(has_code(code))).one_or_none()
    if course is None:
        raise CourseNotFoundError(course=code)
    return course


def has_code(course: str) -> ColumnElement[bool]:
    """The condition that a row of `courses` is the one with this code; PostgreSQL cannot be asked for one with a NUL in it."""
    return Course.code == course if "\0" not in course else false()


def syllabus(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The weeks of `course` in order.

    ============  ======  ==============================
    week_number   int64   1-60
    topic         str
    objectives    str     empty where nobody wrote any
    ============  ======  ==============================

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    check_page(limit, offset)
    statement = (
        select(Syllabus.week_number, Syllabus.topic, Syllabus.objectives)
        .where(Syllabus.course_id == course_by_code(session, course).id)
        .order_by(Syllabus.week_number)
        .limit(limit)
        .offset(offset)
    )
    return frame(session, statement, {"week_number": "int64", "topic": "str", "objectives": "str"})


def course_outline(session: Session, course: str) -> CourseOutline:
    """What is decided about `course`, to be shown in a form.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = course_by_code(session, course)
    weeks = select(Syllabus.week_number, Syllabus.topic, Syllabus.objectives).where(Syllabus.course_id == found.id)
    return CourseOutline(
        code=found.code,
        module_code=found.module_code,
        title=found.title,
        lecturer=session.scalars(select(User.email).where(User.id == found.lecturer_id)).one() or "",
        weeks=tuple((number, topic, objectives) for number, topic, objectives in session.execute(weeks.order_by(Syllabus.week_number))),
    )


def narrow(session: Session, course: str) -> None:
    """Let the policies look at `course` alone until the session's transaction ends, which makes a lecturer's queries quicker.

    It can only narrow: a course that is not the person's own is not seen afterwards either. Of all others, nothing is. An
    administrator goes on seeing everything.
    """
    if "\0" not in course:
        session.execute(select(func.set_config("lmskit.course", course, True)))  # noqa: FBT003 - PostgreSQL's argument is_local


def _count(part: type[Enrollment | Syllabus | Quiz], *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many rows of `part` belong to the course of the row at hand."""
    return select(func.count()).select_from(part).where(part.course_id == Course.id, *conditions).correlate(Course).scalar_subquery()


_LISTED = {
    "code": "str",
    "module_code": "str",
    "title": "str",
    "term": "str",
    "family_name": "str",
    "given_name": "str",
    "origin": "str",
    "starts_on": "object",
    "ends_on": "object",
    "n_students": "int64",
    "n_weeks": "int64",
    "n_quizzes": "int64",
}
