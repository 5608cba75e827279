"""`lmskit enrollment`: list the students of a course, enrol and withdraw students, send the messages about it."""

import datetime as dt
from functools import partial
from typing import Annotated

import typer

from lmskit.cli.asking import confirmed
from lmskit.cli.dry_run import WAS_DRY, DryRun, Yes
from lmskit.cli.exit_status import PARTLY
from lmskit.cli.mail import deliver_once
from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.pasted import confirmed_number, end, print_preview, text_of
from lmskit.cli.printing import print_line
from lmskit.db import access, retried, snapshot, transaction
from lmskit.errors import InputError
from lmskit.limits import MOST_STUDENTS
from lmskit.listings import ROSTER
from lmskit.models import User
from lmskit.queries.roster import roster_rows, roster_size
from lmskit.rounding import count_text
from lmskit.schemas.enrollment import EnrollPasted, EnrollStudent, WithdrawSeveral
from lmskit.services.admission import admit, over_sentence
from lmskit.services.bulk_withdrawal import withdraw_several
from lmskit.services.enrollment import withdraw as withdraw_student
from lmskit.services.pasted_enrollment import enroll_pasted
from lmskit.services.previewed import as_previewed
from lmskit.services.transport import transport_of
from lmskit.vocabulary import WelcomeTime

app = typer.Typer(name="enrollment", help="List the students of a course, enrol students, withdraw some.", no_args_is_help=True)

Course = Annotated[str, typer.Argument(metavar="COURSE", help="Code of the course.", show_default=False)]
OfSection = Annotated[str | None, typer.Option("--section", metavar="NAME", help="Only a section or group.", show_default=False)]
Search = Annotated[
    str | None,
    typer.Option(
        "--search", metavar="TEXT", help="Only students whose names have every word, in any order and spelling.", show_default=False
    ),
]
Email = Annotated[str | None, typer.Argument(metavar="[EMAIL]", help="Address of the student; or --file.", show_default=False)]
Student = Annotated[
    str | None,
    typer.Argument(
        metavar="[STUDENT]",
        help="Address, number (No.) in lists, or id in another system, written SYSTEM:ID; or --file.",
        show_default=False,
    ),
]
People = Annotated[
    str | None,
    typer.Option(
        "--file",
        metavar="FILE",
        help="Many students: a text with addresses or names, one per line or separated by semicolons; - reads standard input.",
        show_default=False,
    ),
]


@app.command("list")
@paged(after=AfterNumber, named_by="student_id")
def roster(course: Course, page: ListPage, section: OfSection = None, search: Search = None) -> None:
    """List everyone who is or was enrolled in a course."""
    nothing = f"No student is enrolled in {course} yet." if section is None else f"No student of {course} is in {section}."
    if search:
        nothing = f"No student of {course} has such a name."
    headings = {"student_id": "No."} | ROSTER.headings
    with snapshot() as session:
        total = roster_size(session, course, section=section, search=search)
        read = partial(roster_rows, session, course, section=section, search=search)
        page.show(read, ROSTER, total=total, headings=headings, nothing=nothing)


