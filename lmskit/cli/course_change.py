"""`lmskit course change`: give a course another title or other weeks."""

from typing import Annotated

import typer

from lmskit.cli.course import Course
from lmskit.cli.course_create import typed_weeks
from lmskit.cli.printing import print_line
from lmskit.db import transaction
from lmskit.errors import InputError
from lmskit.limits import FIRST_WEEK, LAST_WEEK
from lmskit.queries.course import course_outline
from lmskit.schemas.course import CourseChanges
from lmskit.services.course import change_course

app = typer.Typer(name="course")


@app.command()
def change(
    course: Course,
    *,
    title: Annotated[str | None, typer.Option(help="Another title.", show_default=False)] = None,
    week: Annotated[
        list[str] | None,
        typer.Option(metavar="'N: TOPIC'", help="A week that is new, or has another topic; give one for each.", show_default=False),
    ] = None,
    remove_week: Annotated[
        list[int] | None,
        typer.Option(metavar="N", min=FIRST_WEEK, max=LAST_WEEK, help="A week to remove; give one for each.", show_default=False),
    ] = None,
) -> None:
    """Change the title or the weeks of a course. What is not named stays, and so do the objectives of a week with another topic.

    Quizzes, materials and mastery keep their week number; a week that has some is not removed.
    """
    if title is None and not week and not remove_week:
        raise InputError("Say what to change: --title, --week or --remove-week.")
    weeks = typed_weeks(week or ())
    changes = CourseChanges.model_validate({"course": course, "title": title, "weeks": weeks, "remove_weeks": remove_week or ()})
    with transaction() as session:
        stored = course_outline(session, changes.course)
        done = change_course(session, changes.of(stored))
    print_line(f"{stored.code} was saved. {done.sentence()}")
