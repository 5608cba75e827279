"""Which courses a dashboard offers, how they are called, and which it begins with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lmskit.vocabulary import Origin


def to_begin_with(table: pd.DataFrame) -> str:
    """The newest course that has students; a course that was just set up shows nothing yet."""
    with_students = table[table["n_students"] > 0]
    return str((with_students if len(with_students) else table)["code"].iloc[0])


def course_label(course: Mapping[Any, Any]) -> str:
    """Name a course of `lmskit.queries.course.courses` in a list."""
    simulated = " · simulated" if course["origin"] == Origin.SIMULATION and "simulated" not in course["title"] else ""
    return f"{course['code']} · {course['title']} · {course['n_students']} students{simulated}"
