"""`lmskit mail`: send the messages that wait, list messages, try some again."""

import signal
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import typer

from lmskit.cli.exit_status import PARTLY, REFUSED
from lmskit.cli.page import AfterNumber, ListPage, paged
from lmskit.cli.printing import print_error, print_line
from lmskit.db import access, engine_for, snapshot, transaction
from lmskit.db.failure import translated_errors
from lmskit.db.schema_revision import require_known_schema
from lmskit.listings import MESSAGES
from lmskit.queries.course import course_by_code
from lmskit.queries.outbox import count_outbox_messages, message_rows
from lmskit.readable import minute
from lmskit.services.delivery import deliver_waiting
from lmskit.services.delivery import watch as watch_outbox
from lmskit.services.mail_check import send_test_message
from lmskit.services.permission import administrators_only
from lmskit.services.retry import retry as retry_messages
from lmskit.services.retry import retry_settled
from lmskit.services.transport import transport_of
from lmskit.vocabulary import OutboxStatus

app = typer.Typer(name="mail", help="Send the messages that wait, list messages, try some again.", no_args_is_help=True)


@app.command()
def deliver(
    *,
    watch: Annotated[bool, typer.Option("--watch", help="Go on until stopped (Ctrl-C, SIGTERM), and send new messages as well.")] = False,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="With --watch: seconds between two looks at the outbox.")] = 5,
) -> None:
    """Send the messages that are due, so that their enrollments become active.

    Exit status 3 when a message was not accepted; 1 when none could be sent.
    """
    if watch:
        _watch(every)
    else:
        deliver_once()


def deliver_once(say: Callable[[str], None] = print_line, *, none_sent: int = REFUSED) -> None:
    """Send the messages that are due, print the result, and end with the status `none_sent` if none could be sent."""
    report = deliver_waiting(transaction, transport_of(access().settings))
    say(report.sentence)
    unsent = (*report.refused, *report.given_up, *report.postponed)
    for message in unsent:
        say(f"{message.recipient}: {message.reason}")
    if report.stopped is not None:
        say(report.stopped)
    if report.stopped is not None and not report.sent:
        raise typer.Exit(none_sent)
    if unsent or report.stopped is not None:
        raise typer.Exit(PARTLY)


@app.command("test")
def send_test(address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Where to send it.", show_default=False)]) -> None:
    """Send a message to try out the settings of mail; it passes the messages that wait, and needs no database.

    To check the mail server without sending anything: lmskit doctor
    """
    print_line(send_test_message(access().settings, address))


@app.command("list")
@paged(after=AfterNumber, named_by="id")
def list_messages(
    page: ListPage,
    *,
    status: Annotated[OutboxStatus | None, typer.Option(help="Only messages of this status.", show_default=False)] = None,
    course: Annotated[str | None, typer.Option(metavar="CODE", help="Only messages about this course.", show_default=False)] = None,
) -> None:
    """List messages with their status, newest first."""
    with snapshot() as session, administrators_only("see the messages"):
        if course is not None:
            course = course_by_code(session, course).code
        total = count_outbox_messages(session, status=status, course=course)
        filtered = status is not None or course is not None
        nothing = "There is no such message." if filtered else "There are no messages yet. An enrollment writes one: lmskit enrollment add"
        headings = MESSAGES.headings
        reason = headings.pop("last_error")
        headings |= {"when": "Sent, or next try", "last_error": reason}
        page.show(
            partial(message_rows, session, status=status, course=course),
            MESSAGES,
            total=total,
            headings=headings,
            worded=lambda message: {**message, "when": _when(message)},
            nothing=nothing,
        )
    instead_of_mail = transport_of(access().settings).instead_of_mail
    if total and instead_of_mail:  # the status says sent of what is only a file
        print_error(instead_of_mail)


@app.command()
def retry(
    messages: Annotated[list[int] | None, typer.Argument(metavar="[MESSAGE]...", help="Numbers from the list.", show_default=False)] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Every message that was given up after too many tries.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Every message that the mail server refused.")] = False,
) -> None:
    """Try messages again: a waiting one is due at once; for a refused or dead one the enrollment is requested again.

    They are sent by the next: lmskit mail deliver

    Exit status 3 when some were skipped, each with its reason; 1 when all were.
    """
    numbers = messages or []
    outcomes = [outcome for outcome, wanted in ((OutboxStatus.DEAD, dead), (OutboxStatus.REFUSED, refused)) if wanted]
    if bool(numbers) == bool(outcomes):
        raise typer.BadParameter("Name the messages by their numbers, or choose all with --dead or --refused.")
    with transaction() as session:
        reports = [retry_messages(session, numbers)] if numbers else [retry_settled(session, outcome) for outcome in outcomes]
    for report in reports:
        print_line(report.sentence)
        for message, reason in report.skipped.items():
            print_line(f"Message {message}: {reason}")
    is_any_tried = any(report.requested_again or report.due_now for report in reports)
    if is_any_tried:
        print_line("To send them: lmskit mail deliver")
    if any(report.skipped for report in reports):
        raise typer.Exit(PARTLY if is_any_tried else REFUSED)


def _when(message: Any) -> str | None:  # noqa: ANN401 - a row of the database
    if message["sent_at"] is not None:
        return minute(message["sent_at"])
    return f"from {minute(message['available_at'])}" if message["status"] == OutboxStatus.WAITING else None


def _watch(every: float) -> None:
    stopping = False

    def stop(number: int, _frame: Any) -> None:  # noqa: ANN401 - Python's signature
        nonlocal stopping
        stopping = True
        signal.signal(number, signal.SIG_DFL)  # a second signal ends the process at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    print_line(f"Looking for messages every {every:g} seconds. To stop: Ctrl-C")
    transport = transport_of(access().settings)
    watch_outbox(transaction, transport, every=every, go_on=lambda: not stopping, say=print_line, ready=_require_known_schema)
    print_line("Stopped; no message is being sent.")


def _require_known_schema() -> None:
    with translated_errors():
        require_known_schema(engine_for(), again=True)
