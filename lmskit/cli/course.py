"""`lmskit course`: list, show and create courses."""

from typing import Annotated

import typer

from lmskit.cli.page import Limit, Offset

app = typer.Typer(name="course", help="List, show and create courses.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]

LISTED = {
    "code": "Code",
    "title": "Title",
    "term": "Term",
    "lecturer": "Lecturer",
    "n_students": "Students",
    "n_weeks": "Weeks",
    "n_quizzes": "Quizzes",
    "origin": "Origin",
}


@app.command("list")
def list_courses(
    term: Annotated[str | None, typer.Option("--term", help="Only the courses of this term.", show_default=False)] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List the courses you can see, newest term first."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.course import count_courses, courses

    with snapshot() as session:
        table = courses(session, term=term, limit=limit, offset=offset)
        total = count_courses(session, term=term)
    nothing = f"There are no courses in the term {term}." if term else "There are no courses yet. To create one: lmskit course create"
    print_table(table, LISTED, offset=offset, total=total, nothing=nothing)


@app.command()
def show(course: Course, limit: Limit = 100, offset: Offset = 0) -> None:
    """Show a course and its syllabus."""
    from sqlalchemy.orm import load_only

    from lmskit.cli.printing import print_table, say
    from lmskit.db import snapshot
    from lmskit.models import Term, User
    from lmskit.names import display_name
    from lmskit.queries.course import course_by_code, syllabus
    from lmskit.queries.roster import class_size, roster_size
    from lmskit.rounding import count_text
    from lmskit.vocabulary import Origin

    with snapshot() as session:
        found = course_by_code(session, course)
        term = session.get_one(Term, found.term_id)
        # Of themselves, too, lecturers may read some columns only.
        lecturer = session.get(User, found.lecturer_id, options=[load_only(User.family_name, User.given_name)])
        weeks = syllabus(session, course, limit=limit, offset=offset)
        counted, everyone = class_size(session, course), roster_size(session, course)
    simulated = " The course is simulated: none of its people and results are real." if found.origin is Origin.SIMULATION else ""
    owner = display_name(lecturer.family_name, lecturer.given_name) if lecturer is not None else "–"
    say(f"{found.code}: {found.title} (module {found.module_code}){simulated and '.'}{simulated}")
    say(f"Term {term.code} ({term.name}), {term.starts_on} to {term.ends_on}; lecturer: {owner}")
    say(f"{count_text(counted, 'student')}, {everyone:,} with those pending or withdrawn; mastery rule: {found.mastery_rule}")
    print_table(
        weeks, {"week_number": "Week", "topic": "Topic", "objectives": "Objectives"}, offset=offset, nothing="The course has no weeks yet."
    )


@app.command()
def create(
    code: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the new course, such as CS101-2026.", show_default=False)],
    *,
    title: Annotated[str, typer.Option(help="What the course is called.", show_default=False)],
    term: Annotated[str, typer.Option(help="Code of its term.", show_default=False)],
    lecturer: Annotated[str, typer.Option(metavar="EMAIL", help="Address of the lecturer it belongs to.", show_default=False)],
    module: Annotated[
        str | None, typer.Option(help="Code of the module, the same in every term. Default: that of the course.", show_default=False)
    ] = None,
    week: Annotated[
        list[str] | None, typer.Option(metavar="'N: TOPIC'", help="A week of the syllabus; give one for each.", show_default=False)
    ] = None,
    term_name: Annotated[str | None, typer.Option(help="Name of a new term.", show_default=False)] = None,
    term_starts: Annotated[str | None, typer.Option(metavar="DAY", help="First day of a new term.", show_default=False)] = None,
    term_ends: Annotated[str | None, typer.Option(metavar="DAY", help="Last day of a new term.", show_default=False)] = None,
) -> None:
    """Create a course with its syllabus, and its term if that is new."""
    from lmskit.cli.printing import say
    from lmskit.db import transaction
    from lmskit.rounding import count_text
    from lmskit.schemas.course import CreateCourse
    from lmskit.services.course import create_course

    new_term = {
        name: value for name, value in (("name", term_name), ("starts_on", term_starts), ("ends_on", term_ends)) if value is not None
    }
    request = CreateCourse.model_validate(
        {
            "code": code,
            "module_code": module or code,
            "title": title,
            "term": term,
            "lecturer": lecturer,
            "weeks": [_week(text) for text in week or []],
            "new_term": new_term or None,
        }
    )
    with transaction() as session:
        made = create_course(session, request)
    weeks = count_text(len(request.weeks), "week")
    say(f"The course {made.code} was created with {weeks}. To enrol a student: lmskit enrollment add {made.code} EMAIL")


def _week(text: str) -> dict[str, str]:
    number, _, topic = text.partition(":")
    return {"week_number": number.strip(), "topic": topic}
