"""`lmskit material crawl` on a site of this machine, which tests alone may be fetched from."""

import os
import signal

import pytest
from pydantic import ValidationError
from sqlalchemy import select, update

from lmskit.cli import material_crawl
from lmskit.cli.material_crawls import continuation, way_on
from lmskit.db import access, snapshot, transaction
from lmskit.errors import AddressNotAllowedError
from lmskit.limits import MOST_CRAWL_PAGES
from lmskit.materials.web.fetching import web_fetcher
from lmskit.models import Course, Material, MaterialCrawl, User
from lmskit.queries.crawl_list import crawl_rows, crawls
from lmskit.schemas.crawl import USUAL_DEPTH
from lmskit.settings import DEMO_ADMIN, Settings
from lmskit.vocabulary import CrawlState
from lmskit.web.address import WebAddress
from tests import factories
from tests.conftest import DEMO_LECTURER
from tests.materials.web_site import Answer, Site, fetcher, page


@pytest.fixture
def site():
    answers = {
        "/": Answer(page('<p>The start.</p><a href="/week-2/b">B</a><a href="/c">C</a>')),
        "/week-2/b": Answer(page("<p>About b.</p>", title="B")),
        "/c": Answer("?", 403),
    }
    with Site(answers).served() as served:
        yield served


@pytest.fixture
def store(tmp_path, configure):
    """The store that commands use; this machine's proxies are not asked."""
    tmp_path.chmod(0o700)
    configure(LMSKIT_MATERIAL_STORE=str(tmp_path), NO_PROXY="127.0.0.1")


@pytest.fixture
def allowed(monkeypatch):
    """Commands may fetch from the site."""
    monkeypatch.setattr(material_crawl, "web_fetcher", lambda _settings: fetcher())


@pytest.mark.usefixtures("store", "allowed")
def test_a_site_is_crawled_and_continued_and_refreshed(lmskit, course, site):
    first = lmskit("material", "crawl", site.url, "--course", course.code, "--pages", "2")
    assert first.exit_code == 0
    assert "1 added, 0 changed, 0 unchanged, 1 not added, 1 not fetched yet." in first.output
    assert f"{site.url}/c: it is not open to everyone (the server answered 403)." in first.output
    assert "It stopped before its end: the limit of 2 addresses is reached." in first.output
    second = lmskit("material", "crawl", site.url, "--course", course.code)
    assert second.exit_code == 0
    assert "An earlier crawl from this address was continued." in second.output
    assert "1 added, 0 changed, 0 unchanged." in second.output
    site.answers["/week-2/b"] = Answer("?", 410)
    refreshed = lmskit("material", "refresh", "--course", course.code)
    assert "2 pages of the web: 0 changed, 1 unchanged, 1 gone." in refreshed.output
    assert f"{site.url}/week-2/b is gone; what was read is kept." in refreshed.output
    assert "of the web" not in lmskit("material", "refresh", "--course", course.code, "--stored").output
    with transaction() as session:
        found = session.execute(select(Material.url, Material.title, Material.week_number).where(Material.course_id == course.id)).all()
    assert sorted(map(tuple, found)) == [(f"{site.url}/", "A page", None), (f"{site.url}/week-2/b", "B", 2)]


@pytest.mark.usefixtures("store", "allowed")
def test_what_is_gone_is_named_and_a_refused_start_is_not_listed_as_done(lmskit, course, site):
    command, listed = ("material", "crawl", site.url, "--course", course.code), ("material", "crawls", "--course", course.code)
    lmskit(*command)
    site.answers["/week-2/b"], site.answers["/c"] = Answer("?", 410), Answer("?", 404)
    again = lmskit(*command).output
    assert "2 gone." in again
    assert f"{site.url}/week-2/b: it is gone; what was read before is kept." in again
    assert f"{site.url}/c: there is nothing at this address (the server answered 404)." in again
    site.answers["/"] = Answer("?", 403)
    assert lmskit(*command).exit_code == 1
    lines = lmskit(*listed).output.splitlines()
    assert [line.split()[3] for line in lines if f"{site.url}/\t" in line] == ["refused", "done", "done"]
    with snapshot() as session:
        newest = crawls(session, course.code).iloc[0]
    assert lines[-1] == f"Crawl {newest['crawl_id']} added nothing: {newest['refusal']}"
    assert newest["refusal"].startswith("it is not open to everyone (the server answered 403).")


