"""The mastery of a class: week by week, one page of its students, and one student with the attempts behind the estimates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.analytics.class_levels import level_shares, level_shares_by_week
from lmskit.queries.attempt import student_attempts
from lmskit.queries.computed_at import computed_at
from lmskit.queries.course import narrow
from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help
from lmskit.queries.page import MAX_PAGE
from lmskit.read_models.rule_in_use import RuleInUse, rule_in_use
from lmskit.vocabulary import LEVELS

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.configured_rule import ConfiguredRule

PAGE_SIZE = 50
"""Students on one page of the heat map."""


@dataclass(frozen=True)
class ClassByWeek:
    """How a class does in each week of its syllabus.

    Attributes
    ----------
    weeks
        As `lmskit.queries.mastery.class_weeks` gives them.
    """

    weeks: pd.DataFrame

    @property
    def n_students(self) -> int:
        """Active and completed students; 0 without weeks."""
        return int(self.weeks["n_students"].max()) if len(self.weeks) else 0

    @property
    def assessed(self) -> pd.DataFrame:
        """The weeks in which at least one student is assessed."""
        return self.weeks[self.weeks["n_assessed"] > 0]

    @property
    def latest(self) -> pd.Series | None:
        """The last week in which a student is assessed; None without one."""
        return self.assessed.iloc[-1] if len(self.assessed) else None

    @property
    def only_assessed(self) -> ClassByWeek:
        """The assessed weeks alone; all weeks if no week is assessed."""
        return ClassByWeek(self.assessed) if len(self.assessed) else self

    @property
    def shares(self) -> pd.DataFrame:
        """The share of each level in each week, as `lmskit.analytics.class_levels.level_shares_by_week` gives it."""
        return level_shares_by_week(self.weeks)

    @property
    def latest_shares(self) -> pd.DataFrame:
        """The share of each level in the last assessed week, as `lmskit.analytics.class_levels.level_shares` gives it."""
        latest = self.latest
        return level_shares({} if latest is None else {level: int(latest[level]) for level in LEVELS})


@dataclass(frozen=True)
class ClassMastery:
    """The mastery of a whole class with one page of its students, all from one snapshot.

    Attributes
    ----------
    in_use
        What the estimates were made by.
    computed_at
        When the newest estimate of the class was computed; None without estimates.
    by_week
        The whole class, week by week.
    cells
        One page of students times weeks, those who need most help first, as `lmskit.queries.mastery.mastery_cells` gives them.
    to_help
        The students to help, as `lmskit.queries.mastery.students_to_help` gives them, the page with the same bounds.
    """

    in_use: RuleInUse
    computed_at: dt.datetime | None
    by_week: ClassByWeek
    cells: pd.DataFrame
    to_help: pd.DataFrame

    @property
    def rule(self) -> ConfiguredRule:
        """The rule that the estimates were made by."""
        return self.in_use.rule


@dataclass(frozen=True)
class StudentMastery:
    """One student in one course.

    Attributes
    ----------
    weeks
        As `lmskit.queries.mastery.student_weeks` gives them, with student_id and name.
    attempts
        As `lmskit.queries.attempt.student_attempts` gives them.
    """

    weeks: pd.DataFrame
    attempts: pd.DataFrame


def class_by_week(session: Session, course: str) -> ClassByWeek:
    """Read how the class of `course` does in each week; without weeks for an unknown course."""
    return ClassByWeek(class_weeks(session, course, limit=MAX_PAGE))


def class_mastery(session: Session, course: str, *, offset: int = 0) -> ClassMastery:
    """Read the mastery of a class with the page of `PAGE_SIZE` students after the first `offset`.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    return ClassMastery(
        in_use=rule_in_use(session, course),
        computed_at=computed_at(session, course),
        by_week=class_by_week(session, course),
        cells=mastery_cells(session, course, limit=PAGE_SIZE, offset=offset),
        to_help=students_to_help(session, course, limit=PAGE_SIZE, offset=offset),
    )


def student_mastery(session: Session, course: str, student_id: int, *, name: str) -> StudentMastery:
    """Read the weeks and attempts of a student, whom charts call `name`."""
    narrow(session, course)
    weeks = student_weeks(session, course, student_id)
    attempts = student_attempts(session, course, student_id, limit=MAX_PAGE)
    return StudentMastery(weeks=weeks.assign(student_id=student_id, name=name), attempts=attempts)
