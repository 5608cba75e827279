"""The provenance of a report: when its numbers were read, at which revision, from how many rows."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from sqlalchemy import func, select, text

from lmskit.columns import Column, Columns
from lmskit.models import (
    Enrollment,
    Material,
    MaterialPassage,
    Quiz,
    QuizAttempt,
    QuizException,
    ReadingDecision,
    Syllabus,
    TopicPerformance,
)
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import rows

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

TABLES = (Enrollment, Syllabus, Quiz, QuizAttempt, QuizException, TopicPerformance, Material, MaterialPassage, ReadingDecision)
"""The tables that the numbers of a course are computed from."""

ROW_COUNTS = Columns(Column("table_name", "str"), Column("n_rows", "int64", "of all statuses"))


def database_time(session: Session) -> dt.datetime:
    """The time on the server, in UTC; as the first query of a snapshot, the time of the snapshot."""
    now: dt.datetime = session.execute(select(func.statement_timestamp())).scalar_one()
    return now.astimezone(dt.UTC)


def schema_revision(session: Session) -> str:
    """The revision to which the migrations have brought the database."""
    return str(session.execute(text("SELECT lms.schema_revision()")).scalar_one())


@ROW_COUNTS.documented
def row_counts(session: Session, course: str) -> pd.DataFrame:
    """The number of rows of each table that belong to `course`, as the signed-in person sees them.

    {columns}

    Raises
    ------
    CourseNotFoundError
        The signed-in person can see no such course.
    """
    course_id = course_by_code(session, course).id
    counts = [select(func.count()).select_from(table).where(table.course_id == course_id).scalar_subquery() for table in TABLES]
    statement = select(*(count.label(table.__tablename__) for count, table in zip(counts, TABLES, strict=True)))
    (counted,) = rows(session, statement)
    return ROW_COUNTS.table({"table_name": name, "n_rows": n_rows} for name, n_rows in counted.items())