@pytest.mark.usefixtures("store", "allowed")
def test_a_crawl_that_is_stopped_says_that_vectors_are_missing(lmskit, course, site):
    def stop(path):
        if path == "/c":
            os.kill(os.getpid(), signal.SIGINT)
        return Answer("?", 404)

    del site.answers["/c"]
    site.other = stop
    stopped = lmskit("material", "crawl", site.url, "--course", course.code)
    assert stopped.exit_code == 130
    assert "Stopped. What was fetched is stored; to go on, give the same command again." in stopped.stderr
    assert f"Passages of {course.code} have no vector yet" in stopped.stderr


@pytest.mark.usefixtures("store", "allowed")
def test_a_page_or_link_does_not_replace_the_file_of_a_person(lmskit, course, site, tmp_path):
    (tmp_path / "mine.md").write_text("What I say about b.")
    address = f"{site.url}/week-2/b"
    given = lmskit("material", "add", str(tmp_path / "mine.md"), "--course", course.code, "--url", address)
    assert given.exit_code == 0, given.output
    for option in ((), ("--link",)):
        refused = lmskit("material", "add", address, "--course", course.code, *option)
        assert refused.exit_code == 1
        assert "has this address and was added from mine.md, so it stays as it is." in refused.stderr
        assert "remove it first: lmskit material remove " in refused.stderr
    assert "mine.md" in lmskit("material", "list", "--course", course.code).output


STRANGE = [{"depth": "x", "pages": "many", "week": [1]}, {"depth": 10**12, "pages": 1.5, "week": -1}, {"depth": True, "section": 1}, {}]


@pytest.mark.usefixtures("store", "allowed")
@pytest.mark.parametrize("options", STRANGE)
def test_a_crawl_that_was_written_with_sql_is_listed_and_continued(lmskit, course, site, options):
    lmskit("material", "crawl", site.url, "--course", course.code, "--pages", "1")
    with transaction() as session:
        session.execute(update(MaterialCrawl).where(MaterialCrawl.course_id == course.id).values(options=options))
    listed = lmskit("material", "crawls", "--course", course.code)
    assert listed.exit_code == 0
    assert listed.output.endswith(f"to go on: lmskit material crawl {site.url}/ --course {course.code}\n")
    assert "An earlier crawl from this address was continued." in lmskit("material", "crawl", site.url, "--course", course.code).output


@pytest.mark.usefixtures("store", "allowed")
def test_crawls_are_listed_with_the_command_that_goes_on(lmskit, course, site):
    listed = ("material", "crawls", "--course", course.code)
    assert lmskit(*listed).output == "No site has been crawled yet: lmskit material crawl URL\n"
    lmskit("material", "crawl", site.url, "--course", course.code, "--pages", "2", "--depth", "4")
    with snapshot() as session:
        table = crawls(session, course.code)
    assert table[["course", "state", "done", "not_added", "waiting", "is_newest"]].to_dict("records") == [
        {"course": course.code, "state": "stopped", "done": 1, "not_added": 1, "waiting": 1, "is_newest": True}
    ]
    first = lmskit(*listed).output
    (row,) = [line.split() for line in first.splitlines() if f"{site.url}/" in line and "stopped" in line]
    assert (row[1], row[3:7]) == (course.code, ["stopped", "1", "1", "1"])
    assert DEMO_ADMIN in first
    with transaction() as session:
        started = session.scalars(select(MaterialCrawl.started_at).where(MaterialCrawl.course_id == course.id)).one()
    assert f"\t{started:%Y-%m-%d %H:%M %Z}\t" in first
    said = f"has not come to its end; to go on: lmskit material crawl {site.url}/ --course {course.code} --depth 4 --pages 3\n"
    assert first.endswith(said)
    with transaction() as session:
        session.execute(update(MaterialCrawl).where(MaterialCrawl.course_id == course.id).values(state=CrawlState.RUNNING, ended_at=None))
    killed = lmskit(*listed).output
    assert killed.endswith(said.replace("to go on", "unless it runs now, to go on"))
    lmskit(*killed.splitlines()[-1].partition("to go on: lmskit ")[2].split())
    done = lmskit(*listed).output
    assert ("done" in done, "go on" in done) == (True, False)


