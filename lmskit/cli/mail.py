"""`lmskit mail`: hand over the messages that wait, see what became of them, try some again."""

import signal
from typing import Annotated, Any

import typer

from lmskit.cli.page import Limit, Offset
from lmskit.vocabulary import OutboxStatus

app = typer.Typer(name="mail", help="Hand over the messages that wait, see what became of them, try some again.", no_args_is_help=True)

LISTED = {
    "id": "Message", "recipient": "To", "name": "Student", "course": "Course", "status": "Status", "attempts": "Tries", "when": "When",
    "last_error": "Why",
}  # fmt: skip


@app.command()
def deliver(
    *,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on until stopped (Ctrl-C, SIGTERM), and hand over messages as they come.")
    ] = False,
    every: Annotated[float, typer.Option(min=0.1, max=3600, help="With --watch: seconds from one look at the outbox to the next.")] = 5,
) -> None:
    """Hand over the messages that are due, so that their places become active.

    Exit status 1 when a message was not accepted, or none could be handed over.
    """
    if watch:
        _watch(every)
    else:
        deliver_once()


def deliver_once() -> None:
    """Hand over what is due, and say what became of it."""
    from lmskit.cli.printing import say
    from lmskit.db import access, transaction
    from lmskit.services.delivery import deliver_waiting
    from lmskit.services.transport import transport_of

    report = deliver_waiting(transaction, transport_of(access().settings))
    say(report.sentence)
    for one in (*report.refused, *report.given_up, *report.postponed):
        say(f"{one.recipient}: {one.reason}")
    if report.stopped is not None:
        say(report.stopped)
    if report.refused or report.given_up or report.postponed or report.stopped is not None:
        raise typer.Exit(1)


@app.command("list")
def list_messages(
    *,
    status: Annotated[OutboxStatus | None, typer.Option(help="Only messages of this status.", show_default=False)] = None,
    course: Annotated[str | None, typer.Option(metavar="CODE", help="Only what concerns this course.", show_default=False)] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List messages, newest first, with what became of them."""
    from lmskit.cli.printing import print_table
    from lmskit.db import snapshot
    from lmskit.queries.course import course_by_code
    from lmskit.queries.outbox import count_outbox_messages, outbox_messages
    from lmskit.services.permission import administrators_only

    with snapshot() as session, administrators_only("see the messages"):
        if course is not None:
            course = course_by_code(session, course).code
        found = outbox_messages(session, status=status, course=course, limit=limit, offset=offset)
        total = count_outbox_messages(session, status=status, course=course)
    found["when"] = [
        f"{sent:%Y-%m-%d %H:%M}" if sent is not None else f"from {due:%Y-%m-%d %H:%M}" if is_waiting else None
        for sent, due, is_waiting in zip(found["sent_at"], found["available_at"], found["status"] == OutboxStatus.WAITING, strict=True)
    ]
    print_table(found, LISTED, offset=offset, total=total, nothing="There is no such message.")


@app.command()
def retry(
    messages: Annotated[list[int] | None, typer.Argument(metavar="[MESSAGE]...", help="Numbers from the list.", show_default=False)] = None,
    *,
    dead: Annotated[bool, typer.Option("--dead", help="Every message that was given up after too many tries.")] = False,
    refused: Annotated[bool, typer.Option("--refused", help="Every message that the mail server refused.")] = False,
) -> None:
    """Try messages again: those that wait are due at once; for those refused or given up, the place is asked for anew.

    They are handed over by the next: lmskit mail deliver
    """
    from lmskit.cli.printing import say
    from lmskit.db import transaction
    from lmskit.services.retry import retry as try_again
    from lmskit.services.retry import retry_settled

    chosen = messages or []
    outcomes = [outcome for outcome, wanted in ((OutboxStatus.DEAD, dead), (OutboxStatus.REFUSED, refused)) if wanted]
    if bool(chosen) == bool(outcomes):
        raise typer.BadParameter("Name the messages by their numbers, or choose all with --dead or --refused.")
    with transaction() as session:
        reports = [try_again(session, chosen)] if chosen else [retry_settled(session, outcome) for outcome in outcomes]
    for report in reports:
        say(report.sentence)
        for message, reason in report.skipped.items():
            say(f"Message {message}: {reason}")
    if any(report.requested_again or report.due_now for report in reports):
        say("To hand them over: lmskit mail deliver")


def _watch(every: float) -> None:
    from lmskit.cli.printing import say
    from lmskit.db import access, transaction
    from lmskit.services.delivery import watch
    from lmskit.services.transport import transport_of

    stopping = False

    def stop(number: int, _frame: Any) -> None:  # noqa: ANN401 - Python's signature
        nonlocal stopping
        stopping = True
        signal.signal(number, signal.SIG_DFL)  # asked a second time, it ends at once

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    say(f"Looking for messages every {every:g} seconds. To stop: Ctrl-C")
    watch(transaction, transport_of(access().settings), every=every, go_on=lambda: not stopping, say=say)
    say("Stopped; no message is in hand.")
