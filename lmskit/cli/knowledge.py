"""`lmskit knowledge`: fit knowledge tracing to what was answered, and show what was found."""

from typing import Annotated

import typer

from lmskit.cli.page import Limit, Offset

app = typer.Typer(name="knowledge", help="Knowledge tracing: fit it to what was answered, and see how good it is.", no_args_is_help=True)


@app.command()
def fit(
    course: Annotated[str | None, typer.Option(help="Code of the one course to fit; by default all.", show_default=False)] = None,
    *,
    forgetting: Annotated[bool, typer.Option("--forgetting", help="Allow that what is known is forgotten.")] = False,
    seed: Annotated[int, typer.Option(help="Of the starts and the folds; the same one gives the same fits.")] = 0,
) -> None:
    """Fit every week to its answers, and keep the parameters; for administrators."""
    from lmskit.cli.printing import say, spinner, visible
    from lmskit.db.transaction import transaction
    from lmskit.services.knowledge_tracing import fit_courses

    with spinner("Fitting knowledge tracing") as progress, transaction() as session:
        report = fit_courses(
            session,
            courses=None if course is None else [course],
            forgetting=forgetting,
            seed=seed,
            progress=progress,
        )
    say(report.sentence())
    say("Courses whose rule is bkt use these parameters from the next refresh on: lmskit mastery refresh")
    for code, reason in report.skipped.items():
        typer.echo(visible(f"{code} was left as it is: {reason}"), err=True)
    if report.skipped:
        raise typer.Exit(1)


@app.command()
def show(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """Show what was fitted in COURSE, week by week, and how well it predicts students it was not fitted to."""
    from lmskit.cli.printing import print_table, say
    from lmskit.db import snapshot
    from lmskit.queries.course import course_by_code
    from lmskit.queries.knowledge import knowledge_fits
    from lmskit.rounding import number_text

    with snapshot() as session:
        course_by_code(session, course)
        fits = knowledge_fits(session, course, limit=limit, offset=offset)
    for name in ("prior", "learn", "guess", "slip", "forget", "auc", "rmse", "log_loss"):
        fits[name] = fits[name].map(number_text, na_action=None)
    fits["log_likelihood"] = fits["log_likelihood"].map(lambda value: number_text(value, 1))
    fits["day"] = [f"{moment:%Y-%m-%d}" for moment in fits["fitted_at"]]
    fits["note"] = [
        "constrained" if kept else "" if done else "not converged"
        for kept, done in zip(fits["constrained"], fits["converged"], strict=True)
    ]
    say(f"Knowledge tracing in {course}; AUC, RMSE and log-loss are of students whom the parameters were not fitted to")
    print_table(
        fits,
        _HEADINGS,
        offset=offset,
        nothing=f"Nothing was fitted yet. To do it, as an administrator: lmskit knowledge fit --course {course}",
    )


_HEADINGS = {
    "week_number": "Week",
    "topic": "Topic",
    "prior": "Prior",
    "learn": "Learn",
    "guess": "Guess",
    "slip": "Slip",
    "forget": "Forget",
    "n_students": "Students",
    "n_answers": "Answers",
    "log_likelihood": "Log-likelihood",
    "auc": "AUC",
    "rmse": "RMSE",
    "log_loss": "Log-loss",
    "day": "Fitted on",
    "note": "Note",
}
