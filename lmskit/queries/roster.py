"""The students of a course."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from lmskit.errors import StudentNotInCourseError
from lmskit.listings import ROSTER
from lmskit.models import Enrollment, User
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, LAST_ROW, RowOrder, page_of
from lmskit.queries.person import person_by_email
from lmskit.queries.person_search import named_like
from lmskit.queries.section import in_section

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

BY_NAME = RowOrder(Enrollment.student_id, (User.sort_name.collate("C"), User.id))


@ROSTER.documented
def course_roster(
    session: Session,
    course: str,
    *,
    section: str | None = None,
    search: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> pd.DataFrame:
    """Everyone who is or was enrolled in `course`, by family name.

    {columns}

    `section` keeps only the students of a section or group, `search` those whose names have its words. `after` begins the page after the
    student with this number, instead of at `offset`.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    SectionNotFoundError
        The course has no such section or group.
    SearchTextError
        The search is too long.
    """
    return ROSTER.table(roster_rows(session, course, section=section, search=search, limit=limit, offset=offset, after=after))


def roster_rows(
    session: Session,
    course: str,
    *,
    section: str | None = None,
    search: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> Rows:
    """The rows of `course_roster`, for a list in the terminal."""
    course_id = course_by_code(session, course).id
    # Lecturers may read addresses through this function only, and of withdrawn students none.
    address = func.lms.addresses_in(course_id).table_valued("student_id", "email").alias("address")
    statement = (
        select(
            Enrollment.student_id,
            User.name.label("name"),
            address.c.email,
            Enrollment.status,
            Enrollment.started_on,
            Enrollment.ended_on,
            Enrollment.origin,
        )
        .join(User, User.id == Enrollment.student_id)
        .outerjoin(address, address.c.student_id == Enrollment.student_id)
        .where(Enrollment.course_id == course_id, in_section(session, course_id, section, Enrollment.student_id), named_like(search))
    )
    return rows(session, page_of(session, statement, BY_NAME, limit=limit, offset=offset, after=after))


def roster_size(session: Session, course: str, *, section: str | None = None, search: str | None = None) -> int:
    """The number of rows on all pages of `course_roster`, whatever their status."""
    return _count(session, course, counted_only=False, section=section, search=search)


def class_size(session: Session, course: str) -> int:
    """The number of students of `course` that totals count: active and completed ones."""
    return _count(session, course, counted_only=True)


def require_student(session: Session, course: str, student_id: int) -> None:
    """Refuse a number that is not that of a student who is or was enrolled in `course`.

    Raises
    ------
    CourseNotFoundError, StudentNotInCourseError
        The signed-in person can see no such course, or no such student in it.
    """
    enrolled = select(Enrollment.student_id).where(
        Enrollment.course_id == course_by_code(session, course).id, Enrollment.student_id == student_id
    )
    if not 0 < student_id <= LAST_ROW or session.scalar(enrolled) is None:
        raise StudentNotInCourseError(student=student_id, course=course)


def student_in_course(session: Session, course: str, who: str) -> int:
    """The number of the student of `course` with this address, or with this number as lists show it.

    To a lecturer, a student who has withdrawn has no address.

    Raises
    ------
    CourseNotFoundError, StudentNotInCourseError
        The signed-in person can see no such course, or no such student in it.
    """
    typed = who.strip()
    if typed.isascii() and typed.isdecimal() and int(typed) <= LAST_ROW:
        require_student(session, course, int(typed))
        return int(typed)
    address = func.lms.addresses_in(course_by_code(session, course).id).table_valued("student_id", "email").alias("address")
    found = session.scalar(select(address.c.student_id).where(address.c.email == typed.lower()))
    if found is None and session.scalar(select(func.has_column_privilege("lms.users", "email", "SELECT"))):
        person = person_by_email(session, typed)  # administrators find a student by the address of before a merge, too
        if person is not None:
            require_student(session, course, person.id)
            found = person.id
    if found is None:
        raise StudentNotInCourseError(student=typed, course=course)
    return int(found)


def _count(session: Session, course: str, *, counted_only: bool, section: str | None = None, search: str | None = None) -> int:
    course_id = course_by_code(session, course).id
    of_section = in_section(session, course_id, section, Enrollment.student_id)
    statement = select(func.count()).select_from(Enrollment).where(Enrollment.course_id == course_id, of_section)
    if search:
        statement = statement.join(User, User.id == Enrollment.student_id).where(named_like(search))
    if counted_only:
        statement = statement.where(Enrollment.status.in_(COUNTED))
    return session.scalar(statement) or 0
