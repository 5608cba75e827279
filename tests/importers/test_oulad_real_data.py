"""The whole data set is imported, and a second import changes nothing."""

from collections import Counter

import pytest
from sqlalchemy import func, select

from lmskit.importers.report import counted
from lmskit.models import Course, Enrollment, Quiz, QuizAttempt, Term, User
from lmskit.services.oulad import import_oulad
from tests.real_data import REAL_DATA

OULAD = REAL_DATA / "oulad"

pytestmark = pytest.mark.skipif(not OULAD.is_dir(), reason=f"the data set is not there: {OULAD}")

COUNTS = {
    "courses.csv": 22,
    "assessments.csv": 206,
    "studentInfo.csv": 32_593,
    "studentRegistration.csv": 32_593,
    "studentAssessment.csv": 173_912,
}
ENTITIES = {
    "terms": 4,
    "lecturers": 7,
    "courses": 22,
    "weeks": 817,
    "quizzes": 206,
    "students": 28_785,
    "enrollments": 32_593,
    "attempts": 173_912,
}
WARNINGS = {
    ("assessments.csv", "date"): 11,
    ("assessments.csv", "weight"): 5 + 3,
    ("studentInfo.csv", "final_result"): 9,
    ("studentRegistration.csv", "date_registration"): 45,
    ("studentRegistration.csv", "date_unregistration"): 93 + 1,
    ("studentAssessment.csv", "score"): 173,
    ("studentAssessment.csv", "is_banked"): 1_909,
    ("studentAssessment.csv", "date_submitted"): 2_057 + 85 + 588,
}
SKIPPED = (
    "gender",
    "region",
    "highest_education",
    "imd_band",
    "age_band",
    "num_of_prev_attempts",
    "studied_credits",
    "disability",
)


@pytest.mark.long
def test_the_whole_data_set_is_imported_and_a_second_import_changes_nothing(session):
    first = import_oulad(session, OULAD)
    assert {file.file: file.added for file in first.files} == {file.file: file.rows_in for file in first.files} == COUNTS
    assert {thing.kind: thing.added for thing in first.entities} == ENTITIES
    assert first.rejections == ()
    found_warnings: Counter[tuple[str, str | None]] = Counter()
    for found in counted(first.warnings):
        found_warnings[found.file, found.column] += found.count
    assert found_warnings == WARNINGS
    assert {file.file: file.skipped_columns for file in first.files if file.skipped_columns} == {"studentInfo.csv": SKIPPED}

    ours = select(Course.id).join(Term).where(Term.code.in_(["2013B", "2013J", "2014B", "2014J"])).subquery()
    attempts = select(func.count()).select_from(QuizAttempt).where(QuizAttempt.course_id.in_(select(ours)))
    assert session.scalar(attempts) == 173_912
    assert session.scalar(attempts.where(QuizAttempt.score.is_(None))) == 173
    assert session.scalar(attempts.where(QuizAttempt.banked)) == 1_909
    statuses = select(Enrollment.status, func.count()).where(Enrollment.course_id.in_(select(ours))).group_by(Enrollment.status)
    assert dict(session.execute(statuses).all()) == {"withdrawn": 10_165, "completed": 22_428}
    undated = select(func.count()).select_from(Quiz).where(Quiz.course_id.in_(select(ours)), Quiz.due_on.is_(None))
    assert session.scalar(undated) == 11
    people = select(func.count(func.distinct(Enrollment.student_id))).where(Enrollment.course_id.in_(select(ours)))
    assert session.scalar(people) == 28_785
    assert session.scalar(select(func.count()).select_from(User).where(User.email.like("lecturer.%@oulad.invalid"))) == 7

    second = import_oulad(session, OULAD)
    assert {file.file: file.unchanged for file in second.files} == COUNTS
    assert {thing.kind: thing.unchanged for thing in second.entities} == ENTITIES
    assert second.touched == ()
    assert second.warnings == first.warnings
