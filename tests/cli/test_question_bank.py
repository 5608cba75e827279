"""The banks of a course: listed, shown and forgotten."""

import threading

from sqlalchemy import text
from sqlalchemy.orm import Session

from lmskit.db import transaction
from lmskit.services.importing import lock_imports
from lmskit.services.question_bank import forget_bank

BANK = "::a::Is it?{T}\n\n::b::What?{=x ~y}\n"


def test_a_bank_that_waits_is_listed_shown_and_forgotten(lmskit, course, tmp_path):
    assert f"{course.code} has no question banks." in lmskit("question-bank", "list", course.code).stderr
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    assert lmskit("import", str(bank), "--course", course.code).exit_code == 0
    listed = lmskit("question-bank", "list", course.code).stdout
    assert listed.splitlines()[-1].split() == ["arrays.gift", "2", "0", "2"]
    assert "What?" in lmskit("question-bank", "show", course.code, "arrays.gift", "--offset", "1").stdout
    asked = lmskit("question-bank", "forget", course.code, "arrays.gift", typed="n\n")
    assert f"With the question bank arrays.gift of {course.code} go: questions: 2." in asked.stdout
    assert lmskit("question-bank", "show", course.code, "arrays.gift").exit_code == 0
    done = lmskit("question-bank", "forget", course.code, "arrays.gift", "--yes").stdout
    assert done.startswith(f"Deleted: the question bank arrays.gift of {course.code}. ")
    assert done.endswith("To have its questions again, import the bank again.\n")
    gone = lmskit("question-bank", "forget", course.code, "arrays.gift")
    assert (gone.exit_code, "has no question bank 'arrays.gift'" in gone.stderr) == (1, True)


def test_a_bank_of_which_a_quiz_was_made_is_forgotten_and_the_quiz_stays(lmskit, course, tmp_path):
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    lmskit("import", str(bank), "--course", course.code, "--week", "1", "--title", "Arrays")
    assert lmskit("question-bank", "list", course.code).stdout.splitlines()[-1].split() == ["arrays.gift", "2", "2", "0"]
    shown = lmskit("question-bank", "show", course.code, "arrays.gift").stdout
    assert shown.count("Arrays") == 2
    lmskit("question-bank", "forget", course.code, "arrays.gift", "--yes")
    assert "Arrays" in lmskit("quiz", "list", course.code).stdout


def test_a_forgotten_bank_is_in_the_audit_trail_question_by_question(lmskit, course, tmp_path, admin_engine):
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    lmskit("import", str(bank), "--course", course.code)
    lmskit("question-bank", "forget", course.code, "arrays.gift", "--yes")
    entries = "SELECT row_key, old ->> 'bank' FROM audit_log WHERE table_name = 'bank_questions' AND action = 'delete' AND course_id = :id"
    with Session(admin_engine) as session:
        found = session.execute(text(f"{entries} AND import_run_id IS NULL ORDER BY row_key"), {"id": course.id}).all()
    assert [tuple(entry) for entry in found] == [(f"{course.id}:arrays.gift:{number}", "arrays.gift") for number in (1, 2)]


def test_a_bank_is_forgotten_after_the_import_that_is_under_way(lmskit, course, tmp_path, admin_engine):
    """Which may be putting questions of it into a quiz."""
    bank = tmp_path / "arrays.gift"
    bank.write_text(BANK, encoding="utf-8")
    lmskit("import", str(bank), "--course", course.code)

    def forget():
        with transaction(admin_engine) as session:
            forget_bank(session, course.code, "arrays.gift")

    forgetting = threading.Thread(target=forget)
    stored = text("SELECT count(*) FROM bank_questions WHERE course_id = :id")
    waits = text("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid)))")
    with transaction(admin_engine) as session:
        lock_imports(session)
        forgetting.start()
        while forgetting.is_alive() and not session.scalar(waits):
            forgetting.join(0.01)
        assert session.scalar(stored, {"id": course.id}) == 2
    forgetting.join()
    with Session(admin_engine) as session:
        assert session.scalar(stored, {"id": course.id}) == 0
