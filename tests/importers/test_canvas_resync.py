"""Syncing a course of Canvas again, and beside its files: few requests, nobody withdrawn by a list that lacks people, nothing twice."""

import dataclasses
import datetime as dt

import pytest
from sqlalchemy import delete, select

from lmskit.errors import ImportFileError
from lmskit.importers.canvas.gradebook import FORMAT as GRADEBOOK
from lmskit.importers.canvas.quiz import FORMAT as STUDENT_ANALYSIS
from lmskit.importers.formats import ReadOptions
from lmskit.models import Course, Enrollment, ExternalId, ImportRun, Quiz, QuizAttempt, QuizException, User
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.import_undo import undo_import
from lmskit.vocabulary import EnrollmentStatus
from tests import factories
from tests.canvas_server import Submission, Version, analysis_of, attempt, data, gradebook_of, small_course, student, taken
from tests.importers.synced import attempts_of
from tests.importers.synced import synced_with_canvas as synced
from tests.importers.test_import_undo import content

MOST_REQUESTS = 11
"""Of a sync that finds nothing new: what the course is, people, assignments, and what was submitted or graded, twice each: since the last
sync, and ever in the assignments of which lmskit has no result."""


@pytest.fixture(scope="module")
def served():
    with small_course().served() as server:
        yield server


@pytest.fixture(scope="module")
def first_sync(module_session, served):
    """The course after its first sync, and what was in the database before."""
    made = factories.course(module_session, weeks=4)
    before = content(module_session)
    synced(module_session, served, made)
    module_session.commit()
    return made.id, before


@pytest.fixture
def connection(part_of_module, first_sync):
    return part_of_module


@pytest.fixture
def course(session, first_sync):
    return session.get(Course, first_sync[0])


@pytest.fixture
def canvas(served):
    """The Canvas as it was at the first sync."""
    fresh = small_course()
    for each in dataclasses.fields(fresh):
        if each.name != "url":
            setattr(served, each.name, getattr(fresh, each.name))
    return served


def now():
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def test_a_second_sync_changes_nothing_and_asks_for_little(session, canvas, course):
    before = content(session)
    report = synced(session, canvas, course)
    assert {outcome.state for outcome in report.outcomes} == {"unchanged"}
    assert content(session) == before
    assert len(canvas.asked) <= MOST_REQUESTS
    assert (report.total.rows_in, canvas.calls("/questions")) == (5, 0)  # people alone


def test_one_new_attempt_costs_two_requests_and_a_regrade_two(session, canvas, course):
    canvas.submissions[1] = taken(12, Version(2, now(), 8.0, data(2, "3.14")), attempt(1, 6, data(2, "3")))
    report = synced(session, canvas, course)
    assert report.entity("attempts").added == 1
    assert len(canvas.asked) <= MOST_REQUESTS + 2
    canvas.submissions[0].versions[1] = attempt(1, 5, data(1, "22/7", essay=1.0))
    canvas.submissions[0].graded = now()
    report = synced(session, canvas, course)
    assert report.entity("attempts").changed == 1
    assert len(canvas.asked) <= MOST_REQUESTS + 2
    assert attempts_of(session, course)["Lovelace", "Means & modes", 1].score == 4.5


def test_a_grade_and_an_excuse_are_found_by_when_they_were_given_and_an_excuse_ends_with_a_grade(session, canvas, course):
    canvas.submissions[2].score, canvas.submissions[2].graded = 19.0, now()
    canvas.submissions[3] = Submission(502, 12, 12.0, None, now())
    report = synced(session, canvas, course)
    found = attempts_of(session, course)
    assert (found["Lovelace", "Essay, second draft", 1].score, found["Turing", "Essay, second draft", 1].score) == (19, 12)
    assert (report.entity("attempts").changed, report.entity("attempts").added) == (1, 1)
    assert not session.scalars(select(QuizException).where(QuizException.course_id == course.id, QuizException.excused)).all()


def test_earlier_results_of_a_new_student_and_of_a_new_assignment_are_read(session, canvas, course):
    canvas.enrollments += student(17, "Franklin, Rosalind")
    canvas.submissions.append(taken(17, attempt(1, 3, data(2, "3.14"))))
    essay = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title.like("Essay%"))).one()
    for table in (QuizAttempt, QuizException, ExternalId):
        session.execute(delete(table).where(table.quiz_id == essay.id))
    session.delete(essay)
    session.flush()
    synced(session, canvas, course)
    found = attempts_of(session, course)
    assert ("Franklin", "Means & modes", 1) in found
    assert found["Lovelace", "Essay, second draft", 1].score == 17.5


