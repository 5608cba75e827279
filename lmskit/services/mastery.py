"""Bring the stored mastery up to date with its evidence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
import pandas as pd
import psycopg
from sqlalchemy import CursorResult, TextClause, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from lmskit.analytics.mastery import estimate, rule_named
from lmskit.analytics.traced import BKT
from lmskit.db.staging import copy_array, copy_rows, stage
from lmskit.errors import ColumnsMissingError, CourseNotFoundError, LmskitError, NotPermittedError
from lmskit.models import Course, TopicPerformance
from lmskit.queries.evidence import course_evidence, course_responses, touched_evidence, touched_responses
from lmskit.queries.knowledge import fitted_parameters
from lmskit.vocabulary import Level

Keys: TypeAlias = pd.DataFrame | Iterable[tuple[int, int, int]]
"""(student_id, course_id, week_number), as a frame with these columns or as tuples; repeats do no harm."""

KEY = ("student_id", "course_id", "week_number")
_TOUCHED, _ESTIMATED = "mastery_touched", "mastery_estimated"


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh found and changed.

    Attributes
    ----------
    n_courses
        Courses that were looked at, without those skipped.
    n_evidence
        Units of evidence read.
    n_keys
        (student, course, week) with evidence; added + changed + unchanged.
    added, changed, unchanged
        What became of them.
    removed
        Estimates whose evidence is gone.
    skipped
        By course code: a sentence on why its rule cannot be used. Its estimates stay as they were.
    """

    n_courses: int = 0
    n_evidence: int = 0
    n_keys: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    skipped: Mapping[str, str] = field(default_factory=dict)

    @property
    def n_rows(self) -> int:
        """Rows of `topic_performance` that were written or removed."""
        return self.added + self.changed + self.removed

    def sentence(self) -> str:
        """Return the report as one line for a person."""
        return (
            f"Mastery of {self.n_courses:,} course{'' if self.n_courses == 1 else 's'} from {self.n_evidence:,} units of evidence: "
            f"{self.n_keys:,} student weeks, {self.added:,} added, {self.changed:,} changed, {self.unchanged:,} unchanged, "
            f"{self.removed:,} removed."
        )


@dataclass(frozen=True)
class _Chosen:
    """A course with the rule it has chosen, its parameters complete; and the weeks that have parameters of their own, by week."""

    id: int
    rule: str
    parameters: str
    of_week: Mapping[int, str] = field(default_factory=dict)


def refresh(
    session: Session,
    *,
    courses: Sequence[str] | None = None,
    touched: Keys | None = None,
    step: Callable[[str], None] | None = None,
) -> RefreshReport:
    """Estimate mastery anew and write what is different; the rest keeps its row and its `computed_at`.

    Students of every status are estimated. Two refreshes of the same course wait for each other.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    courses
        Codes; by default all courses.
    touched
        Keys to look at, of those courses; by default all. Keys without evidence lose their row.
    step
        Is told what is being done, for a progress display.

    Raises
    ------
    CourseNotFoundError
        One of the codes is unknown.
    NotPermittedError
        The signed-in person is no administrator.
    """
    try:
        return _refresh(session, courses=courses, touched=touched, step=step or _silent)
    except (DBAPIError, psycopg.Error) as error:
        if isinstance(error.orig if isinstance(error, DBAPIError) else error, psycopg.errors.InsufficientPrivilege):
            raise NotPermittedError("Only an administrator can refresh mastery. Ask one to run: lmskit mastery refresh") from error
        raise


