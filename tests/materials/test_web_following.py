"""Which links a crawl follows, and which pages it keeps."""

import pytest

from lmskit.materials.web.answer import Fetched
from lmskit.materials.web.following import Scope, links_within, own_address, why_not_kept
from lmskit.web.address import WebAddress
from tests.materials.web_site import page

SITE = "https://example.org"
WORDS = "<p>Sorting puts the elements of a list in order.</p>"


@pytest.fixture
def read(reader):
    """Return a page as it was fetched and read."""

    def _read(body="", *, head="", url=f"{SITE}/course/week1/a.html", robots=frozenset()):
        content = page(WORDS + body, head=head).encode()
        return reader.read(content, name="a.html"), Fetched(url, content, robots=robots)

    return _read


def followed(read_page, scope=None):
    text, fetched = read_page
    return [link.url.removeprefix(SITE) for link in links_within(text, fetched, scope or Scope(SITE))]


@pytest.mark.parametrize(
    ("href", "target"),
    [
        ("b.html", "/course/week1/b.html"),
        ("../week2/", "/course/week2/"),
        ("/b?page=2&utm_medium=x#top", "/b?page=2"),
        ("HTTPS://EXAMPLE.org:443/b", "/b"),
        ("http://example.org/b", "/b"),
        ("//example.org/b", "/b"),
        ("?q=1", "/course/week1/a.html?q=1"),
        ("notes.pdf", "/course/week1/notes.pdf"),
        ("#part", None),
        ("a.html", None),
        ("https://example.com/b", None),
        ("https://sub.example.org/b", None),
        ("https://example.org:8443/b", None),
        ("http://example.org:8080/b", None),
        ("mailto:a@example.org", None),
        ("javascript:go()", None),
        ("data:text/html,x", None),
        ("https://user:secret@example.org/b", None),
        ("http://[::1", None),
        ("picture.PNG", None),
        ("all.zip?x", None),
    ],
)
def test_a_link_is_followed_within_the_site(read, href, target):
    assert followed(read(f'<a href="{href}">x</a>')) == ([] if target is None else [target])


def test_each_link_is_followed_once_and_relative_to_the_base(read):
    body = '<a href="b">one</a><a href="./b#x">two</a><a href=c rel=nofollow>no</a><area href="d">'
    assert followed(read(body, head='<base href="/other/"><base href="/third/">')) == ["/other/b", "/other/d"]
    assert followed(read(body, head='<base href="https://example.com/">')) == []


@pytest.mark.parametrize("words", ["nofollow", "none", "NOINDEX, NoFollow"])
def test_a_page_that_asks_for_it_is_a_dead_end(read, words):
    assert followed(read("<a href=b>x</a>", head=f'<meta name="robots" content="{words}">')) == []
    assert followed(read("<a href=b>x</a>", robots=frozenset(words.lower().split(", ")))) == []


def test_a_page_that_sends_its_readers_on_is_followed(read):
    assert followed(read(head='<meta http-equiv="refresh" content="0; url=/new">')) == ["/new"]
    assert followed(read(head='<meta http-equiv="refresh" content="600; url=/again">')) == []


def test_a_section_ends_at_its_folder(read):
    scope = Scope.around(WebAddress.parsed(f"{SITE}/course/index.html"), section=True)
    assert scope == Scope(SITE, "/course/")
    assert followed(read('<a href="/course/b">x</a><a href="/courses/c">x</a><a href="../../d">x</a>'), scope) == ["/course/b"]


@pytest.mark.parametrize(
    ("href", "own"),
    [
        ("/course/week1/a", "/course/week1/a"),
        ("a.html", None),
        ("/", None),
        ("https://example.com/a", None),
        ("http://example.org/course/a", "/course/a"),
        ("javascript:x", None),
    ],
)
def test_a_page_is_known_under_its_own_address(read, href, own):
    text, fetched = read(head=f'<link rel="canonical" href="{href}">')
    assert own_address(text, fetched, Scope(SITE)) == (None if own is None else SITE + own)


def test_a_page_that_asks_not_to_be_kept_is_not(read, reader):
    assert why_not_kept(*read()) is None
    assert why_not_kept(*read(head='<meta name=lmskit content="noindex">')) == "The page asks programs not to keep it (noindex)."
    assert why_not_kept(*read(robots=frozenset({"none"}))) == "The page asks programs not to keep it (noindex)."
    empty = reader.read(page(title="").encode().replace(b"<h1></h1>", b""), name="a.html")
    assert "There is no text on the page." in str(why_not_kept(empty, Fetched(SITE, b"")))


def test_a_page_without_a_body_has_no_text(reader):
    """Its title is not text of the page."""
    read_page = reader.read(b"<html><head><title>Empty</title></head></html>", name="a.html")
    assert (read_page.title, read_page.passages) == ("Empty", ())
    assert "There is no text on the page." in str(why_not_kept(read_page, Fetched(SITE, b"")))
