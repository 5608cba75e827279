"""`lmskit enrollment`: who studies a course, enrol a student, withdraw one, hand over what waits."""

from typing import Annotated

import typer

from lmskit.cli.page import Limit, Offset

app = typer.Typer(name="enrollment", help="See who studies a course, enrol a student, withdraw one.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The student's address.", show_default=False)]

LISTED = {"name": "Name", "email": "E-mail", "status": "Status", "started_on": "From", "ended_on": "To", "origin": "Origin"}


@app.command("list")
def roster(course: Course, limit: Limit = 100, offset: Offset = 0) -> None:
    """List everyone who has or had a place in a course."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.roster import course_roster, roster_size

    with snapshot() as session:
        table = course_roster(session, course, limit=limit, offset=offset)
        total = roster_size(session, course)
    print_table(table, LISTED, offset=offset, total=total, nothing=f"Nobody has a place in {course} yet.")


@app.command()
def add(
    course: Course,
    email: Email,
    *,
    family_name: Annotated[str, typer.Option(help="Of a student who is not known yet.")] = "",
    given_name: Annotated[str, typer.Option(help="Of a student who is not known yet.")] = "",
) -> None:
    """Enrol a student, or bring back one who left; the place is active once the message about it is accepted."""
    from lmskit.cli.printing import say
    from lmskit.db import access, transaction
    from lmskit.schemas.enrollment import EnrollStudent
    from lmskit.services.admission import admit
    from lmskit.services.transport import transport_of

    request = EnrollStudent(course=course, email=email, family_name=family_name, given_name=given_name)
    say(admit(transaction, transport_of(access().settings), request))


@app.command()
def withdraw(course: Course, email: Email) -> None:
    """End a student's place today; what the student did stays."""
    from lmskit.cli.printing import say
    from lmskit.db import transaction
    from lmskit.services.enrollment import withdraw as end_place

    with transaction() as session:
        enrollment = end_place(session, course=course, email=email)
    say(f"{email} was withdrawn from {course} as of {enrollment.ended_on}. The record and all attempts stay.")


@app.command()
def deliver() -> None:
    """Hand over the messages that are due; the same as `lmskit mail deliver`."""
    from lmskit.cli.mail import deliver_once

    deliver_once()
