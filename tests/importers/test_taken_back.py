"""Marks that a later file excuses or does not have any more, and rows that it does not name."""

import pytest
from sqlalchemy import select

from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.models import QuizAttempt
from lmskit.queries.attempt import quiz_totals, student_attempts
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.mastery import refresh
from lmskit.vocabulary import Origin
from tests.importers.plain import csv_file

HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 Quiz (9201),Week 2 Quiz (9202)\n    Points Possible,,,,,10,10\n"
FIRST = f'{HEADER}"Vale, Ada",501,S501,ada,S,2,9\n"Orr, Ben",502,S502,ben,S,3,8\n"Poe, Cy",503,S503,cy,S,7,6'
SECOND = f'{HEADER}"Vale, Ada",501,S501,ada,S,EX,9\n"Orr, Ben",502,S502,ben,S,,8\n"Poe, Cy",503,S503,cy,S,7,6'


@pytest.fixture
def gradebook(session, tmp_path, course):
    def import_(rows, **options):
        path = csv_file(tmp_path / "gradebook.csv", rows)
        return import_file(session, CANVAS.open(path, ReadOptions()), ImportOptions(course=course.code, **options))

    return import_


def marks(session, course, *, counted=True):
    """The marks by number of week and family name; those that count, or those that were taken back."""
    rows = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id).order_by(QuizAttempt.id)).all()
    return [float(attempt.score) for attempt in rows if (attempt.taken_back_at is None) is counted]


def test_a_mark_that_is_excused_or_gone_no_longer_counts_and_is_listed_by_name(session, course, gradebook):
    gradebook(FIRST)
    refresh(session, courses=[course.code])
    rehearsal, report = gradebook(SECOND, dry_run=True), gradebook(SECOND)
    assert rehearsal.outcomes == report.outcomes
    changes = [(outcome.row, outcome.column, outcome.what, outcome.reason) for outcome in report.outcomes if outcome.state == "changed"]
    assert changes == [
        (3, "Week 1 Quiz (9201)", "Vale, Ada · Week 1 Quiz", "taken back: excused, was 2 of 10"),
        (4, "Week 1 Quiz (9201)", "Orr, Ben · Week 1 Quiz", "taken back: no result, was 3 of 10"),
    ]
    assert report.entity("attempts").changed == len(report.touched) == 2
    assert (marks(session, course), marks(session, course, counted=False)) == ([9, 8, 7, 6], [2, 3])
    assert quiz_totals(session, course.code)["n_graded"].tolist() == [1, 3]
    refresh(session, touched=report.touched)
    ben = session.scalars(select(QuizAttempt.student_id).where(QuizAttempt.score == 3)).one()
    assert student_attempts(session, course.code, ben)["score"].tolist() == [8]
    again = gradebook(SECOND)
    assert {outcome.state for outcome in again.outcomes} == {"unchanged"}
    assert again.touched == ()


def test_a_mark_that_comes_again_counts_again(session, course, gradebook):
    gradebook(FIRST)
    gradebook(SECOND)
    report = gradebook(FIRST)
    assert (report.entity("attempts").changed, report.entity("attempts").added) == (2, 0)
    assert sorted(marks(session, course)) == [2, 3, 6, 7, 8, 9]
    assert marks(session, course, counted=False) == []


def test_attempts_with_answers_stay_although_a_gradebook_has_no_mark(session, course, gradebook):
    gradebook(FIRST)
    attempt = session.scalars(select(QuizAttempt).where(QuizAttempt.score == 2)).one()
    attempt.is_total, attempt.answers = False, [{"question": "1", "response": "a", "score": 2}]
    session.flush()
    report = gradebook(SECOND)
    assert marks(session, course, counted=False) == [3]
    assert [(warning.row, warning.value) for warning in report.warnings] == [(3, "excused")]


def test_marks_of_people_and_of_other_origins_are_not_taken_back(session, course, gradebook):
    gradebook(FIRST)
    attempts = session.scalars(select(QuizAttempt).where(QuizAttempt.score.in_([2, 3])))
    for attempt in attempts:
        attempt.origin = Origin.FORM
    session.flush()
    gradebook(SECOND)
    assert marks(session, course, counted=False) == []


def test_a_plain_table_takes_a_total_back_but_not_beside_a_score_of_the_same_student(session, course, imported):
    header = "email,family_name,quiz,score,max_score\n"
    imported(f"{header}a@uni.example,Rae,Week 1,4,10\nb@uni.example,Roe,Week 1,5,10")
    imported(f"{header}a@uni.example,Rae,Week 1,,10\nb@uni.example,Roe,Week 1,5,10\nb@uni.example,Roe,Week 1,,10")
    assert (marks(session, course), marks(session, course, counted=False)) == ([5], [4])
