"""The screen that takes imports back and deletes what was made by mistake: nothing is written before it was shown what that does."""

import pytest
from sqlalchemy import func, select

from lmskit.desks import taking_back_desk
from lmskit.forms import deletion, import_undo
from lmskit.importers.formats import ReadOptions
from lmskit.importers.plain_csv import FORMAT
from lmskit.models import BankQuestion, Course, Enrollment, ImportRun, Quiz, QuizAttempt
from lmskit.schemas.deletion import Deletable
from lmskit.services.file_import import ImportOptions, import_file
from tests import factories
from tests.importers.plain import csv_file


@pytest.fixture
def course(session):
    return factories.course(session, weeks=1)


@pytest.fixture
def run(session, course, tmp_path):
    """The number of an import of two results into a course."""
    path = csv_file(
        tmp_path / "wrong.csv", "email,family_name,quiz,score,max_score\nada@example.org,Lovelace,Sets,4,5\nbo@example.org,Berg,Sets,5,5"
    )
    import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code, week=1))
    return newest_run(session)


def newest_run(session):
    return session.scalar(select(func.max(ImportRun.id)))


@pytest.fixture
def screen(run, in_session):
    return taking_back_desk(run, begin=in_session, read=in_session)


def finished(work):
    work.join(30)
    return work


def press(action):
    action._ended = float("-inf")  # later than a double click
    action.button.click()


def n_attempts(session, course):
    return session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.course_id == course.id))


def test_an_import_is_shown_rehearsed_and_taken_back(session, screen, course, run, monkeypatch):
    imports = screen.imports
    assert (imports.chosen.value, imports.undo.disabled) == (run, True)
    assert imports.table.frame.iloc[0][["Run", "Name"]].tolist() == [run, "wrong.csv"]
    imports.show_it.click()
    assert imports.message.value.startswith(f"Import {run}: wrong.csv (csv)")
    assert {"quiz_attempts", "quizzes", "users"} <= set(imports.written.frame["Table"])
    monkeypatch.setattr(import_undo, "MUCH", 5)
    imports.rehearse.click()
    finished(imports.work)
    assert n_attempts(session, course) == 2
    assert imports.message.value.startswith("Nothing was changed. ")
    assert set(imports.lists.frame["What"]) == {"taken back"}
    n_rows = int(imports.lists.frame["Rows"].sum())
    assert imports.undo.disabled
    imports.typed.value = str(n_rows + 1)
    assert (imports.undo.disabled, imports._typed.problem) == (True, f"This is not the number of rows: {n_rows} rows would be taken back.")
    imports.typed.value = str(n_rows)
    imports.undo.click()
    finished(imports.work)
    newest = imports.table.frame.iloc[0]["Run"]
    assert imports.message.value == f"Import {run} was taken back by run {newest}: {n_rows} rows."
    assert (newest > run, n_attempts(session, course), imports.undo.disabled) == (True, 0, True)


def test_what_was_changed_since_is_listed_with_who_did_it(session, screen, course, run):
    student = session.scalars(select(Enrollment).where(Enrollment.course_id == course.id)).first()
    student.ended_on, student.status = student.started_on, "withdrawn"
    session.flush()
    screen.imports.rehearse.click()
    finished(screen.imports.work)
    found = screen.imports.lists.frame
    kept = found[found["What"] == "kept"]
    assert kept[["Rows", "Kind", "Why"]].to_numpy().tolist() == [[1, "enrollments", "changed since"]]
    assert course.code in kept["Which"].iloc[0]
    assert "not possible" in set(found["What"])


def test_choosing_another_import_forgets_what_a_trial_has_shown(session, course, run, in_session, tmp_path):
    path = csv_file(tmp_path / "right.csv", "email,family_name\ncy@example.org,Clay")
    import_file(session, FORMAT.open(path, ReadOptions()), ImportOptions(course=course.code))
    screen = taking_back_desk(run, begin=in_session, read=in_session)
    screen.imports.rehearse.click()
    finished(screen.imports.work)
    assert not screen.imports.undo.disabled
    screen.imports.chosen.value = newest_run(session)
    assert screen.imports.undo.disabled


def test_a_course_is_deleted_only_after_it_was_shown_what_goes(session, screen, monkeypatch):
    form = screen.deletion
    empty = factories.course(session, weeks=2)
    number, code = empty.id, empty.code
    form.what.value = Deletable.COURSE
    form.refresh()
    form.course.value = empty.code
    press(form.deleting)
    assert form.message.value == (f"Nothing was changed. With the course {empty.code} go: weeks: 2. To delete it, press Delete again.")
    monkeypatch.setattr(deletion, "MUCH", 1)
    press(form.rehearsing)
    press(form.deleting)
    assert form.message.value == "Nothing was deleted. Type the number of rows first."
    form.typed.value = "2"
    press(form.deleting)
    assert form.message.value == f"Deleted: the course {code}. With the course {code} go: weeks: 2."
    assert session.scalar(select(func.count()).select_from(Course).where(Course.id == number)) == 0
    assert code not in [offered for _, offered in form.course.options]


def test_a_quiz_with_results_stays_and_the_import_to_take_back_is_named(session, screen, course, run):
    form = screen.deletion
    form.course.value = course.code
    (quiz,) = session.scalars(select(Quiz.id).where(Quiz.course_id == course.id))
    assert form.quiz.value == quiz
    press(form.deleting)
    assert f"The quiz Sets of {course.code} has 2 attempts. Nothing was deleted." in form.message.value
    assert f"lmskit import undo {run}" in form.message.value


def bank_question(course, number):
    question = {"id": str(number), "type": "true_false", "prompt": "Is it?"}
    return BankQuestion(course_id=course.id, bank="arrays.gift", number=number, question=question, answer_key={})


def test_a_question_bank_is_forgotten_after_its_questions_were_shown_in_numbers_and_no_more_of_them(session, screen, course):
    form = screen.deletion
    session.add_all(bank_question(course, number) for number in (1, 2))
    session.flush()
    form.what.value = Deletable.QUESTION_BANK
    form.refresh()
    form.course.value = course.code
    assert list(form.bank.options) == [("arrays.gift · 2 questions", "arrays.gift")]
    press(form.deleting)
    what = f"the question bank arrays.gift of {course.code}"
    assert form.message.value == f"Nothing was changed. With {what} go: questions: 2. To delete it, press Delete again."
    session.add(bank_question(course, 3))
    session.flush()
    press(form.deleting)
    assert "questions: 3 instead of 2" in form.message.value
    press(form.deleting)
    press(form.deleting)
    assert form.message.value == f"Deleted: {what}. With {what} go: questions: 3."
    assert list(form.bank.options) == [("no question banks", "")]
    press(form.deleting)
    assert form.message.value.endswith("Choose the question bank to delete.")


@pytest.mark.parametrize("what", [Deletable.ATTEMPT, Deletable.PERSON])
def test_nothing_is_deleted_that_was_not_named(screen, what):
    screen.deletion.what.value = what
    press(screen.deletion.deleting)
    assert screen.deletion.message.value.endswith(f"Choose the {what} to delete.")
