"""An administrator uses the forms in JupyterLab, driven in Chromium: each form is filled in, corrected and submitted."""

import email
import email.policy
import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

ADMINISTRATOR = "demo.admin@example.org"
DOUBLE_CLICK = 600
"""Milliseconds, longer than a double click."""
COURSES = {
    "SIM-LINA-2026B": "SIM-LINA-2026B · Linear algebra (simulated)",
    "SIM-PROG-2026B": "SIM-PROG-2026B · Introduction to programming (simulated)",
    "SIM-STAT-2026B": "SIM-STAT-2026B · Statistics (simulated)",
}
"""Courses of the demonstration as lists name them."""
ROWS_READ = re.compile(r"Reading roster\.csv: [\d,]+")
"""What an import shows once it runs."""
WEEKS = "Variables and types\tName what a variable holds\nConditions\n\t\nLoops\tTrace a loop by hand\n7\tRecursion"
GIFT = """::sum:: What is 2 + 2? { =4 #Right ~3 ~5 }

::unfinished:: Which of these? { =this ~that

::sky:: The sky is blue. {T}

::pairs:: Match the words. { =one -> 1 =two -> 2 }
"""


@pytest.fixture
def open_form(open_lab):
    """Open an administrator's notebook and run it."""

    def opened(notebook):
        lab = open_lab(ADMINISTRATOR, f"admin/{notebook}.ipynb")
        lab.run_all()
        expect(lab.output.locator(".lmskit").first).to_be_visible()
        return lab

    return opened


def press(lab, name, **how):
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    lab.output.get_by_role("button", name=name, exact=True).first.click(**how)


def paste(lab, cell, text):
    """Paste as a browser does."""
    cell.evaluate(
        """(input, text) => {
            const data = new DataTransfer();
            data.setData("text/plain", text);
            input.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }""",
        text,
    )


def shows(lab, text):
    message = lab.output.locator(".lmskit-message:visible", has_text=text).first
    expect(message).to_be_visible()
    return message


def test_a_course_is_copied_filled_by_pasting_corrected_and_created(open_form, pictures):
    lab = open_form("course_setup")
    pictures(lab, "course_opened")
    press(lab, "Copy")
    expect(lab.output.get_by_label("Topic, week 2").first).not_to_have_value("")
    pictures(lab, "course_copied")
    lab.field("Title").fill("Programming for everyone")
    lab.field("Module code").fill("CS101")
    lab.field("Term").select_option(label="A new term …")
    lab.output.get_by_placeholder("Code of the new term").fill("2027-SPRING")
    lab.field("Name of the new term").fill("Spring 2027")
    lab.field("First day").fill("2027-02-01")
    lab.field("Last day").fill("2027-05-31")
    grid = lab.output.locator(".lmskit-grid").first
    while grid.get_by_label("Topic, week 2").count():
        grid.get_by_role("button", name="Remove week 2", exact=True).click()
    grid.get_by_role("button", name="Remove week 1", exact=True).click()
    paste(lab, grid.get_by_label("Topic, week 1"), WEEKS)
    expect(grid.get_by_label("Topic, week 4")).to_have_value("Recursion")
    expect(grid.get_by_label("Week, week 4")).to_have_value("7")
    lab.output.get_by_role("button", name="Add a week at the end").first.click()
    grid.get_by_label("Objectives, week 5").fill("Say what is left")
    press(lab, "Create the course")
    expect(grid.locator("p")).to_have_text("Topic: This must not be empty.")
    shows(lab, "Weeks: row 5, topic: This must not be empty.")
    pictures(lab, "course_mistake")
    grid.get_by_label("Topic, week 5").fill("Review")
    grid.get_by_role("button", name="Move week 5 up").click()
    expect(grid.get_by_label("Topic, week 4")).to_have_value("Review")
    press(lab, "Create the course")
    shows(lab, "CS101-2027-SPRING was created in 2027-SPRING with 5 weeks.")
    pictures(lab, "course_created")


