"""`lmskit question-bank`: list the question banks of a course, and show which questions wait; `question_bank_change` forgets a bank."""

from functools import partial
from typing import Annotated

import typer

from lmskit.cli.page import ListPage, paged
from lmskit.db import snapshot
from lmskit.listings import BANK_QUESTIONS, QUESTION_BANKS
from lmskit.queries.question_bank import bank_question_rows, count_bank_questions, count_question_banks, question_bank_rows

app = typer.Typer(
    name="question-bank",
    help="List the question banks of a course, show which questions wait for a quiz, forget a bank.",
    no_args_is_help=True,
)

CourseArgument = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
BankArgument = Annotated[
    str, typer.Argument(metavar="BANK", help="Name of the bank, as lmskit question-bank list shows it.", show_default=False)
]


@app.command("list")
@paged()
def list_banks(course: CourseArgument, page: ListPage) -> None:
    """List the question banks of a course, and how many of their questions are in a quiz or wait for one.

    A question waits until a report on a quiz has it, or its bank is imported again with --week.
    """
    nothing = f"{course} has no question banks. To import one: lmskit import PATH --course {course}"
    with snapshot() as session:
        total = count_question_banks(session, course)
        page.show(partial(question_bank_rows, session, course), QUESTION_BANKS, total=total, nothing=nothing)


@app.command("show")
@paged()
def show_bank(course: CourseArgument, bank: BankArgument, page: ListPage) -> None:
    """Show the questions of a bank, and of each the quiz that it is in; a question without one waits."""
    with snapshot() as session:
        total = count_bank_questions(session, course, bank)
        page.show(partial(bank_question_rows, session, course, bank), BANK_QUESTIONS, total=total, nothing="")
