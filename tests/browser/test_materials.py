"""Materials in JupyterLab, driven in Chromium: files are added, refused and removed, and a lecturer finds a passage and opens its link."""

import pytest
from playwright.sync_api import expect

from tests.browser.test_admin_forms import press, shows

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

ADMINISTRATOR, LECTURER = "demo.admin@example.org", "demo.lecturer@example.org"
EVIL = "<img src=x onerror=alert(1)>"
RECURSION = b"# Zebra recursion\n\nA zebra function calls itself with a smaller zebra until nothing is left of it.\n"
CAPTIONS = b"WEBVTT\n\n00:01:15.000 --> 00:01:20.000\nThe giraffe algorithm visits each leaf of the tree exactly once.\n"


def file(name, content):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_files_are_added_and_removed_and_a_lecturer_opens_the_link_of_a_hit(open_lab, pictures):
    lab = open_lab(LECTURER, "admin/materials.ipynb")
    lab.run_all()
    expect(lab.output.locator(".lmskit").first).to_be_visible()
    pictures(lab, "materials_opened")
    chosen = lab.output.locator(".lmskit-upload input").first
    chosen.set_input_files(
        [
            file("week-02_zebra.md", RECURSION),
            file(f"{EVIL.replace('/', '')}.md", b"# Okapi\n\nAn okapi eats leaves."),
            file("broken.pdf", b"%PDF-1.7 broken"),
        ]
    )
    shows(lab, "1 file will not be added; the reasons are below.")
    expect(lab.output.locator("td", has_text="broken.pdf")).to_be_visible()
    title = lab.output.get_by_label("Title, file 1")
    expect(title).to_have_value("Zebra recursion")
    expect(lab.output.get_by_label("Week, file 1")).to_have_value("2")
    pictures(lab, "materials_preview", top=lab.output.locator(".lmskit-heading", has_text="Add materials"))
    title.fill("")
    press(lab, "Add 2 files")
    shows(lab, "row 1, title: This must not be empty.")
    pictures(lab, "materials_mistake", top=lab.output.locator(".lmskit-heading", has_text="Add materials"))
    title.fill(f"Zebra {EVIL}")
    press(lab, "Add 2 files")
    shows(lab, "2 files: 2 added, 0 changed, 0 unchanged.")
    added = lab.output.locator("tr", has_text="Zebra <img src=x onerror=alert(1)>")
    expect(added).to_contain_text("week-02_zebra.md")
    pictures(lab, "materials_added")
    lab.output.get_by_role("tab", name="A link or a video").click()
    lab.field("Address").fill("https://example.org/giraffe.mp4")
    lab.field("What it is").select_option(label="a video, with or without captions")
    lab.output.locator(".lmskit-upload input").nth(1).set_input_files(file("giraffe.vtt", CAPTIONS))
    pictures(lab, "materials_link", top=lab.output.locator(".lmskit-heading", has_text="Add materials"))
    press(lab, "Add the link")
    shows(lab, "1 passage of captions.")
    lab.output.get_by_role("tab", name="A web site").click()
    pictures(lab, "materials_site", top=lab.output.locator(".lmskit-heading", has_text="Add materials"))
    lab.field("Materials of this page of the list").select_option(label="2 · Zebra <img src=x onerror=alert(1)> · week-02_zebra.md")
    press(lab, "Remove")
    shows(lab, "Remove 1 material of")
    pictures(lab, "materials_question", top=lab.output.locator(".lmskit-heading", has_text="Remove materials"))
    press(lab, "Yes, remove")
    shows(lab, "1 material removed.")
    expect(added).to_have_count(0)

    found = open_lab(LECTURER, "lecturer/find_material.ipynb")
    found.run_all()
    shows(found, "Type what a passage should explain")
    pictures(found, "find_opened")
    text = found.output.get_by_placeholder("such as: why does the loop never end?")
    text.fill("giraffe algorithm")
    text.press("Enter")
    hit = found.output.locator(".lmskit-hit", has_text="giraffe").first
    expect(hit.locator("mark").first).to_have_text("giraffe")
    pictures(found, "find_hits")
    link = hit.locator("a")
    assert link.get_attribute("href") == "https://example.org/giraffe.mp4#t=75"
    assert (link.get_attribute("target"), link.get_attribute("rel")) == ("_blank", "noopener noreferrer")
    found.output.get_by_text("Tables", exact=True).click()
    expect(found.output.locator("td", has_text="1:15")).to_be_visible()
    pictures(found, "find_table")
    text.fill("-")
    text.press("Enter")
    shows(found, "The search text has no word to search for.")
    pictures(found, "find_mistake")