def test_a_course_is_changed_a_week_with_a_quiz_is_kept_and_another_rule_is_chosen(open_form, pictures):
    lab = open_form("course_setup")
    form = lab.output.locator(".lmskit").nth(1)
    courses, grid = form.locator("select").first, form.locator(".lmskit-grid")
    topic = grid.get_by_label("Topic, week 1", exact=True)

    def open_course(code):
        before = topic.input_value()
        courses.select_option(label=COURSES[code])
        expect(topic).not_to_have_value(before)

    open_course("SIM-STAT-2026B")
    open_course("SIM-LINA-2026B")
    grid.get_by_role("button", name="Remove week 2", exact=True).click()
    form.get_by_role("button", name="Save the changes").click()
    shows(lab, "cannot be removed: 2 quizzes")
    form.scroll_into_view_if_needed()
    pictures(lab, "change_refused", top=form)
    open_course("SIM-STAT-2026B")
    open_course("SIM-LINA-2026B")
    topic.fill("A topic with another name")
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    form.get_by_role("button", name="Save the changes").click()
    shows(lab, "Changed: week 1.")
    pictures(lab, "change_saved", top=form)
    form = lab.output.locator(".lmskit").nth(2)
    expect(form.get_by_text("The mean of all graded questions")).to_be_visible()
    pictures(lab, "rule_opened", top=form)
    form.locator("select").nth(1).select_option(label="n of mastery")
    expect(form.get_by_placeholder("as mastery threshold")).to_be_visible()
    form.get_by_placeholder("5", exact=True).fill("many")
    form.get_by_role("button", name="Save the rule").click()
    shows(lab, "n: This must be a number.")
    pictures(lab, "rule_refused", top=form)
    form.get_by_placeholder("5", exact=True).fill("3")
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    form.get_by_role("button", name="Save the rule").click()
    shows(lab, "now has the rule n_of_mastery (n=3, threshold=0.8,")
    pictures(lab, "rule_saved", top=form)


def test_a_student_is_enrolled_once_by_a_double_click_and_withdrawn_after_a_confirmation(open_form, environment, pictures):
    lab = open_form("enrollment")
    pictures(lab, "enrollment_opened")
    press(lab, "Enrol")
    expect(lab.output.get_by_text("This must not be empty.").first).to_be_visible()
    pictures(lab, "enrollment_mistake")
    before = messages_to(environment, "ada.newcomer@example.com")
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    lab.field("E-mail").fill("ada.newcomer@example.com")
    lab.field("Family name").fill("Aanewcomer")
    lab.field("Given name").fill("Ada <img src=x onerror=alert(1)>")
    lab.output.get_by_role("button", name="Enrol", exact=True).dblclick()
    shows(lab, "ada.newcomer@example.com is enrolled in")
    row = lab.output.locator("tr", has_text="ada.newcomer@example.com")
    expect(row).to_contain_text("active")
    expect(row).to_contain_text("Aanewcomer, Ada <img src=x onerror=alert(1)>")
    assert lab.output.locator("tr img").count() == 0
    pictures(lab, "enrollment_active")
    assert messages_to(environment, "ada.newcomer@example.com") == before + 1, "a double click is one submission"
    lab.field("Student").fill("Aanewcomer, Ada <img src=x onerror=alert(1)> · ada.newcomer@example.com")
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    lab.output.get_by_role("button", name="Withdraw", exact=True).dblclick()
    shows(lab, "Withdraw Aanewcomer, Ada <img src=x onerror=alert(1)> · ada.newcomer@example.com from")
    expect(row).to_contain_text("active")
    pictures(lab, "enrollment_question")
    press(lab, "Yes, withdraw")
    shows(lab, "was withdrawn from")
    expect(row).to_contain_text("withdrawn")
    pictures(lab, "enrollment_withdrawn")


