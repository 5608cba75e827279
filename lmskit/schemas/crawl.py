"""Requests to crawl a web site for materials."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field, StringConstraints

from lmskit.limits import FIRST_WEEK, LAST_WEEK, LONGEST_URL, MOST_CRAWL_DEPTH, MOST_CRAWL_PAGES
from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Line

USUAL_DEPTH, USUAL_PAGES = 3, 200


def beyond_limit(asked: int) -> str:
    """How to fetch what is left of a crawl that has reached its limit of addresses.

    >>> beyond_limit(MOST_CRAWL_PAGES)
    'No crawl fetches more than 5,000. For what is left, crawl a section of the site, from a page in it.'
    """
    if asked < MOST_CRAWL_PAGES:
        return "With a higher one it goes on there."
    return f"No crawl fetches more than {MOST_CRAWL_PAGES:,}. For what is left, crawl a section of the site, from a page in it."


class CrawlRequest(Request):
    """A site, or a section of one, whose pages become materials of a course."""

    course: Code
    url: Annotated[Line, StringConstraints(min_length=1, max_length=LONGEST_URL)]
    """The page to start from."""
    week: TeachingWeek | None = None
    """Of all its pages; None: the week that an address or a link names, otherwise the whole course."""
    depth: Annotated[int, Field(ge=0, le=MOST_CRAWL_DEPTH)] = USUAL_DEPTH
    """Links from the start to a page."""
    pages: Annotated[int, Field(ge=1, le=MOST_CRAWL_PAGES)] = USUAL_PAGES
    """Addresses that are fetched at most, those of earlier runs of the same crawl included."""
    section: bool = False
    """Whether to stay in the folder of the start."""


_RANGES = {"week": (FIRST_WEEK, LAST_WEEK), "depth": (0, MOST_CRAWL_DEPTH), "pages": (1, MOST_CRAWL_PAGES)}


def stored_limits(options: Mapping[str, object]) -> dict[str, int]:
    """Week, depth and pages of a stored crawl, without what no crawl can have: a lecturer writes the column with SQL as well.

    >>> stored_limits({"week": None, "depth": "deep", "pages": 20, "origin": "https://example.org"})
    {'pages': 20}
    """
    read = {name: options.get(name) for name in _RANGES}
    return {name: value for name, value in read.items() if type(value) is int and _RANGES[name][0] <= value <= _RANGES[name][1]}


def stays_in_section(options: Mapping[str, object]) -> bool:
    """Whether a stored crawl stays in the folder of its start; one that is older than this option does if its folder is not the site.

    >>> stays_in_section({"section": "/", "within_section": True}), stays_in_section({"section": "/"})
    (True, False)
    >>> stays_in_section({"section": 1})  # a lecturer writes the column with SQL as well
    False
    """
    within, section = options.get("within_section"), options.get("section")
    return within if isinstance(within, bool) else isinstance(section, str) and section != "/"
