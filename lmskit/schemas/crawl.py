"""Requests to crawl a web site for materials."""

from typing import Annotated

from pydantic import Field, StringConstraints

from lmskit.limits import LONGEST_URL, MOST_CRAWL_DEPTH, MOST_CRAWL_PAGES
from lmskit.schemas.course import TeachingWeek
from lmskit.schemas.request import Request
from lmskit.schemas.text import Code, Line

USUAL_DEPTH, USUAL_PAGES = 3, 200


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
