"""`lmskit mastery`: bring the estimates up to date, and show how a class does."""

from typing import Annotated

import typer

from lmskit.cli.mastery_compare import compare
from lmskit.cli.mastery_rule import rule

app = typer.Typer(
    name="mastery", help="Estimates of mastery: bring them up to date, see them, and choose their rule.", no_args_is_help=True
)


@app.command()
def refresh(
    course: Annotated[str | None, typer.Option(help="Code of the one course to refresh; by default all.", show_default=False)] = None,
) -> None:
    """Estimate mastery from what was submitted, and write what is different."""
    from lmskit.cli.printing import say, spinner, visible
    from lmskit.db.transaction import transaction
    from lmskit.services import mastery

    with spinner("Refreshing mastery") as progress, transaction() as session:
        report = mastery.refresh(session, courses=None if course is None else [course], progress=progress)
    say(report.sentence())
    for code, reason in report.skipped.items():
        typer.echo(visible(f"{code} was left as it is: {reason}"), err=True)
    if report.skipped:
        raise typer.Exit(1)


@app.command()
def show(course: Annotated[str, typer.Argument(help="Code of the course.", show_default=False)]) -> None:
    """Show how the class of COURSE does in each week."""
    from lmskit.cli.printing import print_table, say
    from lmskit.db.transaction import transaction
    from lmskit.queries import mastery
    from lmskit.queries.page import MAX_PAGE
    from lmskit.read_models.rule_in_use import rule_in_use
    from lmskit.rounding import number_text

    with transaction() as session:
        in_use = rule_in_use(session, course)
        weeks = mastery.class_weeks(session, course, limit=MAX_PAGE)
    say(f"Mastery in {course} by the {in_use.rule.describe()}, for active and completed students")
    if in_use.caveat():
        say(in_use.caveat())
    weeks["mean_value"] = weeks["mean_value"].map(number_text, na_action=None)
    print_table(weeks, mastery.CLASS_WEEKS.headings, nothing="The course has no weeks in its syllabus.")


app.command()(rule)
app.command()(compare)
