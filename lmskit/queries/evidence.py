"""The evidence that mastery is estimated from: which there is, and in which order."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from psycopg import sql

from lmskit.db.staging import connection_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from sqlalchemy.orm import Session

_STATEMENT = files("lmskit.queries").joinpath("evidence.sql").read_text(encoding="utf-8")

# A row of binary COPY: the number of fields, then each field's length before its bytes. No field here is ever null,
# so all rows are equally long and the stream is one array.
_ROW = np.dtype(
    [
        ("n_fields", ">i2"),
        ("student_length", ">i4"), ("student_id", ">i8"),
        ("course_length", ">i4"), ("course_id", ">i8"),
        ("week_length", ">i4"), ("week_number", ">i4"),
        ("score_length", ">i4"), ("score", ">f8"),
        ("max_score_length", ">i4"), ("max_score", ">f8"),
        ("submitted_length", ">i4"), ("submitted_at", ">i8"),
    ]
)  # fmt: skip
_FIXED_HEADER, _TRAILER = 19, 2
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
"""PostgreSQL counts microseconds from here."""


def course_evidence(session: Session, courses: Collection[int]) -> pd.DataFrame:
    """All evidence of the courses with these ids, oldest to newest within each (course, student, week).

    ============  ===================  ==========================================================
    student_id    int64
    course_id     int64
    week_number   int64                of the syllabus
    score         float64              0 or more; may exceed `max_score` (extra credit)
    max_score     float64              above 0
    submitted_at  datetime64[us, UTC]
    ============  ===================  ==========================================================

    Rows are ordered by course, student, week, time, attempt and question. Students of every status are there, and only they:
    who has no place in the course has no attempts in it. Not a list but all rows at once: what is estimated needs them all.
    """
    return _read(
        session, quizzes=sql.SQL("q.course_id = ANY(%(courses)s)"), students=sql.SQL("true"), parameters={"courses": list(courses)}
    )


def touched_evidence(session: Session, keys: str) -> pd.DataFrame:
    """The evidence of the keys in a staging table, in the columns and order of `course_evidence`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    """
    table = sql.Identifier("pg_temp", keys)
    return _read(
        session,
        quizzes=sql.SQL("(q.course_id, q.week_number) IN (SELECT k.course_id, k.week_number FROM {} AS k)").format(table),
        students=sql.SQL(
            "(a.student_id, a.course_id, quiz.week_number) IN (SELECT k.student_id, k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
        parameters={},
    )


def _read(session: Session, *, quizzes: sql.Composable, students: sql.Composable, parameters: Mapping[str, object]) -> pd.DataFrame:
    statement = sql.SQL(_STATEMENT).format(quizzes=quizzes, students=students)
    copying = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(statement)
    with connection_of(session).cursor() as cursor, cursor.copy(copying, parameters) as copy:
        stream = b"".join(copy)
    rows = _rows(stream)
    return pd.DataFrame(
        {
            "student_id": rows["student_id"].astype(np.int64),
            "course_id": rows["course_id"].astype(np.int64),
            "week_number": rows["week_number"].astype(np.int64),
            "score": rows["score"].astype(np.float64),
            "max_score": rows["max_score"].astype(np.float64),
            "submitted_at": pd.Series(_EPOCH + rows["submitted_at"].astype("timedelta64[us]")).dt.tz_localize("UTC"),
        }
    )


def _rows(stream: bytes) -> np.ndarray:
    """Read the rows of a binary COPY."""
    start = _FIXED_HEADER + int.from_bytes(stream[_FIXED_HEADER - 4 : _FIXED_HEADER], "big")
    n_rows, rest = divmod(len(stream) - start - _TRAILER, _ROW.itemsize)
    if rest:
        message = "the evidence is not what this version of the statement gives: a field is null or of another type"
        raise TypeError(message)
    return np.frombuffer(stream, _ROW, count=n_rows, offset=start)
