"""What students did in each week of a course, as logs and events of other systems say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.queries.activity import activity_weeks, latest_activity
from lmskit.queries.course import narrow
from lmskit.vocabulary import ActivityKind

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

PAGE_SIZE = 50
"""Students on one page."""


@dataclass(frozen=True)
class CourseActivity:
    """The activity of one page of students, all from one snapshot.

    Attributes
    ----------
    weeks
        As `lmskit.queries.activity.activity_weeks` gives them.
    latest
        When the last thing happened that is known of a student of the course; None without activity.
    """

    weeks: pd.DataFrame
    latest: dt.datetime | None

    @property
    def by_kind(self) -> pd.Series:
        """How often the students of the page did something of each kind, in all weeks."""
        return self.weeks[[kind.value for kind in ActivityKind]].sum()


def course_activity(session: Session, course: str, *, limit: int = PAGE_SIZE, offset: int = 0) -> CourseActivity:
    """Read what the students of `course` did in each week; `limit` and `offset` count students, by name.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    return CourseActivity(activity_weeks(session, course, limit=limit, offset=offset), latest_activity(session, course))