def test_an_undo_takes_the_sync_back_and_the_next_one_reads_everything_again(session, canvas, course, first_sync):
    undo_import(session, session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc())).first())
    assert content(session) == first_sync[1]
    synced(session, canvas, course)
    assert len(attempts_of(session, course)) == 4


def test_a_student_who_left_is_withdrawn_only_if_all_pages_were_read(session, canvas, course):
    canvas.enrollments += [each for number in range(50, 70) for each in student(number, f"Number{number}, Student")]
    synced(session, canvas, course)
    canvas.enrollments.pop()
    canvas.total = 23
    with pytest.raises(ImportFileError, match=r"has 23 students, and has listed 22, so nobody can be withdrawn; nothing was written"):
        synced(session, canvas, course, withdraw_missing=True)
    assert any("nobody is taken for missing" in note for note in synced(session, canvas, course).notes)
    canvas.total = None
    assert synced(session, canvas, course).entity("withdrawn").changed == 0
    assert synced(session, canvas, course, withdraw_missing=True).entity("withdrawn").changed == 1
    status = select(Enrollment.status).join(User, User.id == Enrollment.student_id).where(User.family_name == "Number69")
    assert session.scalars(status.where(Enrollment.course_id == course.id)).one() is EnrollmentStatus.WITHDRAWN


# Beside the files of Canvas -------------------------------------------------------------------------------------


def imported(session, course, form, path, text, **options):
    path.write_text(text, encoding="utf-8")
    return import_file(session, form.open(path, ReadOptions()), ImportOptions(course=course.code, **options))


def test_after_a_sync_the_gradebook_adds_nothing(session, canvas, course, tmp_path):
    before = content(session)
    report = imported(session, course, GRADEBOOK, tmp_path / "gradebook.csv", gradebook_of(canvas))
    assert {outcome.state for outcome in report.outcomes} <= {"unchanged"}, report.outcomes
    assert report.total.unchanged == report.total.rows_in == 7
    assert content(session) == before


def test_after_a_sync_the_student_analysis_of_a_quiz_adds_no_attempt_and_changes_no_answer(session, canvas, course, tmp_path):
    before = {key: (each.score, each.answers, each.submitted_at) for key, each in attempts_of(session, course).items()}
    path = tmp_path / "Means & modes Quiz Student Analysis Report.csv"
    report = imported(session, course, STUDENT_ANALYSIS, path, analysis_of(canvas, 501))
    assert report.rejections == ()
    assert (report.entity("attempts").added, report.entity("attempts").changed) == (0, 0), report.outcomes
    after = {key: (each.score, each.answers, each.submitted_at) for key, each in attempts_of(session, course).items()}
    assert after == before


def test_a_sync_after_the_files_adds_what_they_lack_and_then_nothing(session, canvas, course, tmp_path):
    undo_import(session, session.scalars(select(ImportRun.id).order_by(ImportRun.id.desc())).first())
    imported(session, course, GRADEBOOK, tmp_path / "gradebook.csv", gradebook_of(canvas), week=2)
    path = tmp_path / "Means & modes Quiz Student Analysis Report.csv"
    imported(session, course, STUDENT_ANALYSIS, path, analysis_of(canvas, 501))
    before = attempts_of(session, course)
    report = synced(session, canvas, course)
    assert report.rejections == ()
    assert attempts_of(session, course).keys() == before.keys()
    assert (report.entity("students").added, report.entity("attempts").added) == (1, 0)  # who is inactive is in no gradebook
    quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Means & modes")).one()
    assert {each["id"]: each["type"] for each in quiz.questions}["102"] == "multiple"
    assert (quiz.answer_key["101"]["answer"], quiz.answer_key["107"]["answer"]) == ("B", 3.14)
    again = imported(session, course, GRADEBOOK, tmp_path / "gradebook.csv", gradebook_of(canvas))
    assert {outcome.state for outcome in again.outcomes} <= {"unchanged"}
