"""Messages on their way to the mail server, and what became of them. Administrators read them."""

from typing import Any

import pandas as pd
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from lmskit.models import Course, OutboxMessage, User
from lmskit.names import display_name
from lmskit.queries.frame import frame
from lmskit.queries.page import DEFAULT_PAGE, check_page
from lmskit.vocabulary import OutboxStatus


def outbox_messages(
    session: Session,
    *,
    status: OutboxStatus | None = None,
    course: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
) -> pd.DataFrame:
    """Messages, newest first; those of one status, of one course (code).

    ============  =======  =============================================================
    id            int64
    recipient     str      the address it goes or went to, which may have changed since
    name          str      "Family, Given"; NaN where it concerns no student
    course        str      code; NaN where it concerns none
    status        str      `OutboxStatus`
    attempts      int64    tries, the one in hand included
    available_at  object   moment of the next try, while it waits
    sent_at       object   moment the mail server accepted it, or None
    last_error    str      why the last try failed or the message was not sent; NaN where none did
    message_id    str      what the mail server's log knows it by
    ============  =======  =============================================================
    """
    check_page(limit, offset)
    columns: Select[*tuple[Any, ...]] = select(
        OutboxMessage.id,
        OutboxMessage.recipient,
        User.family_name,
        User.given_name,
        Course.code.label("course"),
        OutboxMessage.status,
        OutboxMessage.attempts,
        OutboxMessage.available_at,
        OutboxMessage.sent_at,
        OutboxMessage.last_error,
        OutboxMessage.message_id,
    )
    statement = _chosen(columns, status=status, course=course).order_by(OutboxMessage.id.desc()).limit(limit).offset(offset)
    texts = dict.fromkeys(("recipient", "family_name", "given_name", "course", "status"), "str")
    times = dict.fromkeys(("available_at", "sent_at"), "object")
    kinds = {"id": "int64", **texts, "attempts": "int64", **times, "last_error": "str", "message_id": "str"}
    found = frame(session, statement, kinds)
    names = [
        display_name(family, given) if has else None
        for family, given, has in zip(found["family_name"], found["given_name"], found["family_name"].notna(), strict=True)
    ]
    found.insert(2, "name", pd.Series(names, dtype="str"))
    return found.drop(columns=["family_name", "given_name"])


def count_outbox_messages(session: Session, *, status: OutboxStatus | None = None, course: str | None = None) -> int:
    """How many messages `outbox_messages` lists."""
    return session.scalar(_chosen(select(func.count()), status=status, course=course)) or 0


def _chosen(statement: Select[*tuple[Any, ...]], *, status: OutboxStatus | None, course: str | None) -> Select[*tuple[Any, ...]]:
    statement = statement.select_from(OutboxMessage)
    statement = statement.outerjoin(User, User.id == OutboxMessage.student_id).outerjoin(Course, Course.id == OutboxMessage.course_id)
    if status is not None:
        statement = statement.where(OutboxMessage.status == status)
    if course is not None:
        statement = statement.where(Course.code == course)
    return statement
