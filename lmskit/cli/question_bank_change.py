"""`lmskit question-bank`: forget a bank."""

from functools import partial

import typer

from lmskit.cli.deleting import delete_asking
from lmskit.cli.dry_run import DryRun, Yes
from lmskit.cli.printing import print_line
from lmskit.cli.question_bank import BankArgument, CourseArgument
from lmskit.services.question_bank import forget_bank

app = typer.Typer(name="question-bank")


@app.command("forget")
def forget(course: CourseArgument, bank: BankArgument, *, dry_run: DryRun = False, yes: Yes = False) -> None:
    """Forget a bank whose questions no report on a quiz has; for administrators.

    Quizzes keep their questions. A bank that reports get options and keys from is refused.
    """
    delete_asking(partial(forget_bank, course=course, bank=bank), dry_run=dry_run, yes=yes)
    if not dry_run:
        print_line("To have its questions again, import the bank again.")