def _refresh(session: Session, *, courses: Sequence[str] | None, touched: Keys | None, step: Callable[[str], None]) -> RefreshReport:
    keys = None if touched is None else _distinct(touched)
    step("Looking up the courses' rules")
    chosen, skipped = _rules(session, courses, keys)
    ids = np.array([course.id for course in chosen], dtype=np.int64)
    if keys is not None:
        keys = keys[np.isin(keys[:, 1], ids)]
        stage(session, _TOUCHED, {"student_id": "bigint", "course_id": "bigint", "week_number": "integer"})
        copy_rows(session, _TOUCHED, KEY, keys.tolist(), types=["int8", "int8", "int4"])
        session.execute(text("ANALYZE mastery_touched"))
    step("Reading the evidence")
    parts = _read(session, chosen, touched=keys is not None, most=courses is None)
    step("Estimating")
    estimates = [_estimated(evidence, courses) for evidence, courses in parts]
    estimated = estimates[0] if len(estimates) == 1 else pd.concat(estimates, ignore_index=True)
    step("Writing what is different")
    stage(session, _ESTIMATED, _COLUMNS)
    copy_array(session, _ESTIMATED, _staged(estimated))
    session.execute(text("ANALYZE mastery_estimated"))
    settings = {
        "ids": ids.tolist(),
        "levels": _LEVELS,
        "rules": [course.rule for course in chosen],
        "parameters": [course.parameters for course in chosen],
        "fitted_ids": [course.id for course in chosen for _ in course.of_week],
        "fitted_weeks": [week for course in chosen for week in course.of_week],
        "fitted_parameters": [parameters for course in chosen for parameters in course.of_week.values()],
    }
    if keys is None:
        session.execute(_JOIN_AS_A_WHOLE)
        removed = _removed(session, _REMOVE, {"ids": settings["ids"]})
        added, changed = session.execute(_WRITE_COURSES, settings).one()
        session.execute(_JOIN_AS_BEFORE)
    else:
        removed = _removed(session, _REMOVE_TOUCHED, {})
        added, changed = session.execute(_WRITE_TOUCHED, settings).one()
    session.execute(text("DROP TABLE mastery_estimated"))
    if keys is not None:
        session.execute(text("DROP TABLE mastery_touched"))
    for row in session.identity_map.values():  # written past the objects that the session holds
        if isinstance(row, TopicPerformance):
            session.expire(row)
    return RefreshReport(
        n_courses=len(chosen),
        n_evidence=sum(len(evidence) for evidence, _ in parts),
        n_keys=len(estimated),
        added=added,
        changed=changed,
        unchanged=len(estimated) - added - changed,
        removed=removed,
        skipped=skipped,
    )


def _rules(session: Session, courses: Sequence[str] | None, keys: np.ndarray | None) -> tuple[list[_Chosen], dict[str, str]]:
    """Lock the courses against another refresh, in one order for all, and complete their rules' parameters.

    A lecturer may store any rule and any parameters; what cannot be used is told and must not stop the others.
    """
    statement = (
        select(Course.id, Course.code, Course.mastery_rule, Course.mastery_parameters).order_by(Course.id).with_for_update(key_share=True)
    )
    if courses is not None:
        statement = statement.where(Course.code.in_([code for code in courses if "\0" not in code]))
    if keys is not None:
        statement = statement.where(Course.id.in_(np.unique(keys[:, 1]).tolist()))
    found = session.execute(statement).all()
    if courses is not None and keys is None:
        known = {row.code for row in found}
        for code in courses:
            if code not in known:
                raise CourseNotFoundError(course=code)
    fits = fitted_parameters(session, [row.id for row in found if row.mastery_rule == BKT.name])
    chosen, skipped = [], {}
    for row in found:
        try:
            parameters = rule_named(row.mastery_rule).resolve(row.mastery_parameters)
        except LmskitError as error:
            skipped[row.code] = str(error)
        else:
            # A fit to what another share of the points made correct says nothing about these answers.
            own = {
                week: json.dumps(parameters | fit)
                for week, fit in fits.get(row.id, {}).items()
                if fit["correct_from"] == parameters["correct_from"]
            }
            chosen.append(_Chosen(row.id, row.mastery_rule, json.dumps(parameters), own))
    return chosen, skipped


def _read(session: Session, chosen: Sequence[_Chosen], *, touched: bool, most: bool) -> list[tuple[pd.DataFrame, list[_Chosen]]]:
    """The evidence of courses whose rule looks at scores, and apart, where there are any, that of those whose rule needs more."""
    plain = [course for course in chosen if not rule_named(course.rule).needs]
    further = [course for course in chosen if rule_named(course.rule).needs]
    ids = [course.id for course in plain]
    parts = [
        (
            touched_evidence(session, _TOUCHED, ids)
            if touched
            else course_evidence(session, ids, most=most and 2 * len(ids) >= len(chosen)),
            plain,
        )
    ]
    if further:
        ids = [course.id for course in further]
        parts.append(
            (
                touched_responses(session, _TOUCHED, ids)
                if touched
                else course_responses(session, ids, most=most and 2 * len(ids) >= len(chosen)),
                further,
            )
        )
    return parts


