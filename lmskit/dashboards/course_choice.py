"""Which courses a dashboard offers, how they are called, and which it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.dashboards.class_reading import read_courses
from lmskit.db import Opener
from lmskit.errors import CourseNotFoundError
from lmskit.rounding import count_text
from lmskit.vocabulary import Origin
from lmskit.widgets import Message, errors_shown

NONE_YET = "There is no course that you can see yet. An administrator sets courses up in admin/course_setup."


def offer_courses(choice: widgets.Dropdown, message: Message, opened: Opener, first: str) -> dict[str, str]:
    """Fill the list of courses and choose one: that with the code `first`, where it names one. What is wrong becomes the message.

    Returns the origin of each course by its code.
    """
    origins: dict[str, str] = {}
    with errors_shown(message):
        table = read_courses(opened)
        origins = dict(zip(table["code"], table["origin"], strict=True))
        choice.options = [(course_label(row), row["code"]) for row in table.to_dict("records")]
        if not origins:
            message.bad(NONE_YET)
        elif first and first not in origins:
            choice.value = None
            raise CourseNotFoundError(course=first)
        else:
            choice.value = first or to_begin_with(table)
    return origins


def to_begin_with(table: pd.DataFrame) -> str:
    """The newest course that has students; a course that was just set up shows nothing yet."""
    with_students = table[table["n_students"] > 0]
    return str((with_students if len(with_students) else table)["code"].iloc[0])


def course_label(course: Mapping[Any, Any]) -> str:
    """Name a course of `lmskit.queries.course.courses` in a list."""
    simulated = " · simulated" if course["origin"] == Origin.SIMULATION and "simulated" not in course["title"] else ""
    return f"{course['code']} · {course['title']} · {count_text(course['n_students'], 'student')}{simulated}"
