"""What a class has answered, with names: what any rule of mastery can be tried on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from lmskit.models import Enrollment, Syllabus, User
from lmskit.names import display_name
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.evidence import course_responses
from lmskit.queries.frame import frame
from lmskit.queries.knowledge import fitted_parameters


@dataclass(frozen=True)
class ClassEvidence:
    """The evidence of a class, as of one moment.

    Attributes
    ----------
    rule, parameters
        What the course has chosen; parameters it did not set have the rule's defaults.
    fits
        What knowledge tracing found of the weeks that were fitted; see `fitted_parameters`.
    students
        Active and completed ones, by name: position (int64, from 1), student_id (int64) and name ("Family, Given").
    weeks
        Of the syllabus, in order: week_number (int64) and topic.
    scores
        One unit of evidence a row, as the rules take them: student (int64, the position above), week, score, max_score, submitted_at,
        attempt, question and mixed; by student, week and time. See `course_responses`.
    """

    rule: str
    parameters: Mapping[str, Any]
    fits: Mapping[int, Mapping[str, float]]
    students: pd.DataFrame
    weeks: pd.DataFrame
    scores: pd.DataFrame


def class_evidence(session: Session, course: str) -> ClassEvidence:
    """All that the class of `course` has answered. Not a page of it: what is estimated needs all.

    Raises
    ------
    CourseNotFoundError
        There is no such course among those the signed-in person can see.
    """
    found = course_by_code(session, course)
    roster = (
        select(Enrollment.student_id, User.family_name, User.given_name)
        .join(User, User.id == Enrollment.student_id)
        .where(Enrollment.course_id == found.id, Enrollment.status.in_(COUNTED))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    listed = frame(session, roster, {"student_id": "int64", "family_name": "str", "given_name": "str"})
    syllabus = select(Syllabus.week_number, Syllabus.topic).where(Syllabus.course_id == found.id).order_by(Syllabus.week_number)
    names = [display_name(family, given) for family, given in zip(listed["family_name"], listed["given_name"], strict=True)]
    positions = pd.Series(range(1, len(listed) + 1), dtype="int64")
    responses = course_responses(session, [found.id])
    position = responses["student_id"].map(pd.Series(positions.to_numpy(), index=listed["student_id"]))
    scores = responses.drop(columns=["student_id", "course_id"]).rename(columns={"week_number": "week"})
    scores.insert(0, "student", position)
    return ClassEvidence(
        rule=found.mastery_rule,
        parameters=dict(found.mastery_parameters),
        fits=fitted_parameters(session, [found.id]).get(found.id, {}),
        students=pd.DataFrame({"position": positions, "student_id": listed["student_id"], "name": pd.Series(names, dtype="str")}),
        weeks=frame(session, syllabus, {"week_number": "int64", "topic": "str"}),
        scores=scores[position.notna()]
        .astype({"student": "int64"})
        .sort_values("student", kind="stable")
        .reset_index(drop=True),  # a student who left has evidence and no position
    )