def _estimated(evidence: pd.DataFrame, chosen: Sequence[_Chosen]) -> pd.DataFrame:
    """Estimate once per rule with its parameters, for all its courses together.

    A student in a course is one key, so that someone in two courses is two students to the rule.
    """
    pair = evidence[["course_id", "student_id"]].to_numpy()
    begins = np.ones(len(pair), dtype=bool)
    begins[1:] = (pair[1:] != pair[:-1]).any(axis=1)  # the evidence comes by course and student
    code = np.cumsum(begins) - 1
    course_of, student_of = pair[begins, 0], pair[begins, 1]
    told = evidence.drop(columns=["student_id", "course_id", "week_number"])
    scores = pd.DataFrame({"student": code, "week": evidence["week_number"], **told})
    by_rule: dict[tuple[str, str], list[int]] = defaultdict(list)
    fitted = [course for course in chosen if course.of_week]
    for course in chosen:
        if not course.of_week:
            by_rule[course.rule, course.parameters].append(course.id)
    alone = len(by_rule) == 1 and not fitted
    parts = [
        estimate(scores if alone else scores[np.isin(pair[:, 0], ids)], rule, **json.loads(parameters))
        for (rule, parameters), ids in by_rule.items()
    ]
    for course in fitted:
        of_course = scores.iloc[slice(*np.searchsorted(pair[:, 0], [course.id, course.id + 1]))]
        parts += [
            estimate(rows, course.rule, **json.loads(course.of_week.get(int(str(week)), course.parameters)))
            for week, rows in of_course.groupby("week")
        ]
    together = pd.concat(parts, ignore_index=True) if parts else estimate(scores, "average")
    code = together["student"].to_numpy(dtype=np.int64)
    return together.assign(student_id=student_of[code], course_id=course_of[code])


def _staged(estimated: pd.DataFrame) -> np.ndarray:
    """Rows for COPY: a level is its place in `Level`, from 1; what is not a number stays NaN, and becomes null when it is written."""
    rows = np.empty(len(estimated), dtype=_ROW)
    rows["student_id"], rows["course_id"], rows["week_number"] = (estimated[name] for name in ("student_id", "course_id", "week"))
    rows["level"] = pd.Categorical(estimated["state"], categories=_LEVELS).codes + 1
    for name in ("value", "low", "high", "n_evidence"):
        rows[name] = estimated[name]
    return rows


def _distinct(touched: Keys) -> np.ndarray:
    """Return the keys as rows of (student, course, week), each once."""
    if isinstance(touched, pd.DataFrame):
        missing = [name for name in KEY if name not in touched.columns]
        if missing:
            raise ColumnsMissingError(subject="A table of touched keys", missing=missing, present=[str(name) for name in touched.columns])
        keys = touched[list(KEY)].to_numpy(dtype=np.int64)
    else:
        keys = np.array(list(touched), dtype=np.int64).reshape(-1, len(KEY))
    return np.unique(keys, axis=0)


def _removed(session: Session, statement: TextClause, parameters: Mapping[str, object]) -> int:
    result = session.execute(statement, parameters)
    return result.rowcount if isinstance(result, CursorResult) else 0


def _silent(_: str) -> None:
    """Tell nobody."""


_COLUMNS = {
    "student_id": "bigint",
    "course_id": "bigint",
    "week_number": "integer",
    "level": "smallint",
    "value": "double precision",
    "low": "double precision",
    "high": "double precision",
    "n_evidence": "integer",
}
_ROW = [
    ("student_id", "i8"),
    ("course_id", "i8"),
    ("week_number", "i4"),
    ("level", "i2"),
    ("value", "f8"),
    ("low", "f8"),
    ("high", "f8"),
    ("n_evidence", "i4"),
]
_LEVELS = [level.value for level in Level]

