"""The estimates of mastery that are stored, as numbers: what a refresh compares its own with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from psycopg import sql

from lmskit.db.bulk import block_ranges, connection_of, packed_rows, unpacked
from lmskit.vocabulary import Level

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import numpy.typing as npt
    from sqlalchemy.orm import Session

_ESTIMATE = np.dtype(
    [
        ("student_id", ">i8"), ("course_id", ">i8"), ("week_number", ">i4"), ("level", ">i4"),
        ("value", ">f8"), ("low", ">f8"), ("high", ">f8"), ("n_evidence", ">i4"), ("choice", ">i8"),
    ]
)  # fmt: skip
# One string for all estimates of one place: of a course, or of a stretch of the table.
_STATEMENT = """
    SELECT estimate.packed
    FROM {places}
    CROSS JOIN LATERAL (
        SELECT
            string_agg(
                int8send(a.student_id) || int8send(a.course_id) || int4send(a.week_number) || int4send({level})
                || float8send(coalesce(a.value, 'NaN')) || float8send(coalesce(a.low, 'NaN')) || float8send(coalesce(a.high, 'NaN'))
                || int4send(a.n_evidence) || int8send({choice}),
                ''
            ) AS packed
        FROM {estimates}
        WHERE {of_place}
    ) AS estimate"""
_LEVEL = sql.SQL("CASE a.level {} END").format(
    sql.SQL(" ").join(sql.SQL("WHEN {} THEN {}").format(level.value, place) for place, level in enumerate(Level))
)
_CHOICE = sql.SQL("jsonb_hash_extended(a.parameters, hashtextextended(a.rule, 0))")
_STRETCHES, _OF_STRETCH = block_ranges("topic_performance")


def stored_estimates(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All stored estimates of the courses with these ids, in no order.

    ====================  =======  ===============================================================
    student_id            int64
    course_id             int64
    week_number           int32
    level                 int32    place of the level in `Level`, from 0
    value, low, high      float64  NaN where there is none
    n_evidence            int32
    choice                int64    of rule and parameters, as `choices_of` gives it
    ====================  =======  ===============================================================

    Not a list but all rows at once. With `most`, for courses that have most of all estimates, the table is read from end to end
    instead of course by course.
    """
    parts: dict[str, sql.Composable]
    if most:
        parts = {"places": _STRETCHES, "of_place": sql.SQL("{} AND a.course_id = ANY(%(courses)s::bigint[])").format(_OF_STRETCH)}
    else:
        parts = {"places": sql.SQL("unnest(%(courses)s::bigint[]) AS place (id)"), "of_place": sql.SQL("a.course_id = place.id")}
    return _read(session, {**parts, "estimates": sql.SQL("topic_performance AS a")}, courses)


def touched_estimates(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The stored estimates of the keys in a staging table, in the columns of `stored_estimates`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    courses
        Ids of the courses whose keys are meant.
    """
    parts: dict[str, sql.Composable] = {
        "places": sql.SQL("(VALUES (1)) AS place (number)"),
        "of_place": sql.SQL("a.course_id = ANY(%(courses)s::bigint[])"),
        "estimates": sql.SQL("{} AS k JOIN topic_performance AS a USING (student_id, course_id, week_number)").format(
            sql.Identifier("pg_temp", keys)
        ),
    }
    return _read(session, parts, courses)


def choices_of(session: Session, pairs: Sequence[tuple[str, str]]) -> npt.NDArray[np.int64]:
    """A number for each rule with its parameters, shape (pairs,), the same as that of a stored estimate by them.

    It is the server's hash of 64 bits, so that parameters are the same where PostgreSQL says so, however their JSON is written.

    Parameters
    ----------
    pairs
        Names of rules, each with a JSON object.
    """
    statement = sql.SQL("SELECT {} FROM unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY AS a (rule, parameters, place) ORDER BY a.place")
    arrays = [[rule for rule, _ in pairs], [parameters for _, parameters in pairs]]
    found = connection_of(session).execute(statement.format(_CHOICE), arrays).fetchall()
    return np.array([row[0] for row in found], dtype=np.int64)


def _read(session: Session, parts: dict[str, sql.Composable], courses: Collection[int]) -> pd.DataFrame:
    statement = sql.SQL(_STATEMENT).format(**parts, level=_LEVEL, choice=_CHOICE)
    rows = packed_rows(session, statement, {"courses": list(courses)})
    return pd.DataFrame(unpacked((packed for (packed,) in rows), _ESTIMATE), copy=False)
