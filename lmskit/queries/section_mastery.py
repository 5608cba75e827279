"""The stored mastery of the sections and groups of a course, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Float, Numeric, cast, func, select

from lmskit.columns import TOPIC, WEEK_NUMBER, Column, Columns
from lmskit.models import Enrollment, Section, SectionMember, Syllabus, TopicPerformance
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, paged

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

SECTION_WEEKS = Columns(
    Column("kind", "str", "`SectionKind`", heading="Kind"),
    Column("section", "str", "name of the section or group", heading="Section"),
    Column("n_students", "int64", "active and completed students of it; the same in every week", heading="Students"),
    WEEK_NUMBER,
    TOPIC,
    Column("mean_value", "float64", "mean of the values of its assessed students, 0-1; NaN without assessed students", heading="Mean"),
    Column("deviation", "float64", "standard deviation of these values, 0-1; NaN with fewer than two", heading="Deviation"),
    Column("n_assessed", "int64", "those of its students with a value in this week", heading="Assessed"),
)


@SECTION_WEEKS.documented
def section_weeks(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Mean mastery of each section and group of `course` in each week of its syllabus, by kind, name and week.

    `limit` and `offset` count sections and groups; each has a row for every week. A student of several counts in each of them.

    {columns}

    A course without sections, or without a syllabus, gives an empty table with these columns.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    in_order = select(Section.id, Section.kind, Section.name).where(Section.course_id == course_id)
    page = paged(in_order.order_by(Section.kind, Section.name.collate("C")), limit, offset).cte("page")
    members = (
        select(SectionMember.section_id, SectionMember.student_id)
        .join(page, page.c.id == SectionMember.section_id)
        .join(Enrollment, (Enrollment.course_id == SectionMember.course_id) & (Enrollment.student_id == SectionMember.student_id))
        .where(SectionMember.course_id == course_id, Enrollment.status.in_(COUNTED))
        .cte("members")
    )
    sizes = select(members.c.section_id, func.count().label("n_students")).group_by(members.c.section_id).subquery()
    value = cast(TopicPerformance.value, Numeric)  # exact, so that no mean depends on the order in which rows are read
    known = (
        select(
            members.c.section_id,
            TopicPerformance.week_number,
            func.count(TopicPerformance.value).label("n_assessed"),
            cast(func.avg(value), Float(53)).label("mean_value"),
            cast(func.stddev_samp(value), Float(53)).label("deviation"),
        )
        .join(TopicPerformance, TopicPerformance.student_id == members.c.student_id)
        .where(TopicPerformance.course_id == course_id)
        .group_by(members.c.section_id, TopicPerformance.week_number)
        .subquery()
    )
    statement = (
        select(
            page.c.kind,
            page.c.name.label("section"),
            func.coalesce(sizes.c.n_students, 0).label("n_students"),
            Syllabus.week_number,
            Syllabus.topic,
            known.c.mean_value,
            known.c.deviation,
            func.coalesce(known.c.n_assessed, 0).label("n_assessed"),
        )
        .select_from(page)
        .join(Syllabus, Syllabus.course_id == course_id)
        .outerjoin(sizes, sizes.c.section_id == page.c.id)
        .outerjoin(known, (known.c.section_id == page.c.id) & (known.c.week_number == Syllabus.week_number))
        .order_by(page.c.kind, page.c.name.collate("C"), Syllabus.week_number)
    )
    return frame(session, statement, SECTION_WEEKS)
