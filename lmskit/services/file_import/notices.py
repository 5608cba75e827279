"""Messages to those whom an import enrolls: each place waits, pending, until its message is accepted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, cast

from sqlalchemy import text

from lmskit.db.bulk import copy_rows, stage
from lmskit.services.enrollment import WELCOME, welcome_context
from lmskit.services.outbox import idem_key, new_message_id

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

    from sqlalchemy.orm import Session

    from lmskit.services.importing import Statements

MESSAGE = {
    "idem_key": "text",
    "message_id": "text",
    "course_id": "int8",
    "student_id": "int8",
    "request_sequence": "int4",
    "recipient": "text",
    "template": "text",
    "context": "text",
}
_ENQUEUE = text("""
    INSERT INTO outbox (idem_key, message_id, course_id, student_id, request_sequence, recipient, template, context)
    SELECT idem_key, message_id, course_id, student_id, request_sequence, recipient, template, context::jsonb FROM file_message
""")


def enqueue_messages(session: Session, run: Statements) -> int:
    """Put the messages of the places that wait for them into the outbox, and return how many there are."""
    run.run("raise_sequences")
    places = cast("Iterable[tuple[int, int, int, str, str, str, str, str, str, dt.date | None]]", run.read("notified"))
    stage(session, "file_message", MESSAGE)
    count = copy_rows(session, "file_message", list(MESSAGE), _messages(places), types=list(MESSAGE.values()))
    session.execute(_ENQUEUE)
    return count


def _messages(places: Iterable[tuple[int, int, int, str, str, str, str, str, str, dt.date | None]]) -> Iterator[tuple[object, ...]]:
    for course_id, student_id, sequence, address, family, given, code, title, term, ended_before in places:
        context = welcome_context(family_name=family, given_name=given, course=code, title=title, term=term, ended_before=ended_before)
        key = idem_key(course_id, student_id, sequence)
        yield key, new_message_id(), course_id, student_id, sequence, address, WELCOME, json.dumps(context)
