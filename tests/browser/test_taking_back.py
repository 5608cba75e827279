"""An administrator takes an import into the wrong course back, and deletes what was made by mistake, driven in Chromium."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.test_admin_forms import open_form, press, shows

pytestmark = pytest.mark.browser
__all__ = ["open_form"]
N_STUDENTS = 120


@pytest.fixture
def wrong_import(environment, tmp_path):
    """The number of an import of a roster and results into a course that was made for it, with the course's code."""
    lines = [f"wrong.{number}@example.com,Wrongcourse {number:03},Sets,{number % 6},5" for number in range(N_STUDENTS)]
    path = tmp_path / "wrong.csv"
    path.write_text("\n".join(["email,family_name,quiz,score,max_score", *lines]) + "\n", encoding="utf-8")
    courses = lmskit(environment, "course", "list", "--format", "csv").stdout.splitlines()
    code = courses[1].split(",")[0]
    done = lmskit(environment, "import", str(path), "--course", code, "--week", "1", "--new-quizzes")
    assert done.returncode == 0, (done.stdout, done.stderr)
    runs = lmskit(environment, "import", "list", "--format", "csv").stdout.splitlines()
    return int(runs[1].split(",")[0]), code


def test_an_import_into_the_wrong_course_is_taken_back_after_its_number_of_rows_was_typed(open_form, wrong_import, pictures, environment):
    run, code = wrong_import
    lab = open_form("taking_back")
    expect(lab.output.locator("tr", has_text="wrong.csv").first).to_contain_text("120")
    pictures(lab, "taking_back_opened")
    press(lab, "Show what it wrote")
    shows(lab, f"Import {run}: wrong.csv (csv)")
    expect(lab.output.locator("tr", has_text="quiz_attempts")).to_contain_text("120")
    pictures(lab, "taking_back_shown")
    press(lab, "Show what taking back would do")
    found = shows(lab, "Nothing was changed.").inner_text()
    (n_rows,) = re.findall(r"put back ([0-9,]+) rows", found)
    undo = lab.output.get_by_role("button", name="Take the import back", exact=True)
    expect(undo).to_be_disabled()
    lab.field("Rows to take back").fill("7")
    expect(lab.output.get_by_text("This is not the number of rows")).to_be_visible()
    pictures(lab, "taking_back_question", top=lab.output.locator(".lmskit-heading", has_text="One import"))
    lab.field("Rows to take back").fill(n_rows.replace(",", ""))
    expect(undo).to_be_enabled()
    press(lab, "Take the import back")
    shows(lab, f"Import {run} was taken back by run")
    expect(lab.output.locator("tr", has_text="undo").first).to_be_visible()
    pictures(lab, "taking_back_done")
    assert "wrong.1@example.com" not in lmskit(environment, "enrollment", "list", code, "--all", "--format", "csv").stdout


def test_a_quiz_with_results_stays_and_a_course_without_them_is_deleted(open_form, pictures, environment, tmp_path):
    term = lmskit(environment, "term", "list", "--format", "csv").stdout.splitlines()[1].split(",")[0]
    made = lmskit(
        environment, "course", "create", "MISTAKE-1", "--title", "A mistake", "--term", term, "--lecturer", "demo.lecturer@example.org"
    )
    assert made.returncode == 0, made.stderr
    (tmp_path / "spare.gift").write_text("::a::Is it?{T}\n\n::b::What?{=x ~y}\n", encoding="utf-8")
    assert lmskit(environment, "import", str(tmp_path / "spare.gift"), "--course", "MISTAKE-1").returncode == 0
    lab = open_form("taking_back")
    with_results = lab.field("Course").locator("option", has_text="SIM-PROG-2026B").text_content()
    lab.field("Course").select_option(label=with_results)
    expect(lab.field("Quiz").locator("option").nth(1)).to_be_attached()  # the quizzes of this course
    press(lab, "Delete")
    shows(lab, "Nothing was deleted.")
    top = lab.output.locator(".lmskit-heading", has_text="Delete what was made by mistake")
    pictures(lab, "deletion_refused", top=top)
    lab.field("What").select_option(label="question bank")
    lab.field("Course").select_option(label="MISTAKE-1 · A mistake")
    expect(lab.field("Question bank")).to_contain_text("spare.gift · 2 questions")
    press(lab, "Show what would go")
    shows(lab, "Nothing was changed. With the question bank spare.gift of MISTAKE-1 go: questions: 2.")
    pictures(lab, "deletion_question_bank", top=top)
    press(lab, "Delete")
    shows(lab, "Deleted: the question bank spare.gift of MISTAKE-1.")
    lab.field("What").select_option(label="course")
    lab.field("Course").select_option(label="MISTAKE-1 · A mistake")
    press(lab, "Show what would go")
    shows(lab, "Nothing was changed. Nothing else goes with the course MISTAKE-1.")
    press(lab, "Delete")
    shows(lab, "Deleted: the course MISTAKE-1.")
    pictures(lab, "deletion_done", top=top)
    assert "MISTAKE-1" not in lmskit(environment, "course", "list", "--all", "--format", "csv").stdout
