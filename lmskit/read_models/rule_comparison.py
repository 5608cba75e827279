"""The same answers of a class under several mastery rules: levels, and which students change level, and why."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from lmskit.analytics.what_if import changes, level_counts, n_changes, side_by_side, transitions, with_everyone
from lmskit.configured_rule import ConfiguredRule
from lmskit.errors import WeekNotFoundError
from lmskit.queries.course import course_by_code, narrow, syllabus
from lmskit.queries.evidence import course_responses
from lmskit.queries.knowledge import fitted_parameters
from lmskit.queries.mastery import counted_students
from lmskit.queries.page import MAX_PAGE
from lmskit.vocabulary import LEVELS, Level

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@dataclass(frozen=True)
class ClassEvidence:
    """The evidence of a class, from one snapshot; any rule can be tried on it.

    Attributes
    ----------
    course
        Code of the course.
    rule, parameters
        The rule of the course and the parameters that it sets; the others have the rule's defaults.
    fits
        Parameters of knowledge tracing by fitted week, as `lmskit.queries.knowledge.fitted_parameters` gives them.
    students
        Active and completed students, as `lmskit.queries.mastery.counted_students` gives them.
    weeks
        Of the syllabus, in order: week_number (int64) and topic.
    scores
        One unit of evidence a row, as the rules take them: student (int64, the position in `students`), week, score, max_score,
        submitted_at, attempt, question and mixed; by student, week and time. See `lmskit.queries.evidence.course_responses`.
    """

    course: str
    rule: str
    parameters: Mapping[str, Any]
    fits: Mapping[int, Mapping[str, float]]
    students: pd.DataFrame
    weeks: pd.DataFrame
    scores: pd.DataFrame

    @property
    def week_numbers(self) -> list[int]:
        """The weeks of the syllabus, in order."""
        numbers: list[int] = self.weeks["week_number"].tolist()
        return numbers


@dataclass(frozen=True)
class LevelChanges:
    """How many student weeks have another level by another rule.

    Attributes
    ----------
    n_cells
        Student weeks that were compared.
    higher, lower
        Student weeks with a higher or a lower level by the other rule.
    one_only
        Student weeks that only one of the rules assesses.
    """

    n_cells: int
    higher: int
    lower: int
    one_only: int

    @property
    def changed(self) -> int:
        """Student weeks whose level differs."""
        return self.higher + self.lower + self.one_only


@dataclass(frozen=True)
class RuleComparison:
    """What several rules make of the evidence of a class. Rules are counted from 1, and the first is the one compared with.

    Attributes
    ----------
    evidence
        What was answered.
    rules
        The rules with their parameters.
    weeks
        The weeks that are compared.
    scores
        The scores of these weeks.
    cells
        One row per student and week, as `lmskit.analytics.what_if.with_everyone` gives them.
    """

    evidence: ClassEvidence
    rules: Sequence[ConfiguredRule]
    weeks: Collection[int]
    scores: pd.DataFrame
    cells: pd.DataFrame

    def level_counts(self) -> pd.DataFrame:
        """Count the levels by each rule, as `lmskit.analytics.what_if.level_counts` gives them."""
        return level_counts(self.cells)

    def transitions(self, *, other: int = 2) -> pd.DataFrame:
        """Count how levels differ between the first and another rule, as `lmskit.analytics.what_if.transitions` gives them."""
        return transitions(self.cells, other=other)

    def level_changes(self, *, other: int = 2) -> LevelChanges:
        """Count which levels are higher or lower by another rule than by the first."""
        return level_changes(self.transitions(other=other))

    def n_changes(self, *, other: int = 2) -> int:
        """Count the rows of `changes` on all its pages together."""
        return n_changes(self.cells, other=other)

    def changes(self, *, other: int = 2, limit: int, offset: int = 0) -> pd.DataFrame:
        """List the student weeks with different levels, as `lmskit.analytics.what_if.changes` gives them, with the student's name."""
        listed = changes(self.scores, self.cells, self.rules, other=other, limit=limit, offset=offset)
        names = self.evidence.students.set_index("position")["name"]
        return listed.assign(name=listed["student"].map(names).astype("str"))


def class_evidence(session: Session, course: str) -> ClassEvidence:
    """Read all that the class of `course` has answered. Not a page of it: an estimate needs all answers.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    narrow(session, course)
    found = course_by_code(session, course)
    students = counted_students(session, course)
    responses = course_responses(session, [found.id])
    position = responses["student_id"].map(students.set_index("student_id")["position"])
    scores = responses.drop(columns=["student_id", "course_id"]).rename(columns={"week_number": "week"})
    scores.insert(0, "student", position)
    return ClassEvidence(
        course=found.code,
        rule=found.mastery_rule,
        parameters=dict(found.mastery_parameters),
        fits=fitted_parameters(session, [found.id]).get(found.id, {}),
        students=students,
        weeks=syllabus(session, course, limit=MAX_PAGE)[["week_number", "topic"]],
        scores=scores[position.notna()]  # a student who left has evidence and no position
        .astype({"student": "int64"})
        .sort_values("student", kind="stable")
        .reset_index(drop=True),
    )


def level_changes(moved: pd.DataFrame) -> LevelChanges:
    """Count changes of level in transitions, as `lmskit.analytics.what_if.transitions` gives them.

    Examples
    --------
    >>> level_changes(pd.DataFrame({"from": ["remedial", "mastered"], "to": ["mastered", "not_assessed"], "n": [2, 3]}))
    LevelChanges(n_cells=5, higher=2, lower=0, one_only=3)
    """
    first, second = (moved[side].map(LEVELS.index) for side in ("from", "to"))  # `LEVELS` begins with the highest level
    both = (moved["from"] != Level.NOT_ASSESSED) & (moved["to"] != Level.NOT_ASSESSED)

    def total(rows: pd.Series) -> int:
        return int(moved.loc[rows, "n"].sum())

    return LevelChanges(
        n_cells=int(moved["n"].sum()),
        higher=total(both & (second < first)),
        lower=total(both & (second > first)),
        one_only=total(~both & (first != second)),
    )


def rule_comparison(evidence: ClassEvidence, rules: Sequence[ConfiguredRule], *, week: int | None = None) -> RuleComparison:
    """Estimate mastery by each rule from the same evidence, in all weeks or in one.

    Raises
    ------
    WeekNotFoundError
        The syllabus has no such week.
    """
    weeks = evidence.week_numbers if week is None else [week]
    if week is not None and week not in evidence.week_numbers:
        raise WeekNotFoundError(course=evidence.course, week=week)
    scores = evidence.scores[evidence.scores["week"].isin(weeks)]
    cells = with_everyone(side_by_side(scores, rules), evidence.students["position"], weeks)
    return RuleComparison(evidence, rules, weeks, scores, cells)
