"""What the message that confirms an enrollment says. Administrators read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import or_, select

from lmskit.models import MessageText

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


def welcome_text(session: Session, course_id: int | None) -> MessageText | None:
    """The text that messages of a course have: its own, or else that of all courses; None if they have the built-in one.

    Without a course: the text of all courses. The database chooses likewise when a message is sent.
    """
    statement = select(MessageText).where(
        MessageText.kind == "welcome", or_(MessageText.course_id == course_id, MessageText.course_id.is_(None))
    )
    return session.scalars(statement.order_by(MessageText.course_id.nulls_last()).limit(1)).one_or_none()
