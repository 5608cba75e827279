"""`lmskit mastery`: refresh the estimates, show those of a class, choose the rule, compare rules."""

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.mastery_compare import compare
from lmskit.cli.mastery_rule import rule
from lmskit.cli.page import ListPage, paged, part_of
from lmskit.cli.printing import print_error, print_line, rows_of, spinner
from lmskit.db import PATIENT, retried, transaction
from lmskit.errors import InputError, ObservedOnlyError
from lmskit.queries.mastery import CLASS_WEEKS, class_weeks
from lmskit.queries.observed import OBSERVED_WEEKS, observed_weeks
from lmskit.queries.page import MAX_PAGE
from lmskit.queries.section import seen_sections
from lmskit.read_models.class_mastery import BY_SECTION, mastery_by_section
from lmskit.read_models.rule_in_use import rule_in_use
from lmskit.rounding import number_text
from lmskit.services.mastery import RefreshReport
from lmskit.services.mastery import refresh as refresh_mastery

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

app = typer.Typer(name="mastery", help="Estimates of mastery: refresh them, show them, and choose their rule.", no_args_is_help=True)


@app.command()
def refresh(
    course: Annotated[str | None, typer.Option(help="Code of the one course to refresh; by default all.", show_default=False)] = None,
) -> None:
    """Estimate mastery from all evidence, and write the estimates that changed."""
    with spinner("Refreshing mastery") as progress:

        def work() -> RefreshReport:
            with transaction() as session:
                return refresh_mastery(session, courses=None if course is None else [course], progress=progress)

        report = retried(work, lock_attempts=PATIENT)
    print_line(report.sentence())
    for code, reason in report.skipped.items():
        print_error(f"{code} was left as it is: {reason}")
    if report.skipped:
        raise typer.Exit(PARTLY if report.n_courses else REFUSED)


OF_ALL = (
    "--section: What observers see is about all students of a course, since numbers of its parts, compared with these, would lead to"
    " single students. Leave --section out."
)
"""Why an observer gets no levels of a section."""


@app.command()
@paged()
def show(
    course: Annotated[str, typer.Argument(help="Code of the course.", show_default=False)],
    page: ListPage,
    section: Annotated[str | None, typer.Option(metavar="NAME", help="Only a section or group.", show_default=False)] = None,
) -> None:
    """Show the mastery of the class of COURSE in each week."""
    with transaction() as session:
        try:
            in_use = rule_in_use(session, course)
        except ObservedOnlyError as observed:
            if not observed.is_closed:
                raise
            if section is not None:
                raise InputError(OF_ALL) from observed
            found = observed_weeks(session, observed.course)
            page.say(f"Levels in {observed.course}, for active and completed students: how many there are at least")
            page.show(part_of(found), OBSERVED_WEEKS, total=len(found), nothing="The class is too small to be shown, or has no weeks.")
            return
        page.say(
            f"Mastery in {course} by the {in_use.rule.describe()}, for active and completed students"
            + (f" in {section}" if section else "")
            + _seen(session, course)
        )
        if in_use.caveat():
            page.say(in_use.caveat())
        page.show(
            partial(class_weeks, session, course, section=section),
            CLASS_WEEKS,
            worded=lambda week: {**week, "mean_value": number_text(week["mean_value"])},
            nothing="The course has no weeks in its syllabus.",
        )


@app.command("sections")
@paged()
def show_sections(course: Annotated[str, typer.Argument(help="Code of the course.", show_default=False)], page: ListPage) -> None:
    """Show the mean mastery of the sections and groups of COURSE in each week, beside that of all students."""
    with transaction() as session:
        in_use = rule_in_use(session, course)
        page.say(
            f"Mastery in {course} by the {in_use.rule.describe()}, for active and completed students, by section and group"
            + _seen(session, course)
        )
        found = list(rows_of(mastery_by_section(session, course, limit=MAX_PAGE)))
        page.show(
            part_of(found),
            BY_SECTION,
            total=len(found),
            worded=lambda week: {
                **week,
                **{name: number_text(week[name]) for name in ("mean_value", "deviation", "low", "high", "class_value")},
            },
            nothing="The course has no sections or groups, or no weeks in its syllabus.",
        )


def _seen(session: "Session", course: str) -> str:
    """Say whose numbers these are, to an assistant who sees the students of some sections only."""
    seen = seen_sections(session, course)
    return "" if seen is None else f" in the sections that you see ({', '.join(seen) or 'none'})"


app.command()(rule)
app.command()(compare)
