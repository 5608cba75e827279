"""The stored mastery estimates as numbers, which a refresh compares with its own."""

from __future__ import annotations

import json
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

    from lmskit.configured_rule import ConfiguredRule

_ESTIMATE = np.dtype(
    [
        ("student_id", ">i8"), ("course_id", ">i8"), ("week_number", ">i4"), ("level", ">i4"),
        ("value", ">f8"), ("low", ">f8"), ("high", ">f8"), ("n_evidence", ">i4"), ("rule_hash", ">i8"),
    ]
)  # fmt: skip
# One string for all estimates of a block: of a course, or of a range of the table.
_STATEMENT = """
    SELECT estimate.packed
    FROM {blocks}
    CROSS JOIN LATERAL (
        SELECT
            string_agg(
                int8send(a.student_id) || int8send(a.course_id) || int4send(a.week_number) || int4send({level})
                || float8send(coalesce(a.value, 'NaN')) || float8send(coalesce(a.low, 'NaN')) || float8send(coalesce(a.high, 'NaN'))
                || int4send(a.n_evidence) || int8send({rule_hash}),
                ''
            ) AS packed
        FROM {estimates}
        WHERE {of_block}
    ) AS estimate"""
_LEVEL = sql.SQL("CASE a.level {} END").format(
    sql.SQL(" ").join(sql.SQL("WHEN {} THEN {}").format(level.value, index) for index, level in enumerate(Level))
)
_RULE_HASH = sql.SQL("jsonb_hash_extended(a.parameters, hashtextextended(a.rule, 0))")
_RANGES, _IN_RANGE = block_ranges("topic_performance")


def stored_estimates(session: Session, courses: Collection[int], *, most: bool = False) -> pd.DataFrame:
    """All stored estimates of the courses with these ids, in no order.

    ====================  =======  ===============================================================
    student_id            int64
    course_id             int64
    week_number           int32
    level                 int32    index of the level in `Level`, from 0
    value, low, high      float64  NaN if the estimate has none
    n_evidence            int32
    rule_hash             int64    of rule and parameters, see `rule_hashes`
    ====================  =======  ===============================================================

    All rows at once, not a page. With `most`, for courses of open terms that have most of all estimates, the whole table is read instead
    of course by course; archived estimates are not in it.
    """
    parts: dict[str, sql.Composable]
    if most:
        parts = {
            "blocks": _RANGES,
            "of_block": sql.SQL("{} AND a.course_id = ANY(%(courses)s::bigint[])").format(_IN_RANGE),
            "estimates": sql.SQL("ONLY topic_performance AS a"),
        }
    else:
        parts = {
            "blocks": sql.SQL("unnest(%(courses)s::bigint[]) AS course (id)"),
            "of_block": sql.SQL("a.course_id = course.id"),
            "estimates": sql.SQL("topic_performance AS a"),
        }
    return _read(session, parts, courses)


def touched_estimates(session: Session, keys: str, courses: Collection[int]) -> pd.DataFrame:
    """The stored estimates of the keys in a staging table, in the columns of `stored_estimates`.

    Parameters
    ----------
    session
        The transaction that has staged the table.
    keys
        A temporary table with the columns `student_id`, `course_id` and `week_number`, each key once.
    courses
        Ids of the courses; keys of other courses are ignored.
    """
    parts: dict[str, sql.Composable] = {
        "blocks": sql.SQL("(VALUES (1)) AS block (number)"),
        "of_block": sql.SQL("a.course_id = ANY(%(courses)s::bigint[])"),
        "estimates": sql.SQL("{} AS k JOIN topic_performance AS a USING (student_id, course_id, week_number)").format(
            sql.Identifier("pg_temp", keys)
        ),
    }
    return _read(session, parts, courses)


def rule_hashes(session: Session, rules: Sequence[ConfiguredRule]) -> npt.NDArray[np.int64]:
    """A hash of each rule with its parameters, shape (rules,), equal to the hash of a stored estimate by them.

    PostgreSQL computes the hash, of 64 bits, so that parameters are equal if PostgreSQL says so, however their JSON is written.
    """
    statement = sql.SQL("SELECT {} FROM unnest(%s::text[], %s::jsonb[]) WITH ORDINALITY AS a (rule, parameters, number) ORDER BY a.number")
    arrays = [[rule.name for rule in rules], [json.dumps(dict(rule.parameters)) for rule in rules]]
    found = connection_of(session).execute(statement.format(_RULE_HASH), arrays).fetchall()
    return np.array([row[0] for row in found], dtype=np.int64)


def _read(session: Session, parts: dict[str, sql.Composable], courses: Collection[int]) -> pd.DataFrame:
    statement = sql.SQL(_STATEMENT).format(**parts, level=_LEVEL, rule_hash=_RULE_HASH)
    rows = packed_rows(session, statement, {"courses": list(courses)})
    return pd.DataFrame(unpacked((packed for (packed,) in rows), _ESTIMATE), copy=False)
