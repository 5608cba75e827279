"""What a person does in JupyterLab, done by Chromium: the notebooks run, the forms write, the dashboard answers."""

import email
import email.policy
from pathlib import Path

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER, ADMINISTRATOR = "demo.lecturer@example.org", "demo.admin@example.org"
DASHBOARD, DESK, SETUP = "lecturer/mastery_dashboard.ipynb", "admin/enrollment.ipynb", "admin/course_setup.ipynb"


@pytest.fixture
def dashboard(open_lab):
    lab = open_lab(LECTURER, DASHBOARD)
    lab.run_all()
    expect(lab.figure("Who has mastered which week?")).to_be_visible()
    return lab


def test_a_lecturer_picks_a_course_clicks_a_cell_and_sees_the_student(dashboard, picture):
    dashboard.to_the_top()
    picture(dashboard, "dashboard_1280_opened")
    courses = dashboard.offered("Course")
    assert len(courses) > 1
    before = dashboard.students()
    another = (courses.index(dashboard.chosen("Course")) + 1) % len(courses)
    dashboard.choice("Course").select_option(index=another)
    dashboard.wait_for_others_than(before)
    expect(dashboard.output.get_by_text("Simulated data: nobody here exists.")).to_be_visible()
    dashboard.click_cell(2, 3)
    expect(dashboard.figure("What did")).to_be_visible()
    assert dashboard.chosen("Student").startswith("3. ")
    assert dashboard.chosen("Week").startswith("4: ")
    expect(dashboard.figure("stand, week by week?")).to_be_visible()
    expect(dashboard.figure("stand, week by week?")).to_be_in_viewport(ratio=0.9)
    expect(dashboard.output.get_by_text("Attempts in week 4")).to_be_visible()
    picture(dashboard, "dashboard_1280_student")


def test_what_a_click_does_a_choice_from_a_list_does_too(dashboard):
    dashboard.choice("Student").select_option(index=1)
    expect(dashboard.figure("stand, week by week?")).to_be_visible()
    expect(dashboard.output.get_by_text("Attempts in all weeks")).to_be_visible()
    assert dashboard.output.locator(".lmskit-table tbody tr").count() > 3


def test_every_chart_has_a_table_in_its_place(dashboard, picture):
    dashboard.output.get_by_role("button", name="Tables").click()
    expect(dashboard.output.locator("td:text-is('Class mean')")).to_be_visible()
    picture(dashboard, "dashboard_1280_tables")
    dashboard.output.get_by_role("button", name="Charts").click()
    expect(dashboard.figure("Who has mastered which week?")).to_be_visible()


def test_clicks_still_arrive_after_the_page_was_loaded_anew_and_in_a_second_view(dashboard, picture):
    dashboard.reload()
    expect(dashboard.figure("Who has mastered which week?")).to_be_visible()
    dashboard.click_cell(0, 0)
    expect(dashboard.figure("What did")).to_be_visible()
    dashboard.second_view()
    expect(dashboard.page.locator(".jp-LinkedOutputView .lmskit-figure-box .gtitle").first).to_be_visible()
    picture(dashboard, "dashboard_1280_second_view")


def test_a_figure_follows_the_width_of_its_place(dashboard):
    box = dashboard.figure("Who has mastered which week?")
    wide = box.bounding_box()["width"]
    dashboard.page.set_viewport_size({"width": 1000, "height": 800})
    dashboard.page.wait_for_function(
        "(wide) => document.querySelector('.lmskit-figure-box').getBoundingClientRect().width < wide - 100", arg=wide
    )
    dashboard.page.wait_for_function("""() => {
        const box = document.querySelector('.lmskit-figure-box');
        return Math.abs(box._fullLayout.width - box.getBoundingClientRect().width) < 3;
    }""")


def test_an_administrator_enrols_a_student_and_sees_the_place_active_and_the_letter_written(open_lab, environment, picture):
    lab = open_lab(ADMINISTRATOR, DESK)
    lab.run_all()
    picture(lab, "enrollment_1280_opened")
    lab.output.get_by_role("button", name="Enrol", exact=True).click()
    expect(lab.output.get_by_text("This must not be empty.").first).to_be_visible()
    picture(lab, "enrollment_1280_mistake")
    lab.page.wait_for_timeout(600)  # longer than a double click
    lab.field("E-mail").fill("ada.newcomer@example.com")
    lab.field("Family name").fill("Newcomer")
    lab.field("Given name").fill("Ada <img src=x onerror=alert(1)>")
    lab.output.get_by_role("button", name="Enrol", exact=True).dblclick()
    expect(lab.output.get_by_text("ada.newcomer@example.com is enrolled in")).to_be_visible()
    row = lab.output.locator("tr", has_text="ada.newcomer@example.com")
    expect(row).to_contain_text("active")
    expect(row).to_contain_text("Newcomer, Ada <img src=x onerror=alert(1)>")
    assert lab.output.locator("tr img").count() == 0
    picture(lab, "enrollment_1280_active")
    letters = [email.message_from_bytes(path.read_bytes(), policy=email.policy.default) for path in mail(environment)]
    assert [str(letter["To"]) for letter in letters if "ada.newcomer@example.com" in str(letter["To"])] != []
    assert len(letters) == 1, "a double click is one submission"
    row.scroll_into_view_if_needed()
    picture(lab, "enrollment_1280_roster")


def test_an_administrator_sets_up_a_course_in_a_new_term(open_lab, picture):
    lab = open_lab(ADMINISTRATOR, SETUP)
    lab.run_all()
    picture(lab, "course_1280_opened")
    lab.field("Title").fill("Programming for everyone")
    lab.field("Module code").fill("CS101")
    lab.field("Term").select_option(label="A new term …")
    lab.output.get_by_placeholder("Code of the new term").fill("2027-SPRING")
    lab.field("Name of the new term").fill("Spring 2027")
    lab.field("First day").fill("2027-02-01")
    lab.field("Last day").fill("2027-05-31")
    lab.field("Weeks, one a line").fill("Variables and types | Name what a variable holds\nConditions\nLoops | Trace a loop by hand\n7. ")
    expect(lab.output.locator(".lmskit-table td:text-is('Conditions')")).to_be_visible()
    lab.output.get_by_role("button", name="Create the course").click()
    expect(lab.output.locator(".lmskit-problem:visible")).to_contain_text("This must not be empty.")
    picture(lab, "course_1280_mistake")
    lab.page.wait_for_timeout(600)  # longer than a double click
    lab.field("Weeks, one a line").fill("Variables and types\nConditions\nLoops\n7. Recursion")
    lab.output.get_by_role("button", name="Create the course").click()
    expect(lab.output.get_by_text("CS101-2027-SPRING was created in 2027-SPRING with 4 weeks.")).to_be_visible()
    picture(lab, "course_1280_created")


def test_the_dashboard_uses_a_large_window(open_lab, picture):
    lab = open_lab(LECTURER, DASHBOARD, size="1920")
    lab.run_all()
    heat_map = lab.figure("Who has mastered which week?")
    expect(heat_map).to_be_visible()
    lab.click_cell(1, 1)
    student = lab.figure("stand, week by week?")
    expect(student).to_be_visible()
    assert student.bounding_box()["x"] > heat_map.bounding_box()["x"] + 300, "the student stands beside the class"
    picture(lab, "dashboard_1920_student")
    lab.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    lab.page.mouse.move(5, 5)
    lab.to_the_top()
    picture(lab, "readme_mastery_dashboard")


def mail(environment):
    return sorted((Path(environment["LMSKIT_HOME"]) / "mail").glob("*.eml"))
