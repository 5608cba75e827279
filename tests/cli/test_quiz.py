from lmskit.db import transaction
from tests import factories


def test_the_quizzes_of_a_course_are_listed(lmskit, course, admin_engine):
    empty = lmskit("quiz", "list", course.code)
    assert f"{course.code} has no quizzes yet." in empty.stdout
    with transaction(admin_engine) as session:
        factories.quiz(session, course, week_number=2, title="Second [bold]quiz[/bold]")
        factories.quiz(session, course, title="First quiz")
    listed = lmskit("quiz", "list", course.code, "--limit", "1")
    assert "First quiz" in listed.stdout
    assert "Rows 1 to 1 of 2." in listed.stdout
    assert "Second [bold]quiz[/bold]" in lmskit("quiz", "list", course.code, "--offset", "1").stdout


def test_a_course_that_is_not_there_is_said_to_be_unknown(lmskit):
    refused = lmskit("quiz", "list", "NO-SUCH")
    assert refused.exit_code == 1
    assert "There is no course 'NO-SUCH'" in refused.stderr


def test_a_question_bank_becomes_a_quiz_on_the_command_line(lmskit, course, tmp_path):
    bank = tmp_path / "arrays.gift"
    bank.write_text("::a::Is it?{T}\n\n::b::What?{=x ~y}\n\nOnly a text.\n", encoding="utf-8")
    needed = lmskit("import", "gift", str(bank), "--course", course.code)
    assert needed.exit_code == 1
    assert "say which week it belongs to: --week N" in needed.stderr
    done = lmskit("import", "gift", str(bank), "--course", course.code, "--week", "1", "--title", "Arrays")
    assert done.exit_code == 0, done.output
    assert "3 in = 2 added + 0 changed + 0 unchanged + 1 rejected" in done.stdout
    assert "arrays.gift, row 5: is a description, not a question" in done.stdout
    again = lmskit("import", str(bank), "--course", course.code, "--title", "Arrays")
    assert "3 in = 0 added + 0 changed + 2 unchanged + 1 rejected" in again.stdout
    assert "Arrays" in lmskit("quiz", "list", course.code).stdout
