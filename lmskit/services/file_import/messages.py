"""Messages to the students whom an import enrolls: each enrollment is pending until its message is accepted."""

from __future__ import annotations

import datetime as dt
import json
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import text

from lmskit.services.enrollment import WELCOME, welcome_context
from lmskit.services.outbox import idem_key, new_message_id
from lmskit.services.staging_table import Int8, StagingTable

if TYPE_CHECKING:
    from lmskit.services.file_import.context import ImportContext


class NotifiedRow(NamedTuple):
    """An enrollment that waits for its message; `ended_before` is the day on which an earlier enrollment ended."""

    course_id: int
    student_id: int
    request_sequence: int
    email: str
    family_name: str
    given_name: str
    code: str
    title: str
    term: str
    ended_before: dt.date | None


class MessageRow(NamedTuple):
    """A row of the outbox."""

    idem_key: str
    message_id: str
    course_id: Int8
    student_id: Int8
    request_sequence: int
    recipient: str
    template: str
    context: str


MESSAGE = StagingTable("file_message", MessageRow)
_ENQUEUE = text("""
    INSERT INTO outbox (idem_key, message_id, course_id, student_id, request_sequence, recipient, template, context)
    SELECT idem_key, message_id, course_id, student_id, request_sequence, recipient, template, context::jsonb FROM file_message
""")


def enqueue_messages(context: ImportContext) -> None:
    """Put the messages of the enrollments that wait for them into the outbox."""
    enrollments = context.statements["enrollments"].read("messages", NotifiedRow)
    MESSAGE.create(context.session)
    context.n_messages = MESSAGE.copy(context.session, map(_message, enrollments))
    context.session.execute(_ENQUEUE)


def _message(row: NotifiedRow) -> MessageRow:
    context = welcome_context(
        family_name=row.family_name,
        given_name=row.given_name,
        course=row.code,
        title=row.title,
        term=row.term,
        ended_before=row.ended_before,
    )
    key = idem_key(row.course_id, row.student_id, row.request_sequence)
    return MessageRow(key, new_message_id(), row.course_id, row.student_id, row.request_sequence, row.email, WELCOME, json.dumps(context))
