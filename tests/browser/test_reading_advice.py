"""What to read again, driven in Chromium: a week is chosen, a passage pinned, banned and taken back; a student's card has it too."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER = "demo.lecturer@example.org"
LOOPS, WITHOUT_MATERIAL = 6, 8
"""Options of the list of weeks, of which the first two are not weeks: there are materials on loops (week 5), and none on lists (week 7)."""


@pytest.fixture
def lab(open_lab):
    opened = open_lab(LECTURER, "lecturer/mastery_dashboard.ipynb")
    opened.run_all()
    expect(opened.figure("Mastery by student and week").first).to_be_visible()
    return opened


def test_a_passage_is_pinned_banned_and_taken_back(lab, pictures):
    panel = lab.output.locator(".widget-vbox:has(> .lmskit-heading:text-is('What to read again'))").last
    week = panel.locator("select")
    week.select_option(index=LOOPS)
    hits = panel.locator(".lmskit-hit")
    expect(hits.first).to_contain_text("missed by")
    pictures(lab, "reading_advice", top=panel)
    n_hits = hits.count()
    panel.locator("button:has-text('Pin')").last.click()
    expect(hits.first).to_contain_text("pinned by the lecturer")
    panel.locator("button:has-text('Pin')").last.click()
    expect(hits.nth(1)).to_contain_text("pinned by the lecturer")
    second = hits.nth(1).inner_text()
    panel.locator("button[title^='One down']").press("Enter")
    expect(hits.first).to_have_text(second, use_inner_text=True)
    expect(week).to_be_focused()
    panel.locator("button:has-text('Unpin')").last.click()
    expect(panel.locator("button:has-text('Unpin')")).to_have_count(1)
    panel.locator("button:has-text('Do not show')").first.click()
    expect(panel.get_by_text("Decided for this week, and not shown above")).to_be_visible()
    pictures(lab, "reading_advice_decided", top=panel)
    panel.locator("button:has-text('Take back')").first.click()
    expect(panel.get_by_text("Decided for this week")).to_have_count(0)
    expect(hits).to_have_count(n_hits)
    week.select_option(index=WITHOUT_MATERIAL)
    expect(panel.get_by_text("Nothing suitable here")).to_be_visible()
    pictures(lab, "reading_advice_gap", top=panel)
    week.select_option(label="all weak weeks")
    expect(panel.locator("td", has_text="7: Lists and tuples")).to_be_visible()
    pictures(lab, "reading_advice_all_weeks", top=panel)


def test_the_card_of_a_student_has_it_and_tables_have_it(lab, pictures):
    lab.click_cell(0, 4)
    heading = lab.output.locator(".lmskit-heading:has-text('What to read again about week')")
    expect(heading).to_be_visible()
    pictures(lab, "reading_advice_student", top=heading)
    lab.dropdown("Week").select_option(index=0)
    lab.output.locator("button:has-text('(0.'):visible").first.click()
    expect(heading).to_be_visible()
