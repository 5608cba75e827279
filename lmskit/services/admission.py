"""Enrolling one student from first to last: ask for the place, deliver the message, say where the place stands."""

from lmskit.errors import LmskitError, MessageRefusedError
from lmskit.models import Enrollment
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.delivery import Begin, DeliveryReport, deliver_waiting
from lmskit.services.enrollment import enroll
from lmskit.services.transport import Transport
from lmskit.vocabulary import EnrollmentStatus


def admit(begin: Begin, transport: Transport, request: EnrollStudent) -> str:
    """Give a student a place and return the sentence that says so; other messages that are due are delivered too.

    The place is committed as pending, together with its message, before anything is sent, so a crash loses neither.

    Raises
    ------
    MessageRefusedError
        The message was refused for good, so there is no place, or the one there was before.
    LmskitError
        See `enroll`; nothing was changed.
    """
    with begin() as session:
        place = enroll(session, request)
        key = (place.course_id, place.student_id)
    try:
        report = deliver_waiting(begin, transport)
    except LmskitError as error:
        return f"{request.email} has a place in {request.course}, pending: the message has not been sent. {error}"
    with begin() as session:
        stands = session.get(Enrollment, key)
        status = None if stands is None else stands.status
    if status is EnrollmentStatus.ACTIVE:
        return f"{request.email} is enrolled in {request.course}: active. {transport.accepted}"
    reasons = _reasons(report, request.email)
    if status is EnrollmentStatus.PENDING:
        return f"{request.email} has a place in {request.course}, pending: the message will be tried again. {reasons}".strip()
    raise MessageRefusedError(f"{request.email} was not enrolled in {request.course}, because the message was refused. {reasons}".strip())


def _reasons(report: DeliveryReport, recipient: str) -> str:
    troubles = (*report.refused, *report.given_up, *report.postponed)
    return " ".join(trouble.reason for trouble in troubles if trouble.recipient == recipient)
