"""`lmskit demo`: set up a demonstration with people, courses, results and reports, from an empty machine."""

import time
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.text import Text

from lmskit.cli.exit_status import PARTLY
from lmskit.cli.printing import console, print_error, visible
from lmskit.cli.seed import seed_people
from lmskit.db import access, engine_for, migrator_engine, revision, transaction
from lmskit.materials.chosen_store import store_of
from lmskit.reporting.files import file_names
from lmskit.services.demonstration import build
from lmskit.services.demonstration_materials import add_demonstration_materials
from lmskit.services.knowledge_tracing import fit_courses
from lmskit.services.mastery import refresh
from lmskit.services.material_vectors import embed_passages
from lmskit.settings import DEMO_ADMIN


class Steps:
    """Prints each step with the seconds since the beginning, one line for each."""

    def __init__(self) -> None:
        self.begun = time.monotonic()

    def report(self, step: str, done: int, total: int | None) -> None:
        """Print a step, and how much of it is done if it can be counted."""
        self.print(step if total is None else f"{step} ({done} of {total})")

    def print(self, sentence: str) -> None:
        """Print a sentence after the seconds since the beginning."""
        console().print(Text(f"{time.monotonic() - self.begun:6.1f} s  {visible(sentence)}"), soft_wrap=True)


def demo(
    *,
    students: Annotated[int, typer.Option(min=1, max=5000, help="Simulated students in the current term.")] = 300,
    reports: Annotated[bool, typer.Option("--reports/--no-reports", help="Whether to build the reports of the current term.")] = True,
) -> None:
    """Set up the database, the demonstration people, a simulated term with its mastery, and its reports. Can be run again."""
    steps = Steps()
    steps.print("Starting the database server")
    if (outdated := access().server.change_over()) is not None:
        steps.print(outdated.sentence())
    before = revision.current(migrator_engine())
    if before != revision.head():
        steps.print("Bringing its tables up to date")
        revision.upgrade()
    for line in seed_people().lines():
        steps.print(line)
    engine = engine_for(DEMO_ADMIN)
    with transaction(engine) as session:
        report = build(session, students=students, progress=steps.report)
        if report.terms_added:
            steps.print("Estimating mastery")
            steps.print(refresh(session, courses=report.courses).sentence())
            steps.print("Fitting knowledge tracing to the current term")
            fit_courses(session, courses=report.courses_of_current_term)
    materials = add_demonstration_materials(lambda: transaction(engine), store_of(access().settings), report.courses_of_current_term)
    if materials:
        steps.print(f"Added {materials} materials")
        steps.print(embed_passages(lambda: transaction(engine), access().settings).sentence)
    content = f"{len(report.courses)} courses, {report.students:,} students and {report.attempts:,} attempts"
    steps.print(f"The demonstration has {content}, all simulated.")
    if reports:
        _build_reports(report.terms[-1], report.courses_of_current_term, anew=report.terms_added > 0, steps=steps)
    steps.print("To look around: lmskit lab")


def _build_reports(term: str, courses: Sequence[str], *, anew: bool, steps: Steps) -> None:
    """Build the reports of a term, unless they exist and show the same data."""
    folder = access().settings.reports_dir / file_names([term])[term]
    pages = [folder / f"{name}.html" for name in ("index", *file_names(courses).values())]
    if not anew and all(page.is_file() for page in pages):
        steps.print(f"The reports of {term} exist already: {folder / 'index.html'}")
        return
    from lmskit.reporting.builder import build_term  # noqa: PLC0415 - imports nbconvert, which --no-reports does without

    result = build_term(term, progress=steps.report)
    for code, reason in sorted(result.failed.items()):
        print_error(f"The report of {code} could not be built: {reason}")
    if result.failed:
        raise typer.Exit(PARTLY)
    steps.print(f"The reports of {term} are built: {result.index}")
