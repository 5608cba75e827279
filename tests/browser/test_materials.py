"""Materials in JupyterLab, driven in Chromium: files and a site are added, fetched again and removed, and a lecturer finds passages."""

import re
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell
from playwright.sync_api import expect

from tests.browser.test_admin_forms import COURSES, press, shows
from tests.materials.web_site import Answer, Site, page

pytestmark = pytest.mark.browser

expect.set_options(timeout=60_000)

ADMINISTRATOR, LECTURER = "demo.admin@example.org", "demo.lecturer@example.org"
EVIL = "<img src=x onerror=alert(1)>"
RECURSION = b"# Zebra recursion\n\nA zebra function calls itself with a smaller zebra until nothing is left of it.\n"
CAPTIONS = b"WEBVTT\n\n00:01:15.000 --> 00:01:20.000\nThe giraffe algorithm visits each leaf of the tree exactly once.\n"


OKAPI = b"# Okapi\n\nAn okapi eats leaves."
DESK = """
from ipaddress import ip_network
from lmskit import connect
from lmskit.desks import material_desk
from lmskit.web.connection import FetchLimits
from lmskit.materials.web.fetching import WebFetcher
from lmskit.web.guard import AddressGuard

connect()
guard, limits = AddressGuard([ip_network("127.0.0.1/32")]), FetchLimits(seconds=240, silence=240)
desk = material_desk(fetcher=lambda: WebFetcher(guard, delay=0.0, limits=limits))
desk.view
"""
"""The form with a fetcher that may connect to the site of the test; no setting allows this machine."""


def file(name, content):
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def test_files_are_added_and_removed_and_a_lecturer_opens_the_link_of_a_hit(open_lab, pictures):
    lab = open_lab(LECTURER, "admin/materials.ipynb")
    lab.run_all()
    lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
    pictures(lab, "materials_opened")
    chosen = lab.output.locator(".lmskit-upload input").first
    chosen.set_input_files(
        [
            file("week-02_zebra.md", RECURSION),
            file(f"{EVIL.replace('/', '')}.md", OKAPI),
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
    change = lab.output.locator(".lmskit-heading", has_text="Change a material")
    lab.field("Material of this page of the list").select_option(label="2 · Zebra <img src=x onerror=alert(1)> · week-02_zebra.md")
    lab.field("Licence").fill("cc by 4.0")
    press(lab, "Save")
    shows(lab, "Zebra <img src=x onerror=alert(1)> was changed: licence.")
    expect(lab.field("Licence")).to_have_value("CC-BY-4.0")
    pictures(lab, "materials_changed", top=change)
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
    found.output.get_by_text("Hits", exact=True).click()
    text.fill("which leaves does an okapi eat")
    text.press("Enter")
    button = found.output.get_by_role("button", name=f"Download {EVIL.replace('/', '')}.md").first
    with found.page.expect_download() as saved:
        button.click()
    assert Path(saved.value.path()).read_bytes() == OKAPI
    text.fill("-")
    text.press("Enter")
    shows(found, "The search text has no word to search for.")
    pictures(found, "find_mistake")


def test_a_site_is_crawled_stopped_continued_and_fetched_again_and_its_page_is_found(open_lab, pictures):
    asked, released = threading.Event(), threading.Event()

    def held(_path):
        asked.set()
        released.wait(240)
        return Answer(page("<p>The okapi is a relative of the giraffe.</p>", title="Okapis"), etag='"okapi"')

    links = "".join(f'<a href="{path}">x</a>' for path in ("a/week-2/quagga", "b-slow", "c-secret"))
    quagga = Answer(page("<p>A quagga is a zebra with few stripes.</p>", title="Quaggas"), etag='"first"')
    answers = {
        "/robots.txt": Answer("", 404),
        "/zoo/": Answer(page(f"<p>Animals of this zoo.</p>{links}", title="The zoo"), etag='"zoo"'),
        "/zoo/a/week-2/quagga": quagga,
        "/zoo/c-secret": Answer("?", 403),
    }
    with Site(answers, other=held).served() as site:
        lab = open_lab(LECTURER, "admin/crawl.ipynb", cells=[new_code_cell(DESK)])
        lab.run_all()
        lab.field("Course").select_option(label=COURSES["SIM-PROG-2026B"])
        lab.output.get_by_role("tab", name="A web site").click()
        top = lab.output.locator(".lmskit-heading", has_text="Add materials")
        lab.output.get_by_label("Page to start from").fill(f"{site.url}/zoo/")
        press(lab, "Crawl")
        expect(lab.output.get_by_text(re.compile(r"Fetching: 2 of \d"))).to_be_visible()
        assert asked.wait(60)
        pictures(lab, "materials_crawl_runs", top=top)
        lab.output.locator("button:visible", has_text="Stop").first.click()
        expect(lab.output.get_by_text("Stopping …")).to_be_visible()
        released.set()
        shows(lab, "Stopped. What was fetched is in the list; to go on, crawl the same page again.")
        expect(lab.output.locator("tr", has_text="Quaggas")).to_contain_text(f"{site.url}/zoo/a/week-2/quagga")
        assert "/zoo/c-secret" not in site.paths
        pictures(lab, "materials_crawl_stopped", top=top)
        press(lab, "Crawl")
        shows(lab, "The crawl went on where it was:")
        expect(lab.output.locator("tr", has_text="/zoo/c-secret")).to_contain_text("It is not open to everyone")
        assert site.paths.count("/zoo/") == site.paths.count("/zoo/a/week-2/quagga") == 1
        pictures(lab, "materials_crawl_done", top=top)

        site.answers["/zoo/b-slow"] = held("")
        site.answers["/zoo/a/week-2/quagga"] = replace(
            quagga, body=page("<p>The last quagga died in Amsterdam in 1883.</p>", title="Quaggas"), etag='"second"'
        )
        press(lab, "Fetch again what has changed")
        shows(lab, "3 pages of the web: 1 changed, 2 unchanged.")
        press(lab, "Fetch again what has changed")
        shows(lab, "3 pages of the web: 0 changed, 3 unchanged.")
        assert [request.headers.get("If-None-Match") for request in site.requests if request.path == "/zoo/a/week-2/quagga"] == [
            None,
            '"first"',
            '"second"',
        ]
        pictures(lab, "materials_fetched_again")

        found = open_lab(LECTURER, "lecturer/find_material.ipynb")
        found.run_all()
        text = found.output.get_by_placeholder("such as: why does the loop never end?")
        text.fill("where did the last quagga die")
        text.press("Enter")
        link = found.output.locator(".lmskit-hit", has_text="Amsterdam").get_by_role("link", name="Quaggas")
        with found.page.expect_popup() as opened:
            link.press("Enter")
        assert opened.value.url == f"{site.url}/zoo/a/week-2/quagga"
