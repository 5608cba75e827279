"""What the message that confirms an enrollment says: the text of the course, else that of all courses, else the built-in one.

A message has the text that holds when it is sent, not when the student was enrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import delete, select, text
from sqlalchemy.dialects.postgresql import insert

from lmskit.errors import InputError, StudentNotInCourseError
from lmskit.models import Course, Enrollment, MessageText, Term, User
from lmskit.queries.course import course_by_code
from lmskit.queries.welcome import welcome_text
from lmskit.schemas.written_message import ENGLISH, SetWelcome
from lmskit.services.enrollment import WELCOME, welcome_context
from lmskit.services.mail import LANGUAGE, Letter, compose
from lmskit.services.outbox import new_message_id
from lmskit.services.permission import administrators_only

if TYPE_CHECKING:
    from email.message import EmailMessage
    from typing import Any

    from sqlalchemy.orm import Session

    from lmskit.schemas.written_message import OfWelcome

EXAMPLE = {"family_name": "Lovelace", "given_name": "Ada"}
EXAMPLE_ADDRESS = "ada.lovelace@example.org"
EXAMPLE_COURSE = {"course": "STAT-1", "title": "Introduction to Statistics", "term": "Spring term"}
"""Who and what a preview names where there is no student or no course."""


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


@administrators_only("see the welcome message")
def preview_welcome(session: Session, request: OfWelcome, *, student: str | None = None) -> EmailMessage:
    """The message as a student gets it, in the text of the request if it has one; errors as in `set_welcome`.

    Parameters
    ----------
    session
        Of an administrator. Nothing is written.
    request
        A text that is to be tried, or the course whose text is.
    student
        Address of a student of the course; by default the first one by name, or an example.

    Raises
    ------
    StudentNotInCourseError
        No student of the course has the address.
    """
    course_id = _course_id(session, request)
    recipient, person = _recipient(session, course_id, student, request)
    about = EXAMPLE_COURSE
    if course_id is not None:
        chosen = select(Course.code.label("course"), Course.title, Term.name.label("term")).join(Term, Term.id == Course.term_id)
        about = dict(session.execute(chosen.where(Course.id == course_id)).mappings().one())
    context: dict[str, Any] = welcome_context(**person, **about, ended_before=None)
    if isinstance(request, SetWelcome):
        context["text"] = {"language": request.language, "subject": request.subject, "body": request.text}
    elif (found := welcome_text(session, course_id)) is not None:
        context["text"] = {"language": found.language, "subject": found.subject, "body": found.body}
    return compose(Letter(message_id=new_message_id(), recipient=recipient, template=WELCOME, context=context))


def shown(message: EmailMessage) -> str:
    """A message as lines: to whom, subject, language, and the text."""
    body = message.get_body(("plain",))
    said = body.get_content() if body is not None else ""
    return f"To: {message['To']}\nSubject: {message['Subject']}\nLanguage: {message.get(LANGUAGE, ENGLISH)}\n\n{said}".rstrip()


def _recipient(session: Session, course_id: int | None, student: str | None, request: OfWelcome) -> tuple[str, dict[str, str]]:
    """Address and name of the student, or of the example."""
    statement = (
        select(User.email, User.family_name, User.given_name)
        .join(Enrollment, Enrollment.student_id == User.id)
        .where(Enrollment.course_id == course_id, User.email.is_not(None))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    if student is not None:
        statement = statement.where(User.email == student.strip().lower())
    found = session.execute(statement.limit(1)).one_or_none()
    if found is not None:
        return found.email, {"family_name": found.family_name, "given_name": found.given_name}
    if student is None:
        return EXAMPLE_ADDRESS, EXAMPLE
    if request.course is None:
        raise InputError("A student is of a course: give its code too.")
    raise StudentNotInCourseError(student=student, course=request.course)


def _course_id(session: Session, request: OfWelcome) -> int | None:
    return None if request.course is None else course_by_code(session, request.course).id


def _whose(request: OfWelcome) -> str:
    return "all courses without a text of their own" if request.course is None else request.course
