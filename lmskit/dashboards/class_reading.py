"""What the lecturer's dashboard shows, read from the database: one short snapshot for each view."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from lmskit.analytics.class_levels import ORDER, level_shares_by_week
from lmskit.db import Opener
from lmskit.queries.attempt import student_attempts
from lmskit.queries.computed_at import computed_at
from lmskit.queries.course import courses, narrow
from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help
from lmskit.queries.page import MAX_PAGE, all_pages
from lmskit.services.mastery_rule import rule_in_use

PAGE_SIZE = 50
"""Students on one page of the heat map."""


@dataclass(frozen=True)
class ClassPage:
    """One page of a class, as of one moment.

    Attributes
    ----------
    rule, parameters
        What the values were estimated by.
    about_rule
        What has to be said beside them; empty where they are all.
    weeks
        One row per week, for the whole class, with the columns that the class row of the heat map needs.
    shares
        One row per week and level, for the whole class.
    cells, to_help
        One page of students, the neediest first.
    computed_at
        When the newest of the class's values was computed; None without any.
    """

    rule: str
    parameters: Mapping[str, float]
    about_rule: str
    computed_at: dt.datetime | None
    n_students: int
    weeks: pd.DataFrame
    shares: pd.DataFrame
    cells: pd.DataFrame
    to_help: pd.DataFrame


@dataclass(frozen=True)
class OneStudent:
    """What is known of one student in one course."""

    weeks: pd.DataFrame
    attempts: pd.DataFrame


def read_courses(opened: Opener) -> pd.DataFrame:
    """The courses the signed-in person can see, newest term first."""
    with opened() as session:
        return all_pages(lambda limit, offset: courses(session, limit=limit, offset=offset))


def read_class(opened: Opener, course: str, *, offset: int = 0) -> ClassPage:
    """The page of the class that begins after `offset` students.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    with opened() as session:
        narrow(session, course)
        in_use = rule_in_use(session, course)
        weeks = class_weeks(session, course)
        return ClassPage(
            rule=in_use.rule,
            parameters=in_use.parameters,
            about_rule=in_use.sentence(),
            computed_at=computed_at(session, course),
            n_students=int(weeks["n_students"].max()) if len(weeks) else 0,
            weeks=weeks.rename(columns={"mean_value": "value", **{level: f"n_{level}" for level in ORDER}}),
            shares=_shares(weeks),
            cells=mastery_cells(session, course, limit=PAGE_SIZE, offset=offset),
            to_help=students_to_help(session, course, limit=PAGE_SIZE, offset=offset),
        )


def read_student(opened: Opener, course: str, student_id: int, *, name: str) -> OneStudent:
    """The weeks and attempts of a student, whom charts call `name`."""
    with opened() as session:
        narrow(session, course)
        weeks = student_weeks(session, course, student_id)
        attempts = student_attempts(session, course, student_id, limit=MAX_PAGE)
    return OneStudent(weeks=weeks.assign(student_id=student_id, name=name), attempts=attempts)


def _shares(weeks: pd.DataFrame) -> pd.DataFrame:
    """From the counts of each week to shares with their intervals."""
    counts = weeks.melt(id_vars=["week_number", "topic"], value_vars=list(ORDER), var_name="level", value_name="n")
    return level_shares_by_week(counts.loc[counts.index.repeat(counts["n"])])