def test_many_students_are_enrolled_from_a_list_and_withdrawn_by_their_number(open_form, environment, pictures):
    term = ("--term", "SELF-PACED", "--term-name", "Self-paced", "--term-starts", "2020-01-01", "--term-ends", "2099-12-31")
    made = lmskit(environment, "course", "create", "TAPIR", "--title", "Tapirs", "--lecturer", "demo.lecturer@example.org", *term)
    assert made.returncode == 0, made.stderr
    lab = open_form("enrollment")
    lab.field("Course").select_option(label="TAPIR · Tapirs")
    lab.output.get_by_text("Many students at once").click()
    enrolling = lab.output.locator(".lmskit-several").nth(0)
    pasted = "Mara Manytest <mara.manytest@example.com>\nolaf.manytest@example.com\nNobody Whatsoever"
    enrolling.get_by_label("Students", exact=True).fill(pasted)
    press(lab, "Preview")
    shows(lab, "Nothing is changed yet. 1 new person, 1 unknown, 1 refused.")
    expect(enrolling.locator("tr", has_text="olaf.manytest")).to_contain_text("give the family name too")
    pictures(lab, "several_preview", top=enrolling)
    enrolling.get_by_role("button", name="Enrol 1 student").click()
    shows(lab, "1 student was enrolled in")
    assert messages_to(environment, "mara.manytest@example.com") == 1
    pictures(lab, "several_enrolled", top=enrolling)
    writing = lab.output.get_by_text("A message to students")
    writing.click()
    lab.field("Only these").fill("nobody@example.com")
    lab.field("Subject").fill("Room 5")
    lab.field("Text").fill("Dear {name},\n\nwe meet in room 5.")
    press(lab, "Send")
    shows(lab, "has no student nobody@example.com that you can see")
    lab.field("Only these").fill("")
    press(lab, "Send")
    shows(lab, "Send this message?")
    expect(lab.output.locator(".lmskit-letter:visible")).to_contain_text("we meet in room 5.")
    pictures(lab, "message_question", top=writing)
    withdrawing = lab.output.locator(".lmskit-several").nth(1)
    withdrawing.get_by_label("Whom to withdraw").select_option(label="all students of the course")
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    withdrawing.get_by_role("button", name="Preview").click()
    expect(withdrawing.get_by_label("Students to withdraw")).to_be_visible()
    withdrawing.get_by_label("Students to withdraw").fill("77")
    expect(withdrawing.get_by_text("This is not the number of students in the preview.")).to_be_visible()
    pictures(lab, "several_wrong_number", top=withdrawing)
    withdrawing.get_by_label("Whom to withdraw").select_option(label="those in a list")
    withdrawing.get_by_label("Students", exact=True).fill("manytest mara")
    withdrawing.get_by_label("Students", exact=True).blur()  # sends the text, which a click would overtake on a slow machine
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    withdrawing.get_by_role("button", name="Preview").click()
    withdrawing.get_by_label("Students to withdraw").fill("1")  # the only one who is still in the course
    withdrawing.get_by_role("button", name="Withdraw 1 student").click()
    shows(lab, "1 student was withdrawn from")
    pictures(lab, "several_withdrawn", top=withdrawing)


def test_a_student_is_excused_from_a_quiz_and_that_is_taken_back(open_form, pictures):
    lab = open_form("enrollment")
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    excuses = lab.output.get_by_text("Excuses from quizzes, and more time")
    excuses.click()
    lab.field("What holds for the student").select_option(label="more time, until the day beside")
    save = lab.output.get_by_role("button", name="Save", exact=True)
    save.click()
    shows(lab, "This must not be empty.")
    pictures(lab, "exception_mistake", top=excuses)
    lab.field("What holds for the student").select_option(label="excuse from the quiz")
    options = lab.output.locator("datalist option")
    student = options.nth(1).get_attribute("value")
    lab.output.get_by_placeholder("Choose from the names of the roster, or type an address").fill(student)
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    save.click()
    shows(lab, " is excused from ")
    expect(lab.output.locator("tr", has_text=student.split(" · ")[0]).first).to_contain_text("yes")
    pictures(lab, "exception_excused", top=excuses)
    lab.field("What holds for the student").select_option(label="take back: as for others again")
    lab.output.get_by_placeholder("Choose from the names of the roster, or type an address").fill(student)
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    save.click()
    shows(lab, "as for others again")


def messages_to(environment, address):
    folder = Path(environment["LMSKIT_HOME"]) / "mail"
    messages = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in folder.glob("*.eml")]
    return len([message for message in messages if address in str(message["To"])])


def test_a_quiz_is_made_from_a_bank_and_typed_questions(open_form, pictures):
    lab = open_form("quiz_setup")
    pictures(lab, "quiz_opened")
    lab.output.get_by_text("Import a question bank").click()
    lab.output.locator(".lmskit-upload input").set_input_files({"name": "words.gift", "mimeType": "text/plain", "buffer": GIFT.encode()})
    shows(lab, "3 questions can be used, 1 cannot.")
    pictures(lab, "quiz_bank")
    press(lab, "Replace the quiz's questions")
    shows(lab, "Save the quiz to keep them.")
    lab.output.get_by_text("Import a question bank").click()
    lab.field("Title").fill("Words and numbers")
    press(lab, "+ Add")
    press(lab, "Save the quiz")
    shows(lab, "Questions: question 2:")
    expect(lab.output.locator("option", has_text="⚠ 2.")).to_have_count(1)
    pictures(lab, "quiz_mistake")
    lab.field("Type").select_option(label="ordering")
    expect(lab.output.get_by_text("Options, in the right order").locator("visible=true")).to_be_visible()  # the kernel has answered
    lab.field("Question").fill("What comes first?")
    paste(lab, lab.output.get_by_label("Option, option 1").locator("visible=true"), "wake\neat\nsleep")
    expect(lab.output.get_by_label("Option, option 3").locator("visible=true")).to_have_value("sleep")
    pictures(lab, "quiz_filled")
    press(lab, "Preview")
    expect(lab.output.locator("td", has_text="1. wake · 2. eat · 3. sleep")).to_be_visible()
    press(lab, "Save the quiz")
    shows(lab, "Words and numbers was saved in week 1: 4 questions, 4 points.")
    pictures(lab, "quiz_saved")


