"""Cells that excuse students from quizzes, and later ones that do not."""

import datetime as dt

import pytest
from sqlalchemy import select, update

from lmskit.importers.canvas.gradebook import FORMAT as CANVAS
from lmskit.importers.formats import ReadOptions
from lmskit.models import Enrollment, Quiz, QuizAttempt, QuizException, User
from lmskit.queries.attempt import quiz_totals
from lmskit.queries.quiz_exception import quiz_exceptions
from lmskit.schemas.person import ChangePerson
from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent
from lmskit.services.file_import import ImportOptions, import_file
from lmskit.services.person_change import change_person
from lmskit.services.quiz_exception import excuse, extend
from tests.importers.plain import csv_file

HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,Week 1 Quiz (9201),Week 2 Quiz (9202)\n    Points Possible,,,,,10,10\n"
PLAIN = "id,email,name,quiz,score,max_score\n"
QUIZ, BOTH = "Vale, Ada · Week 1 Quiz", ("Vale, Ada · Week 1 Quiz", "Orr, Ben · Week 1 Quiz")


def cells(ada, ben="8"):
    """A gradebook with the cells of two students for the quiz of week 1."""
    return f'{HEADER}"Vale, Ada",501,S501,ada,S,{ada},9\n"Orr, Ben",502,S502,ben,S,{ben},7'


@pytest.fixture
def gradebook(session, tmp_path, course):
    def import_(rows):
        source = CANVAS.open(csv_file(tmp_path / "gradebook.csv", rows), ReadOptions())
        rehearsal = import_file(session, source, ImportOptions(course=course.code, dry_run=True))
        report = import_file(session, source, ImportOptions(course=course.code))
        assert rehearsal.outcomes == report.outcomes
        assert (rehearsal.entity("excuses"), rehearsal.notes) == (report.entity("excuses"), report.notes)
        return report

    return import_


@pytest.fixture
def of_ada(session, course):
    """Make a request about the first student and the quiz of week 1."""

    def request(**values):
        quiz = session.scalars(select(Quiz).where(Quiz.course_id == course.id, Quiz.title == "Week 1 Quiz")).one()
        enrolled = select(User.id).join(Enrollment, Enrollment.student_id == User.id).where(Enrollment.course_id == course.id)
        ada = session.scalars(enrolled.where(User.family_name == "Vale")).one()
        return (ExtendQuiz if values else QuizOfStudent)(course=course.code, quiz=str(quiz.id), student=str(ada), **values)

    return request


def excuses(session, course):
    found = select(User.family_name, QuizException.excused, QuizException.excused_by_format).join(User, User.id == QuizException.student_id)
    return [tuple(row) for row in session.execute(found.where(QuizException.course_id == course.id).order_by(User.family_name))]


def results(report):
    """The outcomes of the quiz of week 1 that are not unchanged."""
    about_week_1 = (outcome for outcome in report.outcomes if outcome.column == "Week 1 Quiz (9201)" and outcome.state != "unchanged")
    return [(outcome.row, outcome.state, outcome.reason, outcome.before, outcome.after) for outcome in about_week_1]


def noted(report, about):
    return [note for note in report.notes if about in note]


def n_graded(session, course):
    """How many results of the quiz of week 1 count."""
    return quiz_totals(session, course.code)["n_graded"].tolist()[0]


def test_an_excused_cell_excuses_the_student_whose_result_stays_and_counts_no_longer(session, course, gradebook):
    gradebook(cells("2"))
    report = gradebook(cells("EX"))
    assert excuses(session, course) == [("Vale", True, "canvas-gradebook")]
    assert results(report) == [(3, "changed", "excuse added", "2 of 10", "no longer counts")]
    assert noted(report, "whose results no longer count")[0].endswith(f": 1. {QUIZ} (2 of 10).")
    assert (report.entity("excuses").added, len(report.touched), n_graded(session, course)) == (1, 1, 1)
    assert quiz_exceptions(session, course.code)["excused_by_format"].tolist() == ["canvas-gradebook"]
    again = gradebook(cells("EX"))
    assert (results(again), again.touched, again.entity("excuses").unchanged) == ([], (), 1)


def test_graded_answers_of_a_result_without_a_total_count_no_longer_either(session, course, gradebook):
    gradebook(cells("2"))
    result = session.scalars(select(QuizAttempt).where(QuizAttempt.course_id == course.id, QuizAttempt.score == 2)).one()
    session.get_one(Quiz, result.quiz_id).questions = [{"id": "1"}, {"id": "2"}]
    session.flush()
    result.is_total, result.score, result.answers = False, None, [{"question": "1", "response": "a", "score": 2}]
    session.flush()
    report = gradebook(cells("EX"))
    assert results(report) == [(3, "changed", "excuse added", "not graded", "no longer counts")]
    assert noted(report, "whose results no longer count")[0].endswith(f": 1. {QUIZ} (not graded).")
    assert len(report.touched) == 1


