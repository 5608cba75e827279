"""robots.txt, as RFC 9309 has it."""

import time

import pytest

from lmskit.errors import RobotsRefusedError, SiteUnavailableError
from lmskit.materials.web.robots import Robots
from lmskit.web.address import WebAddress
from tests.materials.web_site import Answer, Site, fetcher, page, redirect


def allows(text: str, target: str) -> bool:
    return Robots.parsed(text).allows(WebAddress.parsed(f"http://example.org{target}"))


@pytest.mark.parametrize(
    ("rules", "target", "allowed"),
    [
        ("", "/a", True),
        ("User-agent: *\nDisallow:", "/a", True),
        ("User-agent: *\nDisallow: /", "/a", False),
        ("User-agent: *\nDisallow: /", "/robots.txt", True),
        ("user-AGENT : *\n disALLOW : /a # why", "/ab", False),
        ("User-agent: *\nDisallow: /a", "/A", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/b/c", True),
        ("User-agent: *\nDisallow: /a\nAllow: /a", "/a", True),
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif", False),
        ("User-agent: *\nDisallow: /*.gif$", "/x/y.gif?z", True),
        ("User-agent: *\nDisallow: /*/b*d", "/a/bcd", False),
        ("User-agent: *\nDisallow: /a$", "/ab", True),
        ("User-agent: *\nDisallow: /a*a$", "/a", True),
        ("User-agent: *\nDisallow: /a*a$", "/aa", False),
        ("User-agent: *\nDisallow: /ä", "/%C3%A4/b", False),
        ("User-agent: *\nDisallow: /%c3%a4", "/ä", False),
        ("User-agent: *\nDisallow: /%7Euser", "/~user/a", False),
        ("User-agent: *\nDisallow: /a?q=", "/a?q=1", False),
        ("User-agent: other\nDisallow: /", "/a", True),
        ("User-agent: lmskit\nDisallow: /a\n\nUser-agent: *\nDisallow: /", "/b", True),
        ("User-agent: *\nDisallow: /\nUser-agent: LMSkit/9.9\nDisallow: /a", "/a", False),
        ("User-agent: lmskit\nUser-agent: other\nDisallow: /a\nUser-agent: lmskit\nDisallow: /b", "/b", False),
        ("User-agent: lmskit\nUser-agent: other\nDisallow: /a\nUser-agent: lmskit\nDisallow: /b", "/a", False),
        ("User-agent: lmskitten\nDisallow: /", "/a", True),
        ("User-agent: other\nSitemap: http://x\nUser-agent: *\nDisallow: /", "/a", False),
        ("Disallow: /", "/a", True),
        ("\ufeffUser-agent: *\r\nDisallow: /a\r\n", "/a", False),
        ("<html>not found</html>", "/a", True),
    ],
)
def test_the_longest_rule_for_lmskit_decides(rules, target, allowed):
    assert allows(rules, target) is allowed


def test_a_hostile_pattern_is_tried_in_no_time():
    rules = "User-agent: *\n" + "Disallow: /" + "a*" * 900 + "b$\n"
    began = time.process_time()
    assert allows(rules, "/" + "a" * 1900)
    assert time.process_time() - began < 5, "a regular expression takes hours"


@pytest.mark.parametrize(
    ("robots", "fetched"),
    [
        (Answer("User-agent: *\nDisallow: /secret"), True),
        (Answer("User-agent: lmskit\nDisallow: /"), False),
        (Answer("nothing", 404), True),
        (Answer("sign in", 403), True),
        (redirect("/robots.txt"), True),
        (redirect("/elsewhere.txt"), False),
        (Answer("down", 503), False),
        (Answer("slow down", 429), False),
        (Answer(raw=b"not http\r\n\r\n"), False),
        (Answer("down", 503, then=Answer("User-agent: *\nAllow: /")), True),
        (Answer(b"User-agent: *\nDisallow: /\xff\xfe\x00" + b"#" * 1_000_000 + b"\nDisallow: /"), True),
    ],
)
def test_a_site_without_robots_allows_all_and_one_that_cannot_say_allows_nothing(robots, fetched):
    answers = {"/robots.txt": robots, "/a": Answer(page()), "/elsewhere.txt": Answer("User-agent: *\nDisallow: /a")}
    with Site(answers).served() as site:
        client = fetcher()
        for _ in range(2):
            if fetched:
                assert client.fetch(f"{site.url}/a").content == page().encode()
            else:
                with pytest.raises(
                    RobotsRefusedError if robots.status < 400 and robots.raw is None else SiteUnavailableError, match=r"robots\.txt"
                ):
                    client.fetch(f"{site.url}/a")
        assert site.paths == (["/a", "/a"] if fetched else []) + (
            ["/elsewhere.txt"] if robots.headers.get("Location") == "/elsewhere.txt" else []
        )
    asked = len(site.requests) - len(site.paths)
    assert asked <= 3, "it is kept"


def test_a_crawl_delay_is_waited_between_any_two_requests():
    waits: list[float] = []
    robots = Answer("User-agent: *\nCrawl-delay: 7.5")
    with Site({"/robots.txt": robots, "/a": Answer(page()), "/b": redirect("/a")}).served() as site:
        client = fetcher(wait=waits.append, delay=0.5)
        client.fetch(f"{site.url}/b")
    assert [round(wait) for wait in waits] == [7, 7] or [round(wait) for wait in waits] == [8, 8], "before /b and before /a"


def test_the_usual_delay_is_waited_where_a_site_does_not_ask_for_one():
    waits: list[float] = []
    with Site({"/a": Answer(page())}).served() as site:
        client = fetcher(wait=waits.append, delay=100.0)
        client.fetch(f"{site.url}/a")
        client.fetch(f"{site.url}/a")
    assert len(waits) == 2
    assert min(waits) > 50


def test_a_site_that_asks_for_hours_between_pages_is_left_alone():
    with Site({"/robots.txt": Answer("User-agent: *\nCrawl-delay: 3600"), "/a": Answer(page())}).served() as site:
        with pytest.raises(RobotsRefusedError, match="wait 3600 seconds between two pages"):
            fetcher(wait=lambda _: None).fetch(f"{site.url}/a")
        assert site.paths == []


def test_the_robots_of_another_site_hold_where_a_redirect_leads_there():
    with Site({"/robots.txt": Answer("User-agent: *\nDisallow: /a"), "/a": Answer(page())}).served() as other:
        with Site({"/go": redirect(f"{other.url}/a")}).served() as site, pytest.raises(RobotsRefusedError, match=f"{other.url}/a"):
            fetcher().fetch(f"{site.url}/go")
        assert other.paths == []