@app.command()
def add(
    course: Course,
    email: Email = None,
    *,
    family_name: Annotated[str, typer.Option(help="Needed for a student who is not in lmskit yet.")] = "",
    given_name: Annotated[str, typer.Option(help="For a student who is not in lmskit yet.")] = "",
    file: People = None,
    welcome: Annotated[WelcomeTime, typer.Option(help="When the message is sent: now, or on the first day of the term.")] = WelcomeTime.NOW,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Enrol a student, or bring back one who left; the enrollment is active once the message about it is accepted.

    It asks first where the last day of the course's term is past.
    With --file many: what becomes of each is shown first, then all of them are enrolled in one transaction, each with a message.
    """
    if file is None:
        if dry_run:
            raise InputError("--dry-run belongs to --file. To enrol one student, leave it out.")
        if email is None:
            raise InputError("Give the address of the student, or --file FILE for many.")
        request = EnrollStudent(course=course, email=email, family_name=family_name, given_name=given_name, welcome=welcome)
        if not yes and (over := _term_over(course)):
            confirmed(f"{over} Enrol {request.email} all the same?", instead="--yes")
        print_line(admit(transaction, transport_of(access().settings), request))
        return
    if email is not None or family_name or given_name:
        raise InputError("--file names the students. Leave EMAIL, --family-name and --given-name out.")
    pasted = EnrollPasted(course=course, people=text_of(file), welcome=welcome)
    with transaction() as session:
        preview = enroll_pasted(session, pasted, dry_run=True)
    print_preview(preview)
    over = _term_over(course)
    if dry_run:
        if over:
            print_line(over)
        print_line(WAS_DRY)
    elif preview.n_done:
        if not yes:
            when = "" if welcome is WelcomeTime.NOW else " when the term begins"
            question = f"Enrol {count_text(preview.n_done, 'student')} in {course} and send each a message{when}?"
            confirmed(f"{over} {question}".lstrip(), instead="--yes")
        as_previewed(transaction, partial(enroll_pasted, request=pasted), preview, what=f"the students of {course}")
        who = count_text(preview.n_done, "student")
        message = "message" if welcome is WelcomeTime.NOW else "message of the term's first day"
        print_line(f"{who} {'is' if preview.n_done == 1 else 'are'} enrolled in {course}: pending until the {message} is accepted.")
        deliver_once(none_sent=PARTLY)
    end(preview)


def _term_over(course: str) -> str:
    with snapshot() as session:
        return over_sentence(session, course)


@app.command()
def withdraw(
    course: Course,
    student: Student = None,
    *,
    file: People = None,
    section: Annotated[str | None, typer.Option(metavar="NAME", help="All students of a section or group.", show_default=False)] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="All students of the course.")] = False,
    withdraw_at_most: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            min=0,
            max=MOST_STUDENTS,
            help="The number of students to withdraw, if they are more than 20 or than 10 % of the course.",
            show_default=False,
        ),
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="Send a message about it, but not to those who are still pending.")] = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """End the enrollment of a student today; all attempts stay.

    With --file, --section or --everyone many, after a question: a large number has to be typed.
    """
    if file is None and section is None and not everyone:
        if withdraw_at_most is not None:
            raise InputError("--withdraw-at-most belongs to --file, --section and --everyone. To withdraw one student, leave it out.")
        if student is None:
            raise InputError("Give the address of the student, or for many: --file FILE, --section NAME or --everyone.")
        _withdraw_one(course, student, notify=notify, dry_run=dry_run)
        return
    if student is not None:
        raise InputError("--file, --section and --everyone say who is withdrawn. Leave STUDENT out.")
    people = None if file is None else text_of(file)
    request = WithdrawSeveral(course=course, people=people, section=section, everyone=everyone, notify=notify, at_most=withdraw_at_most)
    with transaction() as session:
        preview = withdraw_several(session, request, dry_run=True)
    print_preview(preview)
    if dry_run:
        print_line(WAS_DRY)
    elif preview.n_done:
        if withdraw_at_most is None and not yes:
            request = request.model_copy(update={"at_most": confirmed_number(preview)})
        as_previewed(transaction, partial(withdraw_several, request=request), preview, what=f"the students of {course}")
        who = count_text(preview.n_done, "student")
        print_line(f"{who} {'was' if preview.n_done == 1 else 'were'} withdrawn from {course}. Their records and all attempts stay.")
        if notify:
            deliver_once(none_sent=PARTLY)
    end(preview)


def _withdraw_one(course: str, who: str, *, notify: bool, dry_run: bool) -> None:
    def work() -> tuple[str, dt.date | None]:
        with transaction() as session, session.begin_nested() as attempt:
            enrollment = withdraw_student(session, course=course, who=who, notify=notify)
            student = session.get_one(User, enrollment.student_id)
            withdrawn = student.email or student.name, enrollment.ended_on
            if dry_run:
                attempt.rollback()
        return withdrawn

    named, ended_on = retried(work, idempotent=False)
    print_line(f"{named} {'would be' if dry_run else 'was'} withdrawn from {course} as of {ended_on}. The record and all attempts stay.")
    if dry_run:
        print_line(WAS_DRY)
    elif notify:
        deliver_once(none_sent=PARTLY)


@app.command()
def deliver() -> None:
    """Send the messages that are due; the same as `lmskit mail deliver`."""
    deliver_once()
