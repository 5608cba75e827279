"""The mastery of a class: week by week, one page of its students, and one student with the attempts behind the estimates."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from lmskit.analytics.class_levels import level_shares, level_shares_by_week
from lmskit.analytics.interval import mean_interval
from lmskit.columns import Column, Columns
from lmskit.queries.attempt import student_attempts
from lmskit.queries.computed_at import computed_at
from lmskit.queries.course import narrow
from lmskit.queries.mastery import class_weeks, mastery_cells, student_weeks, students_to_help
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.section import section_rows, seen_sections
from lmskit.queries.section_mastery import SECTION_WEEKS, section_weeks
from lmskit.read_models.rule_in_use import RuleInUse, rule_in_use
from lmskit.vocabulary import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.configured_rule import ConfiguredRule

PAGE_SIZE = 50
"""Students on one page of the heat map."""
MOST_SECTIONS = 50
"""Sections and groups that are compared at once."""
BY_SECTION = Columns(
    *SECTION_WEEKS,
    Column("low", "float64", "lower end of the 90 % interval of the mean; NaN with fewer than two values", heading="Low"),
    Column("high", "float64", "upper end of the same", heading="High"),
    Column("class_value", "float64", "mean of all students in the week; NaN without assessed students", heading="All students"),
)
"""The columns of `mastery_by_section`."""


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
    section
        The section or group to which the students, the weeks and the shares are limited; None for the whole class.
    seen
        The sections and groups to whose students the signed-in person is limited, as `lmskit.queries.section.seen_sections` gives them.
    """

    in_use: RuleInUse
    computed_at: dt.datetime | None
    by_week: ClassByWeek
    cells: pd.DataFrame
    to_help: pd.DataFrame
    section: str | None = None
    seen: Sequence[str] | None = None

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


def class_by_week(session: Session, course: str, *, section: str | None = None) -> ClassByWeek:
    """Read how the class of `course`, or a section or group of it, does in each week; without weeks for an unknown course.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        A section is asked for, and there is no such course or section.
    """
    return ClassByWeek(class_weeks(session, course, section=section, limit=MAX_PAGE))


def class_mastery(session: Session, course: str, *, section: str | None = None, offset: int = 0) -> ClassMastery:
    """Read the mastery of a class, or of a section or group of it, with the page of `PAGE_SIZE` students after the first `offset`.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    SectionNotFoundError
        The course has no such section or group.
    """
    narrow(session, course)
    return ClassMastery(
        in_use=rule_in_use(session, course),
        computed_at=computed_at(session, course),
        by_week=class_by_week(session, course, section=section),
        cells=mastery_cells(session, course, section=section, limit=PAGE_SIZE, offset=offset),
        to_help=students_to_help(session, course, section=section, limit=PAGE_SIZE, offset=offset),
        section=section,
        seen=seen_sections(session, course),
    )


def section_names(session: Session, course: str) -> list[str]:
    """The names of the sections and groups of `course`, each once, sections first; at most `lmskit.queries.page.MAX_PAGE`.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    return list(dict.fromkeys(str(row["name"]) for row in section_rows(session, course, limit=MAX_PAGE)))


@BY_SECTION.documented
def mastery_by_section(session: Session, course: str, *, limit: int = MOST_SECTIONS, offset: int = 0) -> pd.DataFrame:
    """Read the mean mastery of the sections and groups of `course` in each week, beside that of the whole class.

    {columns}

    The intervals take the students for a sample of such students. `limit` and `offset` count sections and groups. A course without
    sections, or without a syllabus, gives an empty table with these columns.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = section_weeks(session, course, limit=limit, offset=offset)
    low, high = mean_interval(found["mean_value"], found["deviation"], found["n_assessed"])
    of_class = class_weeks(session, course, limit=MAX_PAGE).set_index("week_number")["mean_value"]
    return found.assign(low=low, high=high, class_value=found["week_number"].map(of_class).astype("float64"))


def student_mastery(session: Session, course: str, student_id: int, *, name: str) -> StudentMastery:
    """Read the weeks and attempts of a student, whom charts call `name`."""
    narrow(session, course)
    weeks = student_weeks(session, course, student_id)
    attempts = student_attempts(session, course, student_id, limit=MAX_PAGE)
    return StudentMastery(weeks=weeks.assign(student_id=student_id, name=name), attempts=attempts)
