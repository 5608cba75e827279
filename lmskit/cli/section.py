"""`lmskit section`: list the sections and groups of a course."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.db import snapshot
from lmskit.listings import SECTIONS
from lmskit.queries.section import count_sections, section_rows

app = typer.Typer(name="section", help="List the sections and groups of a course.", no_args_is_help=True)


@app.callback()
def section() -> None:
    """List the sections and groups of a course."""


@app.command("list")
@paged()
def list_sections(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)], page: ListPage
) -> None:
    """List the sections and groups of a course, with how many students each has."""
    nothing = f"{course} has no sections or groups. They come with imported files that name them."
    with snapshot() as session:
        page.show(partial(section_rows, session, course), SECTIONS, total=count_sections(session, course), nothing=nothing)