def test_a_roster_is_previewed_and_imported_and_its_result_downloaded(open_form, pictures):
    lab = open_form("roster_import")
    pictures(lab, "import_opened")
    press(lab, "Preview")
    shows(lab, "File: Choose a file, or type the path of one.")
    pictures(lab, "import_mistake")
    rows = [f"student.{number}@example.com,Aaimported {number:02},=Formula" for number in range(40)]
    choose(lab, "email,family name,given name", *rows, "no address,Nobody,", "two@example.com")
    shows(lab, "roster.csv: Plain CSV")
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    press(lab, "Preview")
    shows(lab, "If the preview is right, press Import.")
    shows(lab, "2 rows will not be imported")
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    pictures(lab, "import_preview")
    lab.output.get_by_role("button", name="Import", exact=True).scroll_into_view_if_needed()
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    lab.output.get_by_role("button", name="Import", exact=True).dblclick()
    shows(lab, "roster.csv was imported: 40 added")
    expect(lab.output.locator(".lmskit-heading", has_text="Imported")).to_be_visible()
    pictures(lab, "import_done")
    with lab.page.expect_download() as download:
        lab.output.get_by_role("button", name="Download the report as CSV").click()
    content = Path(download.value.path()).read_text(encoding="utf-8-sig")
    assert download.value.suggested_filename == "roster-import.csv"
    assert content.count("added") == 40
    assert not re.search(r"(?m)(^|,)\"?[=+@]", content)


def test_columns_are_mapped_changes_are_shown_and_withdrawals_are_confirmed_by_their_number(open_form, pictures):
    lab = open_form("roster_import")
    rows = [f"mapped.{number}@example.com;Zzmapped {number:02};Anna;{number + 1}" for number in range(8)]
    choose(lab, "Elektropost;Beiname;Rufname;Bank", *rows)
    shows(lab, "is not in a format that lmskit reads")
    expect(lab.output.get_by_label("Family name", exact=True)).to_be_visible()
    pictures(lab, "import_mapping_unknown")
    for field, column in (("E-mail", "Elektropost"), ("Family name", "Beiname"), ("Given name", "Rufname")):
        lab.output.get_by_label(field, exact=True).select_option(label=column)
    shows(lab, "roster.csv: Plain CSV.")
    expect(lab.output.get_by_text("Zzmapped 00 · Zzmapped 01 · Zzmapped 02")).to_be_visible()
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    pictures(lab, "import_mapping")
    press(lab, "Preview")
    shows(lab, "If the preview is right, press Import.")
    press(lab, "Import")
    shows(lab, "roster.csv was imported: 8 added")
    renamed = [row.replace("Zzmapped 03", "Zzrenamed 03") for row in rows]
    choose(lab, "Elektropost;Beiname;Rufname;Bank", *renamed, name="later.csv")
    shows(lab, "later.csv: Plain CSV. Read as chosen on 20")
    lab.output.get_by_label("Withdraw students who are enrolled but not in the file").check()
    press(lab, "Preview")
    shows(lab, "will be withdrawn, because they are not in the file")
    expect(lab.output.locator("tr", has_text="Zzmapped 03, Anna")).to_contain_text("Zzrenamed 03, Anna")
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_disabled()
    number = lab.output.get_by_label("Students to withdraw", exact=True)
    number.fill("3")
    expect(lab.output.get_by_text("This is not the number of students in the preview.")).to_be_visible()
    pictures(lab, "import_question", top=lab.output.locator(".lmskit-message:visible").first)
    warning = shows(lab, "will be withdrawn").inner_text()
    number.fill(re.findall(r"[0-9,]+", warning)[0].replace(",", ""))
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    pictures(lab, "import_changes", top=lab.output.locator(".lmskit-heading", has_text="Preview"))
    lab.output.get_by_label("Withdraw students who are enrolled but not in the file").uncheck()
    expect(number).to_be_hidden()
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_disabled()


