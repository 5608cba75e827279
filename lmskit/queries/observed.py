"""What an observer sees of a course: how many students at least are at each level, and no student."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, column, func, select

from lmskit.columns import Column, Columns
from lmskit.errors import CourseNotFoundError, ObservedOnlyError
from lmskit.queries.code import is_code
from lmskit.vocabulary import LEVELS

if TYPE_CHECKING:
    from sqlalchemy import Row
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

HIDDEN = "hidden"
OBSERVED_WEEKS = Columns(
    Column("week_number", "int64", "of the syllabus", heading="Week"),
    *(Column(level, "str", '"10+", in steps of five, or "hidden"', heading=level.replace("_", " ").capitalize()) for level in LEVELS),
)
"""The columns of `observed_weeks`."""


def not_seen(session: Session, code: str) -> CourseNotFoundError:
    """Why the signed-in person sees no course with this code: there is none, or the person only observes it."""
    course = _observed(session, code)
    if course is None:
        return CourseNotFoundError(course=code)
    return ObservedOnlyError(course=course.code, responsible=course.responsible, is_closed=course.is_closed)


def observed_weeks(session: Session, code: str) -> Rows:
    """The weeks of a course that the signed-in person observes, as rows of `OBSERVED_WEEKS`; none of a class of fewer than five students.

    Raises
    ------
    CourseNotFoundError
        The person does not observe the course.
    ObservedOnlyError
        Its term is not closed.
    """
    course = _observed(session, code)
    if course is None or not course.is_closed:
        raise not_seen(session, code)
    cells = func.lms.observed_levels(course.course_id).table_valued("week_number", "level", "at_least")
    weeks: dict[int, dict[str, object]] = {}
    for week, level, at_least in session.execute(select(cells.c.week_number, cells.c.level, cells.c.at_least)):
        weeks.setdefault(week, {"week_number": week})[level] = HIDDEN if at_least is None else f"{at_least:,}+"
    return [weeks[week] for week in sorted(weeks)]


def _observed(session: Session, code: str) -> Row[Any, Any, Any, Any] | None:
    found = func.lms.observed_courses().table_valued("course_id", column("code", Text), "is_closed", "responsible")
    wanted = select(found.c.course_id, found.c.code, found.c.is_closed, found.c.responsible).where(is_code(found.c.code, code))
    return session.execute(wanted).one_or_none()
