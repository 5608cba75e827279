"""`lmskit course hand-over`: make another lecturer responsible for a course."""

from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.printing import print_line
from lmskit.db import snapshot, transaction
from lmskit.schemas.staff import HandOver
from lmskit.services.staff import asked_before_handing_over, hand_over, handed_over

app = typer.Typer(name="course")


@app.command("hand-over")
def hand_over_course(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the lecturer who takes it over.", show_default=False)],
    *,
    keep: Annotated[bool, typer.Option("--keep", help="Keep the lecturer who was responsible as co-lecturer.")] = False,
    yes: Yes = False,
) -> None:
    """Make another lecturer responsible for a course; it holds at once, and open sessions of the former one are ended."""
    request, question = HandOver(course=course, email=email, keep=keep), None
    if not yes:
        with snapshot() as session:
            question = asked_before_handing_over(session, request)
        confirmed(question, instead="--yes")
    with transaction() as session:
        done = handed_over(request, hand_over(session, request, asked=question))
    print_line(done)
