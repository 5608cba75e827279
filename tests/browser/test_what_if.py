"""Two rules on the same answers, driven in Chromium: a slider is moved, and the counts change."""

import re

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

expect.set_options(timeout=30_000)

LECTURER = "demo.lecturer@example.org"
WHAT_IF = "lecturer/what_if.ipynb"
SUMMARY = re.compile(r"student weeks have a different level")
STEPS = 30


@pytest.fixture
def lab(open_lab):
    opened = open_lab(LECTURER, WHAT_IF)
    opened.run_all()
    expect(opened.figure("Share at each level by each rule")).to_be_visible()
    return opened


def summary(lab):
    return lab.output.get_by_text(SUMMARY).first


def moved(lab):
    """The numbers in the matrix of levels."""
    return lab.figure("Levels by rule 1 and by rule 2").first.locator(".annotation-text").all_text_contents()


def test_a_slider_is_moved_and_the_counts_change(lab, pictures):
    pictures(lab, "what_if_opened")
    before, drawn = summary(lab).inner_text(), moved(lab)
    lab.output.locator(".widget-slider:has(> label:text-is('w')) .noUi-handle").focus()
    for _ in range(STEPS):
        lab.page.keyboard.press("ArrowLeft")
    expect(lab.figure("Share at each level").locator("text:has-text('(w 0.35,')").first).to_be_visible()
    expect(summary(lab)).not_to_have_text(before)
    expect(lab.output.get_by_text("counts 35 %").first).to_be_visible()
    assert moved(lab) != drawn
    pictures(lab, "what_if_moved", top=summary(lab))


def test_another_rule_and_a_week_are_chosen_and_shown_as_tables(lab, pictures):
    lab.output.locator("select:has(option[value='khan'])").last.select_option("khan")
    expect(lab.output.get_by_text("Khan Academy's levels:").first).to_be_visible()
    lab.dropdown("Week").select_option(index=3)
    expect(lab.figure("week 3").first).to_be_visible()
    pictures(lab, "what_if_khan", top=lab.output.get_by_text("Differences, student by student").first)
    lab.output.get_by_role("button", name="Tables").click()
    expect(lab.output.locator("td:has-text('khan (correct from 1')").first).to_be_visible()
    pictures(lab, "what_if_tables")


def test_knowledge_tracing_uses_the_fits_of_the_weeks_until_one_of_its_sliders_is_moved(lab, pictures):
    lab.output.locator("select:has(option[value='bkt'])").last.select_option("bkt")
    expect(lab.output.get_by_text("Every week uses the parameters fitted to it.").first).to_be_visible()
    expect(lab.figure("Share at each level").locator("text:has-text('by week')").first).to_be_visible()
    fits = lab.output.locator("label:has-text('Parameters fitted to each week') input:visible")
    expect(fits).to_be_checked()
    pictures(lab, "what_if_fits")
    by_fits = summary(lab).inner_text()
    lab.output.locator(".widget-slider:has(> label:text-is('slip')) .noUi-handle").focus()
    lab.page.keyboard.press("ArrowRight")
    expect(lab.output.get_by_text("All weeks use the same parameters; those fitted to weeks").first).to_be_visible()
    expect(fits).not_to_be_checked()
    expect(summary(lab)).not_to_have_text(by_fits)
    fits.check()
    expect(lab.output.get_by_text("Every week uses the parameters fitted to it.").first).to_be_visible()
    pictures(lab, "what_if_fits_again")
