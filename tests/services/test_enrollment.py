import datetime as dt

import pytest
from sqlalchemy import func, select

from lmskit.errors import (
    AddressError,
    AlreadyEnrolledError,
    CourseCompletedError,
    CourseNotFoundError,
    NameNeededError,
    NotAStudentError,
    NotEnrolledError,
    UnknownPersonError,
)
from lmskit.models import Enrollment, OutboxMessage, QuizAttempt, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll, request_enrollment, withdraw
from lmskit.vocabulary import EnrollmentStatus, Origin, OutboxStatus, Role
from tests import factories


def today() -> dt.date:
    """The day now, which is another one than at the beginning of a run over midnight."""
    return dt.datetime.now(dt.UTC).date()


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def student(session):
    return factories.student(session)


def requested(session, course, student):
    return enroll(session, EnrollStudent(course=course.code, email=factories.address(student)))


def messages(session, course):
    return list(session.scalars(select(OutboxMessage).where(OutboxMessage.course_id == course.id).order_by(OutboxMessage.id)))


def test_a_requested_enrollment_is_pending_and_its_message_waits(session, course, student):
    enrollment = requested(session, course, student)

    assert (enrollment.status, enrollment.request_sequence, enrollment.origin) == (EnrollmentStatus.PENDING, 1, Origin.FORM)
    assert (enrollment.started_on, enrollment.ended_on) == (today(), None)
    (message,) = messages(session, course)
    assert message.idem_key == f"enroll:{course.id}:{student.id}:1"
    assert message.recipient == student.email
    assert message.message_id.startswith("<")
    session.refresh(message)
    assert message.status is OutboxStatus.WAITING


def test_the_enrollment_and_its_message_are_stored_together_or_not_at_all(session, course):
    unreachable = factories.student(session, email=f"{factories.unique('x')}@oulad.invalid")

    with pytest.raises(AddressError, match="no e-mail address that receives mail"), session.begin_nested():
        request_enrollment(session, course, unreachable)

    assert session.get(Enrollment, (course.id, unreachable.id)) is None
    assert messages(session, course) == []


def test_an_address_is_found_whatever_its_capitals(session, course):
    student = factories.student(session)
    assert enroll(session, EnrollStudent(course=course.code, email=f" {factories.address(student).upper()} ")).student_id == student.id


@pytest.mark.parametrize("status", [EnrollmentStatus.PENDING, EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED])
def test_a_student_has_one_enrollment_per_course(session, course, student, status):
    factories.enrollment(session, course, student, status=status)

    with pytest.raises(AlreadyEnrolledError, match=rf"already enrolled in {course.code} \(status: {status}\)"):
        requested(session, course, student)

    assert messages(session, course) == []


def test_a_withdrawn_student_returns_to_the_same_enrollment(session, course, student):
    earlier = factories.enrollment(
        session, course, student, status=EnrollmentStatus.WITHDRAWN, origin=Origin.IMPORT, ended_on=dt.date(2026, 10, 1)
    )

    enrollment = requested(session, course, student)

    assert enrollment is earlier
    assert (enrollment.status, enrollment.previous_status) == (EnrollmentStatus.PENDING, EnrollmentStatus.WITHDRAWN)
    assert (enrollment.request_sequence, enrollment.ended_on) == (2, None)
    assert enrollment.origin is Origin.IMPORT
    assert [message.idem_key for message in messages(session, course)] == [f"enroll:{course.id}:{student.id}:2"]


def test_a_new_person_becomes_a_student_with_a_name(session, course):
    email = f"{factories.unique('new')}@example.org"

    enrollment = enroll(session, EnrollStudent(course=course.code, email=email, family_name="Ångström", given_name="Élodie"))

    person = session.get_one(User, enrollment.student_id)
    assert (person.role, person.sort_name, person.db_role) == (Role.STUDENT, "angstrom, elodie", None)


def test_a_new_person_needs_a_name(session, course):
    with pytest.raises(NameNeededError, match="give the family name too"):
        enroll(session, EnrollStudent(course=course.code, email="nobody.yet@example.org"))


def test_a_person_who_is_in_lmskit_keeps_the_name(session, course, student):
    enroll(session, EnrollStudent(course=course.code, email=factories.address(student), family_name="Another"))
    session.refresh(student, ["family_name"])
    assert student.family_name == "Student"


@pytest.mark.parametrize("role", [Role.LECTURER, Role.SUPER_ADMIN])
def test_only_students_can_be_enrolled(session, course, role):
    person = factories.person(session, role=role)
    with pytest.raises(NotAStudentError, match="only students can be enrolled"):
        enroll(session, EnrollStudent(course=course.code, email=factories.address(person)))