def test_whom_lmskit_knows_is_called_by_the_preferred_name_in_every_row_and_note(session, course, gradebook, of_ada):
    gradebook(cells("2"))
    change_person(session, ChangePerson(person=of_ada().student, preferred_name="Bess"))
    report = gradebook(cells("EX"))
    assert {outcome.what for outcome in report.outcomes if outcome.row == 3 and outcome.column} == {
        "Vale, Bess · Week 1 Quiz",
        "Vale, Bess · Week 2 Quiz",
    }
    assert [outcome.what.partition(" · ")[0] for outcome in report.outcomes if outcome.row == 3 and not outcome.column] == ["Vale, Bess"]
    assert "Vale, Bess · Week 1 Quiz" in noted(report, "whose results no longer count")[0]


def test_new_students_are_excused_too_and_every_cell_is_accounted_for(session, course, gradebook):
    report = gradebook(cells("EX", "Exempt"))
    assert [name for name, excused, _ in excuses(session, course) if excused] == ["Orr", "Vale"]
    assert results(report) == [(3, "added", "excuse added", "", ""), (4, "added", "excuse added", "", "")]
    assert report.files[1].rows_in == report.files[1].added == 4
    assert "excuse" not in " ".join(report.notes)


@pytest.mark.parametrize(("cell", "outcome"), [("5", "score; excuse taken back"), ("2", "excuse taken back")])
def test_a_later_score_ends_an_excuse_that_a_file_brought(session, course, gradebook, cell, outcome):
    gradebook(cells("2"))
    gradebook(cells("EX"))
    report = gradebook(cells(cell))
    assert (excuses(session, course), n_graded(session, course)) == ([], 2)
    assert [(row, state, set(reason.split("; "))) for row, state, reason, *_ in results(report)] == [
        (3, "changed", set(outcome.split("; ")))
    ]
    assert noted(report, "the file excuses no longer")[0].endswith(f": 1. {QUIZ}.")
    assert (report.entity("excuses").changed, len(report.touched)) == (1, 1)


@pytest.mark.parametrize("cell", ["", "-", "N/A"])
def test_a_later_cell_without_a_result_ends_it_and_takes_the_result_back(session, course, gradebook, cell):
    gradebook(cells("2"))
    gradebook(cells("EX"))
    report = gradebook(cells(cell))
    assert (excuses(session, course), n_graded(session, course)) == ([], 1)
    why = "not assigned" if cell == "N/A" else "no result"
    assert [reason for _, _, reason, *_ in results(report)] == [f"excuse taken back: {why}", f"taken back: {why}"]


def test_an_excuse_by_a_person_stays_and_a_note_says_so(session, course, gradebook, of_ada):
    gradebook(cells("2"))
    excuse(session, of_ada())
    report = gradebook(cells("5"))
    assert (excuses(session, course), n_graded(session, course)) == ([("Vale", True, None)], 1)
    [note] = noted(report, "stay excused")
    assert QUIZ in note
    assert "lmskit exception remove" in note
    assert gradebook(cells("EX")).entity("excuses").unchanged == 1
    assert not noted(gradebook(cells("")), "stay excused")
    assert excuses(session, course) == [("Vale", True, None)]


def test_a_person_takes_over_the_excuse_that_a_file_brought(session, course, gradebook, of_ada):
    gradebook(cells("EX"))
    excuse(session, of_ada())
    gradebook(cells("5"))
    assert excuses(session, course) == [("Vale", True, None)]


def test_more_time_stays_when_an_excuse_begins_and_ends(session, course, gradebook, of_ada):
    gradebook(cells("2"))
    extend(session, of_ada(due_on=dt.date(2031, 5, 1)))
    assert gradebook(cells("EX")).entity("excuses").added == 1
    assert excuses(session, course) == [("Vale", True, "canvas-gradebook")]
    gradebook(cells("5"))
    assert excuses(session, course) == [("Vale", False, None)]
    assert session.scalars(select(QuizException.due_on).where(QuizException.course_id == course.id)).all() == [dt.date(2031, 5, 1)]


def test_a_plain_table_excuses_too_and_ends_its_own_excuses_alone(session, course, imported):
    rows = f'{PLAIN}1,ada@uni.example,"Vale, Ada",Week 1 Quiz,{{}},10\n'
    imported(rows.format("4"))
    imported(rows.format("excused"))
    assert excuses(session, course) == [("Vale", True, "csv")]
    of_course = update(QuizException).where(QuizException.course_id == course.id)
    session.execute(of_course.values(excused_by_format="canvas-gradebook"))
    assert noted(imported(rows.format("5")), "no file of its format excused them")
    assert excuses(session, course) == [("Vale", True, "canvas-gradebook")]
    session.execute(of_course.values(excused_by_format="csv"))
    imported(rows.format("5"))
    assert excuses(session, course) == []


def test_an_excuse_beside_a_result_of_the_same_student_is_rejected(session, course, imported):
    report = imported(f'{PLAIN}1,,"Vale, Ada",Week 1 Quiz,excused,10\n1,,"Vale, Ada",Week 1 Quiz,5,10')
    assert [(rejection.row, rejection.reason) for rejection in report.rejections] == [
        (2, "excuses a student who has a result of the same quiz in another row")
    ]
    assert excuses(session, course) == []
