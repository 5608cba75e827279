"""`lmskit message`: write to students of a course."""

from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.mail import deliver_once
from lmskit.cli.printing import print_line
from lmskit.cli.text_file import text_in
from lmskit.db import snapshot, transaction
from lmskit.limits import LONGEST_PROSE
from lmskit.rounding import count_text
from lmskit.schemas.written_message import ENGLISH, SendMessage
from lmskit.services.message_preview import preview_to_students
from lmskit.services.student_message import send_as_previewed

app = typer.Typer(name="message", help="Write to students of a course.", no_args_is_help=True)


@app.callback()
def _verbs() -> None:
    """Write to students of a course."""


@app.command()
def send(
    course: Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)],
    *,
    subject: Annotated[str, typer.Option(metavar="TEXT", help="The subject, with placeholders as in the text.", show_default=False)],
    text_file: Annotated[
        str, typer.Option(metavar="FILE", help="The text; - reads standard input. Empty lines part paragraphs.", show_default=False)
    ],
    section: Annotated[str | None, typer.Option(metavar="NAME", help="To the students of a section or group.", show_default=False)] = None,
    student: Annotated[
        list[str] | None, typer.Option(metavar="ADDRESS", help="To this student; can be repeated.", show_default=False)
    ] = None,
    language: Annotated[str, typer.Option(metavar="TAG", help="The language of the text, such as de or pt-BR.")] = ENGLISH,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Send a message to the students of a course who are active or have completed it, to each one alone.

    {name}, {course}, {title} and {term} stand for the student's name, the code and title of the course, and the name of its term.

    Who got the same text in the course before does not get it again; where nobody is left, the command is refused.
    """
    text = text_in(text_file, option="--text-file", longest=LONGEST_PROSE)
    request = SendMessage(course=course, subject=subject, text=text, language=language, section=section, students=tuple(student or ()))
    with snapshot() as session:
        recipients, letter = preview_to_students(session, request)
    for line in letter.splitlines():
        print_line(line)
    print_line("")
    print_line(recipients.sentence)
    if dry_run:
        print_line(WAS_DRY)
    else:
        if not yes:
            confirmed(f"Send this message to {count_text(len(recipients.addresses), 'student')} of {recipients.course}?", instead="--yes")
        send_as_previewed(transaction, request, recipients)
        deliver_once(none_sent=PARTLY)
