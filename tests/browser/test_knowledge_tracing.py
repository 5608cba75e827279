"""Knowledge tracing of a class, driven in Chromium: a week is chosen, forgetting is allowed, and tables replace the charts."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

LECTURER = "demo.lecturer@example.org"
NOTEBOOK = "lecturer/knowledge_tracing.ipynb"
CURVE = "Learning curve"


def test_a_lecturer_sees_the_calibration_and_the_learning_curve_of_a_week(open_lab, pictures):
    lab = open_lab(LECTURER, NOTEBOOK)
    lab.run_all()
    expect(lab.figure("Calibration: predicted and observed correct answers")).to_be_visible()
    expect(lab.output.get_by_text("knew it before").first).to_be_visible()
    pictures(lab, "knowledge_opened")
    before = lab.figure(CURVE).locator(".gtitle-subtitle").first.text_content()
    lab.dropdown("Week").select_option(index=2)
    expect(lab.figure(CURVE).locator(".gtitle-subtitle").first).not_to_have_text(str(before))
    pictures(lab, "knowledge_charts", top=lab.figure("Calibration: predicted and observed correct answers"))
    lab.output.get_by_text("Allow for forgetting").click()
    expect(lab.output.locator("text:has-text('forgetting on')").first).to_be_visible()
    lab.output.get_by_role("button", name="Tables").click()
    expect(lab.output.locator("th:text-is('Mean prediction')")).to_be_visible()
    expect(lab.output.locator("th:text-is('Log-loss')").last).to_be_visible()
    expect(lab.output.get_by_text("No fits are stored for this course.")).to_have_count(0)
    pictures(lab, "knowledge_tables", top=lab.output.locator("th:text-is('Mean prediction')"))
