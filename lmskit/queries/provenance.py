"""Where the numbers of a report come from: when they were read, at which revision, out of how many rows."""

import datetime as dt

import pandas as pd
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from lmskit.models import Enrollment, Quiz, QuizAttempt, Syllabus, TopicPerformance
from lmskit.queries.course import course_by_code
from lmskit.queries.frame import frame

TABLES = (Enrollment, Syllabus, Quiz, QuizAttempt, TopicPerformance)
"""The tables that a course's numbers come from."""


def database_time(session: Session) -> dt.datetime:
    """What time it is on the server, in UTC; as the first question of a snapshot, the time of the snapshot."""
    now: dt.datetime = session.execute(select(func.statement_timestamp())).scalar_one()
    return now.astimezone(dt.UTC)


def schema_revision(session: Session) -> str:
    """The revision to which the migrations have brought the database."""
    return str(session.execute(text("SELECT lms.schema_revision()")).scalar_one())


def row_counts(session: Session, course: str) -> pd.DataFrame:
    """How many rows of each table belong to `course`, as the signed-in person sees them.

    ===========  =======  ====================
    table_name   str
    n_rows       int64    of all statuses
    ===========  =======  ====================

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    course_id = course_by_code(session, course).id
    counts = [select(func.count()).select_from(table).where(table.course_id == course_id).scalar_subquery() for table in TABLES]
    statement = select(*(count.label(table.__tablename__) for count, table in zip(counts, TABLES, strict=True)))
    wide = frame(session, statement, {table.__tablename__: "int64" for table in TABLES})
    return pd.DataFrame({"table_name": pd.Series(wide.columns, dtype="str"), "n_rows": wide.iloc[0].to_numpy(dtype="int64")})