def test_quizzes_are_decided_and_results_are_taken_back_by_keyboard_alone(open_form, pictures):
    lab = open_form("roster_import")
    header = "email,family name,quiz,score,max score"
    rows = [
        f"keys.{number}@example.com,Zzkeys {number:02},{quiz},{number},{maximum}"
        for number in range(8)
        for quiz, maximum in (("Midterm examination", 10), ("Week 2: Keys", 10), ("Final", ""))
    ]
    choose(lab, header, *rows, name="results.csv")
    shows(lab, "results.csv: Plain CSV")
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    tab_to(lab, "Preview", "Enter")
    warning = shows(lab, "What the file has of 2 quizzes is not imported yet")
    pictures(lab, "import_quizzes", top=warning)
    tab_to(lab, "Week of Midterm examination", *["ArrowDown"] * 3)
    expect(lab.output.get_by_label("Week of Midterm examination")).to_have_value("3")
    tab_to(lab, "Week of Final", *["ArrowDown"] * 4)
    tab_to(lab, "Maximum score of Final", "m", "Tab")
    tab_to(lab, "Preview", "Enter")
    shows(lab, "Maximum score: Final: This must be a number.")
    pictures(lab, "import_quizzes_mistake", top=lab.output.get_by_text("Quizzes that are not in lmskit yet"))
    tab_to(lab, "Maximum score of Final", "Backspace", "1", "0", "Tab")
    tab_to(lab, "Preview", "Enter")
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    tab_to(lab, "Import", "Enter")
    shows(lab, "results.csv was imported: 24 added")
    choose(lab, header, *rows[6:], name="later.csv")
    shows(lab, "later.csv: Plain CSV")
    tab_to(lab, "Take back results at quizzes of the file whose students are not in the file any more", " ")
    tab_to(lab, "Preview", "Enter")
    warning = shows(lab, "Results of 2 students will no longer count: 2 of 8 students with results are not in later.csv.")
    expect(lab.output.locator("tr", has_text="Zzkeys 01 · Final")).to_contain_text("1 of 10")
    pictures(lab, "import_taken_back", top=warning)
    tab_to(lab, "Students whose results to take back", "2")
    expect(lab.output.get_by_role("button", name="Import", exact=True)).to_be_enabled()
    tab_to(lab, "Import", "Enter")
    shows(lab, "later.csv was imported: 0 added")
    pictures(lab, "import_taken_back_done", top=lab.output.locator(".lmskit-message:visible").first)


def tab_to(lab, name, *keys):
    """Move with the Tab key to the control of this name, and press keys there."""
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    control = lab.output.get_by_role("button", name=name, exact=True).or_(lab.output.get_by_label(name, exact=True)).locator("visible=true")
    expect(control).to_be_enabled()
    for _ in range(80):
        if control.evaluate("(control) => control === document.activeElement"):
            break
        lab.page.keyboard.press("Tab")
    else:
        pytest.fail(f"the Tab key does not come to {name}")
    for key in keys:
        lab.page.keyboard.press(key)


def test_an_interrupted_kernel_cancels_an_import(open_form):
    lab = open_form("roster_import")
    choose(lab, "email,family name", *(f"stopped.{number}@example.com,Stopped {number}" for number in range(50_000)))
    shows(lab, "roster.csv: Plain CSV")
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    press(lab, "Preview")
    expect(lab.output.get_by_text(ROWS_READ)).to_be_visible()
    lab.page.evaluate("() => window.jupyterapp.commands.execute('notebook:interrupt-kernel')")
    shows(lab, "Cancelled. Nothing was changed.")


def test_an_import_can_be_cancelled_while_it_runs(open_form, pictures):
    lab = open_form("roster_import")
    choose(lab, "email,family name", *(f"many.{number}@example.com,Many {number}" for number in range(50_000)))
    shows(lab, "roster.csv: Plain CSV")
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    press(lab, "Preview")
    cancel = lab.output.get_by_role("button", name="Cancel")
    expect(lab.output.get_by_text(ROWS_READ)).to_be_visible()
    pictures.once(lab, "import_running_1280")
    cancel.click()
    shows(lab, "Cancelled. Nothing was changed.")
    expect(lab.output.get_by_role("button", name="Preview", exact=True)).to_be_enabled()
    pictures(lab, "import_cancelled")


