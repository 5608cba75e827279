"""Every notebook of administrators, worked by the keyboard alone: each control is named, reached, and seen when it has the focus."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.test_admin_forms import ADMINISTRATOR, DOUBLE_CLICK

pytestmark = pytest.mark.browser

NOTEBOOKS = sorted(path.stem for path in (Path(__file__).resolve().parents[2] / "notebooks" / "admin").glob("*.ipynb"))
EMPTY = "This must not be empty."
MISTAKES = {
    "course_setup": ("Create the course", EMPTY),
    "enrollment": ("Enrol", EMPTY),
    "invitations": ("Invite", EMPTY),
    "materials": ("Add the link", EMPTY),
    "next_term": ("Create the term", EMPTY),
    "people": ("Add the lecturer", EMPTY),
    "privacy": ("Show what erasing would do", EMPTY),
    "quiz_setup": ("Save the quiz", EMPTY),
    "roster_import": ("Preview", "Choose a file, or type the path of one."),
    "taking_back": ("Show what would go", "Choose the person to delete."),
}
"""The button that is pressed in a form as it opens, and what is said then beside a field. In others, no field can be wrong then."""
BEFORE = {"materials": ("Files", "ArrowRight", "Enter"), "taking_back": ("What", "p")}
"""The control in which keys are pressed first."""
MOST_STOPS = 200

PAGE = """() => {
    const controls = () => [...document.querySelectorAll('.lmskit')]
        .flatMap((form) => [...form.querySelectorAll('button, input, select, textarea, [tabindex="0"], [tabindex="-1"][role=tab]')])
        .filter((it) => it.checkVisibility({ visibilityProperty: true }) && !it.disabled && it.getBoundingClientRect().width > 0);
    const name = (it) =>
        (it.labels?.length ? it.labels[0].textContent : it.getAttribute('aria-label') || it.textContent || it.title).trim();
    const look = (it) => {
        const css = getComputedStyle(it);
        return [css.outline, css.boxShadow, css.border, css.background].join();
    };
    const unseen = (it) => {
        const box = it.getBoundingClientRect();
        return box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth;
    };
    const wide = (it) => it.scrollWidth > it.clientWidth + 1 && !it.matches('input, textarea, select');
    window.keyboard = { controls, name, look, unseen, wide };
}"""
NAMELESS = "() => keyboard.controls().filter((it) => !keyboard.name(it)).map((it) => it.outerHTML.slice(0, 160))"
FOCUSED = """() => {
    const it = document.activeElement;
    const { controls, name, look, unseen } = keyboard;
    return { number: controls().indexOf(it), inside: it.closest('.lmskit') !== null, name: name(it), look: look(it), unseen: unseen(it) };
}"""
LOOKS = "() => keyboard.controls().map(keyboard.look)"
REACHABLE = "() => keyboard.controls().filter((it) => it.tabIndex >= 0).map((it) => keyboard.controls().indexOf(it))"
NAMES = "() => keyboard.controls().map(keyboard.name)"
CUT = """() => [...document.querySelectorAll('.lmskit button, .lmskit .widget-label')]
    .filter((it) => it.checkVisibility() && it.clientWidth > 1 && keyboard.wide(it)).map((it) => it.textContent)"""


def tab_through(lab):
    """Press Tab from the first control on, until the focus has left the forms; return each control where it stopped, once."""
    lab.page.evaluate("() => keyboard.controls()[0].focus()")
    stops: list[dict[str, Any]] = []
    for _ in range(MOST_STOPS):
        stop = lab.page.evaluate(FOCUSED)
        if not stop["inside"]:
            return stops
        is_control = stop["number"] >= 0  # a table that scrolls has the focus, too
        if is_control and (not stops or stops[-1]["number"] != stop["number"]):  # a day has several parts
            stops.append(stop)
        lab.page.keyboard.press("Tab")
    pytest.fail(f"the Tab key does not leave the form: {[stop['name'] for stop in stops][-10:]}")


def tab_to(lab, name):
    """Move with the Tab key to the control of this name."""
    for _ in range(MOST_STOPS):
        if lab.page.evaluate(FOCUSED)["name"] == name:
            return
        lab.page.keyboard.press("Tab")
    pytest.fail(f"the Tab key does not come to {name}")


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_control_is_reached_named_and_seen_by_keyboard_alone(open_lab, pictures, notebook):
    lab = open_lab(ADMINISTRATOR, f"admin/{notebook}.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    lab.page.evaluate(PAGE)
    for part in lab.output.locator("button.lmskit-disclosure:visible").all():
        part.focus()
        lab.page.keyboard.press(" ")
        expect(part.locator(".fa-caret-down")).to_be_visible()
    lab.page.evaluate("() => document.activeElement.blur()")
    assert lab.page.evaluate(NAMELESS) == []
    pictures(lab, f"keyboard_{notebook}_opened")
    assert lab.page.evaluate(CUT) == []
    names, looks, reachable = (lab.page.evaluate(script) for script in (NAMES, LOOKS, REACHABLE))
    stops = tab_through(lab)
    numbers = [stop["number"] for stop in stops]
    assert [names[number] for number in reachable if number not in numbers] == [], "the Tab key does not come to these"
    assert numbers == sorted(numbers), "the order in which one reads is the order of the Tab key"
    assert [stop["name"] for stop in stops if stop["look"] == looks[stop["number"]]] == [], "one does not see that these have the focus"
    assert [stop["name"] for stop in stops if stop["unseen"]] == [], "these have the focus outside the window"
    if notebook not in MISTAKES:
        return
    button, sentence = MISTAKES[notebook]
    lab.page.evaluate("() => keyboard.controls()[0].focus()")
    for control, *keys in filter(None, [BEFORE.get(notebook)]):
        tab_to(lab, control)
        for key in keys:
            lab.page.keyboard.press(key)
    lab.page.wait_for_timeout(DOUBLE_CLICK)
    tab_to(lab, button)
    lab.page.keyboard.press("Enter")
    expect(lab.output.locator(".lmskit-problem:visible").first).to_have_text(sentence)
    expect(lab.output.locator(".lmskit-message.lmskit-bad:visible").first).to_be_visible()
    pictures(lab, f"keyboard_{notebook}_mistake")
