"""The staff of a course: the lecturer who is responsible, and who works with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import case, func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by

from lmskit.listings import STAFF
from lmskit.models import CourseStaff, Section, StaffSection, User
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.person import person_by_email

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import FromClause
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

RESPONSIBLE = "responsible"
STAFF_COLUMNS = ("person_id", "email", "family_name", "given_name", "sort_name", "role", "granted_at")
"""Of the database's function `staff_in`."""


@STAFF.documented
def staff(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Who is responsible for `course`, and then its staff by family name.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return STAFF.table(staff_rows(session, course, limit=limit, offset=offset))


def staff_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `staff`, for a list in the terminal."""
    course_id = course_by_code(session, course).id
    member = _staff_in(course_id)
    of_member = (StaffSection.course_id == course_id, StaffSection.person_id == member.c.person_id)
    names = (
        select(func.string_agg(Section.name, aggregate_order_by(literal("; "), Section.name.collate("C"))))
        .select_from(StaffSection)
        .join(Section, Section.id == StaffSection.section_id)
        .where(*of_member)
        .scalar_subquery()
    )
    others = select(StaffSection.section_id).where(*of_member).exists()  # an assistant of sections sees no others
    limited = select(CourseStaff.person_id).where(
        CourseStaff.course_id == course_id, CourseStaff.person_id == member.c.person_id, CourseStaff.limited
    )
    sections = case((~limited.exists(), ""), else_=func.coalesce(names, case((others, "others"), else_="none")))
    statement = (
        select(User.name.label("name"), member.c.email, member.c.role, sections.label("sections"), member.c.granted_at)
        .select_from(member)
        .join(User, User.id == member.c.person_id)
        .order_by(case((member.c.role == RESPONSIBLE, 0), else_=1), member.c.sort_name.collate("C"), member.c.person_id)
    )
    return rows(session, paged(statement, limit, offset))


def role_in_course(session: Session, course: str, email: str) -> str | None:
    """What the person with this address is in a course: a `StaffRole` or "responsible"; None for who has no role in it."""
    person = person_by_email(session, email)
    member = _staff_in(course_by_code(session, course).id)
    role: str | None = None if person is None else session.scalar(select(member.c.role).where(member.c.person_id == person.id))
    return role


def sections_of_assistant(session: Session, course: str, email: str) -> tuple[str, ...] | None:
    """The names of the sections and groups whose students alone an assistant sees; None for a person who is not limited to any."""
    person = person_by_email(session, email)
    if person is None:
        return None
    of_person = (CourseStaff.course_id == course_by_code(session, course).id, CourseStaff.person_id == person.id)
    if session.scalar(select(CourseStaff.limited).where(*of_person)) is not True:
        return None
    names = (
        select(Section.name)
        .join(StaffSection, StaffSection.section_id == Section.id)
        .join(CourseStaff, (CourseStaff.course_id == StaffSection.course_id) & (CourseStaff.person_id == StaffSection.person_id))
        .where(*of_person)
        .distinct()
    )
    return tuple(sorted(session.scalars(names)))


def count_staff(session: Session, course: str) -> int:
    """The number of rows on all pages of `staff`."""
    return session.scalar(select(func.count()).select_from(_staff_in(course_by_code(session, course).id))) or 0


def responsible(session: Session, course_id: int) -> str:
    """Who is responsible for a course, as "Given Family"; "Who is responsible" for one that the signed-in person may not see."""
    member = _staff_in(course_id)
    leading = select(User.shown_given_name, User.family_name).join(member, member.c.person_id == User.id)
    row = session.execute(leading.where(member.c.role == RESPONSIBLE)).one_or_none()
    return "Who is responsible" if row is None else f"{row.shown_given_name} {row.family_name}".strip()


def _staff_in(course_id: int) -> FromClause:
    """Who works in a course; lecturers may read the addresses of their colleagues through this function only."""
    return func.lms.staff_in(course_id).table_valued(*STAFF_COLUMNS).alias("member")
