"""`lmskit enrollment`: list the students of a course, enrol and withdraw students, send the messages about it."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.mail import deliver_once
from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import access, snapshot, transaction
from lmskit.listings import ROSTER
from lmskit.queries.roster import roster_rows, roster_size
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.admission import admit
from lmskit.services.enrollment import withdraw as withdraw_student
from lmskit.services.transport import transport_of

app = typer.Typer(name="enrollment", help="List the students of a course, enrol a student, withdraw one.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
OfSection = Annotated[str | None, typer.Option("--section", metavar="NAME", help="Only a section or group.", show_default=False)]
Search = Annotated[
    str | None,
    typer.Option(
        "--search", metavar="TEXT", help="Only students whose names have every word, in any order and spelling.", show_default=False
    ),
]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the student.", show_default=False)]


@app.command("list")
@paged(after=AfterNumber, named_by="student_id")
def roster(course: Course, page: ListPage, section: OfSection = None, search: Search = None) -> None:
    """List everyone who is or was enrolled in a course."""
    nothing = f"No student is enrolled in {course} yet." if section is None else f"No student of {course} is in {section}."
    if search:
        nothing = f"No student of {course} has such a name."
    headings = {"student_id": "No."} | ROSTER.headings
    with snapshot() as session:
        total = roster_size(session, course, section=section, search=search)
        read = partial(roster_rows, session, course, section=section, search=search)
        page.show(read, ROSTER, total=total, headings=headings, nothing=nothing)


@app.command()
def add(
    course: Course,
    email: Email,
    *,
    family_name: Annotated[str, typer.Option(help="Needed for a student who is not in lmskit yet.")] = "",
    given_name: Annotated[str, typer.Option(help="For a student who is not in lmskit yet.")] = "",
) -> None:
    """Enrol a student, or bring back one who left; the enrollment is active once the message about it is accepted."""
    request = EnrollStudent(course=course, email=email, family_name=family_name, given_name=given_name)
    print_line(admit(transaction, transport_of(access().settings), request))


@app.command()
def withdraw(course: Course, email: Email) -> None:
    """End the enrollment of a student today; all attempts stay."""
    with transaction() as session:
        enrollment = withdraw_student(session, course=course, email=email)
    print_line(f"{email} was withdrawn from {course} as of {enrollment.ended_on}. The record and all attempts stay.")


@app.command()
def deliver() -> None:
    """Send the messages that are due; the same as `lmskit mail deliver`."""
    deliver_once()