def test_a_student_without_an_address_is_not_enrolled(session, course):
    student = factories.student(session, email=None)
    with pytest.raises(AddressError, match=student.given_name):
        request_enrollment(session, course, student)


def test_an_unknown_course_is_named(session, student):
    with pytest.raises(CourseNotFoundError, match="NOWHERE-1"):
        enroll(session, EnrollStudent(course="NOWHERE-1", email=factories.address(student)))


def test_a_withdrawal_ends_the_enrollment_today_and_keeps_the_attempts(session, course, student):
    factories.enrollment(session, course, student, started_on=dt.date(2026, 1, 5))
    factories.attempt(session, factories.quiz(session, course), student)

    enrollment = withdraw(session, course=course.code, who=factories.address(student).upper())

    assert (enrollment.status, enrollment.ended_on) == (EnrollmentStatus.WITHDRAWN, today())
    assert session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.student_id == student.id)) == 1


def test_an_enrollment_that_has_not_begun_ends_on_its_first_day(session, course, student):
    begins = today() + dt.timedelta(days=30)
    factories.enrollment(session, course, student, started_on=begins)
    assert withdraw(session, course=course.code, who=factories.address(student)).ended_on == begins


def test_a_student_whose_address_receives_no_mail_can_be_withdrawn(session, course):
    student = factories.student(session, email=f"{factories.unique('student')}@oulad.invalid")
    factories.enrollment(session, course, student)
    assert withdraw(session, course=course.code, who=factories.address(student)).status is EnrollmentStatus.WITHDRAWN


def test_a_student_cannot_be_withdrawn_twice(session, course, student):
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN)
    with pytest.raises(NotEnrolledError, match="Nothing was changed"):
        withdraw(session, course=course.code, who=factories.address(student))


def test_a_student_who_is_not_enrolled_cannot_be_withdrawn(session, course, student):
    with pytest.raises(NotEnrolledError):
        withdraw(session, course=course.code, who=factories.address(student))


def test_a_student_who_completed_the_course_cannot_be_withdrawn(session, course, student):
    factories.enrollment(session, course, student, status=EnrollmentStatus.COMPLETED)
    with pytest.raises(CourseCompletedError):
        withdraw(session, course=course.code, who=factories.address(student))


def test_an_unknown_student_is_named(session, course):
    with pytest.raises(UnknownPersonError, match=r"nobody@example\.org"):
        withdraw(session, course=course.code, who="nobody@example.org")


def test_withdrawing_a_pending_student_cancels_the_message(session, course, student):
    requested(session, course, student)

    enrollment = withdraw(session, course=course.code, who=factories.address(student))

    assert (enrollment.status, enrollment.previous_status, enrollment.ended_on) == (EnrollmentStatus.WITHDRAWN, None, today())
    (message,) = messages(session, course)
    session.refresh(message)
    assert (message.status, message.last_error) == (OutboxStatus.REFUSED, "withdrawn before the message was sent")


def test_cancelling_a_return_restores_the_earlier_end_date(session, course, student):
    left_on = dt.date(2026, 10, 1)
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
    requested(session, course, student)

    enrollment = withdraw(session, course=course.code, who=factories.address(student))

    assert (enrollment.status, enrollment.ended_on) == (EnrollmentStatus.WITHDRAWN, left_on)


def test_a_request_after_a_cancelled_one_is_a_new_request(session, course, student):
    requested(session, course, student)
    withdraw(session, course=course.code, who=factories.address(student))

    enrollment = requested(session, course, student)

    assert enrollment.request_sequence == 2
    assert [message.idem_key for message in messages(session, course)] == [f"enroll:{course.id}:{student.id}:{n}" for n in (1, 2)]


def test_a_request_after_a_message_that_was_given_up_is_a_new_request(session, course, student):
    requested(session, course, student)
    (given_up,) = messages(session, course)
    another = requested(session, course, factories.student(session))
    given_up.status, given_up.failed_at = OutboxStatus.DEAD, dt.datetime.now(dt.UTC)
    session.flush()

    enrollment = requested(session, course, student)

    assert (enrollment.status, enrollment.request_sequence) == (EnrollmentStatus.PENDING, 2)
    assert [message.idem_key for message in messages(session, course) if message.student_id == student.id] == [
        f"enroll:{course.id}:{student.id}:1", f"enroll:{course.id}:{student.id}:2",
    ]  # fmt: skip
    assert another.request_sequence == 1
