"""`lmskit person list`, `show`: who is in lmskit, and what is known of one person."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.printing import print_line, print_table
from lmskit.db import snapshot
from lmskit.listings import PEOPLE, PERSON_COURSES, PERSON_IDS
from lmskit.queries.person import count_people, person_rows
from lmskit.read_models.person import person_view
from lmskit.readable import minute
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import Role

app = typer.Typer(
    name="person",
    help="List, search, show, change, merge and delete people; export or erase everything about one; for administrators.",
    no_args_is_help=True,
)

Who = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="Address of the person, number (No.) that lists show, or id of another system as SYSTEM:ID.",
        show_default=False,
    ),
]


@app.command("list")
@paged(after=AfterNumber, named_by="person_id")
def list_people(
    page: ListPage,
    *,
    search: Annotated[
        str | None,
        typer.Option(
            "--search",
            metavar="TEXT",
            help="Only people whose name, address, number or id of another system has every word; accents and order do not matter.",
            show_default=False,
        ),
    ] = None,
    role: Annotated[Role | None, typer.Option("--role", help="Only people of this role.", show_default=False)] = None,
) -> None:
    """List the people in lmskit, by family name."""
    nothing = "There is no such person." if search or role else "There are no people in lmskit yet."
    with snapshot() as session, administrators_only("list people"):
        total = count_people(session, search=search, role=role)
        page.show(partial(person_rows, session, search=search, role=role), PEOPLE, total=total, nothing=nothing)


@app.command()
def show(who: Who) -> None:
    """Show a person: ids of other systems, login, courses, enrollments and sections, and who was merged into them."""
    with snapshot() as session, administrators_only("look at people"):
        view = person_view(session, who)
    for sentence in view.sentences:
        print_line(sentence)
    print_table(view.ids, PERSON_IDS.headings, nothing="No id of another system.")
    print_table(view.courses, PERSON_COURSES.headings, nothing="No courses.")
    if view.n_courses > len(view.courses):
        print_line(f"… and {view.n_courses - len(view.courses):,} more courses.")
    for merge in view.merges:
        former = f"Person {merge['removed_id']} ({merge['former_name']}) was merged into this one"
        print_line(f"{former} on {minute(merge['merged_at'])}: receipt {merge['receipt']}.")
