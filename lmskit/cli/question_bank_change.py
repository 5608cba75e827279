"""`lmskit question-bank`: forget a bank."""

import typer

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.printing import print_line
from lmskit.cli.question_bank import BankArgument, CourseArgument
from lmskit.db import transaction
from lmskit.rounding import count_text
from lmskit.services.question_bank import forget_bank

app = typer.Typer(name="question-bank")


@app.command("forget")
def forget(course: CourseArgument, bank: BankArgument, *, dry_run: DryRun = False) -> None:
    """Forget a bank whose questions no report on a quiz has; for administrators.

    Quizzes keep their questions. A bank that reports get options and keys from is refused.
    """
    with transaction() as session:
        done = forget_bank(session, course, bank, dry_run=dry_run)
    if dry_run:
        print_line(done.sentence)
        print_line(WAS_DRY)
        return
    print_line(f"Forgot {count_text(done.n_going, 'question')} of {bank}. To have them again, import the bank again.")
