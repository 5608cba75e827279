"""Who studies a course."""

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from lmskit.models import Enrollment, User
from lmskit.names import display_name
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page


def course_roster(session: Session, course: str, *, limit: int = DEFAULT_PAGE, offset: int = 0) -> pd.DataFrame:
    """Everyone who has or had a place in `course`, by family name.

    ============  ======  ==============================================================
    student_id    int64
    email         str     lower case; NaN for a student without an address
    name          str     "Family, Given"
    status        str     `EnrollmentStatus`; totals count `active` and `completed` only
    started_on    object  `date`, first day, inclusive
    ended_on      object  `date`, last day, inclusive; None while there is none
    origin        str     `Origin`
    ============  ======  ==============================================================

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    check_page(limit, offset)
    statement = (
        select(
            Enrollment.student_id,
            User.email,
            User.family_name,
            User.given_name,
            Enrollment.status,
            Enrollment.started_on,
            Enrollment.ended_on,
            Enrollment.origin,
        )
        .join(User, User.id == Enrollment.student_id)
        .where(Enrollment.course_id == course_by_code(session, course).id)
        .order_by(User.sort_name.collate("C"), User.id)
        .limit(limit)
        .offset(offset)
    )
    table = frame(session, statement, _LISTED)
    names = [display_name(family, given) for family, given in zip(table["family_name"], table["given_name"], strict=True)]
    table.insert(2, "name", pd.Series(names, dtype="str"))
    return table.drop(columns=["family_name", "given_name"])


def roster_size(session: Session, course: str) -> int:
    """How many rows `course_roster` has on all its pages together, whatever their status."""
    return _count(session, course, counted_only=False)


def class_size(session: Session, course: str) -> int:
    """How many students of `course` count: active and completed."""
    return _count(session, course, counted_only=True)


def _count(session: Session, course: str, *, counted_only: bool) -> int:
    statement = select(func.count()).select_from(Enrollment).where(Enrollment.course_id == course_by_code(session, course).id)
    if counted_only:
        statement = statement.where(Enrollment.status.in_(COUNTED))
    return session.scalar(statement) or 0


_LISTED = {
    "student_id": "int64",
    "email": "str",
    "family_name": "str",
    "given_name": "str",
    "status": "str",
    "started_on": "object",
    "ended_on": "object",
    "origin": "str",
}
