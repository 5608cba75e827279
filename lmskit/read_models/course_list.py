"""The courses that a dashboard offers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lmskit.queries.course import courses
from lmskit.queries.page import all_rows
from lmskit.rounding import count_text
from lmskit.vocabulary import Origin

if TYPE_CHECKING:
    from collections.abc import Hashable, Mapping

    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class CourseList:
    """The courses that the signed-in person can see.

    Attributes
    ----------
    labels
        How each course is named in a list, by code, newest term first.
    simulated
        Codes of the courses with simulated data.
    first
        Code of the newest course that has students, since a course without students shows nothing yet; without such a course the
        newest one; None without courses.
    """

    labels: Mapping[str, str]
    simulated: frozenset[str]
    first: str | None


def course_list(session: Session) -> CourseList:
    """Read the courses that the signed-in person can see."""
    table = all_rows(lambda limit, after: courses(session, limit=limit, after=after), name="code")
    with_students = table[table["n_students"] > 0]
    codes = (with_students if len(with_students) else table)["code"].tolist()
    return CourseList(
        labels={str(row["code"]): course_label(row) for row in table.to_dict("records")},
        simulated=frozenset(table.loc[table["origin"] == Origin.SIMULATION, "code"]),
        first=codes[0] if codes else None,
    )


def course_label(course: Mapping[Hashable, Any]) -> str:
    """Name a course, a row of `lmskit.queries.course.courses`, in a list.

    Examples
    --------
    >>> course_label({"code": "CS1", "title": "Sets", "n_students": 1, "origin": "simulation"})
    'CS1 · Sets · 1 student · simulated'
    """
    simulated = " · simulated" if course["origin"] == Origin.SIMULATION and "simulated" not in course["title"] else ""
    return f"{course['code']} · {course['title']} · {count_text(course['n_students'], 'student')}{simulated}"
