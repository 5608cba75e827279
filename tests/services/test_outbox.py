"""The list of messages, and trying some of them again."""

import datetime as dt

import pytest
from sqlalchemy import delete, func, select

from lmskit.errors import (
    AddressError,
    AlreadyEnrolledError,
    MessageNotFoundError,
    MessagePostponedError,
    MessageRefusedError,
    MessageSettledError,
    PageLimitError,
)
from lmskit.models import Course, Enrollment, OutboxMessage
from lmskit.queries.outbox import count_outbox_messages, outbox_messages
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.delivery import MAX_ATTEMPTS, claim_next, deliver_waiting
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.retry import retry, retry_settled
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests import factories

GONE = MessageRefusedError("550 no such mailbox")
LATER = MessagePostponedError("450 try again later")


@pytest.fixture
def course(session):
    return factories.course(session, weeks=1)


@pytest.fixture
def student(session):
    return factories.student(session)


@pytest.fixture
def ask(session, course):
    """Request the enrollment of a student; return the number of the message."""

    def request(student):
        enroll(session, EnrollStudent(course=course.code, email=factories.address(student)))
        return session.scalars(select(func.max(OutboxMessage.id)).where(OutboxMessage.student_id == student.id)).one()

    return request


@pytest.fixture
def refused(ask, begin, post, student):
    """The number of a message that was refused for good."""
    number = ask(student)
    post.answers[student.email] = GONE
    deliver_waiting(begin, post)
    post.answers.clear()
    return number


def enrollment_of(session, course, student):
    return session.get(Enrollment, (course.id, student.id), populate_existing=True)


def status_of(session, number):
    return session.get_one(OutboxMessage, number, populate_existing=True).status


def test_after_a_refused_message_the_enrollment_is_requested_again_with_a_new_message(*, session, begin, post, course, student, refused):
    report = retry(session, [refused])

    assert report.sentence == "1 requested again, 0 due at once."
    enrollment = enrollment_of(session, course, student)
    assert (enrollment.status, enrollment.request_sequence) == (EnrollmentStatus.PENDING, 2)
    assert status_of(session, refused) is OutboxStatus.REFUSED
    assert deliver_waiting(begin, post).sent == 1
    assert enrollment_of(session, course, student).status is EnrollmentStatus.ACTIVE
    assert len(set(session.scalars(select(OutboxMessage.message_id).where(OutboxMessage.student_id == student.id)))) == 2


def test_a_return_that_was_refused_and_requested_again_keeps_the_earlier_end_date(*, session, begin, post, course, student, ask):
    left_on = dt.date(2026, 10, 1)
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
    number = ask(student)
    post.answers[student.email] = GONE
    deliver_waiting(begin, post)
    retry(session, [number])
    deliver_waiting(begin, post)
    assert enrollment_of(session, course, student).ended_on == left_on


def test_a_waiting_message_that_is_tried_again_is_due_at_once(session, begin, post, student, ask):
    number = ask(student)
    post.answers[student.email] = LATER
    deliver_waiting(begin, post)
    post.answers.clear()
    assert deliver_waiting(begin, post).sent == 0
    session.expire_all()

    assert retry(session, [number]).sentence == "0 requested again, 1 due at once."
    assert deliver_waiting(begin, post).sent == 1


def test_a_sent_message_cannot_be_tried_again(session, begin, post, student, ask):
    number = ask(student)
    deliver_waiting(begin, post)
    with pytest.raises(MessageSettledError, match=f"Message {number} was sent"):
        retry(session, [number])


def test_a_message_that_is_being_sent_cannot_be_tried_again(session, student, ask):
    number = ask(student)
    claim_next(session)
    with pytest.raises(MessageSettledError, match="is being sent at this moment"):
        retry(session, [number])


def test_an_enrollment_that_is_active_meanwhile_is_not_requested_again(session, course, student, refused):
    factories.enrollment(session, course, student)
    with pytest.raises(AlreadyEnrolledError, match="status: active"):
        retry(session, [refused])


