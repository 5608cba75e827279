"""Bring the stored mastery estimates up to date with the evidence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import pandas as pd
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from lmskit.analytics.mastery import estimate_by, evidence_for
from lmskit.analytics.rules import RULES, configured, rule_named, with_fits
from lmskit.codes import find_code
from lmskit.columns import need_columns
from lmskit.configured_rule import ConfiguredRule
from lmskit.db.bulk import copy_rows, stage
from lmskit.errors import CourseNotFoundError, LmskitError
from lmskit.models import Course, TopicPerformance
from lmskit.progress import Progress, silent
from lmskit.queries.code import is_one_of_codes
from lmskit.queries.course import in_open_term
from lmskit.queries.evidence import course_evidence, course_responses, touched_evidence, touched_responses
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.stored_estimates import rule_hashes, stored_estimates, touched_estimates
from lmskit.rounding import count_text, evidence_text
from lmskit.services.course_locks import lock_courses
from lmskit.services.estimate_changes import changes_between, write_changes
from lmskit.services.permission import administrators_only
from lmskit.services.term import in_closed_terms
from lmskit.vocabulary import Level

Keys: TypeAlias = pd.DataFrame | Iterable[tuple[int, int, int]]
"""(student_id, course_id, week_number), as a frame with these columns or as tuples; duplicates do no harm."""

KEY = ("student_id", "course_id", "week_number")
_TOUCHED = "mastery_touched"
_BATCH = 1_000_000


@dataclass(frozen=True)
class RefreshReport:
    """What a refresh found and changed.

    Attributes
    ----------
    n_courses
        Courses that were refreshed, without those skipped.
    n_evidence
        Units of evidence read.
    n_keys
        (student, course, week) with evidence; added + changed + unchanged.
    added, changed, unchanged
        Estimates by what was done with them.
    removed
        Estimates that have no evidence any more.
    skipped
        By course code: a sentence on why its rule cannot be used, who has locked it, or that its term is closed. Its estimates are
        unchanged.
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
    def skipped_sentences(self) -> tuple[str, ...]:
        """A sentence for each course whose estimates are unchanged though their evidence may not be."""
        return tuple(f"Mastery of {code} was left as it is: {reason}" for code, reason in self.skipped.items())

    @property
    def n_rows(self) -> int:
        """Number of rows of `topic_performance` that were written or removed."""
        return self.added + self.changed + self.removed

    def sentence(self) -> str:
        """Return the report as one line for a person."""
        text = (
            f"Mastery of {count_text(self.n_courses, 'course')} from {evidence_text(self.n_evidence)}: "
            f"{count_text(self.n_keys, 'student week')}, {self.added:,} added, {self.changed:,} changed, {self.unchanged:,} unchanged, "
            f"{self.removed:,} removed."
        )
        if self.n_evidence or self.skipped or self.removed:
            return text
        why = "no attempt of these courses is graded" if self.n_courses else "there is no course yet"
        return f"{text} There was nothing to estimate from: {why}. To import courses, attempts and scores: lmskit import PATH"


