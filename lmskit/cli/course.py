"""`lmskit course`: list and show courses; `course_create` has the verb that creates one."""

from functools import partial
from typing import Annotated

import typer
from sqlalchemy.orm import load_only

from lmskit.cli.page import AfterCode, ListPage, paged
from lmskit.db import snapshot
from lmskit.limits import LONGEST_CODE
from lmskit.listings import COURSES, SYLLABUS
from lmskit.models import Term, User
from lmskit.queries.course import count_courses, course_by_code, course_rows, syllabus_rows
from lmskit.queries.roster import class_size, roster_size
from lmskit.readable import bounded
from lmskit.rounding import MISSING, count_text
from lmskit.vocabulary import Origin

app = typer.Typer(name="course", help="List, show, create, change, copy, hand over and delete courses.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]


@app.command("list")
@paged(after=AfterCode, named_by="code")
def list_courses(
    page: ListPage,
    *,
    term: Annotated[str | None, typer.Option("--term", help="Only the courses of this term.", show_default=False)] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="TEXT", help="Only courses whose code or title has every word.", show_default=False)
    ] = None,
) -> None:
    """List the courses you can see, newest term first."""
    nothing = f"There are no courses in the term {term}." if term else "There are no courses yet. To create one: lmskit course create"
    if search:
        nothing = "There is no such course."
    with snapshot() as session:
        total = count_courses(session, term=term, search=search)
        page.show(partial(course_rows, session, term=term, search=search), COURSES, total=total, nothing=nothing)


@app.command()
@paged()
def show(course: Course, page: ListPage) -> None:
    """Show a course and its syllabus."""
    with snapshot() as session:
        found = course_by_code(session, course)
        term = session.get_one(Term, found.term_id)
        # Lecturers may read only some columns, also of their own row.
        lecturer = session.get(User, found.lecturer_id, options=[load_only(User.family_name, User.given_name, User.preferred_name)])
        counted, everyone = class_size(session, course), roster_size(session, course)
        simulated = ". The course is simulated: none of its people and results are real." if found.origin is Origin.SIMULATION else ""
        owner = lecturer.name if lecturer is not None else MISSING
        page.say(f"{found.code}: {found.title} (module {found.module_code}){simulated}")
        page.say(f"Term {term.code} ({term.name}), {term.starts_on} to {term.ends_on}; lecturer: {owner}")
        rule = bounded(found.mastery_rule, LONGEST_CODE)
        page.say(f"{count_text(counted, 'student')}, {everyone:,} with those pending or withdrawn; mastery rule: {rule}")
        page.show(partial(syllabus_rows, session, course), SYLLABUS, nothing="The course has no weeks yet.")
