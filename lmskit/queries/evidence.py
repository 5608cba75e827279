"""The evidence that mastery is estimated from: which there is, and in which order.

Rules that look at scores read `course_evidence`; those that look at single answers read `course_responses`, which tells more of each.
"""

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
_UNIT = [
    ("n_fields", ">i2"),
    ("student_length", ">i4"), ("student_id", ">i8"),
    ("course_length", ">i4"), ("course_id", ">i8"),
    ("week_length", ">i4"), ("week_number", ">i4"),
    ("score_length", ">i4"), ("score", ">f8"),
    ("max_score_length", ">i4"), ("max_score", ">f8"),
    ("submitted_length", ">i4"), ("submitted_at", ">i8"),
]  # fmt: skip
_RESPONSE = [
    *_UNIT,
    ("attempt_length", ">i4"), ("attempt", ">i8"),
    ("question_length", ">i4"), ("question", ">i8"),
    ("mixed_length", ">i4"), ("mixed", ">i1"),
]  # fmt: skip
_FIXED_HEADER, _TRAILER = 19, 2
_EPOCH = np.datetime64("2000-01-01T00:00:00", "us")
"""PostgreSQL counts microseconds from here."""

_NOTHING = sql.SQL("")
_TOPICS = sql.SQL(""",
        (
            SELECT count(DISTINCT entry.question ->> 'topic')
            FROM jsonb_array_elements(q.questions) AS entry (question)
        ) AS n_topics""")
# A question is the one at its place in its quiz, which has room for more than a quiz can hold; a total is a question of its own.
_ANSWERED = sql.SQL(""",
    a.id AS attempt,
    CASE WHEN graded.position IS NULL THEN -a.id ELSE (quiz.id << 24) + graded.position END AS question,
    graded.position IS NOT NULL AND quiz.n_topics > 1 AS mixed""")


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
    return _units(_read(session, _evidence(_COURSES), {"courses": list(courses)}, _UNIT))


def touched_evidence(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The evidence of the keys in a staging table, in the columns and order of `course_evidence`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    courses
        Ids of the courses whose keys are meant.
    """
    return _units(_read(session, _evidence(_touched(keys)), {"courses": list(courses)}, _UNIT))


def course_responses(session: Session, courses: Collection[int]) -> pd.DataFrame:
    """All evidence of the courses with these ids, in the order of `course_evidence`, with what rules about single answers need.

    ============  ===================  ===============================================================================
    …                                  the columns of `course_evidence`
    attempt       int64                the same for what was handed in together
    question      int64                the same for all answers of a course to one question; where only the total of an
                                       attempt is known, a number that no other row has
    mixed         bool                 the question belongs to a quiz whose questions name two topics or more
    ============  ===================  ===============================================================================

    Questions that name no topic do not make a quiz mixed. Nothing here tells of hints: no format that is imported does. A total is never
    mixed, as it does not tell which answers were right.
    """
    return _responses(_read(session, _answers(_COURSES), {"courses": list(courses)}, _RESPONSE))


def touched_responses(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The responses of the keys in a staging table: asked for as `touched_evidence`, answered as `course_responses`."""
    return _responses(_read(session, _answers(_touched(keys)), {"courses": list(courses)}, _RESPONSE))


_COURSES = {"quizzes": sql.SQL("q.course_id = ANY(%(courses)s)"), "students": sql.SQL("true")}


def _touched(keys: str) -> dict[str, sql.Composable]:
    table = sql.Identifier("pg_temp", keys)
    return {
        "quizzes": sql.SQL(
            "q.course_id = ANY(%(courses)s) AND (q.course_id, q.week_number) IN (SELECT k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
        "students": sql.SQL(
            "(a.student_id, a.course_id, quiz.week_number) IN (SELECT k.student_id, k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
    }


def _evidence(narrowed: Mapping[str, sql.Composable]) -> sql.Composed:
    return sql.SQL(_STATEMENT).format(**narrowed, about_quizzes=_NOTHING, about_responses=_NOTHING)


def _answers(narrowed: Mapping[str, sql.Composable]) -> sql.Composed:
    return sql.SQL(_STATEMENT).format(**narrowed, about_quizzes=_TOPICS, about_responses=_ANSWERED)


def _read(session: Session, statement: sql.Composed, parameters: Mapping[str, object], fields: list[tuple[str, str]]) -> np.ndarray:
    copying = sql.SQL("COPY ({}) TO STDOUT (FORMAT BINARY)").format(statement)
    with connection_of(session).cursor() as cursor, cursor.copy(copying, parameters) as copy:
        stream = b"".join(copy)
    return _rows(stream, np.dtype(fields))


def _units(rows: np.ndarray) -> pd.DataFrame:
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


def _responses(rows: np.ndarray) -> pd.DataFrame:
    return _units(rows).assign(
        attempt=rows["attempt"].astype(np.int64), question=rows["question"].astype(np.int64), mixed=rows["mixed"].astype(bool)
    )


def _rows(stream: bytes, row: np.dtype) -> np.ndarray:
    """Read the rows of a binary COPY."""
    start = _FIXED_HEADER + int.from_bytes(stream[_FIXED_HEADER - 4 : _FIXED_HEADER], "big")
    n_rows, rest = divmod(len(stream) - start - _TRAILER, row.itemsize)
    if rest:
        message = "the evidence is not what this version of the statement gives: a field is null or of another type"
        raise TypeError(message)
    return np.frombuffer(stream, row, count=n_rows, offset=start)
