"""`lmskit export`: write the tables, scores and question banks of a course, and records without names."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.orm import Session

from lmskit.analytics.anonymity import LEAST
from lmskit.cli.printing import print_line, visible
from lmskit.db import snapshot
from lmskit.errors import InputError
from lmskit.queries.course import course_by_code, courses_of_term
from lmskit.reporting.course_tables import export_answers, export_attempts, export_gradebook, export_roster
from lmskit.reporting.pseudonymised import export_pseudonymised, report_lines
from lmskit.reporting.question_banks.bank_file import export_question_bank
from lmskit.reporting.scores_file import export_scores
from lmskit.vocabulary import BankFileFormat, GradebookSystem, ResultAttempt

app = typer.Typer(
    name="export", help="Write a course into files: tables, scores, question banks, and records without names.", no_args_is_help=True
)

OfCourse = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
ToFile = Annotated[
    Path, typer.Option("--to", metavar="FILE", help="The file to make, which ends with .csv or .xlsx.", show_default=False, dir_okay=False)
]
Counted = Annotated[ResultAttempt, typer.Option("--attempts", help="Which of a student's graded attempts is the result.")]


@app.callback()
def export() -> None:
    """Write a course into files: tables, scores, question banks, records without names."""


@app.command()
def roster(course: OfCourse, *, to: ToFile) -> None:
    """Write the people of a course with their sections, groups and status.

    Importing the file changes nothing. The status of who waits for a message is blank. No cell is a formula.
    """
    _write(to, lambda session: export_roster(session, course, to))


@app.command()
def gradebook(course: OfCourse, *, to: ToFile, attempts: Counted = ResultAttempt.HIGHEST) -> None:
    """Write the result of each active or completed student at each quiz, one in a row.

    Importing the file changes nothing. EX stands for the score of an excused student. No cell is a formula.
    """
    _write(to, lambda session: export_gradebook(session, course, to, counted=attempts))


@app.command()
def attempts(course: OfCourse, *, to: ToFile) -> None:
    """Write the attempts at the quizzes of a course, with whether each is evidence of mastery.

    Importing the file changes nothing. A result without attempts has no number. No cell is a formula.
    """
    _write(to, lambda session: export_attempts(session, course, to))


@app.command()
def answers(course: OfCourse, *, to: ToFile) -> None:
    """Write the answers in the attempts of a course, one in a row, to read: no import reads such a file.

    No cell is a formula.
    """
    _write(to, lambda session: export_answers(session, course, to))


@app.command()
def scores(
    course: OfCourse,
    *,
    system: Annotated[GradebookSystem, typer.Option("--for", help="The system whose gradebook imports the file.", show_default=False)],
    to: Annotated[Path, typer.Option("--to", metavar="FILE", help="The CSV file to make.", show_default=False, dir_okay=False)],
    attempts: Counted = ResultAttempt.HIGHEST,
) -> None:
    """Write the scores of a course into a file that the gradebook of Canvas or Moodle imports.

    A blank cell can remove a grade there: a student has one for a quiz without a result, and in Moodle who is excused.
    """
    with snapshot() as session:
        written = export_scores(session, course, to, system, counted=attempts)
    print_line(f"Students in {to}: {written.n_students:,}; quizzes: {written.n_quizzes:,}. They are personal data.")
    for name in written.left_out:
        print_line(f"Left out, since {system.value.title()} could not find the student by an id or address: {visible(name)}.")


@app.command("question-bank")
def question_bank(
    course: OfCourse,
    bank: Annotated[
        str, typer.Argument(metavar="BANK", help="Name of the bank, as lmskit question-bank list shows it.", show_default=False)
    ],
    *,
    to: Annotated[
        Path,
        typer.Option(
            "--to", metavar="FILE", help="The file to make: .xml, .gift or .txt, or .zip for QTI.", show_default=False, dir_okay=False
        ),
    ],
    form: Annotated[
        BankFileFormat | None, typer.Option("--as", help="The format, by default the one that the file ends with.", show_default=False)
    ] = None,
) -> None:
    """Write a question bank with its keys as Moodle XML, GIFT or QTI 2.1, which other systems and lmskit import.

    A question that the file would not give back as it is, such as one of two points as GIFT, is left out and named.
    """
    with snapshot() as session:
        written = export_question_bank(session, course, bank, to, form)
    print_line(f"Questions in {to}, as {written.title} with their keys: {written.n_questions:,}.")
    for question, reason in written.left_out:
        print_line(f"Left out: {visible(question)}, since {reason}.")


@app.command()
def pseudonymised(
    *,
    to: Annotated[Path, typer.Option("--to", metavar="FOLDER", help="The folder to make.", show_default=False)],
    course: Annotated[str | None, typer.Option(metavar="CODE", help="The one course to export.", show_default=False)] = None,
    term: Annotated[
        str | None, typer.Option(metavar="CODE", help="Export all courses of a term that you can see.", show_default=False)
    ] = None,
    least: Annotated[int, typer.Option("--least", min=2, max=100, help="Students who have to share what others could know.")] = LEAST,
) -> None:
    """Write attempts and mastery under pseudonyms that hold for this export alone, with small groups hidden."""
    if (course is None) == (term is None):
        raise InputError("Name either one course or a term: --course CODE or --term CODE")
    with snapshot() as session:
        courses = [course_by_code(session, course)] if course is not None else courses_of_term(session, term or "")
        exported = export_pseudonymised(session, courses, to, least=least)
    for line in report_lines(exported, least):
        print_line(line)
    print_line(f"The tables and this report are in {to}.")


def _write(to: Path, write: Callable[[Session], int]) -> None:
    with snapshot() as session:
        n_rows = write(session)
    print_line(f"Rows in {to}: {n_rows:,}. They are personal data.")
