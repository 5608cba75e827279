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
from lmskit.queries.staff import count_staff, sections_of_assistant, staff_rows
from lmskit.schemas.staff import AddStaff, RemoveStaff
from lmskit.services.staff import add_staff, remove_staff
from lmskit.vocabulary import StaffRole

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
        typer.Option(
            help="co-lecturer: the same as the responsible one; assistant: sees all, changes nothing; observer: sees numbers, no names."
        ),
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
    if not (yes or request.sections or request.role is StaffRole.OBSERVER):
        with snapshot() as session:
            limited_to = sections_of_assistant(session, request.course, request.email)
        if limited_to is not None:
            question = f"{request.email} sees only the students of {limited_to} in {request.course}, and would see all."
            confirmed(f"{question} Give the role all the same?", instead="--yes")
    with transaction() as session:
        add_staff(session, request)
    limits = f", for {'; '.join(request.sections)}" if request.sections else ""
    print_line(f"{request.email} is {request.role} of {request.course} now{limits}.")


@app.command()
def remove(course: Course, email: Email) -> None:
    """Take a course from a member of its staff; it holds at once, and open sessions of the person are ended."""
    request = RemoveStaff(course=course, email=email)
    with transaction() as session:
        role = remove_staff(session, request)
    print_line(f"{request.email} is not {role} of {request.course} any more.")
