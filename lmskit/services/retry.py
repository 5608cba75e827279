"""Trying messages again: one that waits is due at once; one that was refused or given up needs a new request."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from lmskit.errors import AddressError, ConflictError, MessageNotFoundError, MessageSettledError, NotFoundError
from lmskit.models import Course, Enrollment, OutboxMessage, User
from lmskit.queries.page import LAST_ROW
from lmskit.schemas.text import is_invented
from lmskit.services.enrollment import request_enrollment
from lmskit.services.outbox import INVITATION, WITHDRAWAL, WITHDRAWN_FIRST, WITHOUT_ENROLLMENT, last_sequence
from lmskit.services.permission import administrators_only
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus


@dataclass
class RetryReport:
    """Result of trying messages again."""

    requested_again: int = 0
    """Enrollments that are pending again, each with a new message."""
    due_now: int = 0
    """Messages that waited for their next try and are now due."""
    skipped: dict[int, str] = field(default_factory=dict)
    """By the message's number, why it was left unchanged."""

    @property
    def sentence(self) -> str:
        """The report in one sentence."""
        counts = f"{self.requested_again} requested again, {self.due_now} due at once"
        return f"{counts}, {len(self.skipped)} skipped." if self.skipped else f"{counts}."


@administrators_only("send messages again")
def retry(session: Session, message_ids: Iterable[int]) -> RetryReport:
    """Try messages again: one that waits is due at once; for one that was refused or given up, the enrollment is requested again.

    The old message stays as it is, and a new one confirms the new request. All of them are tried again, or none.

    Raises
    ------
    MessageNotFoundError
        There is no such message; it is deleted with its course or student.
    MessageSettledError
        It was sent, is being sent, was cancelled, or a later message concerns the same enrollment.
    AlreadyEnrolledError
        The student is enrolled meanwhile.
    AddressError
        The student has no address that can receive mail.
    """
    report = RetryReport()
    for message_id in dict.fromkeys(message_ids):
        _retry(session, message_id, report)
    return report


@administrators_only("send messages again")
def retry_settled(session: Session, outcome: OutboxStatus) -> RetryReport:
    """Request again every enrollment whose last message was refused, or given up; skip those that cannot be requested, with the reason.

    Messages that were cancelled are not failures and are not counted.
    """
    report, later = RetryReport(), aliased(OutboxMessage)
    newer = select(later.id).where(
        later.course_id == OutboxMessage.course_id,
        later.student_id == OutboxMessage.student_id,
        later.request_sequence > OutboxMessage.request_sequence,
    )
    statement = select(OutboxMessage.id).where(
        OutboxMessage.status == outcome,
        OutboxMessage.last_error.is_distinct_from(WITHDRAWN_FIRST),
        OutboxMessage.course_id.is_not(None),
        OutboxMessage.student_id.is_not(None),
        ~newer.exists(),
    )
    for message_id in session.scalars(statement.order_by(OutboxMessage.id)).all():
        try:
            with session.begin_nested():
                _retry(session, message_id, report)
        except (AddressError, ConflictError, NotFoundError) as error:
            report.skipped[message_id] = str(error)
    return report


def _retry(session: Session, message_id: int, report: RetryReport) -> None:
    known = 0 < message_id <= LAST_ROW
    message = session.get(OutboxMessage, message_id, populate_existing=True, with_for_update=True) if known else None
    if message is None:
        raise MessageNotFoundError(message=message_id)
    match message.status:
        case OutboxStatus.SENT if message.template in WITHOUT_ENROLLMENT:
            raise MessageSettledError(f"Message {message_id} was sent. Nothing was changed.")
        case OutboxStatus.SENT:
            raise MessageSettledError(
                f"Message {message_id} was sent, so the student is enrolled or was withdrawn since. Nothing was changed."
            )
        case OutboxStatus.WAITING:
            _make_due(session, message)
            report.due_now += 1
        case OutboxStatus.REFUSED | OutboxStatus.DEAD if message.template in WITHOUT_ENROLLMENT:
            _begin_again(session, message)
            report.due_now += 1
        case OutboxStatus.REFUSED | OutboxStatus.DEAD:
            _request_again(session, message)
            report.requested_again += 1


def _make_due(session: Session, message: OutboxMessage) -> None:
    now = session.scalars(select(func.clock_timestamp())).one()
    if message.leased_until is not None and message.leased_until > now:
        raise MessageSettledError(f"Message {message.id} is being sent at this moment. Look again later: lmskit mail list")
    message.available_at = min(message.available_at, now)
    session.flush()


def _begin_again(session: Session, message: OutboxMessage) -> None:
    """Let a message that changes no enrollment wait as if it had not been tried, for the address that the student has now."""
    student = session.get(User, message.student_id) if message.student_id is not None else None
    enrollment = session.get(Enrollment, (message.course_id, message.student_id), populate_existing=True)
    if message.template == WITHDRAWAL and (enrollment is None or enrollment.status is not EnrollmentStatus.WITHDRAWN):
        raise MessageSettledError(f"Message {message.id} says that the student is no longer enrolled, which is not so any more.")
    if student is None or student.email is None or is_invented(student.email):
        raise AddressError(student=message.recipient if student is None else student.name)
    message.recipient = student.email
    message.status, message.attempts, message.in_doubt, message.last_error = OutboxStatus.WAITING, 0, False, None
    message.available_at = session.scalars(select(func.clock_timestamp())).one()
    session.flush()


def _request_again(session: Session, message: OutboxMessage) -> None:
    course = session.get(Course, message.course_id) if message.course_id is not None else None
    student = session.get(User, message.student_id) if message.student_id is not None else None
    if message.template == INVITATION:
        raise MessageSettledError(f"Message {message.id} is an invitation. To invite the person anew: lmskit invitation create EMAIL")
    if course is None or student is None:
        raise MessageSettledError(f"Message {message.id} concerns no enrollment, so there is nothing to request again.")
    if message.last_error == WITHDRAWN_FIRST:
        raise MessageSettledError(
            f"Message {message.id} was cancelled when the student was withdrawn. "
            f"To enrol the student again: lmskit enrollment add {course.code} {student.email}"
        )
    enrollment = session.get(Enrollment, (course.id, student.id), populate_existing=True)
    is_enrolled = enrollment is not None and enrollment.status is not EnrollmentStatus.WITHDRAWN
    if not is_enrolled and message.request_sequence != last_sequence(session, course.id, student.id):
        raise MessageSettledError(f"A later message concerns the same enrollment as message {message.id}. To see it: lmskit mail list")
    request_enrollment(session, course, student)
