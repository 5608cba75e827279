"""Bring the stored mastery up to date with its evidence."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lmskit.analytics.mastery import estimate, rule_named
from lmskit.analytics.traced import BKT, of_fitted_weeks
from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import ColumnsMissingError, CourseNotFoundError, LmskitError, NotPermittedError
from lmskit.models import Course, TopicPerformance
from lmskit.progress import Progress, silent
from lmskit.queries.evidence import course_evidence, course_responses, touched_evidence, touched_responses
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.stored_estimates import choices_of, stored_estimates, touched_estimates
from lmskit.rounding import count_text
from lmskit.services.estimate_changes import changes_between, write_changes
from lmskit.vocabulary import Level

Keys: TypeAlias = pd.DataFrame | Iterable[tuple[int, int, int]]
"""(student_id, course_id, week_number), as a frame with these columns or as tuples; repeats do no harm."""

KEY = ("student_id", "course_id", "week_number")
_TOUCHED = "mastery_touched"
_BATCH = 1_000_000


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
            f"Mastery of {count_text(self.n_courses, 'course')} from {count_text(self.n_evidence, 'unit')} of evidence: "
            f"{count_text(self.n_keys, 'student week')}, {self.added:,} added, {self.changed:,} changed, {self.unchanged:,} unchanged, "
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
    progress: Progress = silent,
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
    progress
        Receives the name of each step when it begins.

    Raises
    ------
    CourseNotFoundError
        One of the codes is unknown; where `touched` is given, it has no keys and nothing is to be done.
    NotPermittedError
        The signed-in person is no administrator.
    """
    if not session.scalar(text("SELECT has_table_privilege('topic_performance', 'INSERT')")):
        raise NotPermittedError("Only an administrator can refresh mastery. Ask one to run: lmskit mastery refresh")
    keys = None if touched is None else _distinct(touched)
    progress("Looking up the courses' rules", 0, None)
    chosen, skipped = _rules(session, courses, keys)
    ids = [course.id for course in chosen]
    if keys is not None:
        keys = keys[np.isin(keys[:, 1], ids)]
        stage(session, _TOUCHED, {"student_id": "bigint", "course_id": "bigint", "week_number": "integer"})
        copy_rows(session, _TOUCHED, KEY, keys.tolist(), types=["int8", "int8", "int4"])
        session.execute(text("ANALYZE mastery_touched"))
    progress("Reading the evidence", 0, None)
    parts = _read(session, chosen, touched=keys is not None, most=courses is None)
    progress("Estimating", 0, None)
    used: dict[tuple[str, str], int] = {}
    estimates = [_estimated(batch, courses, used) for evidence, courses in parts for batch in _batches(evidence)]
    estimated = pd.concat(estimates, ignore_index=True)
    progress("Comparing with what is stored", 0, None)
    choices = choices_of(session, list(used))
    estimated["choice"] = choices[estimated["choice"]]
    stored = touched_estimates(session, _TOUCHED, ids) if keys is not None else stored_estimates(session, ids, most=courses is None)
    changes = changes_between(estimated, stored)
    progress("Writing what is different", 0, None)
    written = write_changes(session, changes, dict(zip(choices.tolist(), used, strict=True)), whole=keys is None)
    if keys is not None:
        session.execute(text("DROP TABLE mastery_touched"))
    for row in session.identity_map.values():  # written past the objects that the session holds
        if isinstance(row, TopicPerformance):
            session.expire(row)
    return RefreshReport(
        n_courses=len(chosen),
        n_evidence=sum(len(evidence) for evidence, _ in parts),
        n_keys=len(estimated),
        added=written.added,
        changed=written.changed,
        unchanged=len(estimated) - written.added - written.changed,
        removed=written.removed,
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
            own = {week: json.dumps(of_week) for week, of_week in of_fitted_weeks(parameters, fits.get(row.id, {})).items()}
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


def _batches(evidence: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Divide evidence, which comes by course, into whole courses of some `_BATCH` units together, at least one part.

    What is computed of ten million at once leaves the processor's caches, and takes twice as long.
    """
    course = evidence["course_id"].to_numpy()
    begins = np.unique(np.searchsorted(course, course[::_BATCH]))
    for start, end in pairwise([0, *begins[1:].tolist(), len(course)]):
        yield evidence.iloc[start:end]


def _estimated(evidence: pd.DataFrame, chosen: Sequence[_Chosen], used: dict[tuple[str, str], int]) -> pd.DataFrame:
    """Estimate once per rule with its parameters, for all its courses together, in the columns of `stored_estimates`.

    A student in a course is one key, so that someone in two courses is two students to the rule. The column `choice` is the place of
    rule and parameters in `used`, to which they are added.
    """
    pair = evidence[["course_id", "student_id"]].to_numpy()
    begins = np.ones(len(pair), dtype=bool)
    begins[1:] = (pair[1:] != pair[:-1]).any(axis=1)  # the evidence comes by course and student
    code = np.cumsum(begins) - 1
    course_of, student_of = pair[begins, 0], pair[begins, 1]
    told = evidence.drop(columns=["student_id", "course_id", "week_number"])
    scores = pd.DataFrame({"student": code, "week": evidence["week_number"], **told})
    by_rule: dict[tuple[str, str], list[int]] = defaultdict(list)
    here = set(course_of.tolist())
    chosen = [course for course in chosen if course.id in here]
    for course in chosen:
        if not course.of_week:
            by_rule[course.rule, course.parameters].append(course.id)
    alone = len(by_rule) == 1 and not any(course.of_week for course in chosen)
    parts = [(choice, scores if alone else scores[np.isin(pair[:, 0], ids)]) for choice, ids in by_rule.items()]
    for course in chosen:
        if course.of_week:
            of_course = scores.iloc[slice(*np.searchsorted(pair[:, 0], [course.id, course.id + 1]))]
            parts += [
                ((course.rule, course.of_week.get(int(str(week)), course.parameters)), rows) for week, rows in of_course.groupby("week")
            ]
    estimates = [
        estimate(rows, rule, **json.loads(parameters)).assign(choice=used.setdefault((rule, parameters), len(used)))
        for (rule, parameters), rows in parts
    ] or [estimate(scores, "average").assign(choice=0)]
    together = estimates[0] if alone else pd.concat(estimates, ignore_index=True)
    code = together.pop("student").to_numpy(dtype=np.int64)
    level = pd.Categorical(together.pop("state"), categories=[level.value for level in Level]).codes
    return together.rename(columns={"week": "week_number"}).assign(student_id=student_of[code], course_id=course_of[code], level=level)


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
