import json

import pytest
from sqlalchemy import delete

from lmskit.db import transaction
from lmskit.models import Course, Enrollment, QuizAttempt
from lmskit.services.question_bank import WAITS
from tests import factories
from tests.answered_quiz import answered_quiz


def test_the_quizzes_of_a_course_are_listed(lmskit, course, admin_engine):
    empty = lmskit("quiz", "list", course.code)
    assert f"{course.code} has no quizzes yet." in empty.stderr
    with transaction(admin_engine) as session:
        factories.quiz(session, course, week_number=2, title="Second [bold]quiz[/bold]")
        factories.quiz(session, course, title="First quiz")
        factories.quiz(session, course, title="A quiz without a week", week_number=None)
    listed = lmskit("quiz", "list", course.code, "--limit", "1")
    assert "First quiz" in listed.stdout
    assert listed.stderr.startswith("Rows 1 to 1 of 3, page 1 of 3.")
    assert "A quiz without a week" in lmskit("quiz", "list", course.code, "--offset", "2").stdout
    assert "Second [bold]quiz[/bold]" in lmskit("quiz", "list", course.code, "--offset", "1").stdout


def test_an_unknown_course_is_refused(lmskit):
    refused = lmskit("quiz", "list", "NO-SUCH")
    assert refused.exit_code == 1
    assert "There is no course 'NO-SUCH'" in refused.stderr


def test_a_question_bank_becomes_a_quiz_on_the_command_line(lmskit, course, tmp_path):
    bank = tmp_path / "arrays.gift"
    bank.write_text("::a::Is it?{T}\n\n::b::What?{=x ~y}\n\nOnly a text.\n", encoding="utf-8")
    waiting = lmskit("import", "gift", str(bank), "--course", course.code, "--json")
    assert waiting.exit_code == 3, "one row was rejected"
    reasons = [outcome["reason"] for outcome in json.loads(waiting.stdout)["outcomes"] if outcome["state"] == "added"]
    assert reasons == [WAITS, WAITS]
    assert "Arrays" not in lmskit("quiz", "list", course.code).stdout
    done = lmskit("import", "gift", str(bank), "--course", course.code, "--week", "1", "--title", "Arrays")
    assert done.exit_code == 3, done.output
    assert "3 in = 2 added + 0 changed + 0 unchanged + 1 rejected" in done.stdout
    assert "arrays.gift, row 5: is a description, not a question" in done.stdout
    after_file = lmskit("import", "gift", str(bank), "--course", course.code, "--week", "1", "--dry-run")
    assert "the new quiz 'arrays' in week 1, called after the file; --title changes that." in " ".join(after_file.stdout.split())
    other = lmskit("import", "gift", str(bank), "--course", course.code, "--without-week", "--title", "Later")
    assert "the new quiz 'Later' without a week" in " ".join(other.stdout.split())
    again = lmskit("import", str(bank), "--course", course.code, "--title", "Arrays")
    assert "3 in = 0 added + 0 changed + 2 unchanged + 1 rejected" in again.stdout
    assert "Arrays" in lmskit("quiz", "list", course.code).stdout


def test_a_quiz_that_cannot_be_read_names_its_first_mistakes_and_the_command_that_lists_all(lmskit, course, admin_engine):
    with transaction(admin_engine) as session:
        quiz = factories.quiz(session, course, title="Broken", questions=[{"id": f"q{number}"} for number in range(200)])
    refused = lmskit("quiz", "statistics", course.code, "Broken")
    assert refused.exit_code == 1
    assert len(refused.stderr) < 700
    assert f"to see all: lmskit quiz mistakes COURSE {quiz.id}." in refused.stderr
    listed = lmskit("quiz", "mistakes", course.code, str(quiz.id), "--limit", "2", "--offset", "1")
    assert "question 2" in listed.stdout
    assert listed.stderr.startswith("Rows 2 to 3 of 200.")
    fitted = lmskit("knowledge", "fit", "--course", course.code)
    assert f"In {course.code} the questions of 1 quiz cannot be read, so not all of their answers count: 'Broken'." in fitted.stderr


@pytest.fixture
def answered(course, admin_engine):
    """Two quizzes of one module with graded answers, until the test ends."""
    with transaction(admin_engine) as session:
        earlier = factories.course(session, module_code=course.module_code, weeks=1)
        answered_quiz(session, earlier, title="Sets", seed=5)
        made = answered_quiz(session, course, title="Sets")
    yield made
    with transaction(admin_engine) as session:
        for code in (course.id, earlier.id):
            session.execute(delete(QuizAttempt).where(QuizAttempt.course_id == code))
            session.execute(delete(Enrollment).where(Enrollment.course_id == code))
        session.execute(delete(Course).where(Course.id == earlier.id))


def test_a_quiz_and_its_questions_are_analysed_on_the_command_line(lmskit, course, answered):
    output = lmskit("quiz", "statistics", course.code, "Sets").stdout
    assert f"Sets in {course.code}: 60 students, each student's first attempt" in output
    assert "Cronbach's alpha" in output
    assert "key likely wrong" in output
    assert "Which? <img src=x" in output, "what people typed is shown as it is"
    assert output == lmskit("quiz", "statistics", course.code, str(answered.id)).stdout
    assert "all attempts of each student" in lmskit("quiz", "statistics", course.code, "Sets", "--attempts", "all").stdout


def test_the_options_of_a_question_are_shown_and_a_question_without_any_says_so(lmskit, course, answered):
    output = lmskit("quiz", "options", course.code, "Sets", "1").stdout
    assert "the right one" in output
    assert "[bold]$x$[/bold]" in output
    assert "This question has no options" in lmskit("quiz", "options", course.code, "Sets", "word").stderr
    refused = lmskit("quiz", "options", course.code, "Sets", "9")
    assert refused.exit_code == 1
    assert "The quiz has no question '9'" in refused.stderr


def test_the_drift_of_a_quiz_names_its_runs(lmskit, course, answered):
    output = lmskit("quiz", "drift", course.code, "Sets").stdout
    assert "runs, oldest first: " in output
    assert "no significant change" in output


def test_a_program_gets_the_numbers_behind_the_words(lmskit, course, answered):
    for command, names in (
        (("statistics", course.code, "Sets"), {"number", "facility", "discrimination_index", "verdict"}),
        (("options", course.code, "Sets", "1"), {"text", "n", "share", "verdict"}),
        (("drift", course.code, "Sets"), {"number", "index", "change", "p_adjusted"}),
    ):
        rows = json.loads(lmskit("quiz", *command, "--format", "json").stdout)
        assert names <= rows[0].keys()
        assert lmskit("quiz", *command, "--format", "csv", "--limit", "1").stdout.count("\n") == 2


def test_a_quiz_without_answers_has_no_statistics(lmskit, course, admin_engine):
    with transaction(admin_engine) as session:
        factories.quiz(session, course, title="Fresh")
    assert "There are no statistics" in lmskit("quiz", "statistics", course.code, "Fresh").stderr
    assert "No question of this quiz was asked in another course" in lmskit("quiz", "drift", course.code, "Fresh").stderr
    refused = lmskit("quiz", "statistics", course.code, "Stale")
    assert refused.exit_code == 1
    assert f"{course.code} has no quiz 'Stale' that you can see" in refused.stderr
