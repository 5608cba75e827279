"""A backup or a cartridge becomes a course: seen before it is imported, with its weeks changed, in Chromium."""

import re
import shutil
import tarfile

import pytest
from playwright.sync_api import expect

from tests.browser.test_admin_forms import ADMINISTRATOR, press, shows
from tests.importers.golden import SAMPLES

pytestmark = pytest.mark.browser


def packed(path):
    with tarfile.open(path, "w:gz") as target:
        target.add(SAMPLES / "moodle-backup" / "course", arcname=".")
    return path


def test_a_backup_is_seen_as_the_course_it_would_become_its_weeks_are_changed_and_it_is_imported(open_lab, pictures, tmp_path):
    lab = open_lab(ADMINISTRATOR, "admin/roster_import.ipynb")
    lab.run_all()
    lab.output.locator(".lmskit-upload input").set_input_files(packed(tmp_path / "logic.mbz"))
    shows(lab, "logic.mbz: Moodle course backup; it describes its course.")
    press(lab, "Preview")
    shows(lab, "The course LOGIC of logic.mbz is not in lmskit yet.")
    pictures(lab, "course_needs")
    for label in ("Term of new courses", "Lecturer of new courses"):
        options = lab.field(label).locator("option").all_text_contents()
        lab.field(label).select_option(label=options[-1])  # the oldest term, so that dashboards of other tests begin as before
    press(lab, "Preview")
    shows(lab, "If the preview is right, press Import.")
    heading = lab.output.locator(".lmskit-heading:visible", has_text="The course LOGIC as it would become")
    expect(heading).to_be_visible()
    pictures(lab, "course_preview", top=heading)
    lab.output.get_by_label("Week, section 2", exact=True).fill("5")
    lab.output.get_by_label("Topic, section 2", exact=True).fill("Relations")
    lab.output.get_by_label("Topic, section 2", exact=True).press("Tab")
    shows(lab, "Preview it again before you import it.")
    press(lab, "Preview")
    shows(lab, "If the preview is right, press Import.")
    press(lab, "Import")
    shows(lab, "logic.mbz was imported")
    now = lab.output.locator(".lmskit-heading:visible", has_text="The course LOGIC as it is now")
    expect(now).to_be_visible()
    expect(lab.output.get_by_label("Topic, section 2", exact=True)).to_have_value("Relations")
    expect(lab.output.locator("td", has_text=re.compile("^Assignment: Essay$")).first).to_be_visible()
    pictures(lab, "course_imported", top=now)


def test_a_cartridge_is_seen_as_the_course_it_would_become(open_lab, pictures, tmp_path):
    lab = open_lab(ADMINISTRATOR, "admin/roster_import.ipynb")
    lab.run_all()
    shutil.make_archive(str(tmp_path / "algorithms"), "zip", SAMPLES / "common-cartridge" / "course")
    lab.output.locator(".lmskit-upload input").set_input_files((tmp_path / "algorithms.zip").rename(tmp_path / "algorithms.imscc"))
    shows(lab, "algorithms.imscc: Common Cartridge; it describes its course.")
    for label in ("Term of new courses", "Lecturer of new courses"):
        options = lab.field(label).locator("option").all_text_contents()
        lab.field(label).select_option(label=options[-1])
    press(lab, "Preview")
    shows(lab, "If the preview is right, press Import.")
    heading = lab.output.locator(".lmskit-heading:visible", has_text="The course ALGO 2 as it would become")
    expect(heading).to_be_visible()
    expect(lab.output.locator("td", has_text=re.compile("^materials$")).first).to_be_visible()
    pictures(lab, "cartridge_preview", top=heading)
