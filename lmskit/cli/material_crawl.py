"""`lmskit material crawl`, and how the other commands fetch from the web."""

from typing import Annotated

import typer

from lmskit.cli.exit_status import INTERRUPTED, REFUSED
from lmskit.cli.material import CourseOption
from lmskit.cli.printing import print_error, print_line, spinner
from lmskit.cli.typed_number import week_typed
from lmskit.cli.vector_advice import advise_vectors
from lmskit.db import access, engine_for, transaction
from lmskit.db.schema_revision import require_known_schema
from lmskit.limits import MOST_CRAWL_DEPTH, MOST_CRAWL_PAGES
from lmskit.materials.chosen_store import store_of
from lmskit.materials.reading import MaterialReader
from lmskit.materials.store import MaterialStore
from lmskit.materials.web.fetching import web_fetcher
from lmskit.rounding import count_text
from lmskit.schemas.crawl import USUAL_DEPTH, USUAL_PAGES, CrawlRequest
from lmskit.schemas.material import AddMaterial
from lmskit.services.crawl_report import CrawlReport
from lmskit.services.material import AddedMaterial
from lmskit.services.material_crawl import crawl_site
from lmskit.services.material_refresh import refresh_from_web
from lmskit.services.material_web import add_web_material

app = typer.Typer(name="material")

_MOST_SHOWN = 50
"""Pages that are listed with the reason why they were not added."""


@app.command()
def crawl(
    url: Annotated[str, typer.Argument(metavar="URL", help="The page to start from.", show_default=False)],
    *,
    course: CourseOption,
    week: Annotated[
        int | None,
        typer.Option(
            "--week",
            metavar="N",
            help="Week of all pages. Default: what an address or a link says, as week-03.",
            callback=week_typed,
            show_default=False,
        ),
    ] = None,
    depth: Annotated[int, typer.Option(metavar="N", min=0, max=MOST_CRAWL_DEPTH, help="Links from the start to a page.")] = USUAL_DEPTH,
    pages: Annotated[
        int, typer.Option(metavar="N", min=1, max=MOST_CRAWL_PAGES, help="Addresses to fetch, those of earlier runs included.")
    ] = USUAL_PAGES,
    section: Annotated[bool, typer.Option("--section", help="Stay in the folder of the start.")] = False,
) -> None:
    """Make the pages and files of a site materials of a course.

    robots.txt is obeyed. A crawl that was stopped (Ctrl-C), killed, or reached a limit goes on where it was with the same command; after
    its end, the command asks for what has changed.
    """
    request = CrawlRequest(course=course, url=url, week=week, depth=depth, pages=pages, section=section)
    require_known_schema(engine_for())
    settings = access().settings
    try:
        with spinner("Fetching") as show:

            def count(step: str, done: int, total: int | None) -> None:
                show(f"{step} ({done:,} of {total or 0:,} addresses found)", done, total)

            report = crawl_site(transaction, store_of(settings), web_fetcher(settings), request, progress=count)
    except KeyboardInterrupt:
        print_error("Stopped. What was fetched is stored; to go on, give the same command again.")
        advise_vectors(course)
        raise typer.Exit(INTERRUPTED) from None
    advise_vectors(course)
    _print_report(report)


def add_fetched(store: MaterialStore, request: AddMaterial) -> AddedMaterial:
    """Fetch the page or file at the address of a request, and add it."""
    with spinner("Fetching"):
        return add_web_material(transaction, store, web_fetcher(access().settings), request)


def refresh_fetched(store: MaterialStore, course: str, number: int | None) -> bool:
    """Ask the sites of fetched materials whether they have changed, print the result if there are any; whether one was not fetched."""
    with spinner("Fetching") as show, MaterialReader() as reader:

        def count(step: str, done: int, total: int | None) -> None:
            show(f"{step} ({done:,} of {total or 0:,})", done, total)

        fetcher = web_fetcher(access().settings)
        report = refresh_from_web(transaction, store, fetcher, course, material_id=number, reader=reader, progress=count)
    if report.asked:
        print_line(f"{count_text(report.asked, 'page')} of the web: {report.sentence}")
    for old, new in report.moved:
        print_line(f"{old} has moved to {new}.")
    for url in report.gone:
        print_line(f"{url} is gone; what was read is kept.")
    for _, reason in report.refused:
        print_line(reason)
    return bool(report.refused)


def _print_report(report: CrawlReport) -> None:
    if report.resumed:
        print_line("An earlier crawl from this address was continued.")
    print_line(report.sentence)
    not_added = [*report.gone, *report.refused]
    for url, reason in not_added[:_MOST_SHOWN]:
        print_line(f"{url}: {reason}")
    if len(not_added) > _MOST_SHOWN:
        print_line(f"… and {len(not_added) - _MOST_SHOWN:,} others.")
    if report.stopped is not None:
        print_line(f"It stopped before its end: {report.stopped}")
    if not report.added + report.changed + report.unchanged and (report.refused or report.gone or report.stopped):
        raise typer.Exit(REFUSED)
