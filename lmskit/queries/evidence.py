"""The evidence that mastery is estimated from: which there is, and in which order.

Rules that look at scores read `course_evidence`; those that look at single answers read `course_responses`, which tells more of each.
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING

from psycopg import sql

from lmskit.db.bulk import block_ranges, packed_rows
from lmskit.queries.evidence_units import Units, units_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import pandas as pd
    from sqlalchemy.orm import Session

_STATEMENT = files("lmskit.queries").joinpath("evidence.sql").read_text(encoding="utf-8")


def course_evidence(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
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

    With `most`, for courses that have most of all attempts, the table is read from end to end instead of course by course.
    """
    return _read(session, _FROM_END_TO_END if most else _BY_COURSE, courses).frame()


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
    return _read(session, _touched(keys), courses).frame()


def course_responses(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
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
    return _read(session, _FROM_END_TO_END if most else _BY_COURSE, courses).responses()


def touched_responses(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The responses of the keys in a staging table: asked for as `touched_evidence`, answered as `course_responses`."""
    return _read(session, _touched(keys), courses).responses()


_BY_COURSE = {
    "quizzes": sql.SQL("q.course_id = ANY(%(courses)s::bigint[])"),
    "places": sql.SQL("unnest(%(courses)s::bigint[]) AS place (course_id)"),
    "attempts": sql.SQL("quiz_attempts AS a"),
    "of_place": sql.SQL("a.course_id = place.course_id"),
}
_STRETCHES, _OF_STRETCH = block_ranges("quiz_attempts")
_FROM_END_TO_END = {
    **_BY_COURSE,
    "places": _STRETCHES,
    "of_place": sql.SQL("{} AND a.course_id = ANY(%(courses)s::bigint[])").format(_OF_STRETCH),
}


def _touched(keys: str) -> Mapping[str, sql.Composable]:
    table = sql.Identifier("pg_temp", keys)
    return {
        "quizzes": sql.SQL(
            "q.course_id = ANY(%(courses)s::bigint[]) AND (q.course_id, q.week_number) IN (SELECT k.course_id, k.week_number FROM {} AS k)"
        ).format(table),
        "places": sql.SQL("(SELECT DISTINCT k.course_id FROM {} AS k) AS place").format(table),
        "attempts": sql.SQL(
            "{} AS k JOIN quiz USING (course_id, week_number)"
            " JOIN quiz_attempts AS a ON a.quiz_id = quiz.id AND a.course_id = k.course_id AND a.student_id = k.student_id"
        ).format(table),
        "of_place": sql.SQL("k.course_id = place.course_id"),
    }


def _read(session: Session, parts: Mapping[str, sql.Composable], courses: Collection[int]) -> Units:
    """Read all rows of one statement, so that quizzes and attempts are of one moment."""
    return units_of(packed_rows(session, sql.SQL(_STATEMENT).format(**parts), {"courses": list(courses)}))
