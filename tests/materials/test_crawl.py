"""A crawl of a site that does what sites do; the table of docs/materials.md says what is expected of each address."""

import gzip
import re
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update

from lmskit.db import transaction
from lmskit.errors import LoginRequiredError, SiteUnavailableError, WeekNotFoundError
from lmskit.materials.store import FolderStore, checksum_of, store_name_of
from lmskit.models import Course, CrawlPage, Material, MaterialCrawl, MaterialPassage, Term, User
from lmskit.schemas.crawl import CrawlRequest, stays_in_section
from lmskit.schemas.material import AddMaterial
from lmskit.services.material import MaterialContent, add_material, remove_material
from lmskit.services.material_crawl import crawl_site
from lmskit.services.material_refresh import refresh_from_web
from lmskit.services.material_web import add_web_material
from lmskit.vocabulary import CrawlState, MaterialState
from lmskit.web.connection import FetchLimits
from lmskit.web.guard import AddressGuard
from tests import factories
from tests.conftest import DEMO_LECTURER
from tests.materials.pdf_files import pdf, prose
from tests.materials.web_site import LOOPBACK, Answer, Site, drip, fetcher, page, redirect

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "materials.md"
MIB = 1024**2


def text(words: str, body: str = "", head: str = "", title: str = "A page") -> Answer:
    return Answer(page(f"<p>{words}</p>{body}", head=head, title=title))


LOGIN = page('<form><input type="password" name="p"></form>', title="Sign in")
CASES: dict[str, dict[str, Answer]] = {
    "a page that links to a page that links back": {
        "/loop-a": text("Loops repeat.", '<a href="/loop-b">b</a>'),
        "/loop-b": text("Loops end.", '<a href="/loop-a#top">a</a><a href="/">start</a>'),
    },
    "a page whose encoding only the server names": {
        "/latin": Answer("<html><body><p>Größe zählt.</p></body></html>".encode("latin-1"), type="text/html; charset=latin-1")
    },
    "a PDF": {"/slides.pdf": Answer(pdf([prose(["sorting"] * 40)]), type="application/pdf")},
    "a temporary redirect": {"/now": redirect("/edition-7"), "/edition-7": text("The seventh edition.")},
    "a redirect to a page that is there already": {"/moved-to-loop": redirect("/loop-a", 301)},
    "a page that names another address as its own (`canonical`)": {
        "/print/merge": text("Merging joins two lists.", head='<link rel="canonical" href="/merge">'),
        "/merge": text("Merging joins two lists.", head='<link rel="canonical" href="/merge">'),
    },
    "a page with the same bytes as another": {"/zz-copy": text("Loops end.", '<a href="/loop-a#top">a</a><a href="/">start</a>')},
    "a page whose tracking parameters or fragment differ": {"/loop-a?utm_source=x#end": text("never asked")},
    "a page that only sends its readers on": {
        "/sends-on": Answer("<html><head><title>x</title><meta http-equiv=refresh content='0; url=/sent-on'></head></html>")
    },
    "a page without text": {"/empty": Answer("<html><head><title>Empty</title></head><body><script>write()</script></body></html>")},
    "`noindex`": {"/not-kept": text("Not to be kept.", head='<meta name="robots" content="noindex">')},
    'a link with `rel="nofollow"`, or on a page with `nofollow`': {"/dead-end": text("never asked")},
    "a link to another site, or to a picture": {"/picture.png": Answer(b"\x89PNG", type="image/png")},
    "robots.txt forbids it": {"/private/notes": text("never asked")},
    "a redirect to another site, or to a private address": {
        "/away": redirect("http://127.0.0.2:8080/", 301),
        "/elsewhere": redirect("https://example.org/"),
    },
    "redirects in a circle": {"/circle": redirect("/circle-2"), "/circle-2": redirect("/circle")},
    "redirects without an end": {"/chain": redirect("/chain/1")},
    "404": {"/missing": Answer("?", 404)},
    "410": {"/removed": Answer("?", 410)},
    "401 or 403": {"/closed": Answer("?", 401), "/forbidden": Answer("?", 403)},
    "a redirect to a page that asks for a password": {"/members": redirect("/sign-in"), "/sign-in": Answer(LOGIN)},
    "500, twice": {"/broken": Answer("?", 500)},
    "a page that comes drop by drop, twice": {"/slow": Answer(pieces=drip)},
    "more than 20 MiB": {"/huge": Answer(pieces=lambda: iter([b"<p>x</p>" * MIB] * 3))},
    "a gzip bomb": {"/bomb": Answer(gzip.compress(b"\0" * 40 * MIB), headers={"Content-Encoding": "gzip"})},
    "a type that is not read": {"/image": Answer(b"\x89PNG\r\n\x1a\n", type="image/png")},
    "a picture that is called a page": {"/false": Answer(b"\x89PNG\r\n\x1a\n" + b"x" * 100)},
    "a calendar without an end": {"/calendar/3": text("never asked")},
}
"""For each row of the table in the documentation the addresses that it is about, with what the site sends."""
KEPT = {
    *("/", "/calendar/1", "/calendar/2", "/deck", "/latin", "/loop-a", "/loop-b", "/merge", "/nofollow", "/now", "/sent-on"),
    *("/slides.pdf", "/week-02/sets", "/week-77/none"),
}
"""What becomes a material."""
NOT_LINKED = {"/edition-7", "/circle-2", "/chain/1", "/sign-in", "/merge", "/dead-end", "/calendar/3"}