def choose(lab, *lines, name="roster.csv"):
    content = "\n".join([*lines, ""]).encode()
    lab.output.locator(".lmskit-upload input").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def test_a_lecturer_gets_a_login_and_the_password_is_shown_once_and_saved_nowhere(open_form, environment, pictures):
    lab = open_form("people")
    pictures(lab, "people_opened")
    press(lab, "Add the lecturer")
    expect(lab.output.get_by_text("This must not be empty.").first).to_be_visible()
    pictures(lab, "people_mistake")
    lab.field("E-mail").fill("new.lecturer@example.org")
    lab.field("Family name").fill("Newlecturer")
    press(lab, "Add the lecturer")
    shows(lab, "new.lecturer@example.org was added as a lecturer and can sign in.")
    note = lab.output.locator(".lmskit-secret")
    expect(note).to_be_visible()
    password = note.locator("code").inner_text()
    assert len(password) > 20
    pictures(lab, "people_password")
    assert password not in lab.saved(Path(environment["LMSKIT_PROJECT_ROOT"]) / "notebooks" / "admin" / "people.ipynb")
    note.get_by_role("button", name="Hide").click()
    expect(note).to_be_hidden()
    lab.field("Person").select_option(label="Newlecturer · new.lecturer@example.org")
    press(lab, "Close the login")
    shows(lab, "Close the login of new.lecturer@example.org?")
    pictures(lab, "people_question")
    press(lab, "Yes, close the login")
    shows(lab, "The login of new.lecturer@example.org is closed")
    expect(lab.output.locator("tr", has_text="new.lecturer@example.org")).to_contain_text("closed")
    pictures(lab, "people_closed")


def enrol(open_form, email, family_name):
    desk = open_form("enrollment")
    desk.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    desk.field("E-mail").fill(email)
    desk.field("Family name").fill(family_name)
    press(desk, "Enrol")
    press(desk, "Yes, enrol")
    shows(desk, f"{email} is enrolled in SIM-PROG-2026B")


def test_a_person_is_looked_up_rehearsed_and_erased(open_form, pictures, tmp_path):
    enrol(open_form, "zephyra.quixwell@example.com", "Quixwell")
    lab = open_form("privacy")
    pictures(lab, "privacy_opened")
    press(lab, "Show what erasing would do")
    expect(lab.output.get_by_text("This must not be empty.").first).to_be_visible()
    lab.field("Person").fill("zephyra.quixwell@example.com")
    with lab.page.expect_download() as download:
        press(lab, "Download what is kept")
    download.value.save_as(tmp_path / "person.json")
    assert "Quixwell" in (tmp_path / "person.json").read_text(encoding="utf-8")
    press(lab, "Show what erasing would do")
    shows(lab, "Nothing was changed.")
    expect(lab.output.locator("tr", has_text="student_enrollments")).to_contain_text("1")
    pictures(lab, "privacy_rehearsed")
    press(lab, "Erase the person")
    shows(lab, "Erase zephyra.quixwell@example.com for ever?")
    pictures(lab, "privacy_question")
    press(lab, "Yes, erase the person")
    shows(lab, "is erased.")
    with lab.page.expect_download() as download:
        press(lab, "Download the receipt")
    download.value.save_as(tmp_path / "receipt.txt")
    receipt = (tmp_path / "receipt.txt").read_text(encoding="utf-8")
    assert "quixwell" not in receipt.lower().replace(".eml", "")
    pictures(lab, "privacy_erased")


def test_the_outbox_shows_the_state_of_messages_and_delivers_what_is_due(open_form, pictures):
    enrol(open_form, "outbox.reader@example.com", "Outboxreader")
    lab = open_form("outbox")
    expect(lab.output.locator("tr", has_text="outbox.reader@example.com")).to_contain_text("sent")
    pictures(lab, "outbox_opened")
    top = lab.output.get_by_text("What the message says that confirms an enrollment", exact=True)
    top.click()
    lab.field("Subject").fill("Welcome to {title}")
    lab.field("Text").fill("Dear {nmae}")
    press(lab, "Preview")
    shows(lab, "{nmae} stands for nothing")
    pictures(lab, "outbox_welcome_mistake", top=top)
    lab.field("Text").fill("Dear {name},\n\nwelcome to {course}.")
    press(lab, "Preview")
    expect(lab.output.locator(".lmskit-letter")).to_contain_text("Dear Ada Lovelace,")
    pictures(lab, "outbox_welcome", top=top)
    press(lab, "Deliver what is due")
    shows(lab, " sent, ")
    lab.field("Status").select_option(label="sent")
    expect(lab.output.locator("tr", has_text="outbox.reader@example.com")).to_contain_text("sent")
    pictures(lab, "outbox_delivered")
