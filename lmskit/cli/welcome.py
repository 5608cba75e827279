"""`lmskit welcome`: what the message that confirms an enrollment says."""

from typing import Annotated

import typer

from lmskit.cli.dry_run import WAS_DRY, DryRun
from lmskit.cli.printing import print_line
from lmskit.cli.text_file import text_in
from lmskit.db import snapshot, transaction
from lmskit.limits import LONGEST_PROSE
from lmskit.schemas.written_message import ENGLISH, OfWelcome, SetWelcome
from lmskit.services.message_preview import preview_message, shown
from lmskit.services.welcome import clear_welcome, set_welcome, welcome_source

app = typer.Typer(
    name="welcome",
    help="What the message that confirms an enrollment says: show it, preview it, write it, return to the built-in text.",
    no_args_is_help=True,
)

OfCourse = Annotated[
    str | None,
    typer.Option("--course", metavar="CODE", help="Of this course; otherwise of all courses without their own.", show_default=False),
]
Student = Annotated[
    str | None,
    typer.Option("--student", metavar="ADDRESS", help="As this student of the course gets it.", show_default=False),
]


@app.command()
def show(course: OfCourse = None) -> None:
    """Show which text the messages have: that of the course, that of all courses, or the built-in one."""
    with snapshot() as session:
        print_line(welcome_source(session, OfWelcome(course=course)))


@app.command()
def preview(course: OfCourse = None, student: Student = None) -> None:
    """Show the message as a student gets it, and send nothing."""
    with snapshot() as session:
        _print(shown(preview_message(session, OfWelcome(course=course), student=student)))


@app.command("set")
def set_text(
    *,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="The subject, with placeholders as in the text.", show_default=False)],
    text_file: Annotated[
        str,
        typer.Option(metavar="FILE", help="The text, - reads standard input. Empty lines part paragraphs.", show_default=False),
    ],
    course: OfCourse = None,
    language: Annotated[str, typer.Option(metavar="TAG", help="The language of the text, such as de or pt-BR.")] = ENGLISH,
    student: Student = None,
    dry_run: DryRun = False,
) -> None:
    """Write the text of the messages of a course, or of all courses without a text of their own.

    {name}, {course}, {title} and {term} stand for the student's name, the code and title of the course, and the name of its term.

    The text is the whole message: nothing is added to it.
    Messages that wait have it too.
    """
    text = text_in(text_file, option="--text-file", longest=LONGEST_PROSE)
    request = SetWelcome(course=course, language=language, subject=subject, text=text)
    with transaction() as session:
        _print(shown(preview_message(session, request, student=student)))
        sentence = WAS_DRY if dry_run else set_welcome(session, request)
    print_line("")
    print_line(sentence)


@app.command()
def clear(course: OfCourse = None) -> None:
    """Remove the text of a course, or that of all courses; messages then have the next one, at last the built-in one."""
    with transaction() as session:
        sentence = clear_welcome(session, OfWelcome(course=course))
    print_line(sentence)


def _print(lines: str) -> None:
    for line in lines.splitlines():
        print_line(line)
