"""Messages to the mail server, and whether they were sent. Administrators read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, func, select

from lmskit.listings import MESSAGES
from lmskit.models import Course, OutboxMessage, User
from lmskit.queries.course import has_code
from lmskit.queries.frame import rows
from lmskit.queries.page import DEFAULT_PAGE, RowOrder, page_of
from lmskit.vocabulary import OutboxStatus

if TYPE_CHECKING:
    import pandas as pd
    from sqlalchemy.orm import Session

    from lmskit.queries.frame import Rows

NEWEST_FIRST = RowOrder(OutboxMessage.id, (OutboxMessage.id,), descending=1)


@MESSAGES.documented
def outbox_messages(
    session: Session,
    *,
    status: OutboxStatus | None = None,
    course: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> pd.DataFrame:
    """Messages, newest first; `status` and `course` (code) keep only those.

    {columns}

    `after` begins the page after the message with this number, instead of at `offset`.
    """
    return MESSAGES.table(message_rows(session, status=status, course=course, limit=limit, offset=offset, after=after))


def message_rows(
    session: Session,
    *,
    status: OutboxStatus | None = None,
    course: str | None = None,
    limit: int = DEFAULT_PAGE,
    offset: int = 0,
    after: int | None = None,
) -> Rows:
    """The rows of `outbox_messages`, for a list in the terminal."""
    columns: Select[*tuple[Any, ...]] = select(
        OutboxMessage.id,
        OutboxMessage.recipient,
        User.name.label("name"),
        Course.code.label("course"),
        OutboxMessage.template,
        OutboxMessage.status,
        OutboxMessage.attempts,
        OutboxMessage.available_at,
        OutboxMessage.sent_at,
        OutboxMessage.last_error,
        OutboxMessage.message_id,
    )
    statement = _filtered(columns, status=status, course=course)
    return rows(session, page_of(session, statement, NEWEST_FIRST, limit=limit, offset=offset, after=after))


def count_outbox_messages(session: Session, *, status: OutboxStatus | None = None, course: str | None = None) -> int:
    """The number of rows on all pages of `outbox_messages`."""
    return session.scalar(_filtered(select(func.count()), status=status, course=course)) or 0


def count_due_messages(session: Session) -> int:
    """How many messages wait that could be sent now."""
    due = (OutboxMessage.status == OutboxStatus.WAITING, OutboxMessage.available_at <= func.clock_timestamp())
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(*due)) or 0


def _filtered(statement: Select[*tuple[Any, ...]], *, status: OutboxStatus | None, course: str | None) -> Select[*tuple[Any, ...]]:
    statement = statement.select_from(OutboxMessage)
    statement = statement.outerjoin(User, User.id == OutboxMessage.student_id).outerjoin(Course, Course.id == OutboxMessage.course_id)
    if status is not None:
        statement = statement.where(OutboxMessage.status == status)
    if course is not None:
        statement = statement.where(has_code(course))
    return statement
