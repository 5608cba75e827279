"""What the message that confirms an enrollment says: the text of the course, else that of all courses, else the built-in one.

A message has the text that holds when it is sent, not when the student was enrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, text
from sqlalchemy.dialects.postgresql import insert

from lmskit.errors import InputError
from lmskit.models import MessageText
from lmskit.queries.course import course_by_code
from lmskit.queries.welcome import welcome_text
from lmskit.services.enrollment import WELCOME
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from lmskit.schemas.written_message import OfWelcome, SetWelcome


@administrators_only("write the welcome message")
def set_welcome(session: Session, request: SetWelcome) -> str:
    """Keep a text for the messages of a course, or of all courses, and return a sentence.

    Raises
    ------
    CourseNotFoundError
        There is no such course.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    values = {"language": request.language, "subject": request.subject, "body": request.text}
    statement = insert(MessageText).values(kind=WELCOME, course_id=_course_id(session, request), **values)
    session.execute(statement.on_conflict_do_update(index_elements=["course_id"], index_where=text("kind = 'welcome'"), set_=values))
    return f"Messages that confirm enrollments in {_whose(request)} say this text from now on."


@administrators_only("write the welcome message")
def clear_welcome(session: Session, request: OfWelcome) -> str:
    """Remove the text of a course, or that of all courses, and return a sentence that says which one holds now; errors as in `set_welcome`.

    Raises
    ------
    InputError
        There is no such text.
    """
    course_id = _course_id(session, request)
    of_it = MessageText.course_id.is_not_distinct_from(course_id)
    if session.scalar(delete(MessageText).where(MessageText.kind == WELCOME, of_it).returning(MessageText.id)) is None:
        raise InputError(f"There is no text of {_whose(request)} to remove.")
    return welcome_source(session, request)


@administrators_only("see the welcome message")
def welcome_source(session: Session, request: OfWelcome) -> str:
    """Say which text the messages of a course have, or of all courses without one of their own; errors as in `set_welcome`."""
    found = welcome_text(session, _course_id(session, request))
    if found is None:
        which = "have the built-in text"
    elif found.course_id is None and request.course is not None:
        which = "have the text of all courses"
    else:
        which = "have a text of their own"
    return f"Messages that confirm enrollments in {_whose(request)} {which}."


def _course_id(session: Session, request: OfWelcome) -> int | None:
    return None if request.course is None else course_by_code(session, request.course).id


def _whose(request: OfWelcome) -> str:
    return "all courses without a text of their own" if request.course is None else request.course