def test_a_lecturer_sees_the_crawls_of_their_own_courses(lmskit, course, lecturer_engine):
    with transaction() as session:
        own = factories.course(session, taught_by=session.scalars(select(User).where(User.email == DEMO_LECTURER)).one(), weeks=2)
        session.add_all(MaterialCrawl(course_id=each.id, start_url=f"https://example.org/{each.id}/") for each in (own, course))
    try:
        with transaction(lecturer_engine) as session:
            (row,) = crawl_rows(session)
            assert (row["course"], row["start_url"], len(crawl_rows(session, own.code))) == (own.code, f"https://example.org/{own.id}/", 1)
    finally:
        with transaction() as session:
            session.delete(session.get_one(Course, own.id))


def test_the_command_that_goes_on_stays_in_the_section():
    crawl = {"start_url": "https://example.org/a/", "course": "CS1", "done": 1, "not_added": 0, "waiting": 3}
    said = "lmskit material crawl https://example.org/a/ --course CS1"
    assert continuation({**crawl, "options": {"section": "/a/", "week": None, "depth": USUAL_DEPTH}}) == f"{said} --section"
    assert continuation({**crawl, "options": {"section": "/", "week": 2, "depth": USUAL_DEPTH}}) == f"{said} --week 2"
    assert continuation({**crawl, "options": {"section": "/", "within_section": True, "depth": USUAL_DEPTH}}) == f"{said} --section"


def test_a_crawl_that_no_higher_limit_can_help_is_not_said_to_go_on():
    crawl = {"start_url": "https://example.org/", "course": "CS1", "not_added": 1, "waiting": 3, "state": CrawlState.STOPPED, "options": {}}
    assert way_on({**crawl, "done": MOST_CRAWL_PAGES - 2}) == (
        "; to go on: lmskit material crawl https://example.org/ --course CS1 --pages 5000"
    )
    assert way_on({**crawl, "done": MOST_CRAWL_PAGES - 1}) == (
        ". No crawl fetches more than 5,000. For what is left, crawl a section of the site, from a page in it. "
        "As a command: lmskit material crawl URL --course CS1 --section"
    )


@pytest.mark.usefixtures("store", "allowed")
def test_a_page_is_fetched_and_a_link_is_not(lmskit, course, site):
    link = lmskit("material", "add", f"{site.url}/week-2/b", "--course", course.code, "--link", "--title", "A link")
    assert link.output.endswith("A link, for the whole course; a link, without text.\n")
    assert site.requests == []
    added = lmskit("material", "add", f"{site.url}/", "--course", course.code, "--week", "1")
    assert added.stdout.endswith(" was added: A page, week 1, 1 passage.\n")
    preview = lmskit("material", "add", f"{site.url}/c", "--course", course.code, "--dry-run")
    assert preview.output == f"Would add the page or file at {site.url}/c to {course.code}.\n"
    refused = lmskit("material", "add", f"{site.url}/c", "--course", course.code)
    assert (refused.exit_code, "it is not open to everyone" in refused.output) == (1, True)
    wrong = lmskit("material", "add", "x.md", "--course", course.code, "--link")
    assert "--link is for a web address" in wrong.output


