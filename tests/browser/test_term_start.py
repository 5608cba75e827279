"""A term begins by forms alone, driven in Chromium: from an empty folder, without demonstration people, to the first dashboard.

    python -m pytest -m browser tests/browser/test_term_start.py -s

prints how many forms were submitted and how many seconds it took. One command comes before: the one that makes the database and
the first administrator.
"""

import time

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import home, labs, lmskit
from tests.browser.lab import RUN_ALL
from tests.browser.test_admin_forms import choose, paste, press, shows

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

ROOT, ADA = "root@uni.example", "ada@uni.example"
OWN = "several words of Ada"
BEFORE, NOW = "2030-AUTUMN", "2031-SPRING"
STUDENTS = [(f"student{number:02}@uni.example", f"Number {number:02}") for number in range(1, 13)]


@pytest.fixture(scope="module")
def environment():
    """The environment variables of an empty home with one administrator."""
    with home(
        "init", "--email", ROOT, "--family-name", "Root", "--given-name", "", "--password-stdin", typed="a long password of root\n"
    ) as made:
        yield made


@pytest.fixture(scope="module")
def lab_of(environment, tmp_path_factory):
    with labs(environment, tmp_path_factory.mktemp("lab")) as address:
        yield address


def test_a_term_begins_by_forms_alone(open_lab, environment, pictures):
    begun, pressed = time.monotonic(), 0

    def opened(notebook, person=ROOT):
        lab = open_lab(person, notebook)
        lab.run_all()
        expect(lab.output.locator(".lmskit").first).to_be_visible()
        return lab

    def submit(lab, button, sentence):
        nonlocal pressed
        pressed += 1
        press(lab, button)
        return shows(lab, sentence)

    lab = opened("admin/invitations.ipynb")
    lab.field("E-mail").fill(ADA)
    lab.field("Family name").fill("Lovelace")
    submit(lab, "Invite", f"{ADA} is invited until ")
    code = lab.output.locator(".lmskit-secret code").inner_text()

    lab = opened("admin/course_setup.ipynb")
    lab.field("Title").fill("Logic")
    lab.field("Module code").fill("LOGIC")
    lab.field("Term").select_option(label="A new term …")
    lab.output.get_by_placeholder("Code of the new term").fill(BEFORE)
    lab.field("Name of the new term").fill("Autumn 2030")
    lab.field("First day").fill("2030-09-16")
    lab.field("Last day").fill("2031-01-31")
    grid = lab.output.locator(".lmskit-grid").first
    paste(lab, grid.get_by_label("Topic, week 1"), "Sets\nProofs")
    expect(grid.get_by_label("Topic, week 2")).to_have_value("Proofs")
    submit(lab, "Create the course", f"LOGIC-{BEFORE} was created in {BEFORE} with 2 weeks.")

    lab = opened("admin/next_term.ipynb")
    lab.field("Code of the term").fill(NOW)
    lab.field("Name").fill("Spring 2031")
    lab.field("First day").fill("2031-02-17")
    lab.field("Last day").fill("2031-06-30")
    submit(lab, "Create the term", f"The term {NOW} was created")
    submit(lab, "Copy", f"Copy 1 course into {NOW}?")
    submit(lab, "Yes, copy", f"1 course copied into {NOW}.")

    lab = opened("admin/terms.ipynb")
    lab.output.get_by_label("Term", exact=True).select_option(label=f"{BEFORE} · Autumn 2030")
    submit(lab, "Close the term", f"Close {BEFORE}?")
    submit(lab, "Yes, close the term", f"The term {BEFORE} is closed.")

    course = f"LOGIC-{NOW}"
    lab = opened("admin/roster_import.ipynb")
    choose(lab, "email,family_name,given_name", *(f"{email},Student,{name}" for email, name in STUDENTS))
    shows(lab, "roster.csv: Plain CSV")
    lab.field("Course").select_option(label=f"{course} · Logic")
    submit(lab, "Preview", "If the preview is right, press Import.")
    submit(lab, "Import", "roster.csv was imported: 12 added")
    results = [f"{email},Week {week},{week},{(n * 7 + week) % 11},10" for n, (email, _) in enumerate(STUDENTS) for week in (1, 2)]
    choose(lab, "email,quiz,week,score,max_score", *results, name="results.csv")
    shows(lab, "results.csv: Plain CSV")
    submit(lab, "Preview", "If the preview is right, press Import.")
    submit(lab, "Import", "results.csv was imported: 24 added")

    lab = opened("admin/enrollment.ipynb")
    lab.field("Course").select_option(label=f"{course} · Logic")
    lab.field("E-mail").fill("late@uni.example")
    lab.field("Family name").fill("Late")
    submit(lab, "Enrol", "late@uni.example is enrolled in")
    by_forms = time.monotonic() - begun

    lab = open_lab(ADA, "lecturer/mastery_dashboard.ipynb")
    lab.page.evaluate(RUN_ALL)
    form = lab.output.locator(".lmskit-secret-form")
    form.get_by_role("button", name="I have a code").click()
    for label, text in {"E-mail address": ADA, "Code": code, "New password": OWN, "New password again": OWN}.items():
        form.get_by_label(label, exact=True).fill(text)
    form.get_by_role("button", name="Set the password and sign in").click()
    expect(lab.output.get_by_text(f"Your password is set. You are signed in as {ADA}.")).to_be_visible()
    lab.run_all()
    expect(lab.figure("Mastery by student and week").first).to_be_visible()
    lab.page.wait_for_function("() => (document.querySelector('.lmskit-figure-box')?._fullData?.[1]?.y ?? []).length > 0")
    pictures(lab, "term_start_dashboard")
    in_lists = lmskit(environment, "enrollment", "list", course, "--format", "csv").stdout
    assert in_lists.count("@uni.example") == len(STUDENTS) + 1
    mean = sum((n * 7 + 1) % 11 / 10 for n in range(len(STUDENTS))) / len(STUDENTS)
    assert f"1\tSets\t{mean:.2f}\t" in lmskit(environment, "mastery", "show", course).stdout
    print(f"{pressed} buttons in 6 forms, {by_forms:.0f} s; the dashboard after {time.monotonic() - begun:.0f} s")  # noqa: T201 - with -s
