"""`lmskit export`: write records without names."""

from pathlib import Path
from typing import Annotated

import typer

from lmskit.analytics.anonymity import LEAST
from lmskit.cli.printing import print_line
from lmskit.db import snapshot
from lmskit.errors import InputError
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.reporting.pseudonymised import export_pseudonymised, report_lines

app = typer.Typer(name="export", help="Write records without names, for research.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """Write records without names, for research."""


@app.command()
def pseudonymised(
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The folder to make.", show_default=False)],
    course: Annotated[str | None, typer.Option(metavar="CODE", help="The one course to export.", show_default=False)] = None,
    term: Annotated[
        str | None, typer.Option(metavar="CODE", help="Export all courses of a term that you can see.", show_default=False)
    ] = None,
    least: Annotated[int, typer.Option("--least", min=2, max=100, help="Students who have to share what others could know.")] = LEAST,
) -> None:
    """Write attempts and mastery under pseudonyms that hold for this export alone, with small groups hidden."""
    if (course is None) == (term is None):
        raise InputError("Name either one course or a term: --course CODE or --term CODE")
    with snapshot() as session:
        courses = [course_by_code(session, course)] if course is not None else courses_of_term(session, term or "")
        exported = export_pseudonymised(session, courses, to, least=least)
    for line in report_lines(exported, least):
        print_line(line)
    print_line(f"The tables and this report are in {to}.")