def other(path: str) -> Answer:
    if found := re.fullmatch(r"/calendar/(\d+)", path):
        day = int(found[1])
        return text(f"Day {day} of the calendar.", f'<a href="/calendar/{day + 1}">tomorrow</a>')
    if path.startswith("/chain/"):
        return redirect(f"{path}1")
    return Answer("?", 404)


def whole_site() -> Site:
    answers = {path: answer for case in CASES.values() for path, answer in case.items()}
    del answers["/calendar/3"]
    links = "".join(f'<a href="{path}">x</a>' for path in answers if path not in NOT_LINKED)
    answers["/"] = text(
        "The start.",
        f'{links}<a rel=nofollow href="/dead-end">x</a><a href="/nofollow">x</a><a href="/calendar/1">x</a><a href="https://example.org/">x</a>'
        '<a href="/week-02/sets">x</a><a href="/deck">Slides of week 3</a><a href="/week-77/none">x</a>',
    )
    answers["/robots.txt"] = Answer("User-agent: *\nDisallow: /private/")
    answers["/nofollow"] = text("A dead end.", '<a href="/dead-end">x</a>', head="<meta name=robots content=nofollow>")
    answers["/sent-on"] = text("Where readers are sent.")
    answers["/week-02/sets"] = text("Sets have elements.", title="Sets")
    answers["/week-77/none"] = text("No such week.")
    answers["/deck"] = text("Slides about maps.")
    return Site(answers, other=other)


@pytest.fixture
def taught(admin_engine, lecturer_engine):
    """A course of the demonstration lecturer with three weeks; it is deleted after the test."""
    with transaction(admin_engine) as session:
        owner = session.scalars(select(User).where(User.email == DEMO_LECTURER)).one()
        course = factories.course(session, taught_by=owner, weeks=3)
    yield course
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.id == course.id))
        session.execute(delete(Term).where(Term.id == course.term_id))


@pytest.fixture
def opener(lecturer_engine):
    """Opens transactions of the lecturer, who may do all this in their own course."""

    @contextmanager
    def begin():
        with transaction(lecturer_engine) as session:
            yield session

    return begin


@pytest.fixture
def store(tmp_path):
    return FolderStore(tmp_path / "store", make=True)


@pytest.fixture
def crawl(opener, store, taught, reader):
    """Crawls a site for the course."""

    def run(site, path="/", *, client=None, **options):
        request = CrawlRequest(course=taught.code, url=site.url + path, **options)
        return crawl_site(opener, store, client or fetcher(), request, reader=reader)

    return run


def rows(opener, site) -> dict[str, CrawlPage]:
    with opener() as session:
        return {row.url.removeprefix(site.url): row for row in session.scalars(select(CrawlPage).where(CrawlPage.url.startswith(site.url)))}


def materials(opener, site) -> dict[str, Material]:
    with opener() as session:
        found = session.scalars(select(Material).where(Material.url.startswith(site.url)))
        return {(row.url or "").removeprefix(site.url): row for row in found}


