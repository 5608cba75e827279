"""`lmskit quiz`: list the quizzes of a course; `quiz_quality` has the verbs about how good a quiz is."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.db import snapshot
from lmskit.listings import QUIZZES
from lmskit.queries.course import course_by_code
from lmskit.queries.quiz import count_quizzes, quiz_rows

app = typer.Typer(
    name="quiz", help="List the quizzes of a course; show how good a quiz and its questions are; delete one.", no_args_is_help=True
)


@app.command("list")
@paged()
def list_quizzes(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)], page: ListPage
) -> None:
    """List the quizzes of a course, by week."""
    nothing = f"{course} has no quizzes yet. To make one from a question bank: lmskit import PATH --course {course} --week N"
    with snapshot() as session:
        course_by_code(session, course)
        page.show(partial(quiz_rows, session, course), QUIZZES, total=count_quizzes(session, course), nothing=nothing)
