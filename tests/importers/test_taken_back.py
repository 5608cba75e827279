"""Marks that a later file excuses or does not have any more, and rows that it does not name."""

import pytest
from sqlalchemy import select

from lmskit.errors import ImportFileError, InputError
from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.models import Quiz, QuizAttempt
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
    changes = [(outcome.row, outcome.what, outcome.reason, outcome.before) for outcome in report.outcomes if outcome.state == "changed"]
    assert changes == [
        (3, "Vale, Ada · Week 1 Quiz", "excuse added", "2 of 10"),
        (4, "Orr, Ben · Week 1 Quiz", "taken back: no result", "3 of 10"),
    ]
    assert (report.entity("attempts").changed, report.entity("excuses").added, len(report.touched)) == (1, 1, 2)
    assert (marks(session, course), marks(session, course, counted=False)) == ([2, 9, 8, 7, 6], [3])
    assert quiz_totals(session, course.code)["n_graded"].tolist() == [1, 3]
    refresh(session, touched=report.touched)
    ben = session.scalars(select(QuizAttempt.student_id).where(QuizAttempt.course_id == course.id, QuizAttempt.score == 3)).one()
    assert student_attempts(session, course.code, ben)["score"].tolist() == [8]
    again = gradebook(SECOND)
    assert {outcome.state for outcome in again.outcomes} == {"unchanged"}
    assert again.touched == ()


def test_a_mark_that_comes_again_counts_again(session, course, gradebook):
    gradebook(FIRST)
    gradebook(SECOND)
    report = gradebook(FIRST)
    assert (report.entity("attempts").changed, report.entity("attempts").added, report.entity("excuses").changed) == (1, 0, 1)
    assert sorted(marks(session, course)) == [2, 3, 6, 7, 8, 9]
    assert marks(session, course, counted=False) == []


def test_attempts_with_answers_stay_although_a_gradebook_has_no_mark(session, course, gradebook):
    gradebook(FIRST)
    attempt = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id, QuizAttempt.score == 3)).one()
    session.get_one(Quiz, attempt.quiz_id).questions = [{"id": "1"}]
    session.flush()
    attempt.is_total, attempt.answers = False, [{"question": "1", "response": "a", "score": 3}]
    session.flush()
    report = gradebook(SECOND)
    assert marks(session, course, counted=False) == []
    assert [(warning.row, warning.value) for warning in report.warnings] == [(4, "no result")]


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


GONE = f'{HEADER}"Vale, Ada",501,S501,ada,S,2,9\n"Poe, Cy",503,S503,cy,S,7,6'


def test_students_whom_the_file_does_not_name_are_listed_and_their_results_stay(session, course, gradebook):
    gradebook(FIRST)
    report = gradebook(GONE)
    missing = [(outcome.what, outcome.row) for outcome in report.outcomes if outcome.state == "missing"]
    assert missing == [("Orr, Ben · 2 quizzes", None)]
    assert [note for note in report.notes if "Orr, Ben" in note and "--remove-missing" in note]
    assert (report.touched, marks(session, course, counted=False)) == ((), [])
    assert "missing" not in {outcome.state for outcome in gradebook(FIRST).outcomes}


def test_results_of_students_whom_the_file_does_not_name_are_taken_back_on_request_within_limits(session, course, gradebook):
    gradebook(FIRST)
    rehearsal = gradebook(GONE, remove_missing=True, dry_run=True)
    with (
        pytest.raises(ImportFileError, match=r"1 of 3 students with results is not in gradebook\.csv.*--remove-at-most 1"),
        session.begin_nested(),
    ):
        gradebook(GONE, remove_missing=True)
    with pytest.raises(ImportFileError, match="--remove-at-most 1"), session.begin_nested():
        gradebook(GONE, remove_missing=True, remove_at_most=0)
    with pytest.raises(InputError, match="is the limit of --remove-missing"), session.begin_nested():
        gradebook(GONE, remove_at_most=1)
    report = gradebook(GONE, remove_missing=True, remove_at_most=1)
    assert (report.outcomes, len(report.touched)) == (rehearsal.outcomes, 2)
    assert marks(session, course, counted=False) == [3, 8]
    gradebook(FIRST)
    assert marks(session, course, counted=False) == []


def test_results_are_not_taken_back_while_a_row_that_may_name_their_student_is_rejected(course, gradebook):
    gradebook(FIRST)
    with pytest.raises(ImportFileError, match="while rows that name students are rejected"):
        gradebook(f'{GONE}\n"Orr, Ben",#N/A,,,S,3,8', remove_missing=True, remove_at_most=1)
