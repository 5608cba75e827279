"""What the report of a course and its row in the list of reports contain."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmskit.queries import provenance
from lmskit.queries.attempt import quiz_totals
from lmskit.queries.course import course_by_code, courses
from lmskit.queries.mastery import mastery_cells, students_to_help
from lmskit.queries.page import all_pages, all_rows
from lmskit.queries.section import seen_sections
from lmskit.read_models.class_mastery import ClassByWeek, class_by_week
from lmskit.read_models.reading_advice import course_advice
from lmskit.read_models.rule_in_use import RuleInUse, rule_in_use
from lmskit.vocabulary import Origin

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.read_models.advised_passage import CourseAdvice
    from lmskit.read_models.passage_search import PreparedSearch

HELP_SHOWN = 20
"""The most students who need help that a report lists by name."""


@dataclass(frozen=True)
class CourseReportData:
    """All that the report of a course is made of, from one snapshot.

    Attributes
    ----------
    course
        The course, as `lmskit.queries.course.courses` lists it.
    in_use
        What the estimates were made by.
    by_week
        The class, in every week of the syllabus.
    cells
        `lmskit.queries.mastery.mastery_cells` of the students who need most help.
    to_help
        The first `HELP_SHOWN` rows of `lmskit.queries.mastery.students_to_help`.
    n_to_help
        Number of students who need help.
    quizzes
        As `lmskit.queries.attempt.quiz_totals` gives them.
    advice
        What the class should read again about its weak topics, and what the materials lack.
    read_at
        Time of the snapshot, UTC.
    revision
        Revision of the schema.
    row_counts
        Rows of the course by table, as `lmskit.queries.provenance.row_counts` gives them.
    seen
        The sections and groups to whose students the signed-in person is limited, as `lmskit.queries.section.seen_sections` gives them.
    """

    course: Mapping[Hashable, Any]
    in_use: RuleInUse
    by_week: ClassByWeek
    cells: pd.DataFrame
    to_help: pd.DataFrame
    n_to_help: int
    quizzes: pd.DataFrame
    advice: CourseAdvice
    read_at: dt.datetime
    revision: str
    row_counts: pd.DataFrame
    seen: Sequence[str] | None = None

    @property
    def n_students(self) -> int:
        """Active and completed students."""
        return int(self.course["n_students"])

    @property
    def is_simulated(self) -> bool:
        """Whether the course has simulated data."""
        return is_simulated(self.course)


@dataclass(frozen=True)
class CourseSummary:
    """The row of a course in the list of reports, from one snapshot.

    Attributes
    ----------
    course
        The course, as `lmskit.queries.course.courses` lists it.
    latest
        The last week in which a student is assessed, a row of `lmskit.queries.mastery.class_weeks`; None without one.
    n_to_help
        Number of students who need help.
    """

    course: Mapping[Hashable, Any]
    latest: pd.Series | None
    n_to_help: int

    @property
    def is_simulated(self) -> bool:
        """Whether the course has simulated data."""
        return is_simulated(self.course)


def course_report_data(
    session: Session,
    course: str,
    *,
    n_students: int,
    read_at: dt.datetime | None = None,
    searches: Mapping[str, PreparedSearch] = MappingProxyType({}),
) -> CourseReportData:
    """Read the report of a course.

    Parameters
    ----------
    session
        Of a snapshot that no other query has read in yet, unless `read_at` is given.
    course
        Code of the course.
    n_students
        At most so many students are in the heat map.
    read_at
        Time of the snapshot; by default now.
    searches
        Those for the reading advice, by text, as `lmskit.read_models.prepared_advice.prepared_searches` prepares them; by default the
        passages of materials are compared by their words alone.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    taken = read_at or provenance.database_time(session)
    found = course_by_code(session, course)
    listed = all_rows(lambda limit, after: courses(session, limit=limit, after=after), name="code")
    to_help = _students_to_help(session, course)
    return CourseReportData(
        course=listed[listed["code"] == found.code].iloc[0].to_dict(),
        in_use=rule_in_use(session, course),
        by_week=class_by_week(session, course),
        cells=mastery_cells(session, course, limit=n_students),
        to_help=to_help.head(HELP_SHOWN),
        n_to_help=len(to_help),
        quizzes=all_pages(lambda limit, offset: quiz_totals(session, course, limit=limit, offset=offset)),
        advice=course_advice(session, course, searches),
        read_at=taken.astimezone(dt.UTC),
        revision=provenance.schema_revision(session),
        row_counts=provenance.row_counts(session, course),
        seen=seen_sections(session, course),
    )


def course_summary(session: Session, course: Mapping[Hashable, Any]) -> CourseSummary:
    """Summarise a course, given as `lmskit.queries.course.courses` lists it, for the list of reports."""
    code = str(course["code"])
    return CourseSummary(course, class_by_week(session, code).latest, len(_students_to_help(session, code)))


def is_simulated(course: Mapping[Hashable, Any]) -> bool:
    """Whether a course, given as `lmskit.queries.course.courses` lists it, has simulated data."""
    return bool(course["origin"] == Origin.SIMULATION)


def _students_to_help(session: Session, course: str) -> pd.DataFrame:
    return all_pages(lambda limit, offset: students_to_help(session, course, limit=limit, offset=offset))