@administrators_only("refresh mastery")
def refresh(
    session: Session,
    *,
    courses: Sequence[str] | None = None,
    touched: Keys | None = None,
    progress: Progress = silent,
) -> RefreshReport:
    """Estimate mastery again and write the estimates that differ; other rows, with their `computed_at`, are unchanged.

    Students of every status are included. Two refreshes of the same course wait for each other.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    courses
        Codes; by default all courses of open terms.
    touched
        Refresh only these keys of those courses; by default all keys. Keys without evidence lose their row.
    progress
        Receives the name of each step.

    Raises
    ------
    CourseNotFoundError
        A code is unknown; not raised if `touched` is given, because an unknown course has no keys.
    LockedError
        Others hold every one of the courses.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    # Refused to a person who may not write, even if every estimate turned out unchanged.
    session.execute(text("LOCK TABLE ONLY topic_performance IN ROW EXCLUSIVE MODE"))
    keys = None if touched is None else _distinct(touched)
    progress("Looking up the courses' rules", 0, None)
    rules, skipped = _course_rules(session, courses, keys)
    if keys is not None:
        keys = keys[np.isin(keys[:, 1], list(rules))]
        stage(session, _TOUCHED, {"student_id": "bigint", "course_id": "bigint", "week_number": "integer"})
        copy_rows(session, _TOUCHED, KEY, keys.tolist(), types=["int8", "int8", "int4"])
        session.execute(text("ANALYZE mastery_touched"))
    progress("Reading the evidence", 0, None)
    parts = _read(session, rules, touched=keys is not None, most=courses is None)
    progress("Estimating", 0, None)
    used: dict[ConfiguredRule, int] = {}
    estimated = pd.concat([_estimate(batch, rules, used) for evidence in parts for batch in _batches(evidence)], ignore_index=True)
    progress("Comparing with the stored estimates", 0, None)
    hashes = rule_hashes(session, list(used))
    estimated["rule_hash"] = hashes[estimated.pop("rule_number").to_numpy()]
    touched_only = keys is not None
    stored = touched_estimates(session, _TOUCHED, rules) if touched_only else stored_estimates(session, rules, most=courses is None)
    progress("Writing the differences", 0, None)
    changes = changes_between(estimated, stored)
    written = write_changes(session, changes, dict(zip(hashes.tolist(), used, strict=True)), whole=not touched_only)
    if touched_only:
        session.execute(text("DROP TABLE mastery_touched"))
    for row in session.identity_map.values():  # the rows were written without the objects that the session keeps
        if isinstance(row, TopicPerformance):
            session.expire(row)
    return RefreshReport(
        n_courses=len(rules),
        n_evidence=sum(map(len, parts)),
        n_keys=len(estimated),
        added=written.added,
        changed=written.changed,
        unchanged=len(estimated) - written.added - written.changed,
        removed=written.removed,
        skipped=skipped,
    )


def _course_rules(
    session: Session, courses: Sequence[str] | None, keys: np.ndarray | None
) -> tuple[dict[int, ConfiguredRule], dict[str, str]]:
    """Lock the courses against another refresh, in the same order each time, and configure their rules; return them by course id.

    A lecturer may store any rule and any parameters, and lock an own course. A course with a rule that cannot be used, or that is locked,
    is reported and does not stop the others.
    """
    statement = select(Course.id, Course.code, Course.mastery_rule, Course.mastery_parameters).order_by(Course.id)
    statement = statement.where(in_open_term() if courses is None else is_one_of_codes(Course.code, courses))
    if keys is not None:
        statement = statement.where(Course.id.in_(np.unique(keys[:, 1]).tolist()))
    ids = [row.id for row in session.execute(statement)]
    held = lock_courses(session, ids) | in_closed_terms(session, ids)
    found = session.execute(statement).all()
    if courses is not None and keys is None:
        known = [row.code for row in found]
        for code in courses:
            if find_code(code, known) is None:
                raise CourseNotFoundError(course=code)
    taking_fits = [row.id for row in found if row.mastery_rule in RULES and RULES[row.mastery_rule].takes_fits]
    fits = fitted_parameters(session, taking_fits)
    rules, skipped = {}, {}
    for row in found:
        if row.id in held:
            skipped[row.code] = held[row.id]
            continue
        try:
            rule = configured(row.mastery_rule, row.mastery_parameters)
        except LmskitError as error:
            skipped[row.code] = str(error)
        else:
            rules[row.id] = with_fits(rule, fits.get(row.id, {}))
    return rules, skipped


def _read(session: Session, rules: Mapping[int, ConfiguredRule], *, touched: bool, most: bool) -> list[pd.DataFrame]:
    """The evidence of courses whose rule needs only scores, and apart, if there are any, that of courses whose rule needs more columns."""

    def read(ids: Collection[int], *, responses: bool) -> pd.DataFrame:
        if touched:
            return (touched_responses if responses else touched_evidence)(session, _TOUCHED, ids)
        return (course_responses if responses else course_evidence)(session, ids, most=most and 2 * len(ids) >= len(rules))

    with_responses = [course for course, rule in rules.items() if rule_named(rule.name).needs]
    parts = [read([course for course in rules if course not in set(with_responses)], responses=False)]
    return [*parts, read(with_responses, responses=True)] if with_responses else parts


def _batches(evidence: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Divide evidence, which is sorted by course, into batches of whole courses with about `_BATCH` units each; at least one batch.

    Computing with ten million units at once exceeds the processor's caches and takes twice as long.
    """
    course = evidence["course_id"].to_numpy()
    begins = np.unique(np.searchsorted(course, course[::_BATCH]))
    for start, end in pairwise([0, *begins[1:].tolist(), len(course)]):
        yield evidence.iloc[start:end]


