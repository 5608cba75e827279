"""`lmskit report`: build the reports of a term."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.printing import LogLines, print_error, visible
from lmskit.reporting.builder import build_term

app = typer.Typer(name="report", help="Term reports, built from the report notebook.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Term reports, built from the report notebook."""


@app.command()
def build(
    *,
    term: Annotated[str, typer.Option(help="Code of the term.", show_default=False)],
    course: Annotated[
        str | None, typer.Option(help="Code of the one course to build; by default all you can see.", show_default=False)
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="Folder for the reports; by default reports/.", show_default=False, file_okay=False)
    ] = None,
) -> None:
    """Build the reports of the courses of a term: a notebook and a page for each, and a page that lists them."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    shown_on = Console(stderr=True)
    log = None if shown_on.is_terminal else LogLines()
    with Progress(*columns, console=shown_on, disable=log is not None) as display:
        task = display.add_task(f"Reports of {term}", total=None)

        def show(step: str, done: int, total: int | None) -> None:
            display.update(task, completed=done, total=total, description=visible(step))
            if log is not None:
                log(step, done, total)

        result = build_term(term, course=course, output=output, progress=show)
    typer.echo(
        f"{len(result.built)} of {len(result.built) + len(result.failed)} reports of {term} are in {result.folder}; open {result.index}"
    )
    for code, reason in sorted(result.failed.items()):
        print_error(f"The report of {code} could not be built: {reason}")
    if result.failed:
        raise typer.Exit(PARTLY if result.built else REFUSED)
