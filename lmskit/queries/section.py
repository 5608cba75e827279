"""Sections and groups of a course, and the students in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import any_, false, func, literal, select, true

from lmskit.errors import SectionNotFoundError
from lmskit.listings import SECTIONS
from lmskit.models import Enrollment, Section, SectionMember
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute, Session

    from lmskit.queries.frame import Rows


@SECTIONS.documented
def sections(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The sections and groups of `course`, by kind and name.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    return SECTIONS.table(section_rows(session, course, limit=limit, offset=offset))


def section_rows(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `sections`, for a list in the terminal."""
    counted = (
        select(func.count())
        .select_from(SectionMember)
        .join(Enrollment, (Enrollment.course_id == SectionMember.course_id) & (Enrollment.student_id == SectionMember.student_id))
        .where(SectionMember.section_id == Section.id, SectionMember.course_id == Section.course_id, Enrollment.status.in_(COUNTED))
        .correlate(Section)
        .scalar_subquery()
    )
    statement = (
        select(Section.kind, Section.name, counted.label("n_students"), Section.source)
        .where(Section.course_id == course_by_code(session, course).id)
        .order_by(Section.kind, Section.name.collate("C"))
    )
    return rows(session, paged(statement, limit, offset))


def count_sections(session: Session, course: str) -> int:
    """The number of rows on all pages of `sections`."""
    wanted = select(func.count()).select_from(Section).where(Section.course_id == course_by_code(session, course).id)
    return session.scalar(wanted) or 0


def seen_sections(session: Session, course: str) -> Sequence[str] | None:
    """The sections and groups to whose students the signed-in person is limited, by kind and name; None for who sees all students.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    if not session.scalar(select(literal(course_id) == any_(func.lms.my_limited_course_ids()))):
        return None
    named = select(Section.name).where(Section.course_id == course_id).order_by(Section.kind, Section.name.collate("C"))
    return session.scalars(named).all()


def in_section(session: Session, course_id: int, name: str | None, student: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition that a student is in the section or group of a course with this name; true without a name.

    Parameters
    ----------
    session
        Of the person who asks.
    course_id
        The course.
    name
        Of a section or group; a section and a group that are called alike are both meant.
    student
        The column with the id of the student.

    Raises
    ------
    SectionNotFoundError
        The course has no section and no group of this name.
    """
    if name is None:
        return true()
    ids = section_ids(session, course_id, name)
    members = select(SectionMember.student_id).where(SectionMember.course_id == course_id, SectionMember.section_id.in_(ids))
    return student.in_(members)


def section_ids(session: Session, course_id: int, name: str) -> Sequence[int]:
    """The section and the group of a course with this name, or the one of both that there is.

    Raises
    ------
    SectionNotFoundError
        The course has neither.
    """
    named = (Section.course_id == course_id, Section.name == name) if "\0" not in name else (false(),)
    ids = session.scalars(select(Section.id).where(*named).order_by(Section.id)).all()
    if not ids:
        raise SectionNotFoundError(section=name)
    return ids
