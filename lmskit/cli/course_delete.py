"""`lmskit course delete`: delete a course without attempts and materials."""

from typing import Annotated

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.services.deletion import delete_course

app = typer.Typer(name="course")


@app.command("delete")
def delete(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    *,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete a course without attempts and materials, with its enrollments, weeks, quizzes, sections, staff and messages.

    A course with attempts or materials stays, and what to do instead is said.
    """
    delete_asking(lambda session, **how: delete_course(session, course, **how), dry_run=dry_run, yes=yes)