@pytest.mark.usefixtures("store")
def test_an_address_of_this_machine_is_refused_without_a_connection(lmskit, course, site):
    refused = lmskit("material", "crawl", site.url, "--course", course.code)
    assert refused.exit_code == 1
    said = "127.0.0.1, is an address of this machine. lmskit fetches from the public web only. Add the page as a file."
    assert f"{site.url}/: the address of its host, {said}\n" in refused.output
    alone = lmskit("material", "add", f"{site.url}/x.html", "--course", course.code)
    assert f"{site.url}/x.html: the address of its host, {said}\n" in alone.stderr
    assert site.requests == []
    wrong = lmskit("material", "crawl", "ftp://example.org/", "--course", course.code)
    assert wrong.exit_code == 1
    assert "Only pages and files of the web are fetched." in wrong.output


HIDDEN_NUMBERS = {
    "http://2130706433/": "a number in an unusual spelling",
    "http://0x7f.1/": "a number in an unusual spelling",
    "http://127.1/": "a number in an unusual spelling",
    "http://0177.0.0.1/": "a number in an unusual spelling",
    "http://[::ffff:127.0.0.1]/": "an IPv4 address within an IPv6 one",
    "http://[::1]/": "an address of this machine",
    "http://169.254.169.254/latest/": "an address of this link, where cloud machines keep their credentials",
}


@pytest.mark.usefixtures("store")
def test_no_spelling_of_a_number_leads_to_this_machine(lmskit, course):
    for address, reason in HIDDEN_NUMBERS.items():
        for command in ("add", "crawl"):
            refused = lmskit("material", command, address, "--course", course.code)
            said = refused.output
            assert (refused.exit_code, reason in said) == (1, True), (address, said)
            assert "robots.txt" not in said
            assert "LMSKIT_CRAWL_NETWORKS" not in said, "which never opens such an address"


@pytest.mark.usefixtures("store")
def test_only_the_networks_that_the_operator_names_are_opened(lmskit, course, configure):
    configure(LMSKIT_CRAWL_NETWORKS="10.20.0.0/16,fd12:3456::/32")
    closed = lmskit("material", "add", "http://10.21.0.1/", "--course", course.code)
    assert "http://10.21.0.1/: the address of its host, 10.21.0.1, is an address of a private network." in closed.stderr
    assert "ask the operator of lmskit to name this network in LMSKIT_CRAWL_NETWORKS." in closed.stderr
    guard = web_fetcher(access().settings).guard
    for address, number in (("http://10.20.1.2/", "10.20.1.2"), ("http://[fd12:3456::1]:8080/", "fd12:3456::1")):
        assert guard.numbers(WebAddress.parsed(address)) == [number]
    for address in ("http://10.21.0.1/", "http://[fd12:3457::1]/", "http://127.0.0.1/", "http://[::ffff:10.20.1.2]/"):
        with pytest.raises(AddressNotAllowedError):
            guard.numbers(WebAddress.parsed(address))
    for network in ("127.0.0.0/8", "169.254.0.0/16", "0.0.0.0/0", "8.8.8.0/24"):
        with pytest.raises(ValidationError, match=r"LMSKIT_CRAWL_NETWORKS names .*Name a part of these, or leave it out: public"):
            Settings(crawl_networks=network)


@pytest.mark.usefixtures("store", "allowed")
def test_pages_that_name_each_other_as_their_own_address_become_one_material(lmskit, course, site):
    def named(other):
        return Answer(page("<p>The same page under two addresses.</p>", head=f'<link rel="canonical" href="{other}">'))

    site.answers |= {"/": Answer(page('<p>Start.</p><a href="/a">A</a><a href="/b">B</a>')), "/a": named("/b"), "/b": named("/a")}
    done = lmskit("material", "crawl", site.url, "--course", course.code)
    assert (done.exit_code, "It stopped" in done.output) == (0, False)
    with transaction() as session:
        urls = session.scalars(select(Material.url).where(Material.course_id == course.id)).all()
    assert len(urls) == 2, urls
