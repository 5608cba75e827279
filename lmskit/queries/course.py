"""Courses and their syllabi."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, ScalarSelect, and_, func, select, true

from lmskit.errors import WeekNotFoundError
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.listings import COURSE_TITLES, COURSES, SYLLABUS
from lmskit.models import Course, Enrollment, Quiz, Syllabus, Term, User
from lmskit.queries.code import is_code
from lmskit.queries.frame import frame, rows
from lmskit.queries.observed import not_seen
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of, paged
from lmskit.queries.search_words import NOT_TEXT
from lmskit.queries.term import term_by_code
from lmskit.schemas.course_outline import CourseOutline
from lmskit.vocabulary import EnrollmentStatus, TermState

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

COUNTED = (EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED)
"""The students that totals and dashboards count."""
NEWEST_FIRST = RowOrder(Course.code, (Term.starts_on, Course.code.collate("C")), descending=1, is_name=is_code)


@COURSES.documented
def courses(
    session: Session,
    *,
    term: str | None = None,
    search: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: str | None = None,
) -> pd.DataFrame:
    """The courses that the signed-in person can see, newest term first, then by code.

    {columns}

    `term` keeps only the courses of one term; an unknown term gives an empty table with these columns. `search` keeps those that
    `course_found_by` finds. `after` begins the page after the course with this code, instead of at `offset`.
    """
    return COURSES.table(course_rows(session, term=term, search=search, limit=limit, offset=offset, after=after))


def course_rows(
    session: Session,
    *,
    term: str | None = None,
    search: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: str | None = None,
) -> Rows:
    """The rows of `courses`, for a list in the terminal."""
    statement = (
        select(
            Course.code,
            Course.module_code,
            Course.title,
            Term.code.label("term"),
            User.name.label("lecturer"),
            Term.starts_on,
            Term.ends_on,
            _count(Enrollment, Enrollment.status.in_(COUNTED)).label("n_students"),
            _count(Syllabus).label("n_weeks"),
            _count(Quiz).label("n_quizzes"),
            Course.origin,
        )
        .join(Term, Term.id == Course.term_id)
        .join(User, User.id == Course.lecturer_id)
        .where(course_found_by(search))
    )
    if term is not None:
        statement = statement.where(is_code(Term.code, term))
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


@COURSE_TITLES.documented
def course_titles(
    session: Session, *, search: str | None = None, limit: int = DEFAULT_PAGE, offset: int = 0, after: str | None = None
) -> pd.DataFrame:
    """The same courses in the same order, to choose from: nothing is counted.

    {columns}

    `search`, `after` as for `courses`.
    """
    statement = select(Course.code, Course.title).join(Term, Term.id == Course.term_id).where(course_found_by(search))
    return frame(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after), COURSE_TITLES)


def count_courses(session: Session, *, term: str | None = None, search: str | None = None) -> int:
    """The number of rows on all pages of `courses`."""
    statement = select(func.count()).select_from(Course).where(course_found_by(search))
    if term is not None:
        statement = statement.join(Term, Term.id == Course.term_id).where(is_code(Term.code, term))
    return session.scalar(statement) or 0


def course_found_by(search: str | None) -> ColumnElement[bool]:
    """The condition that code and title of a course have every word of a search, in any order and case; true without one."""
    words = NOT_TEXT.sub(" ", search or "").split()
    text = func.lower(Course.code + " " + Course.title)
    return and_(true(), *(func.strpos(text, func.lower(word)) > 0 for word in words))


def course_by_code(session: Session, code: str) -> Course:
    """The course with this code.

    Raises
    ------
    CourseNotFoundError
        It does not exist, or the signed-in person may not see it; the error does not say which.
    ObservedOnlyError
        The person observes the course, and sees no row of it.
    """
    course = session.scalars(select(Course).where(has_code(code))).one_or_none()
    if course is None:
        raise not_seen(session, code)
    return course


def courses_of_term(session: Session, term: str) -> list[Course]:
    """The courses of a term that the signed-in person can see, by code.

    Raises
    ------
    TermNotFoundError
        There is no such term among those the person can see.
    """
    wanted = select(Course).where(Course.term_id == term_by_code(session, term).id).order_by(Course.code.collate("C"))
    return list(session.scalars(wanted))


def require_week(session: Session, courses: Sequence[str], week: int | None) -> None:
    """Refuse a week that the syllabus of none of these courses has; None is every week.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    WeekNotFoundError
        No syllabus has the week.
    """
    if week is None:
        return
    ids = [course_by_code(session, code).id for code in courses]
    has_it = select(Syllabus.week_number).where(Syllabus.course_id.in_(ids), Syllabus.week_number == week).limit(1)
    if not FIRST_WEEK <= week <= LAST_WEEK or session.scalar(has_it) is None:
        raise WeekNotFoundError(course=courses[0], week=week, others=courses[1:])


def has_code(course: str) -> ColumnElement[bool]:
    """The condition that a row of `courses` has this code, whatever its case."""
    return is_code(Course.code, course)


def in_open_term() -> ColumnElement[bool]:
    """The condition that a row of `courses` is of an open term, so that its evidence can change."""
    return Course.term_id.in_(select(Term.id).where(Term.state == TermState.OPEN))


@SYLLABUS.documented
def syllabus(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The weeks of `course` in order.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return SYLLABUS.table(syllabus_rows(session, course, limit=limit, offset=offset))


def syllabus_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `syllabus`, for a list in the terminal."""
    statement = (
        select(Syllabus.week_number, Syllabus.topic, Syllabus.objectives)
        .where(Syllabus.course_id == course_by_code(session, course).id)
        .order_by(Syllabus.week_number)
    )
    return rows(session, paged(statement, limit, offset))


def course_outline(session: Session, course: str) -> CourseOutline:
    """The settings of `course`, to be shown in a form.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
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
    """Make the policies show only `course` until the session's transaction ends, which makes a lecturer's queries faster.

    It never shows more: a course of another lecturer stays invisible. Administrators still see everything.
    """
    if "\0" not in course:
        # The policies compare codes as they are stored; a course that was narrowed to before hides the others.
        for code in ("", func.coalesce(select(Course.code).where(has_code(course)).scalar_subquery(), course)):
            session.execute(select(func.set_config("lmskit.course", code, True)))  # noqa: FBT003 - PostgreSQL's argument is_local


def _count(part: type[Enrollment | Syllabus | Quiz], *conditions: ColumnElement[bool]) -> ScalarSelect[int]:
    """The number of rows of `part` that belong to the course of the outer row."""
    return select(func.count()).select_from(part).where(part.course_id == Course.id, *conditions).correlate(Course).scalar_subquery()