def documented() -> dict[str, tuple[str, str]]:
    """The rows of the table in the documentation."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("### What a crawl makes of a site")[2].partition("\n#")[0]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line.startswith("|")]
    return {what: (state, noted) for what, state, noted in table[2:]}


@pytest.mark.long
def test_each_address_becomes_what_the_documentation_says(crawl, opener, store, taught):
    expected = documented()
    assert expected.keys() == CASES.keys()
    with whole_site().served() as site:
        report = crawl(site, client=fetcher(limits=FetchLimits(seconds=1.5, silence=10)), depth=2)
        found, kept = rows(opener, site), materials(opener, site)
        for what, (state, noted) in expected.items():
            path = next(iter(CASES[what]))
            if state == "not noted":
                assert path not in found, what
                continue
            row = found[path]
            assert row.state.value == state, (what, row.finding)
            assert (row.finding is None) if noted == "–" else noted in (row.finding or ""), (what, row.finding)
            if state == "done" and "canonical" not in what:
                assert row.material_id is not None, what
        assert {"/forbidden", "/elsewhere"} <= {path for path, row in found.items() if row.state == "refused"}
        assert not {path for path in site.paths if path.startswith(("/private", "/dead-end", "/picture", "/calendar/3"))}
    assert report.added == len(kept)
    assert kept.keys() == KEPT
    assert {path: row.week_number for path, row in kept.items() if row.week_number is not None} == {"/week-02/sets": 2, "/deck": 3}
    assert all(row.fetched_at is not None and row.origin == "import" and store.has(row.stored_as or "") for row in kept.values())
    assert len(list(store.names())) == len({row.stored_as for row in kept.values()})
    with opener() as session:
        assert "Größe" in session.scalars(select(MaterialPassage.body).where(MaterialPassage.material_id == kept["/latin"].id)).one()
        assert session.scalars(select(MaterialCrawl.state).where(MaterialCrawl.course_id == taught.id)).one() is CrawlState.DONE


def four_pages() -> Site:
    """A start with three pages, of which the last is in a folder."""
    answers = {
        "/": text("The start.", '<a href="a">A</a><a href="b">B</a><a href="more/c">C</a>'),
        "/a": Answer(page("<p>About a.</p>"), etag='"a1"'),
        "/b": Answer(page("<p>About b.</p>"), etag='"b1"'),
        "/more/c": text("About c.", '<a href="d">D</a><a href="/a">A</a>'),
        "/more/d": text("About d."),
    }
    return Site(answers)


def test_a_crawl_that_reaches_a_limit_goes_on_there(crawl, opener):
    with four_pages().served() as site:
        first = crawl(site, pages=2)
        assert (first.added, first.resumed, first.waiting) == (2, False, 2)
        assert "limit of 2 addresses" in str(first.stopped)
        assert site.paths == ["/", "/a"]
        second = crawl(site, depth=1, pages=100)
        assert (second.added, second.resumed, second.stopped) == (2, True, None)
        assert site.paths == ["/", "/a", "/b", "/more/c"]
        third = crawl(site)
        assert (third.added, third.unchanged, third.resumed) == (1, 4, False), "the depth is greater now; that crawl had come to its end"
        assert third.sentence == "1 added, 0 changed, 4 unchanged."
        assert sorted(materials(opener, site)) == ["/", "/a", "/b", "/more/c", "/more/d"]
        assert site.most_open == 1


def test_a_crawl_that_a_person_stops_goes_on_there(crawl, opener, taught):
    def stopping(_seconds):
        raise KeyboardInterrupt

    with four_pages().served() as site:
        client = fetcher()
        crawl(site, client=client, pages=1)
        client.delay, client.wait = 100.0, stopping
        with pytest.raises(KeyboardInterrupt):
            crawl(site, client=client)
        with opener() as session:
            crawled = session.scalars(select(MaterialCrawl).where(MaterialCrawl.course_id == taught.id)).one()
        assert (crawled.state, crawled.ended_at is None) == (CrawlState.STOPPED, False)
        report = crawl(site)
    assert (report.added, report.resumed) == (4, True)
    assert site.paths == ["/", "/a", "/b", "/more/c", "/more/d"]


def test_a_second_crawl_asks_only_for_what_changed(crawl, opener):
    with four_pages().served() as site:
        crawl(site)
        before = materials(opener, site)
        site.answers["/a"] = Answer(page("<p>About a, revised.</p>"), etag='"a2"')
        site.answers["/b"] = Answer("?", 410)
        site.answers["/more/c"] = redirect("/even/c", 301)
        site.answers["/even/c"] = text("About c.", '<a href="/more/d">D</a>')
        again = crawl(site)
    after = materials(opener, site)
    assert (again.added, again.changed, again.gone) == (0, 2, [(f"{site.url}/b", "it is gone; what was read before is kept.")]), (
        "c has another address, and its link another text"
    )
    assert {path: row.id for path, row in after.items() if path != "/even/c"} == {
        path: row.id for path, row in before.items() if path != "/more/c"
    }
    assert after["/even/c"].id == before["/more/c"].id, "a page that has moved keeps its material"
    assert after["/b"].state is MaterialState.GONE
    assert after["/a"].checksum != before["/a"].checksum
    assert [request.headers.get("If-None-Match") for request in site.requests if request.path == "/a"] == [None, '"a1"']


def test_what_a_person_wrote_about_a_page_stays(crawl, opener):
    with four_pages().served() as site:
        crawl(site)
        with opener() as session:
            named = update(Material).where(Material.url == f"{site.url}/a").values(title="My own title", week_number=2)
            session.execute(named)
        site.answers["/a"] = Answer(page("<p>About a, revised.</p>", title="Their title"), etag='"a2"')
        crawl(site)
        kept = materials(opener, site)["/a"]
    assert (kept.title, kept.week_number) == ("My own title", 2)


def test_a_section_and_a_week_can_be_chosen(crawl, opener, taught):
    with four_pages().served() as site:
        report = crawl(site, "/more/c", section=True, week=3)
        assert report.added == 2
        assert {path: row.week_number for path, row in materials(opener, site).items()} == {"/more/c": 3, "/more/d": 3}
        assert not {"/a", "/"} & set(site.paths)
        with pytest.raises(WeekNotFoundError, match="has no week 9"):
            crawl(site, week=9)


def test_a_start_that_redirects_takes_the_crawl_with_it(crawl, opener, taught, reader, store):
    with four_pages().served() as site, Site({"/short": redirect(f"{site.url}/")}).served() as shortener:
        report = crawl(shortener, "/short")
    assert report.added == 5
    assert {"/a", "/b", "/more/c", "/more/d"} <= materials(opener, site).keys()
    assert materials(opener, shortener).keys() == {"/short"}, "a temporary redirect: the page is known under the address that was typed"


def test_a_crawl_stays_in_its_section_whatever_the_one_says_who_goes_on(crawl, opener, taught):
    with four_pages().served() as site:
        site.answers["/here/start"] = Answer("?", 503, {"Retry-After": "3600"})
        crawl(site, "/here/start", section=True)
        site.answers["/here/start"] = redirect("/more/c", 302)
        crawl(site, "/here/start")
        assert materials(opener, site).keys() == {"/here/start", "/more/d"}
        crawl(site, "/", section=True, pages=1)
    with opener() as session:
        stored = session.scalars(select(MaterialCrawl.options).where(MaterialCrawl.course_id == taught.id).order_by(MaterialCrawl.id))
        assert [(options["section"], stays_in_section(options)) for options in stored] == [("/more/", True), ("/", True)]


BY_HAND = b"# About a\n\nBy hand."


@pytest.fixture
def add_by_hand(opener, store, taught, reader):
    """Adds a file of a person, or a link without one."""

    def add(url, name=None):
        content = MaterialContent(BY_HAND, reader.read(BY_HAND, name=name)) if name else MaterialContent()
        with opener() as session:
            store.add(BY_HAND)
            return add_material(session, store, AddMaterial(course=taught.code, url=url, file_name=name, title="By hand"), content)

    return add


def test_a_crawl_leaves_materials_with_a_file_of_a_person_alone(crawl, refresh, opener, store, add_by_hand):
    with four_pages().served() as site:
        by_hand, _ = add_by_hand(f"{site.url}/a", "a.md"), add_by_hand(f"{site.url}/b")
        report = crawl(site, depth=1)
        kept = materials(opener, site)
        site.answers["/more/c"] = redirect("/a", 301)
        refresh()
        after = materials(opener, site)
    said = f"Material {by_hand.material_id} has this address and was added from a.md, so it stays as it is."
    assert (report.added, report.changed, report.refused) == (2, 1, [(f"{site.url}/a", said)])
    assert kept["/b"].fetched_at is not None, "a link without a file becomes the page behind it"
    assert kept["/b"].title == "By hand"
    assert after["/more/c"].state is MaterialState.GONE
    for found in (kept["/a"], after["/a"]):
        assert (found.file_name, found.checksum, found.fetched_at) == ("a.md", checksum_of(BY_HAND), None)
    assert not store.has(store_name_of(page("<p>About a.</p>").encode()))


def test_a_server_that_goes_silent_stops_the_crawl_and_loses_nothing(crawl, opener):
    links = "".join(f'<a href="/{n}">x</a>' for n in range(6))
    with Site({"/": text("The start.", links), **{f"/{n}": text(f"Page {n}.") for n in range(6)}}).served() as site:
        for number in range(1, 6):
            site.answers[f"/{number}"] = Answer("?", 503)
        report = crawl(site)
        assert "does not answer now" in str(report.stopped)
        assert (report.added, report.waiting, report.refused) == (2, 5, [])
        for number in range(1, 6):
            site.answers[f"/{number}"] = text(f"Page {number}.")
        assert crawl(site).added == 5
        site.answers["/new"] = Answer("?", 503, {"Retry-After": "3600"})
        report = crawl(site, "/new")
        assert "does not answer now" in str(report.stopped)
        assert report.waiting == 1


def test_a_name_that_is_bound_anew_in_the_middle_of_a_crawl_leads_nowhere_else(crawl, opener):
    asked = []

    def resolve(host, _port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) <= 3 else ["127.0.0.2"]  # robots.txt, the start, a

    with four_pages().served() as site, Site({"/b": text("The inner page.")}, host="127.0.0.2").served() as inner:
        site.url = f"http://course.example:{site.port}"
        report = crawl(site, client=fetcher(guard=AddressGuard([LOOPBACK], resolve=resolve)))
        assert (report.added, len(report.refused)) == (2, 2)
        assert all("127.0.0.2, is an address of this machine" in reason for _, reason in report.refused)
        assert inner.requests == []


def test_a_page_is_added_alone_with_the_same_care(opener, store, taught):
    answers = {"/a": Answer(page("<p>Alone.</p>"), etag='"1"'), "/other": text("Other."), "/m": redirect("/in"), "/in": Answer(LOGIN)}
    with Site(answers).served() as site:
        added = [
            add_web_material(opener, store, fetcher(), AddMaterial(course=taught.code, url=f"{site.url}/a", week=week)) for week in (1, 1)
        ]
        assert [(result.outcome, result.week) for result in added] == [("added", 1), ("unchanged", 1)]
        assert site.requests[-1].headers["If-None-Match"] == '"1"'
        with pytest.raises(LoginRequiredError):
            add_web_material(opener, store, fetcher(), AddMaterial(course=taught.code, url=f"{site.url}/m"))
        before = set(store.names())
        with pytest.raises(WeekNotFoundError):
            add_web_material(opener, store, fetcher(), AddMaterial(course=taught.code, url=f"{site.url}/other", week=59))
        assert set(store.names()) == before, "what is refused stays in no store"
    with pytest.raises(SiteUnavailableError):
        add_web_material(opener, store, fetcher(), AddMaterial(course=taught.code, url=f"{site.url}/new"))
    assert materials(opener, site).keys() == {"/a"}
    with opener() as session:
        stored = session.scalars(select(Material.checksum).where(Material.id == added[0].material_id)).one()
        assert session.scalar(select(func.count()).select_from(Material).where(Material.course_id == taught.id)) == 1
    assert stored == checksum_of(page("<p>Alone.</p>").encode())


def test_a_page_that_is_refused_when_it_is_written_leaves_no_file(opener, store, taught):
    with Site({"/a": Answer(page("<p>Alone.</p>"))}).served() as site, pytest.raises(WeekNotFoundError):
        add_web_material(opener, store, fetcher(), AddMaterial(course=taught.code, url=f"{site.url}/a", week=9))
    assert list(store.names()) == []


# Refreshing -----------------------------------------------------------------------------------------


@pytest.fixture
def refresh(opener, store, taught, reader):
    def run(**options):
        return refresh_from_web(opener, store, fetcher(), taught.code, reader=reader, **options)

    return run


def test_a_refresh_asks_for_what_was_fetched_and_reads_only_what_changed(crawl, refresh, opener, taught, store):
    with four_pages().served() as site:
        crawl(site)
        with opener() as session:
            link = AddMaterial(course=taught.code, url="https://example.org/never-fetched", title="A link")
            add_material(session, store, link, MaterialContent())
        before, asked = materials(opener, site), len(site.paths)
        site.answers["/a"] = Answer(page("<p>About a, revised.</p>"), etag='"a2"')
        site.answers["/more/c"] = redirect("/even/c", 308)
        site.answers["/even/c"] = text("About c.", '<a href="d">D</a><a href="/a">A</a>')
        site.answers["/more/d"] = Answer("?", 404)
        site.answers["/"] = Answer("?", 503)
        report = refresh()
        after = materials(opener, site)
        assert (report.changed, report.unchanged, report.gone) == (1, 1, [f"{site.url}/more/d"])
        assert report.moved == [(f"{site.url}/more/c", f"{site.url}/even/c")]
        assert [address for address, _ in report.refused] == [f"{site.url}/"]
        assert report.sentence == "1 changed, 1 unchanged, 1 moved, 1 gone, 1 not fetched."
        assert {row.id for row in after.values()} == {row.id for row in before.values()}
        assert after["/more/d"].state is MaterialState.GONE
        assert after["/more/d"].checksum == before["/more/d"].checksum, "what was read is kept"
        assert after["/"].checksum == before["/"].checksum
        assert after["/b"].fetched_at != before["/b"].fetched_at
        assert sorted(site.paths[asked:]) == ["/", "/a", "/b", "/even/c", "/more/c", "/more/d"]
        assert not store.has(before["/a"].stored_as or "")
        assert store.has(after["/a"].stored_as or "")
        site.answers["/more/d"] = text("About d.")
        assert refresh(material_id=after["/more/d"].id).unchanged + refresh(material_id=after["/more/d"].id).unchanged >= 1
        assert materials(opener, site)["/more/d"].state is MaterialState.CURRENT, "it is there again"


def test_what_a_person_changes_or_removes_during_a_refresh_stays_so(crawl, refresh, opener, store):
    revised = {path: page(f"<p>About {path}, revised.</p>") for path in ("/a", "/b")}
    with four_pages().served() as site:
        crawl(site, depth=1)
        site.answers |= {path: Answer(content) for path, content in revised.items()}
        removed = materials(opener, site)["/b"].id

        def change(_step, done, _total):
            if done == 0:
                with opener() as session:
                    by_hand = {"title": "A by hand", "week_number": 2}
                    session.execute(update(Material).where(Material.url == f"{site.url}/a").values(by_hand))
                    remove_material(session, removed)

        report = refresh(progress=change)
        after = materials(opener, site)
    assert (after["/a"].title, after["/a"].week_number, after["/a"].stored_as) == ("A by hand", 2, store_name_of(revised["/a"].encode()))
    assert after.keys() == {"/", "/a", "/more/c"}
    assert (report.changed, [address for address, _ in report.refused]) == (1, [f"{site.url}/b"])
    assert not store.has(store_name_of(revised["/b"].encode()))


def test_a_page_that_moved_to_one_with_a_material_of_its_own_changes_neither_title_nor_week_there(crawl, refresh, opener):
    with four_pages().served() as site:
        crawl(site)
        with opener() as session:
            session.execute(update(Material).where(Material.url == f"{site.url}/b").values(title="B by hand", week_number=2))
        site.answers["/a"] = redirect("/b", 301)
        refresh()
        after = materials(opener, site)
    assert (after["/b"].title, after["/b"].week_number, after["/b"].state) == ("B by hand", 2, MaterialState.CURRENT)
    assert after["/a"].state is MaterialState.GONE


def test_a_page_that_asks_for_a_password_now_or_is_empty_stays_as_it_was(crawl, refresh, opener):
    with four_pages().served() as site:
        crawl(site, depth=1)
        before = materials(opener, site)
        site.answers["/a"] = redirect("/in")
        site.answers["/in"] = Answer(LOGIN)
        site.answers["/b"] = Answer("<html><body></body></html>")
        site.answers["/more/c"] = redirect("http://127.0.0.2/", 301)
        report = refresh()
        after = materials(opener, site)
    reasons = dict(report.refused)
    assert "asks for a password" in reasons[f"{site.url}/a"]
    assert "What was read before is kept." in reasons[f"{site.url}/b"]
    assert "is an address of this machine" in reasons[f"{site.url}/more/c"]
    assert {path: row.checksum for path, row in after.items()} == {path: row.checksum for path, row in before.items()}
