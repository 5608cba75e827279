"""When the stored mastery of a course was computed."""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.models import Course, TopicPerformance
from lmskit.queries.course import has_code


def computed_at(session: Session, course: str) -> dt.datetime | None:
    """When the newest mastery value of `course` was computed, in UTC; None if it has no mastery values, or does not exist."""
    statement = select(func.max(TopicPerformance.computed_at)).join(Course, Course.id == TopicPerformance.course_id).where(has_code(course))
    newest: dt.datetime | None = session.scalar(statement)
    return newest.astimezone(dt.UTC) if newest is not None else None
