"""A lecturer uses the dashboard in JupyterLab, driven in Chromium: the notebook runs, and the dashboard answers."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER = "demo.lecturer@example.org"
DASHBOARD = "lecturer/mastery_dashboard.ipynb"


@pytest.fixture
def dashboard(open_lab):
    lab = open_lab(LECTURER, DASHBOARD)
    lab.run_all()
    expect(lab.figure("Mastery by student and week")).to_be_visible()
    return lab


def test_a_lecturer_picks_a_course_clicks_a_cell_and_sees_the_student(dashboard, picture):
    dashboard.to_the_top()
    picture(dashboard, "dashboard_1280_opened")
    courses = dashboard.options("Course")
    assert len(courses) > 1
    before = dashboard.students()
    another = (courses.index(dashboard.selected("Course")) + 1) % len(courses)
    dashboard.dropdown("Course").select_option(index=another)
    dashboard.wait_for_other_students(before)
    expect(dashboard.output.get_by_text("Simulated data: no real students.")).to_be_visible()
    dashboard.click_cell(2, 3)
    expect(dashboard.figure("Attempts in week")).to_be_visible()
    assert dashboard.selected("Student").startswith("3. ")
    assert dashboard.selected("Week").startswith("4: ")
    expect(dashboard.figure("Mastery by week")).to_be_visible()
    expect(dashboard.figure("Mastery by week")).to_be_in_viewport(ratio=0.9)
    expect(dashboard.output.get_by_text("Attempts in week 4", exact=True)).to_be_visible()
    picture(dashboard, "dashboard_1280_student")


def test_choosing_a_student_from_the_list_does_what_a_click_does(dashboard):
    dashboard.dropdown("Student").select_option(index=1)
    expect(dashboard.figure("Mastery by week")).to_be_visible()
    expect(dashboard.output.get_by_text("Attempts in all weeks")).to_be_visible()
    expect(dashboard.output.locator(".lmskit-table tbody tr").nth(3)).to_be_attached()


def test_tables_replace_the_charts(dashboard, picture):
    dashboard.output.get_by_role("button", name="Tables").click()
    expect(dashboard.output.locator("td:text-is('Mean of all')")).to_be_visible()
    seen = "box => box.clientHeight / Math.min(box.scrollHeight, 0.8 * window.innerHeight)"
    assert dashboard.output.locator(".lmskit-table").first.evaluate(seen) > 0.97, "ten rows of two lines are not cut"
    picture(dashboard, "dashboard_1280_tables")
    dashboard.output.get_by_role("button", name="Charts").click()
    expect(dashboard.figure("Mastery by student and week")).to_be_visible()


def test_clicks_still_work_after_a_reload_and_in_a_second_view(dashboard, picture):
    dashboard.reload()
    expect(dashboard.figure("Mastery by student and week")).to_be_visible()
    dashboard.click_cell(0, 0)
    expect(dashboard.figure("Attempts in week")).to_be_visible()
    dashboard.second_view()
    expect(dashboard.page.locator(".jp-LinkedOutputView .lmskit-figure-box .gtitle").first).to_be_visible()
    picture(dashboard, "dashboard_1280_second_view")


def test_a_figure_follows_the_width_of_its_box(dashboard):
    box = dashboard.figure("Mastery by student and week")
    wide = box.bounding_box()["width"]
    dashboard.page.set_viewport_size({"width": 1000, "height": 800})
    dashboard.page.wait_for_function(
        "(wide) => document.querySelector('.lmskit-figure-box').getBoundingClientRect().width < wide - 100", arg=wide
    )
    dashboard.page.wait_for_function("""() => {
        const box = document.querySelector('.lmskit-figure-box');
        return Math.abs(box._fullLayout.width - box.getBoundingClientRect().width) < 3;
    }""")


def test_the_dashboard_uses_a_large_window(open_lab, picture):
    lab = open_lab(LECTURER, DASHBOARD, size="1920")
    lab.run_all()
    heat_map = lab.figure("Mastery by student and week")
    expect(heat_map).to_be_visible()
    lab.click_cell(1, 1)
    student = lab.figure("Mastery by week")
    expect(student).to_be_visible()
    assert student.bounding_box()["x"] > heat_map.bounding_box()["x"] + 300, "the student is beside the class"
    picture(lab, "dashboard_1920_student")
    lab.page.evaluate("() => window.jupyterapp.commands.execute('application:toggle-left-area')")
    lab.page.mouse.move(5, 5)
    lab.to_the_top()
    picture(lab, "readme_mastery_dashboard")
