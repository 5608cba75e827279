"""`lmskit staff`: list the staff of a course, add a lecturer to it, remove one."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import Yes
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_line
from lmskit.db import snapshot, transaction
from lmskit.listings import STAFF
from lmskit.queries.staff import count_staff, staff_rows
from lmskit.schemas.staff import AddStaff, RemoveStaff
from lmskit.services.staff import add_staff, asked_before_adding, asked_before_removing, remove_staff, staff_added, staff_removed
from lmskit.vocabulary import MAY_IN_COURSE, StaffRole

app = typer.Typer(name="staff", help="List the staff of a course, add a lecturer to it, remove one.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
Email = Annotated[str, typer.Argument(metavar="EMAIL", help="Address of the lecturer.", show_default=False)]


@app.command("list")
@paged()
def list_staff(course: Course, page: ListPage) -> None:
    """List who is responsible for a course, and who works with them."""
    nothing = f"The staff of {course} has no more people."
    with snapshot() as session:
        page.show(partial(staff_rows, session, course), STAFF, total=count_staff(session, course), nothing=nothing)


@app.command()
def add(
    course: Course,
    email: Email,
    *,
    role: Annotated[
        StaffRole,
        typer.Option(help=f"{'; '.join(f'{role}: {may}' for role, may in MAY_IN_COURSE.items())}."),
    ] = StaffRole.CO_LECTURER,
    section: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A section or group whose students the assistant sees, and no others; several: repeat it.",
            show_default=False,
        ),
    ] = None,
    yes: Yes = False,
) -> None:
    """Give a lecturer a role in a course, or another one; it holds at once.

    It asks first where an assistant who is limited to sections would see all students.
    """
    request = AddStaff(course=course, email=email, role=role, sections=tuple(section or ()))
    if not yes:
        with snapshot() as session:
            question = asked_before_adding(session, request)
        if question:
            confirmed(question, instead="--yes")
    with transaction() as session:
        add_staff(session, request)
    print_line(staff_added(request))


@app.command()
def remove(course: Course, email: Email, *, yes: Yes = False) -> None:
    """Take a course from a member of its staff; it holds at once, and open sessions of the person are ended."""
    request, question = RemoveStaff(course=course, email=email), None
    if not yes:
        with snapshot() as session:
            question = asked_before_removing(session, request)
        confirmed(question, instead="--yes")
    with transaction() as session:
        role = remove_staff(session, request, asked=question)
    print_line(staff_removed(request, role))
