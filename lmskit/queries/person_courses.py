"""One person: the ids that other systems give them, and the courses in which they learn or teach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Date, String, cast, func, literal, null, select, union_all
from sqlalchemy.dialects.postgresql import aggregate_order_by

from lmskit.listings import PERSON_COURSES, PERSON_IDS
from lmskit.models import Course, CourseStaff, Enrollment, ExternalId, QuizAttempt, Section, SectionMember, Term
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, paged
from lmskit.queries.staff import RESPONSIBLE
from lmskit.vocabulary import Role

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import CompoundSelect
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows


@PERSON_IDS.documented
def person_ids(session: Session, person_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The ids that other systems give a person, by system.

    {columns}
    """
    return PERSON_IDS.table(person_id_rows(session, person_id, limit=limit, offset=offset))


def person_id_rows(session: Session, person_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `person_ids`, for the terminal."""
    statement = (
        select(ExternalId.source, ExternalId.external_id)
        .where(ExternalId.person_id == person_id)
        .order_by(ExternalId.source.collate("C"), ExternalId.external_id.collate("C"))
    )
    return rows(session, paged(statement, limit, offset))


@PERSON_COURSES.documented
def person_courses(session: Session, person_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """The courses of a person, newest term first, then by code: as a student, responsible, or on the staff.

    {columns}
    """
    return PERSON_COURSES.table(person_course_rows(session, person_id, limit=limit, offset=offset))


def person_course_rows(session: Session, person_id: int, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> Rows:
    """The rows of `person_courses`, for the terminal."""
    own = _own_courses(person_id).subquery("own")
    statement = (
        select(
            Course.code,
            Term.code.label("term"),
            own.c.role,
            own.c.status,
            own.c.started_on,
            own.c.ended_on,
            own.c.sections,
            own.c.n_attempts,
        )
        .join(Course, Course.id == own.c.course_id)
        .join(Term, Term.id == Course.term_id)
        .order_by(Term.starts_on.desc(), Course.code.collate("C"), own.c.role)
    )
    return rows(session, paged(statement, limit, offset))


def count_person_courses(session: Session, person_id: int) -> int:
    """The number of rows on all pages of `person_courses`."""
    return session.scalar(select(func.count()).select_from(_own_courses(person_id).subquery())) or 0


def _own_courses(person_id: int) -> CompoundSelect[tuple[int, str, str, Date, Date, str, int]]:
    by_name = aggregate_order_by(literal(", "), Section.name.collate("C"))
    sections = (
        select(func.string_agg(Section.name, by_name))
        .join(SectionMember, SectionMember.section_id == Section.id)
        .where(SectionMember.course_id == Enrollment.course_id, SectionMember.student_id == Enrollment.student_id)
        .correlate(Enrollment)
        .scalar_subquery()
    )
    attempts = (
        select(func.count())
        .select_from(QuizAttempt)
        .where(QuizAttempt.course_id == Enrollment.course_id, QuizAttempt.student_id == Enrollment.student_id)
        .correlate(Enrollment)
        .scalar_subquery()
    )
    learning = select(
        Enrollment.course_id,
        literal(Role.STUDENT.value).label("role"),
        cast(Enrollment.status, String).label("status"),
        Enrollment.started_on,
        Enrollment.ended_on,
        sections.label("sections"),
        attempts.label("n_attempts"),
    ).where(Enrollment.student_id == person_id)
    without = (cast(null(), String), cast(null(), Date), cast(null(), Date), cast(null(), String), literal(0))
    leading = select(Course.id, literal(RESPONSIBLE), *without).where(Course.lecturer_id == person_id)
    granted = (without[0], cast(CourseStaff.granted_at, Date), *without[2:])
    working = select(CourseStaff.course_id, cast(CourseStaff.role, String), *granted).where(CourseStaff.person_id == person_id)
    return union_all(learning, leading, working)
