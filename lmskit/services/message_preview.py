"""A message as a student gets it, before it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from lmskit.errors import InputError, StudentNotInCourseError
from lmskit.models import Course, Enrollment, Term, User
from lmskit.queries.course import course_by_code
from lmskit.queries.person import HAS_INVENTED_ADDRESS, person_by_email
from lmskit.queries.welcome import welcome_text
from lmskit.schemas.written_message import ENGLISH, WrittenText
from lmskit.services.enrollment import WELCOME, welcome_context
from lmskit.services.mail import LANGUAGE, Letter, compose
from lmskit.services.outbox import new_message_id
from lmskit.services.permission import administrators_only
from lmskit.services.student_message import send_message
from lmskit.vocabulary import EnrollmentStatus

if TYPE_CHECKING:
    from email.message import EmailMessage
    from typing import Any

    from sqlalchemy.orm import Session

    from lmskit.schemas.written_message import OfWelcome, SendMessage
    from lmskit.services.student_message import Recipients

EXAMPLE = {"family_name": "Lovelace", "given_name": "Ada"}
EXAMPLE_ADDRESS = "ada.lovelace@example.org"
EXAMPLE_COURSE = {"course": "STAT-1", "title": "Introduction to Statistics", "term": "Spring term"}
"""Who and what a preview names where there is no student or no course."""


@administrators_only("preview messages")
def preview_message(session: Session, request: OfWelcome | SendMessage, *, student: str | None = None) -> EmailMessage:
    """The message as a student gets it, in the text of the request, or else in that of the welcome message.

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
    CourseNotFoundError
        There is no such course.
    StudentNotInCourseError
        No student of the course has the address.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course_id = None if request.course is None else course_by_code(session, request.course).id
    recipient, person = _recipient(session, course_id, student, request)
    about = EXAMPLE_COURSE
    if course_id is not None:
        chosen = select(Course.code.label("course"), Course.title, Term.name.label("term")).join(Term, Term.id == Course.term_id)
        about = dict(session.execute(chosen.where(Course.id == course_id)).mappings().one())
    context: dict[str, Any] = welcome_context(**person, **about, ended_before=None)
    if isinstance(request, WrittenText):
        context["text"] = {"language": request.language, "subject": request.subject, "body": request.text}
    elif (found := welcome_text(session, course_id)) is not None:
        context["text"] = {"language": found.language, "subject": found.subject, "body": found.body}
    return compose(Letter(message_id=new_message_id(), recipient=recipient, template=WELCOME, context=context))


def preview_to_students(session: Session, request: SendMessage) -> tuple[Recipients, str]:
    """Who would get a message, and the message as the first of them gets it; nothing is written. Errors as in `send_message`.

    Raises
    ------
    InputError
        Nobody would get it.
    """
    recipients = send_message(session, request, dry_run=True)
    if not recipients.addresses:
        raise InputError(f"No student gets this message. {recipients.sentence}")
    return recipients, shown(preview_message(session, request, student=recipients.addresses[0]))


def shown(message: EmailMessage) -> str:
    """A message as lines: to whom, subject, language, and the text."""
    body = message.get_body(("plain",))
    said = body.get_content() if body is not None else ""
    return f"To: {message['To']}\nSubject: {message['Subject']}\nLanguage: {message.get(LANGUAGE, ENGLISH)}\n\n{said}".rstrip()


def _recipient(
    session: Session, course_id: int | None, student: str | None, request: OfWelcome | SendMessage
) -> tuple[str, dict[str, str]]:
    """Address and name of the student, or of the example."""
    statement = (
        select(User.email, User.family_name, User.shown_given_name)
        .join(Enrollment, Enrollment.student_id == User.id)
        .where(Enrollment.course_id == course_id, User.email.is_not(None))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    if student is None:
        statement = statement.where(Enrollment.status != EnrollmentStatus.WITHDRAWN, ~HAS_INVENTED_ADDRESS)
    else:
        person = person_by_email(session, student.strip())
        statement = statement.where(User.id == (None if person is None else person.id))
    found = session.execute(statement.limit(1)).one_or_none()
    if found is not None:
        return found.email, {"family_name": found.family_name, "given_name": found.shown_given_name}
    if student is None:
        return EXAMPLE_ADDRESS, EXAMPLE
    if request.course is None:
        raise InputError("A student is of a course: give its code too.")
    raise StudentNotInCourseError(student=student, course=request.course)
