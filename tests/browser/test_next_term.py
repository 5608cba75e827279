"""An administrator creates a term and copies courses into it in JupyterLab, driven in Chromium."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows
from tests.browser.test_materials import LECTURER

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

COLLEAGUE = "okapi.keeper@example.org"


def done(environment, *arguments):
    completed = lmskit(environment | {"LMSKIT_PERSON": ADMINISTRATOR}, *arguments)
    assert completed.returncode == 0, f"{completed.stdout}\n{completed.stderr}"
    return completed.stdout


@pytest.fixture
def term(environment):
    """A term with two courses, one of which has a co-lecturer."""
    done(environment, "term", "create", "2031-AUTUMN", "--name", "Autumn 2031", "--starts", "2031-09-15", "--ends", "2032-01-31")
    done(environment, "login", "create", COLLEAGUE, "--family-name", "Keeper")
    for module in ("OKAPI", "ZEBRA"):
        done(environment, "course", "create", f"{module}-2031-AUTUMN", "--module", module, "--title", f"{module.title()}s", "--term",
             "2031-AUTUMN", "--lecturer", LECTURER, "--week", "1: Leaves", "--week", "2: Trees")  # fmt: skip
    done(environment, "staff", "add", "OKAPI-2031-AUTUMN", COLLEAGUE)
    return "2031-AUTUMN"


def test_a_term_is_created_and_courses_are_copied_into_it_after_a_preview(open_lab, environment, term, pictures):
    lab = open_lab(ADMINISTRATOR, "admin/next_term.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    pictures(lab, "next_term_opened")
    lab.field("Code of the term").fill("2032-SPRING")
    lab.field("Name").fill("Spring 2032")
    lab.field("First day").fill("2032-02-16")
    lab.field("Last day").fill("2032-02-01")
    press(lab, "Create the term")
    shows(lab, "Last day: The last day of the term must come after its first day.")
    pictures(lab, "next_term_mistake")
    lab.field("Last day").fill("2032-06-30")
    press(lab, "Create the term")
    shows(lab, "The term 2032-SPRING was created: 2032-02-16 to 2032-06-30.")
    lab.field("Term to copy from").select_option(label=f"{term} · Autumn 2031")
    expect(lab.field("Course")).to_contain_text("OKAPI-2031-AUTUMN")
    lab.field("Course").select_option(label="OKAPI-2031-AUTUMN · Okapis")
    expect(lab.field("Who of the staff comes along")).to_be_visible()
    lab.field("Term to copy into").select_option(label="2032-SPRING · Spring 2032")
    press(lab, "Copy")
    shows(lab, "People work in OKAPI-2031-AUTUMN beside the responsible lecturer: ")
    pictures(lab, "next_term_refused")
    lab.field("Who of the staff comes along").select_option(label="Those selected here")
    lab.field("Staff").select_option(label=f"{COLLEAGUE} (co-lecturer)")
    press(lab, "Copy")
    shows(lab, "Copy 1 course into 2032-SPRING? Not copied: students")
    expect(lab.output.locator("tr", has_text="OKAPI-2032-SPRING")).to_contain_text(COLLEAGUE)
    pictures(lab, "next_term_question")
    press(lab, "Yes, copy")
    shows(lab, "1 course copied into 2032-SPRING.")
    lab.field("Term to copy from").select_option(label=f"{term} · Autumn 2031")
    lab.field("Course").select_option(label="All courses of the term")
    lab.field("Term to copy into").select_option(label="2032-SPRING · Spring 2032")
    lab.field("Who of the staff comes along").select_option(label="No one")
    press(lab, "Copy")
    shows(lab, "Copy 1 course into 2032-SPRING?")
    press(lab, "Yes, copy")
    shows(
        lab, "1 course copied into 2032-SPRING. OKAPI-2031-AUTUMN is left out: there is already a course with the code OKAPI-2032-SPRING."
    )
    pictures(lab, "next_term_copied")
    listed = done(environment, "course", "list", "--term", "2032-SPRING")
    assert "OKAPI-2032-SPRING" in listed
    assert "ZEBRA-2032-SPRING" in listed
