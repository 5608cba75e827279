"""Messages that an administrator writes to students of a course: each goes through the outbox, to one recipient."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from lmskit.db import PATIENT, retried
from lmskit.errors import ChangedMeanwhileError, StudentNotInCourseError
from lmskit.models import Course, Enrollment, MessageText, OutboxMessage, Term, User
from lmskit.queries.course import COUNTED, course_by_code
from lmskit.queries.person import people_by_email
from lmskit.queries.section import in_section
from lmskit.rounding import count_text
from lmskit.schemas.text import is_invented
from lmskit.services.enrollment import welcome_context
from lmskit.services.outbox import MESSAGE, new_message_id
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import OutboxStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy.orm import Session

    from lmskit.db import Opener
    from lmskit.schemas.written_message import SendMessage

FIRST_NAMED = 3
"""Recipients whom a sentence names."""


@dataclass(frozen=True)
class Recipients:
    """Who gets a message: their addresses by name.

    And how many have it already, could not be reached with it before, or have no address that mail can be sent to.
    """

    course: str
    addresses: tuple[str, ...]
    n_before: int
    n_failed: int
    n_without_address: int

    @property
    def sentence(self) -> str:
        """The same in words, such as "2 students of CS101: ada@example.org, ben@example.org."."""
        named = ", ".join(self.addresses[:FIRST_NAMED]) + (", …" if len(self.addresses) > FIRST_NAMED else "")
        parts = [f"{count_text(len(self.addresses), 'student')} of {self.course}{': ' if named else ''}{named}."]
        if self.n_before:
            parts.append(f"Not again to {count_text(self.n_before, 'student')} with this text before.")
        if self.n_failed:
            parts.append(f"Not to {count_text(self.n_failed, 'student')} whom this text could not reach before: lmskit mail retry.")
        if self.n_without_address:
            parts.append(f"Not to {count_text(self.n_without_address, 'student')} without an address that mail can be sent to.")
        return " ".join(parts)


@administrators_only("send messages")
def send_message(session: Session, request: SendMessage, *, dry_run: bool = False) -> Recipients:
    """Put a message into the outbox for each student who is meant and has not got this text in this course before.

    Students whose enrollment is pending are not meant: what confirms it comes first.

    Parameters
    ----------
    session
        Of an administrator. Nothing is committed.
    request
        The text, and whom it is for.
    dry_run
        Report the same and write nothing.

    Raises
    ------
    CourseNotFoundError, SectionNotFoundError
        There is no such course, or no such section in it.
    StudentNotInCourseError
        A named student is not active in the course and has not completed it.
    NotPermittedError
        The signed-in person is not an administrator.
    """
    course = course_by_code(session, request.course)
    if not dry_run:  # of two submissions at once, the second one finds what the first one wrote
        session.execute(select(Course.id).where(Course.id == course.id).with_for_update(key_share=True))
    text = {"kind": MESSAGE, "course_id": course.id, "language": request.language, "subject": request.subject, "body": request.text}
    text_id = session.scalar(select(MessageText.id).filter_by(**text).order_by(MessageText.id).limit(1))
    before = {} if text_id is None else _sent(session, course, text_id)
    meant = _meant(session, course, request)
    reached = [row for row in meant if row.email is not None and not is_invented(row.email)]
    new = [row for row in reached if row.id not in before]
    if new and not dry_run:
        text_id = text_id or session.scalars(insert(MessageText).values(**text).returning(MessageText.id)).one()
        _enqueue(session, course, text_id, new)
    n_failed = sum(before.get(row.id) in {OutboxStatus.REFUSED, OutboxStatus.DEAD} for row in reached)
    n_before = len(reached) - len(new) - n_failed
    return Recipients(course.code, tuple(row.email for row in new), n_before, n_failed, len(meant) - len(reached))


def send_as_previewed(begin: Opener, request: SendMessage, previewed: Recipients) -> Recipients:
    """Send a message in one transaction if those who get it are those of the preview, or fewer.

    Raises
    ------
    ChangedMeanwhileError
        Others would get it. Nothing was changed.
    """
    tries = itertools.count(1)

    def work() -> Recipients:
        is_first = next(tries) == 1
        with begin() as session:
            sent = send_message(session, request)
            if not is_first and not sent.addresses:  # the try before was committed, and its answer lost
                return previewed
            if not set(sent.addresses) <= set(previewed.addresses):
                raise ChangedMeanwhileError(what=f"the students of {request.course}")
            return sent

    return retried(work, lock_attempts=PATIENT)


def _meant(session: Session, course: Course, request: SendMessage) -> Sequence[Any]:
    statement = (
        select(User.id, User.email, User.family_name, User.shown_given_name)
        .join(Enrollment, Enrollment.student_id == User.id)
        .where(Enrollment.course_id == course.id, Enrollment.status.in_(COUNTED))
        .order_by(User.sort_name.collate("C"), User.id)
    )
    if not request.students:
        return session.execute(statement.where(in_section(session, course.id, request.section, Enrollment.student_id))).all()
    named = people_by_email(session, request.students)
    found = session.execute(statement.where(User.id.in_([person.id for person in named.values()]))).all()
    ids = {row.id for row in found}
    for student in request.students:
        if (person := named.get(student)) is None or person.id not in ids:
            raise StudentNotInCourseError(student=student, course=course.code)
    return found


def _sent(session: Session, course: Course, text_id: int) -> dict[int | None, OutboxStatus]:
    """The status of the messages with a text, by student."""
    of_text = (OutboxMessage.template == MESSAGE, OutboxMessage.context["text_id"].astext == str(text_id))
    statement = select(OutboxMessage.student_id, OutboxMessage.status).where(OutboxMessage.course_id == course.id, *of_text)
    return dict(session.execute(statement).all())


def _enqueue(session: Session, course: Course, text_id: int, people: Sequence[Any]) -> None:
    term = session.get_one(Term, course.term_id).name
    rows = [
        {
            "idem_key": f"{MESSAGE}:{text_id}:{person.id}",
            "message_id": new_message_id(),
            "course_id": course.id,
            "student_id": person.id,
            "recipient": person.email,
            "template": MESSAGE,
            "context": {
                **welcome_context(
                    family_name=person.family_name,
                    given_name=person.shown_given_name,
                    course=course.code,
                    title=course.title,
                    term=term,
                    ended_before=None,
                ),
                "text_id": text_id,
            },
        }
        for person in people
    ]
    session.execute(insert(OutboxMessage), rows)
