"""`lmskit course create`: create a course with its syllabus."""

from collections.abc import Iterable
from typing import Annotated

import typer

from lmskit.cli.printing import print_line
from lmskit.db import retried, transaction
from lmskit.errors import InputError
from lmskit.models import Course
from lmskit.rounding import count_text
from lmskit.schemas.course import CreateCourse
from lmskit.services.course import create_course

app = typer.Typer(name="course")


@app.command()
def create(
    code: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the new course, such as CS101-2026.", show_default=False)],
    *,
    title: Annotated[str, typer.Option(help="Title of the course.", show_default=False)],
    term: Annotated[str, typer.Option(help="Code of its term.", show_default=False)],
    lecturer: Annotated[str, typer.Option(metavar="EMAIL", help="Address of its lecturer.", show_default=False)],
    module: Annotated[
        str | None, typer.Option(help="Code of the module, the same in every term. Default: the code of the course.", show_default=False)
    ] = None,
    week: Annotated[
        list[str] | None, typer.Option(metavar="'N: TOPIC'", help="A week of the syllabus; give one for each.", show_default=False)
    ] = None,
    term_name: Annotated[str | None, typer.Option(help="Name of a new term.", show_default=False)] = None,
    term_starts: Annotated[str | None, typer.Option(metavar="DAY", help="First day of a new term.", show_default=False)] = None,
    term_ends: Annotated[str | None, typer.Option(metavar="DAY", help="Last day of a new term.", show_default=False)] = None,
) -> None:
    """Create a course with its syllabus, and its term if that is new."""
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
            "weeks": typed_weeks(week or ()),
            "new_term": new_term or None,
        }
    )

    def work() -> Course:
        with transaction() as session:
            return create_course(session, request)

    created = retried(work, idempotent=False)
    weeks = count_text(len(request.weeks), "week")
    print_line(f"The course {created.code} was created with {weeks}. To enrol a student: lmskit enrollment add {created.code} EMAIL")


def typed_weeks(texts: Iterable[str]) -> list[dict[str, str]]:
    """The number and the topic of each week that a person typed, such as `1: Averages`; their limits are not checked yet.

    Raises
    ------
    InputError
        A text is not a number, a colon and a topic.
    """
    weeks = []
    for position, text in enumerate(texts, start=1):
        number, _, topic = (part.strip() for part in text.partition(":"))
        if not (number.lstrip("-").isdecimal() and topic):
            raise InputError(f"--week, number {position}: Write number, colon and topic, such as '1: Averages'.")
        weeks.append({"week_number": number, "topic": topic})
    return weeks
