"""`lmskit quiz`: list the quizzes of a course."""

from typing import Annotated

import typer

from lmskit.cli.page import Limit, Offset

app = typer.Typer(name="quiz", help="List the quizzes of a course.", no_args_is_help=True)

LISTED = {
    "quiz_id": "Quiz",
    "week_number": "Week",
    "title": "Title",
    "n_questions": "Questions",
    "max_score": "Points",
    "due_on": "Due",
    "n_attempts": "Attempts",
}


@app.command("list")
def list_quizzes(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List the quizzes of a course, by week."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.course import course_by_code
    from lmskit.queries.quiz import count_quizzes, quizzes

    with snapshot() as session:
        course_by_code(session, course)
        table = quizzes(session, course, limit=limit, offset=offset)
        total = count_quizzes(session, course)
    nothing = f"{course} has no quizzes yet. To make one of a question bank: lmskit import PATH --course {course} --week N"
    print_table(table, LISTED, offset=offset, total=total, nothing=nothing)