# A table that has grown since its last ANALYZE looks small to the planner, which then compares all estimates with all others, in a loop.
_JOIN_AS_A_WHOLE = text(
    "SELECT set_config('lmskit.nestloop', current_setting('enable_nestloop'), true), set_config('enable_nestloop', 'off', true)"
)
_JOIN_AS_BEFORE = text("SELECT set_config('enable_nestloop', current_setting('lmskit.nestloop'), true)")
_REMOVE = text("""
    DELETE FROM topic_performance AS t
    WHERE t.course_id = ANY (CAST(:ids AS bigint[]))
      AND NOT EXISTS (
          SELECT FROM mastery_estimated AS s
          WHERE s.student_id = t.student_id AND s.course_id = t.course_id AND s.week_number = t.week_number
      )
""")
_REMOVE_TOUCHED = text("""
    DELETE FROM topic_performance AS t USING mastery_touched AS k
    WHERE k.student_id = t.student_id AND k.course_id = t.course_id AND k.week_number = t.week_number
      AND NOT EXISTS (
          SELECT FROM mastery_estimated AS s
          WHERE s.student_id = t.student_id AND s.course_id = t.course_id AND s.week_number = t.week_number
      )
""")
# What is there is read once, apart, and joined as a whole. Joined directly, a table that has grown since its last ANALYZE was
# looked up row by row through the wrong index, which took 40 times as long.
_WRITE = """
    WITH known AS MATERIALIZED ({known}),
    written AS (
        INSERT INTO topic_performance AS t
            (student_id, course_id, week_number, level, value, low, high, n_evidence, rule, parameters, computed_at)
        SELECT
            s.student_id, s.course_id, s.week_number, s.level, s.value, s.low, s.high, s.n_evidence,
            r.rule, coalesce(f.parameters, r.parameters), now()
        FROM (
            SELECT
                e.student_id, e.course_id, e.week_number, (CAST(:levels AS mastery_level[]))[e.level] AS level,
                nullif(e.value, 'NaN') AS value, nullif(e.low, 'NaN') AS low, nullif(e.high, 'NaN') AS high, e.n_evidence
            FROM mastery_estimated AS e
        ) AS s
        JOIN unnest(CAST(:ids AS bigint[]), CAST(:rules AS text[]), CAST(:parameters AS jsonb[])) AS r (course_id, rule, parameters)
            ON r.course_id = s.course_id
        LEFT JOIN unnest(CAST(:fitted_ids AS bigint[]), CAST(:fitted_weeks AS integer[]), CAST(:fitted_parameters AS jsonb[]))
                AS f (course_id, week_number, parameters)
            ON f.course_id = s.course_id AND f.week_number = s.week_number
        LEFT JOIN known AS k
            ON k.student_id = s.student_id AND k.course_id = s.course_id AND k.week_number = s.week_number
        WHERE (k.level, k.value, k.low, k.high, k.n_evidence, k.rule, k.parameters)
            IS DISTINCT FROM (s.level, s.value, s.low, s.high, s.n_evidence, r.rule, coalesce(f.parameters, r.parameters))
        ON CONFLICT (student_id, course_id, week_number) DO UPDATE
        SET level = excluded.level, value = excluded.value, low = excluded.low, high = excluded.high, n_evidence = excluded.n_evidence,
            rule = excluded.rule, parameters = excluded.parameters, computed_at = excluded.computed_at
        RETURNING t.xmax = 0 AS added
    )
    SELECT count(*) FILTER (WHERE added), count(*) FILTER (WHERE NOT added) FROM written
"""  # a row that nobody has changed or locked yet has the xmax 0: it is new
_WRITE_COURSES = text(_WRITE.replace("{known}", "SELECT * FROM topic_performance WHERE course_id = ANY (CAST(:ids AS bigint[]))"))
_WRITE_TOUCHED = text(
    _WRITE.replace("{known}", "SELECT t.* FROM mastery_touched JOIN topic_performance AS t USING (student_id, course_id, week_number)")
)
