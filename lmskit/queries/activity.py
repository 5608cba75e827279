"""What students of a course did week by week, and by what logs and events may name them."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import Date, Integer, cast, func, select

from lmskit.columns import NAME, Column, Columns
from lmskit.limits import LAST_WEEK
from lmskit.models import Course, CourseStaff, Enrollment, ExternalId, StudentActivity, Term, User
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import frame
from lmskit.queries.page import paged
from lmskit.vocabulary import ActivityKind, EntityKind

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

ACTIVITY_WEEKS = Columns(
    Column("position", "int64", "of the student in this order, from 1"),
    Column("student_id", "int64"),
    NAME,
    Column("week_number", "Int64", "of the term, from 1; missing before its first day and after its last", heading="Week"),
    *(Column(kind.value, "int64", "how often", heading=kind.value.capitalize()) for kind in ActivityKind),
)


class NamedPerson(NamedTuple):
    """A person of a course, with all by which a file may name them."""

    id: int
    family_name: str
    given_name: str
    preferred_name: str
    email: str | None
    ids: frozenset[str]
    """In all systems; former addresses, too."""


@ACTIVITY_WEEKS.documented
def activity_weeks(session: Session, course: str, *, limit: int = 50, offset: int = 0) -> pd.DataFrame:
    """What each student of `course` did in each week in which there is something, by name and week.

    {columns}

    `limit` and `offset` count students: the active and completed ones with activity. A week begins on the weekday of the term's first day,
    and a day is one of UTC. What was completed and is not any more does not count.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    known = (StudentActivity.course_id == course_id) & StudentActivity.occurred_at.is_not(None)
    ranked = select(
        Enrollment.student_id,
        User.name.label("name"),
        func.row_number().over(order_by=(User.sort_name.collate("C"), User.id)).label("position"),
    ).join(User, User.id == Enrollment.student_id)
    active = select(StudentActivity.student_id).where(known)
    ranked = ranked.where(Enrollment.course_id == course_id, Enrollment.status.in_(COUNTED), Enrollment.student_id.in_(active))
    page = paged(ranked.order_by("position"), limit, offset).cte("page")
    starts_on, ends_on = session.execute(
        select(Term.starts_on, Term.ends_on).join(Course, Course.term_id == Term.id).where(Course.id == course_id)
    ).one()
    week = _week(starts_on, min(ends_on, starts_on + dt.timedelta(weeks=LAST_WEEK) - dt.timedelta(days=1)))
    counts = (func.count().filter(StudentActivity.kind == kind).label(kind.value) for kind in ActivityKind)
    statement = (
        select(page.c.position, page.c.student_id, page.c.name, week.label("week_number"), *counts)
        .join(StudentActivity, StudentActivity.student_id == page.c.student_id)
        .where(known)
        .group_by(page.c.position, page.c.student_id, page.c.name, week)
        .order_by(page.c.position, week.asc().nulls_last())
    )
    return frame(session, statement, ACTIVITY_WEEKS)


def latest_activity(session: Session, course: str) -> dt.datetime | None:
    """When the last thing happened that is known of a student of `course`; None without activity.

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    return session.scalar(select(func.max(StudentActivity.occurred_at)).where(StudentActivity.course_id == course_id))


def named_students(session: Session, course_id: int) -> list[NamedPerson]:
    """The people who are or were enrolled in a course, by number, with all by which a file may name them."""
    students = select(Enrollment.student_id).where(Enrollment.course_id == course_id)
    ids: dict[int, set[str]] = defaultdict(set)
    of_people = (
        select(Enrollment.student_id, ExternalId.external_id)
        .join(ExternalId, ExternalId.person_id == Enrollment.student_id)
        .where(Enrollment.course_id == course_id, ExternalId.kind == EntityKind.PERSON)
    )
    for person, external_id in session.execute(of_people):
        ids[person].add(external_id)
    people = _people(session, User.id.in_(students))
    return [person._replace(ids=frozenset(ids[person.id])) for person in people]


def named_staff(session: Session, course_id: int) -> list[NamedPerson]:
    """The responsible lecturer of a course and its staff, by number, without ids."""
    lecturer = select(Course.lecturer_id).where(Course.id == course_id)
    staff = select(CourseStaff.person_id).where(CourseStaff.course_id == course_id)
    return _people(session, User.id.in_(lecturer.union(staff)))


def _people(session: Session, condition: ColumnElement[bool]) -> list[NamedPerson]:
    columns = select(User.id, User.family_name, User.given_name, User.preferred_name, User.email)
    return [NamedPerson(*row, frozenset()) for row in session.execute(columns.where(condition).order_by(User.id))]


def _week(first: dt.date, last: dt.date) -> ColumnElement[int | None]:
    """The week of an activity, from 1 on the first of these days; null before it and after the last one."""
    day = cast(func.timezone("UTC", StudentActivity.occurred_at), Date)
    number = cast((day - first) / 7 + 1, Integer)
    return func.nullif(number * cast(day.between(first, last), Integer), 0)
