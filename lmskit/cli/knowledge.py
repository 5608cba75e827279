"""`lmskit knowledge`: fit knowledge tracing to responses, and show the fits."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.page import ListPage, paged
from lmskit.cli.printing import print_error, print_line, spinner
from lmskit.db import PATIENT, retried, snapshot, transaction
from lmskit.queries.course import course_by_code
from lmskit.queries.knowledge import KNOWLEDGE_FITS, knowledge_fit_rows
from lmskit.read_models.knowledge import fit_notes
from lmskit.rounding import number_text
from lmskit.services.knowledge_tracing import KnowledgeReport, fit_courses

app = typer.Typer(name="knowledge", help="Knowledge tracing: fit it to responses, and see how well it predicts.", no_args_is_help=True)


@app.command()
def fit(
    course: Annotated[str | None, typer.Option(help="Code of the one course to fit; by default all.", show_default=False)] = None,
    *,
    forgetting: Annotated[bool, typer.Option("--forgetting", help="Fit a probability of forgetting too.")] = False,
    seed: Annotated[int, typer.Option(help="Of the starting values and the folds; the same seed gives the same fits.")] = 0,
) -> None:
    """Fit every week to its responses, and store the parameters; for administrators."""
    with spinner("Fitting knowledge tracing") as progress:

        def work() -> KnowledgeReport:
            with transaction() as session:
                courses = None if course is None else [course]
                return fit_courses(session, courses=courses, forgetting=forgetting, seed=seed, progress=progress)

        report = retried(work, lock_attempts=PATIENT)
    print_line(report.sentence())
    print_line("Courses whose rule is bkt use these parameters from the next refresh on: lmskit mastery refresh")
    for sentence in report.sentences_about_quizzes():
        print_error(sentence)
    for code, reason in report.skipped.items():
        print_error(f"{code} was left as it is: {reason}")
    if report.skipped:
        raise typer.Exit(PARTLY if report.n_courses else REFUSED)


@app.command()
@paged()
def show(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    page: ListPage,
) -> None:
    """Show the fit of each week of COURSE, and how well it predicts students whose responses were held out."""
    with snapshot() as session:
        course_by_code(session, course)
        page.say(f"Knowledge tracing in {course}; AUC, RMSE and log-loss are of students who were held out of the fit")
        page.show(
            partial(knowledge_fit_rows, session, course),
            KNOWLEDGE_FITS,
            headings={**KNOWLEDGE_FITS.headings, "day": "Fitted on", "note": "Note"},
            worded=_worded,
            nothing=f"There are no fits yet. To make them, as an administrator: lmskit knowledge fit --course {course}",
        )


def _worded(fit: Mapping[str, Any]) -> dict[str, Any]:
    numbers = ("prior", "learn", "guess", "slip", "forget", "auc", "rmse", "log_loss")
    return {
        **fit,
        **{name: number_text(fit[name]) for name in numbers},
        "log_likelihood": number_text(fit["log_likelihood"], 1),
        "day": f"{fit['fitted_at']:%Y-%m-%d}",
        "note": ", ".join(fit_notes(fit)),
    }
