"""When the stored mastery of a course was computed."""

import datetime as dt

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.models import Course, TopicPerformance


def computed_at(session: Session, course: str) -> dt.datetime | None:
    """When the newest mastery value of `course` was computed, in UTC; None if it has no mastery values, or does not exist."""
    if "\0" in course:
        return None
    statement = (
        select(func.max(TopicPerformance.computed_at)).join(Course, Course.id == TopicPerformance.course_id).where(Course.code == course)
    )
    newest: dt.datetime | None = session.scalar(statement)
    return newest.astimezone(dt.UTC) if newest is not None else None
