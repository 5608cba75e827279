"""An administrator finds a person, corrects them, merges one who is there twice and splits them again, driven in Chromium."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import lmskit
from tests.browser.test_admin_forms import open_form, press, shows

pytestmark = pytest.mark.browser
__all__ = ["open_form"]
COURSE = "QUAGGA"
TWINS = ("twin.one@example.com", "twin.two@example.com")


@pytest.fixture
def twins(environment, tmp_path):
    """A student who is there twice, with a result of the same quiz each time: the numbers of both."""
    path = tmp_path / "twins.csv"
    lines = [f"{address},Zwílling,Ann,Sets of twins,{score},5" for score, address in enumerate(TWINS, 3)]
    path.write_text("\n".join(["email,family_name,given_name,quiz,score,max_score", *lines]) + "\n", encoding="utf-8")
    term = ("--term", "TWICE", "--term-name", "Self-paced", "--term-starts", "2020-01-01", "--term-ends", "2099-12-31")
    about = ("--title", "Quaggas", "--lecturer", "demo.lecturer@example.org", "--week", "1: Sets")
    for command in (
        ("course", "create", COURSE, *term, *about),
        ("import", str(path), "--course", COURSE, "--week", "1", "--new-quizzes"),
    ):
        done = lmskit(environment, *command)
        assert done.returncode == 0, (done.stdout, done.stderr)
    listed = lmskit(environment, "person", "list", "--search", "zwilling", "--format", "csv").stdout.splitlines()[1:]
    return [next(line.split(",")[0] for line in listed if address in line) for address in TWINS]


def test_a_person_is_found_corrected_merged_and_split(open_form, twins, pictures, environment):
    kept, removed = twins
    lab = open_form("persons")
    expect(lab.output.locator("tbody tr").nth(20)).to_be_attached()
    pictures(lab, "persons_opened")
    lab.field("Search").press_sequentially("ann zwil")
    expect(lab.output.get_by_text("people 1–2 of 2")).to_be_visible()
    shows(lab, f"Person {kept}: Zwílling, Ann, student, {TWINS[0]}")
    pictures(lab, "persons_found")
    change = lab.output.locator(".lmskit-heading", has_text="Change the person")
    lab.field("E-mail").fill(TWINS[1])
    lab.field("Add an id").fill("0047110")
    press(lab, "Save the changes")
    shows(lab, "Write it as SYSTEM:ID, such as sis:0047110")
    pictures(lab, "persons_mistake", top=change)
    lab.field("E-mail").fill(TWINS[0])
    lab.field("Add an id").fill("sis:0047110")
    lab.field("Given name").fill("Änn")
    press(lab, "Save the changes")
    shows(lab, f"Person {kept}: given name Ann → Änn, id sis:0047110 added.")
    pictures(lab, "persons_changed", top=change)
    twice = lab.output.locator(".lmskit-heading", has_text="People who are probably")
    press(lab, "List likely duplicates")
    expect(lab.output.locator("tr", has_text=TWINS[0]).filter(has_text="the same name")).to_contain_text(TWINS[1])
    lab.output.locator("select", has_text=f"{kept} Zwílling, Änn · {removed} Zwílling, Ann").select_option(
        label=f"{kept} Zwílling, Änn · {removed} Zwílling, Ann"
    )
    pictures(lab, "persons_duplicates", top=twice)
    merging = lab.output.locator(".lmskit-heading", has_text="Merge two students")
    press(lab, "Take these two")
    shows(lab, f"Merge person {removed} (Zwílling, Ann) into person {kept} (Zwílling, Änn): 1 enrollment, 1 result?")
    expect(lab.output.locator("tr", has_text="all are kept, numbered 1 to 2 by time")).to_be_visible()
    pictures(lab, "persons_merge_question", top=merging)
    press(lab, "Yes, merge")
    shows(lab, f"Person {removed} is merged into person {kept}: 1 enrollment, 1 result. Receipt ")
    pictures(lab, "persons_merged", top=merging)
    expect(lab.output.get_by_text("people 1–1 of 1")).to_be_visible()
    press(lab, "Split")
    shows(lab, f"Make two people again: person {removed} (Zwílling, Ann) gets 1 enrollment, 1 result back from person {kept}")
    pictures(lab, "persons_split_question", top=lab.output.locator(".lmskit-heading", has_text="Merges, newest first"))
    press(lab, "Yes, split")
    shows(lab, f"Person {removed} is there again, and person {kept} is as before the merge.")
    pictures(lab, "persons_split", top=lab.output.locator(".lmskit-heading", has_text="Merges, newest first"))
    listed = lmskit(environment, "person", "list", "--search", "zwilling", "--format", "csv").stdout
    assert all(f"\n{number}," in listed for number in twins)
