"""`lmskit attempt`: list the attempts at the quizzes of a course; `attempt_delete` has the verb that deletes one."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.db import snapshot
from lmskit.listings import ATTEMPTS
from lmskit.queries.attempt_list import attempt_rows, count_attempts
from lmskit.queries.roster import student_in_course

app = typer.Typer(name="attempt", help="List the attempts at quizzes, delete one that is not evidence.", no_args_is_help=True)


@app.command("list")
@paged()
def list_attempts(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    page: ListPage,
    quiz: Annotated[
        str | None, typer.Option("--quiz", metavar="QUIZ", help="Only those at the quiz with this title or number.", show_default=False)
    ] = None,
    student: Annotated[
        str | None,
        typer.Option(
            "--student",
            metavar="STUDENT",
            help="Only those of the student with this address, or with the number (No.) that lists show.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """List the attempts at the quizzes of a course, with whether each is evidence of mastery."""
    with snapshot() as session:
        student_id = None if student is None else student_in_course(session, course, student)
        total = count_attempts(session, course, quiz=quiz, student_id=student_id)
        read = partial(attempt_rows, session, course, quiz=quiz, student_id=student_id)
        page.show(read, ATTEMPTS, total=total, nothing="There is no such attempt. Attempts come with imported results.")
