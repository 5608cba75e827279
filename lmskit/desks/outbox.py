"""The outbox, wired to the database and to the mail server."""

from __future__ import annotations

import pandas as pd

from lmskit.db import Opener, access, snapshot, transaction
from lmskit.desks.options import course_options
from lmskit.desks.welcome import welcome_work
from lmskit.forms.background_work import Task
from lmskit.forms.outbox import OutboxScreen
from lmskit.queries.outbox import count_outbox_messages, outbox_messages
from lmskit.schemas.outbox import RetryMessage
from lmskit.services.delivery import deliver_waiting
from lmskit.services.permission import require_administrator
from lmskit.services.retry import retry
from lmskit.services.transport import destination_of, transport_of
from lmskit.vocabulary import OutboxStatus


def outbox_desk(status: str = "all", *, begin: Opener = transaction, read: Opener = snapshot) -> OutboxScreen:
    """Return the outbox; it begins with the messages of this status, as named on the screen, or with all."""
    with read() as session:
        require_administrator(session)
        known_courses = course_options(session)

    def page(*, status: OutboxStatus | None, course: str | None, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        with read() as session:
            found = outbox_messages(session, status=status, course=course, limit=limit, offset=offset)
            return found, count_outbox_messages(session, status=status, course=course)

    def deliver(task: Task) -> str:
        def go_on() -> bool:
            return not task.cancelled

        report = deliver_waiting(begin, transport_of(access().settings), go_on=go_on)
        ended = "Cancelled before the next message; the remaining messages wait." if task.cancelled else report.stopped
        return f"{report.sentence} {ended or ''}".strip()

    def try_again(request: RetryMessage) -> str:
        with begin() as session:
            report = retry(session, [request.message_id])
        return f"Message {request.message_id}: {report.sentence}"

    return OutboxScreen(
        read=page,
        courses=known_courses,
        on_deliver=deliver,
        on_retry=try_again,
        welcome=welcome_work(begin, read),
        status=status,
        mail_destination=destination_of(access().settings),
    )
