"""An administrator gives roles in a course, takes one back and hands the course over in JupyterLab, driven in Chromium."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows
from tests.browser.test_materials import LECTURER

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

COURSE, COLLEAGUE = "GIRAFFE-2033", "giraffe.keeper@example.org"


def done(environment, *arguments):
    completed = lmskit(environment | {"LMSKIT_PERSON": ADMINISTRATOR}, *arguments)
    assert completed.returncode == 0, f"{completed.stdout}\n{completed.stderr}"
    return completed.stdout


@pytest.fixture
def course(environment, tmp_path):
    """A course with two sections, and a lecturer who has no role in it."""
    done(environment, "course", "create", COURSE, "--title", "Giraffes", "--term", "2033-AUTUMN", "--term-name", "Autumn 2033",
         "--lecturer", LECTURER, "--term-starts", "2033-09-12", "--term-ends", "2034-01-31", "--week", "1: Leaves")  # fmt: skip
    students = [f'"Giraffe, Number {n}",{95_000 + n},giraffe.{n},giraffe.{n}@example.com,Lab {n % 2 + 1},{n}.00' for n in range(5)]
    header = ["Student,ID,SIS User ID,SIS Login ID,Section,Week 1: Leaves (901)", "    Points Possible,,,,,10.00"]
    gradebook = tmp_path / "gradebook.csv"
    gradebook.write_text("\n".join([*header, *students, ""]), encoding="utf-8")
    done(environment, "import", str(gradebook), "--course", COURSE)
    done(environment, "login", "create", COLLEAGUE, "--family-name", "Keeper", "--given-name", "Gil")
    return COURSE


def test_an_assistant_of_a_section_is_added_and_removed_and_the_course_is_handed_over(open_lab, environment, course, pictures):
    lab = open_lab(ADMINISTRATOR, "admin/course_staff.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    pictures(lab, "course_staff_opened")
    lab.field("Find a course").press_sequentially("gir")
    expect(lab.field("Course")).to_contain_text("Giraffes")
    lab.field("Find a lecturer").press_sequentially("kee gil")
    shows(lab, f"Gil Keeper has no role in {course}.")
    lab.field("Role").select_option(label="assistant: sees all or named sections, changes nothing")
    lab.field("Students the assistant sees").select_option(label="Those of sections and groups")
    press(lab, "Give the role")
    shows(lab, "Select the sections and groups whose students the assistant sees.")
    pictures(lab, "course_staff_mistake")
    lab.field("Sections and groups").select_option(label="Lab 2 (section, 2 students)")
    press(lab, "Give the role")
    shows(lab, f"{COLLEAGUE} is assistant of {course} now, for Lab 2.")
    row = lab.output.locator("tr", has_text=COLLEAGUE)
    expect(row).to_contain_text("Lab 2")
    pictures(lab, "course_staff_given")
    press(lab, "Remove from the staff")
    shows(lab, f"Remove Gil Keeper, assistant, from the staff of {course}?")
    press(lab, "No")
    press(lab, "Remove from the staff")
    pictures(lab, "course_staff_question")
    press(lab, "Yes, remove from the staff")
    shows(lab, f"{COLLEAGUE} is not assistant of {course} any more.")
    expect(row).to_have_count(0)
    press(lab, "Hand the course over")
    shows(lab, f"Hand {course} over to Gil Keeper? Gil Keeper is responsible for it then")
    pictures(lab, "course_staff_hand_over")
    press(lab, "Yes, hand the course over")
    shows(lab, f"{COLLEAGUE} is responsible for {course} now; ")
    expect(row).to_contain_text("responsible")
    pictures(lab, "course_staff_handed_over")
    assert f"{COLLEAGUE}\tresponsible" in done(environment, "staff", "list", course)