def _estimate(evidence: pd.DataFrame, rules: Mapping[int, ConfiguredRule], used: dict[ConfiguredRule, int]) -> pd.DataFrame:
    """Estimate once per configured rule, for all its courses together, in the columns of `stored_estimates`.

    A student in a course is one key, so that a person in two courses is two students to the rule. `rule_number` is the number in `used`
    of the rule with the parameters of the week; new ones are added to `used`.
    """
    pair = evidence[["course_id", "student_id"]].to_numpy()
    begins = np.ones(len(pair), dtype=bool)
    begins[1:] = (pair[1:] != pair[:-1]).any(axis=1)  # the evidence is sorted by course and student
    course_of, student_of = pair[begins, 0], pair[begins, 1]
    columns = evidence.drop(columns=["student_id", "course_id", "week_number"])
    scores = pd.DataFrame({"student": np.cumsum(begins) - 1, "week": evidence["week_number"], **columns})
    estimates = []
    for rule, rows in _by_rule(scores, pair[:, 0], rules):
        found = estimate_by(rule, evidence_for(rows, [rule]))
        estimates.append(found.assign(rule_number=_rule_numbers(rule, found["week"], used)))
    together = estimates[0] if len(estimates) == 1 else pd.concat(estimates, ignore_index=True)
    code = together.pop("student").to_numpy(dtype=np.int64)
    level = pd.Categorical(together.pop("state"), categories=[level.value for level in Level]).codes
    return together.rename(columns={"week": "week_number"}).assign(student_id=student_of[code], course_id=course_of[code], level=level)


def _rule_numbers(rule: ConfiguredRule, weeks: pd.Series, used: dict[ConfiguredRule, int]) -> pd.Series | int:
    """The number in `used` of the rule in each week, the same for all weeks if none has parameters of its own."""
    if not rule.of_week:
        return used.setdefault(rule, len(used))
    numbers = {week: used.setdefault(rule.in_week(week), len(used)) for week in weeks.unique().tolist()}
    return weeks.map(numbers).astype(np.int64)


def _by_rule(
    scores: pd.DataFrame, course: np.ndarray, rules: Mapping[int, ConfiguredRule]
) -> Iterator[tuple[ConfiguredRule, pd.DataFrame]]:
    """Divide scores by the rule of their course; without scores, any rule with none of them."""
    courses = defaultdict(list)
    for course_id in pd.unique(course).tolist():
        courses[rules[course_id]].append(course_id)
    if len(courses) <= 1:
        yield next(iter(courses), next(iter(RULES.values())).configured()), scores
        return
    for rule, ids in courses.items():
        yield rule, scores[np.isin(course, ids)]


def _distinct(touched: Keys) -> np.ndarray:
    """The keys as rows of (student, course, week), without duplicates."""
    if isinstance(touched, pd.DataFrame):
        need_columns(touched, KEY, subject="A table of touched keys")
        keys = touched[list(KEY)].to_numpy(dtype=np.int64)
    else:
        keys = np.array(list(touched), dtype=np.int64).reshape(-1, len(KEY))
    return np.unique(keys, axis=0)
