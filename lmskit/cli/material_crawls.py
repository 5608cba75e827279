"""`lmskit material crawls`: past and running crawls, and how to go on with those that were interrupted."""

import shlex
from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.db import snapshot
from lmskit.limits import MOST_CRAWL_PAGES
from lmskit.listings import CRAWLS
from lmskit.queries.crawl_list import count_crawls, crawl_rows
from lmskit.schemas.crawl import USUAL_DEPTH, USUAL_PAGES, beyond_limit, stays_in_section, stored_limits
from lmskit.vocabulary import CrawlState

app = typer.Typer(name="material")


@app.command()
@paged()
def crawls(
    page: ListPage,
    *,
    course: Annotated[str | None, typer.Option("--course", metavar="CODE", help="Only those of this course.", show_default=False)] = None,
) -> None:
    """List past and running crawls, newest first, and how to go on with those that did not come to their end."""
    with snapshot() as session:
        listed = page.show(
            partial(crawl_rows, session, course),
            CRAWLS,
            total=count_crawls(session, course),
            nothing="No site has been crawled yet: lmskit material crawl URL",
        )
    for row in listed:
        if row["refusal"] is not None:
            page.say(f"Crawl {row['crawl_id']} added nothing: {row['refusal']}")
        elif row["is_newest"] and row["state"] != CrawlState.DONE:
            page.say(f"Crawl {row['crawl_id']} has not come to its end{way_on(row)}")


def way_on(row: Any) -> str:  # noqa: ANN401 - a row of `CRAWLS`
    """The end of the sentence about a crawl that has addresses left: how to fetch them."""
    asked = row["done"] + row["not_added"]
    if asked >= MOST_CRAWL_PAGES:
        return f". {beyond_limit(asked)} As a command: lmskit material crawl URL --course {shlex.quote(row['course'])} --section"
    unless = "unless it runs now, " if row["state"] == CrawlState.RUNNING else ""
    return f"; {unless}to go on: {continuation(row)}"


def continuation(row: Any) -> str:  # noqa: ANN401 - a row of `CRAWLS`
    """The command that goes on with a crawl that can; if it has reached its limit of addresses, with a higher one."""
    options = stored_limits(row["options"])
    asked, pages = row["done"] + row["not_added"], options.get("pages", USUAL_PAGES)
    if asked >= pages:
        pages = min(MOST_CRAWL_PAGES, asked + row["waiting"])
    words = ["lmskit", "material", "crawl", row["start_url"], "--course", row["course"]]
    usual = {"week": None, "depth": USUAL_DEPTH, "pages": USUAL_PAGES}
    for name, value in (options | {"pages": pages}).items():
        if value != usual[name]:
            words += [f"--{name}", str(value)]
    if stays_in_section(row["options"]):
        words.append("--section")
    return shlex.join(words)