def test_an_enrollment_left_pending_in_doubt_can_be_requested_again_or_withdrawn(*, session, begin, post, course, student, ask):
    left_on = dt.date(2026, 10, 1)
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
    number = ask(student)
    given_up = session.get_one(OutboxMessage, number, populate_existing=True)
    given_up.attempts = MAX_ATTEMPTS
    session.flush()
    assert len(deliver_waiting(begin, post).given_up) == 1
    assert enrollment_of(session, course, student).status is EnrollmentStatus.PENDING

    assert retry_settled(session, OutboxStatus.DEAD).requested_again == 1
    assert enrollment_of(session, course, student).request_sequence == given_up.request_sequence + 1
    withdraw(session, course=course.code, who=factories.address(student))
    enrollment = enrollment_of(session, course, student)
    assert (enrollment.status, enrollment.ended_on) == (EnrollmentStatus.WITHDRAWN, left_on), "the earlier end date is restored"


def test_a_withdrawn_student_is_not_enrolled_again_by_a_retry(session, course, student, ask):
    number = ask(student)
    withdraw(session, course=course.code, who=factories.address(student))
    with pytest.raises(MessageSettledError, match=f"lmskit enrollment add {course.code} {student.email}"):
        retry(session, [number])
    assert retry_settled(session, OutboxStatus.REFUSED).requested_again == 0


def test_only_the_last_message_of_an_enrollment_can_be_tried_again(*, session, begin, post, student, ask, refused):
    post.answers[student.email] = GONE
    last = ask(student)
    deliver_waiting(begin, post)
    with pytest.raises(MessageSettledError, match="A later message concerns the same enrollment"):
        retry(session, [refused])
    report = retry_settled(session, OutboxStatus.REFUSED)
    assert (report.requested_again, report.skipped) == (1, {})
    assert last != refused


def test_an_enrollment_without_an_address_cannot_be_requested_again(session, student, refused):
    student.email = None
    session.flush()
    with pytest.raises(AddressError):
        retry(session, [refused])


def test_a_message_that_was_deleted_with_its_course_is_reported(session, course, refused):
    session.execute(delete(Course).where(Course.id == course.id))
    with pytest.raises(MessageNotFoundError, match="is deleted with its course or student"):
        retry(session, [refused])


def test_messages_that_cannot_be_requested_again_are_skipped_with_the_reason(*, session, begin, post, course, ask, student, refused):
    other = factories.student(session)
    number = ask(other)
    post.answers[other.email] = GONE
    deliver_waiting(begin, post)
    factories.enrollment(session, course, other)

    report = retry_settled(session, OutboxStatus.REFUSED)

    assert report.requested_again == 1
    assert list(report.skipped) == [number]
    assert "already enrolled" in report.skipped[number]
    assert report.sentence == "1 requested again, 0 due at once, 1 skipped."


def test_the_list_shows_each_message_newest_first(session, course, student, ask, refused):
    waiting = ask(student)

    found = outbox_messages(session, course=course.code)

    columns = ["id", "recipient", "name", "course", "template", "status", "attempts", "available_at", "sent_at", "last_error", "message_id"]
    assert list(found.columns) == columns
    assert found["id"].tolist() == [waiting, refused]
    assert found["status"].tolist() == ["waiting", "refused"]
    assert found["attempts"].tolist() == [0, 1]
    assert found["last_error"].tolist()[1] == "550 no such mailbox"
    assert found["name"].tolist()[0].startswith("Student, ")
    assert count_outbox_messages(session, course=course.code) == 2
    assert outbox_messages(session, course=course.code, status=OutboxStatus.REFUSED)["id"].tolist() == [refused]
    assert outbox_messages(session, course=course.code, limit=1, offset=1)["id"].tolist() == [refused]


def test_an_empty_list_has_the_same_columns(session):
    nothing = outbox_messages(session, course="NOWHERE-1")
    assert nothing.empty
    assert nothing.dtypes["id"] == "int64"
    assert count_outbox_messages(session, course="NOWHERE-1") == 0


def test_a_page_has_at_most_1000_rows(session):
    with pytest.raises(PageLimitError):
        outbox_messages(session, limit=1001)
