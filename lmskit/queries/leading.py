"""Which courses the signed-in person may change, beside those that the person may only read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ARRAY, BigInteger, ColumnElement, any_, cast, func, literal, literal_column, select

from lmskit.errors import NotLeadingError
from lmskit.models import Course
from lmskit.queries.course import course_by_code
from lmskit.queries.staff import responsible

if TYPE_CHECKING:
    from sqlalchemy import SQLColumnExpression
    from sqlalchemy.orm import Session


def is_led(course_id: SQLColumnExpression[int]) -> ColumnElement[bool]:
    """The condition that the signed-in person may change the course with this id: an administrator, or who leads it."""
    administers: ColumnElement[Any] = func.pg_has_role(literal_column("SESSION_USER"), "lmskit_admin", "MEMBER")
    led = cast(select(func.lms.my_led_course_ids()).scalar_subquery(), ARRAY(BigInteger))
    return select(administers).scalar_subquery() | (course_id == any_(led))


def led_course_by_code(session: Session, code: str) -> Course:
    """The course with this code, which the signed-in person may change.

    Raises
    ------
    CourseNotFoundError
        It does not exist, or the person may not see it; the error does not say which.
    NotLeadingError
        The person may read it, as its assistant.
    """
    course = course_by_code(session, code)
    require_leading(session, course.id)
    return course


def require_leading(session: Session, course_id: int) -> None:
    """Refuse a change in a course that the signed-in person reads as its assistant.

    The database refuses it too; of what it does not show to be changed, it would only say that it is not there.

    Raises
    ------
    NotLeadingError
        The person is an assistant of the course.
    """
    if session.scalar(select(is_led(literal(course_id, BigInteger)))):
        return
    code = session.scalar(select(Course.code).where(Course.id == course_id))
    if code is not None:
        raise NotLeadingError(course=code, responsible=responsible(session, course_id))
