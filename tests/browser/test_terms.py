"""An administrator closes, archives, verifies, restores and opens a term in JupyterLab, driven in Chromium; a lecturer is refused."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.lab import RUN_ALL
from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows
from tests.browser.test_materials import LECTURER

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

NARROW = {"width": 560, "height": 900}
TERM, COURSE = "2020-AUTUMN", "OKAPI-2020"
COUNTS = "1 course, 40 students, 2 weeks and 2 quizzes"
MOVED = "80 attempts and 80 estimates of mastery"


@pytest.fixture
def term(environment, tmp_path):
    """A term that is over, with two quizzes of forty students."""
    done(environment, "course", "create", COURSE, "--title", "Okapis", "--term", TERM, "--term-name", "Autumn 2020", "--lecturer", LECTURER,
         "--term-starts", "2020-09-14", "--term-ends", "2021-01-31", "--week", "1: Leaves", "--week", "2: Trees")  # fmt: skip
    students = [
        f'"Okapi, Number {n:02}",{90_000 + n},okapi.{n:02},okapi.{n:02}@example.com,Okapis,{n % 11}.00,{n * 7 % 11}.00' for n in range(40)
    ]
    header = ["Student,ID,SIS User ID,SIS Login ID,Section,Week 1: Leaves (801),Week 2: Trees (802)", "    Points Possible,,,,,10.00,10.00"]
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text("\n".join([*header, *students, ""]), encoding="utf-8")
    done(environment, "import", str(gradebook), "--course", COURSE)
    return TERM


def done(environment, *arguments):
    completed = lmskit(environment | {"LMSKIT_PERSON": ADMINISTRATOR}, *arguments)
    assert completed.returncode == 0, f"{completed.stdout}\n{completed.stderr}"


def take(lab, step, question):
    """Press the button of a step, see its question, and answer with yes."""
    press(lab, step)
    shows(lab, question)
    press(lab, f"Yes, {step[:1].lower()}{step[1:]}")


def test_a_term_is_closed_archived_verified_restored_and_opened_again(open_lab, environment, term, pictures):
    lab = open_lab(ADMINISTRATOR, "admin/terms.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    pictures(lab, "terms_opened")
    lab.output.get_by_label("Term", exact=True).select_option(label=f"{term} · Autumn 2020")
    shows(lab, f"{term} is open; its last day is 2021-01-31. It has {COUNTS}; {MOVED}.")
    row = lab.output.locator("tr", has_text="Autumn 2020")
    press(lab, "Close the term")
    shows(lab, f"Close {term}? Its {COUNTS}, {MOVED} stay as they are")
    pictures(lab, "terms_question")
    press(lab, "No")
    expect(lab.output.get_by_role("button", name="Yes, close the term")).to_be_hidden()
    expect(row).to_contain_text("open")
    take(lab, "Close the term", f"Close {term}?")
    shows(lab, f"The term {term} is closed.")
    expect(row).to_contain_text("closed")
    folder = lab.output.get_by_label("Folder or bucket for the archive")
    folder.fill("/not/there")
    take(lab, "Archive the term", f"Archive {term} to /not/there?")
    shows(lab, "mkdir -m 700 /not/there")
    pictures(lab, "terms_refused")
    folder.fill("")
    take(lab, "Archive the term", f"Its {MOVED} are written to files, read back and compared")
    shows(lab, f"The term {term} is archived: {MOVED}.")
    expect(row).to_contain_text("archived")
    archives = Path(environment["LMSKIT_HOME"]) / "archives"
    assert [re.sub(r"-\d+T\d+Z$", "", path.name) for path in archives.iterdir()] == [term]
    expect(lab.output.locator("tr", has_text=str(archives))).to_contain_text("current")
    pictures(lab, "terms_archived")
    take(lab, "Verify the archive", "Nothing is changed.")
    shows(lab, f"The archive of {term} is in order: {MOVED}")
    take(lab, "Restore the term", f"Restore {term}? {MOVED} move back")
    shows(lab, f"The term {term} is restored and closed: {MOVED}.")
    expect(lab.output.locator("tr", has_text=str(archives))).to_contain_text("earlier")
    press(lab, "Remove earlier archives")
    shows(lab, f"Remove 1 earlier archive of {term}")
    pictures(lab, "terms_removal")
    narrow(lab)
    press(lab, "Yes, remove earlier archives")
    shows(lab, f"1 earlier archive of {term} removed.")
    assert list(archives.iterdir()) == []
    take(lab, "Open the term again", f"Open {term} again?")
    shows(lab, f"The term {term} is open.")


def narrow(lab):
    """In a narrow window nothing but a table is wider than the window, and every control has a name."""
    lab.page.set_viewport_size(NARROW)
    form = lab.output.locator(".lmskit").first
    beyond = form.evaluate(
        """(form) => [...form.querySelectorAll('button, select, input, .lmskit-message')]
            .filter((it) => it.offsetParent && it.getBoundingClientRect().right > form.getBoundingClientRect().right + 1)
            .map((it) => it.textContent || it.value)"""
    )
    assert beyond == []
    for control in form.locator("button:visible, select:visible, input:visible").all():
        assert control.evaluate("(it) => (it.labels?.length ? it.labels[0].textContent : it.textContent || it.title).trim()") != ""


def test_a_lecturer_is_refused_in_a_sentence(open_lab):
    lab = open_lab(LECTURER, "admin/terms.ipynb")
    lab.page.evaluate(RUN_ALL)
    expect(lab.output.get_by_text("Only an administrator can use this notebook. You are signed in as").first).to_be_visible()
