"""A lecturer examines a quiz in JupyterLab, driven in Chromium: choose it, click a question, see its options."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER = "demo.lecturer@example.org"
NOTEBOOK = "lecturer/quiz_quality.ipynb"
MAP = "Facility and discrimination of each question"

POSITION_OF_ITEM = """(box, number) => {
    const bounds = box.getBoundingClientRect();
    const { xaxis: x, yaxis: y } = box._fullLayout;
    for (const trace of box._fullData) {
        const index = (trace.customdata ?? []).findIndex((row) => row[0] === number);
        if (index >= 0) return [bounds.left + x._offset + x.c2p(trace.x[index]), bounds.top + y._offset + y.c2p(trace.y[index])];
    }
}"""

DRAWN = """(words) => (document.querySelector('.lmskit-figure-box')?._fullData ?? [])
    .some((trace) => (trace.hovertext ?? []).some((text) => text.includes(words)))"""


@pytest.fixture
def quality(open_lab):
    lab = open_lab(LECTURER, NOTEBOOK)
    lab.run_all()
    expect(lab.figure(MAP)).to_be_visible()
    return lab


def test_a_lecturer_picks_a_quiz_clicks_a_question_and_sees_its_options(quality, pictures):
    expect(quality.output.get_by_text("Simulated data: no real students.")).to_be_visible()
    pictures(quality, "quiz_quality_opened")
    quizzes = quality.options("Quiz")
    with_answers = [quiz for quiz in quizzes if not quiz.endswith("· 0 students")]
    assert len(with_answers) > 6
    before = quality.options("Question")
    quality.dropdown("Quiz").select_option(index=quizzes.index(with_answers[6]))
    expect(quality.dropdown("Question").locator("option").nth(1)).not_to_have_text(before[1])
    quality.page.wait_for_function(DRAWN, arg=quality.options("Question")[1].removeprefix("1. ")[:12])
    quality.click_point(quality.figure(MAP).first, POSITION_OF_ITEM, 2)
    expect(quality.figure("Options chosen in question 2")).to_be_visible()
    assert quality.selected("Question").startswith("2. ")
    expect(quality.figure("Question 2 from term to term")).to_be_visible()
    pictures(quality, "quiz_quality_question")
    pictures(quality, "quiz_quality_panel", top=quality.output.locator(".lmskit-heading:has-text('One question')"))
    pictures(quality, "quiz_quality_below", top=quality.output.locator(".lmskit-heading:has-text('The quiz as a whole')"))


def test_other_attempts_and_tables_can_be_chosen(quality, pictures):
    quality.dropdown("Attempts").select_option(label="all attempts of each student")
    expect(quality.output.get_by_text("all attempts of each student; active and completed students only")).to_be_visible()
    quality.dropdown("Question").select_option(index=1)
    quality.output.get_by_role("button", name="Tables").click()
    expect(quality.output.locator("th:text-is('Effective weight')")).to_be_visible()
    expect(quality.output.locator("th:text-is('Point-biserial')")).to_be_visible()
    pictures(quality, "quiz_quality_tables")
    quality.output.get_by_role("button", name="Charts").click()
    expect(quality.figure(MAP)).to_be_visible()
