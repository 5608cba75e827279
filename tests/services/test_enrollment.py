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
    StudentNotFoundError,
)
from lmskit.models import Enrollment, OutboxMessage, QuizAttempt, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll, request_enrollment, withdraw
from lmskit.vocabulary import EnrollmentStatus, Origin, OutboxStatus, Role
from tests import factories

TODAY = dt.datetime.now(dt.UTC).date()


@pytest.fixture
def course(session):
    return factories.course(session, weeks=2)


@pytest.fixture
def student(session):
    return factories.student(session)


def asked(session, course, student):
    return enroll(session, EnrollStudent(course=course.code, email=factories.address(student)))


def messages(session, course):
    return list(session.scalars(select(OutboxMessage).where(OutboxMessage.course_id == course.id).order_by(OutboxMessage.id)))


def test_a_place_asked_for_is_pending_and_its_message_waits(session, course, student):
    place = asked(session, course, student)

    assert (place.status, place.request_sequence, place.origin) == (EnrollmentStatus.PENDING, 1, Origin.FORM)
    assert (place.started_on, place.ended_on) == (TODAY, None)
    (message,) = messages(session, course)
    assert message.idem_key == f"enroll:{course.id}:{student.id}:1"
    assert message.recipient == student.email
    assert message.message_id.startswith("<")
    session.refresh(message)
    assert message.status is OutboxStatus.WAITING


def test_the_place_and_its_message_come_together_or_not_at_all(session, course):
    nowhere = factories.student(session, email=f"{factories.unique('x')}@oulad.invalid")

    with pytest.raises(AddressError, match="no e-mail address that receives mail"), session.begin_nested():
        request_enrollment(session, course, nowhere)

    assert session.get(Enrollment, (course.id, nowhere.id)) is None
    assert messages(session, course) == []


def test_the_address_is_found_in_any_spelling_of_capitals(session, course):
    student = factories.student(session)
    assert enroll(session, EnrollStudent(course=course.code, email=f" {factories.address(student).upper()} ")).student_id == student.id


@pytest.mark.parametrize("status", [EnrollmentStatus.PENDING, EnrollmentStatus.ACTIVE, EnrollmentStatus.COMPLETED])
def test_a_student_has_one_place_per_course(session, course, student, status):
    factories.enrollment(session, course, student, status=status)

    with pytest.raises(AlreadyEnrolledError, match=rf"already enrolled in {course.code} \(status: {status}\)"):
        asked(session, course, student)

    assert messages(session, course) == []


def test_someone_who_left_comes_back_to_the_same_place(session, course, student):
    earlier = factories.enrollment(
        session, course, student, status=EnrollmentStatus.WITHDRAWN, origin=Origin.IMPORT, ended_on=dt.date(2026, 10, 1)
    )

    place = asked(session, course, student)

    assert place is earlier
    assert (place.status, place.previous_status) == (EnrollmentStatus.PENDING, EnrollmentStatus.WITHDRAWN)
    assert (place.request_sequence, place.ended_on) == (2, None)
    assert place.origin is Origin.IMPORT
    assert [message.idem_key for message in messages(session, course)] == [f"enroll:{course.id}:{student.id}:2"]


def test_someone_new_becomes_a_student_with_a_name(session, course):
    email = f"{factories.unique('new')}@example.org"

    place = enroll(session, EnrollStudent(course=course.code, email=email, family_name="Ångström", given_name="Élodie"))

    person = session.get_one(User, place.student_id)
    assert (person.role, person.sort_name, person.db_role) == (Role.STUDENT, "angstrom, elodie", None)


def test_someone_new_without_a_name_is_asked_for_it(session, course):
    with pytest.raises(NameNeededError, match="give the family name too"):
        enroll(session, EnrollStudent(course=course.code, email="nobody.yet@example.org"))


def test_a_person_who_is_known_keeps_the_name(session, course, student):
    enroll(session, EnrollStudent(course=course.code, email=factories.address(student), family_name="Another"))
    session.refresh(student, ["family_name"])
    assert student.family_name == "Student"


@pytest.mark.parametrize("role", [Role.LECTURER, Role.SUPER_ADMIN])
def test_only_students_can_be_enrolled(session, course, role):
    person = factories.person(session, role=role)
    with pytest.raises(NotAStudentError, match="only students can be enrolled"):
        enroll(session, EnrollStudent(course=course.code, email=factories.address(person)))


def test_a_student_without_an_address_cannot_be_told_and_is_not_enrolled(session, course):
    student = factories.student(session, email=None)
    with pytest.raises(AddressError, match=student.given_name):
        request_enrollment(session, course, student)


def test_an_unknown_course_is_named(session, student):
    with pytest.raises(CourseNotFoundError, match="NOWHERE-1"):
        enroll(session, EnrollStudent(course="NOWHERE-1", email=factories.address(student)))


def test_leaving_ends_the_place_today_and_keeps_the_work(session, course, student):
    factories.enrollment(session, course, student, started_on=dt.date(2026, 1, 5))
    factories.attempt(session, factories.quiz(session, course), student)

    place = withdraw(session, course=course.code, email=factories.address(student).upper())

    assert (place.status, place.ended_on) == (EnrollmentStatus.WITHDRAWN, TODAY)
    assert session.scalar(select(func.count()).select_from(QuizAttempt).where(QuizAttempt.student_id == student.id)) == 1


def test_a_place_that_has_not_begun_ends_on_its_first_day(session, course, student):
    begins = TODAY + dt.timedelta(days=30)
    factories.enrollment(session, course, student, started_on=begins)
    assert withdraw(session, course=course.code, email=factories.address(student)).ended_on == begins


def test_students_whose_address_receives_no_mail_can_leave_too(session, course):
    student = factories.student(session, email=f"{factories.unique('student')}@oulad.invalid")
    factories.enrollment(session, course, student)
    assert withdraw(session, course=course.code, email=factories.address(student)).status is EnrollmentStatus.WITHDRAWN


def test_nobody_leaves_twice(session, course, student):
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN)
    with pytest.raises(NotEnrolledError, match="Nothing was changed"):
        withdraw(session, course=course.code, email=factories.address(student))


def test_nobody_leaves_what_they_never_joined(session, course, student):
    with pytest.raises(NotEnrolledError):
        withdraw(session, course=course.code, email=factories.address(student))


def test_what_is_completed_cannot_be_left(session, course, student):
    factories.enrollment(session, course, student, status=EnrollmentStatus.COMPLETED)
    with pytest.raises(CourseCompletedError):
        withdraw(session, course=course.code, email=factories.address(student))


def test_an_unknown_student_is_named(session, course):
    with pytest.raises(StudentNotFoundError, match=r"nobody@example\.org"):
        withdraw(session, course=course.code, email="nobody@example.org")


def test_a_pending_place_is_called_back_with_its_message(session, course, student):
    asked(session, course, student)

    place = withdraw(session, course=course.code, email=factories.address(student))

    assert (place.status, place.previous_status, place.ended_on) == (EnrollmentStatus.WITHDRAWN, None, TODAY)
    (message,) = messages(session, course)
    session.refresh(message)
    assert (message.status, message.last_error) == (OutboxStatus.REFUSED, "withdrawn before the message was sent")


def test_calling_back_a_return_brings_back_the_day_of_the_first_leaving(session, course, student):
    left_on = dt.date(2026, 10, 1)
    factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
    asked(session, course, student)

    place = withdraw(session, course=course.code, email=factories.address(student))

    assert (place.status, place.ended_on) == (EnrollmentStatus.WITHDRAWN, left_on)


def test_asking_again_after_calling_back_is_a_new_request(session, course, student):
    asked(session, course, student)
    withdraw(session, course=course.code, email=factories.address(student))

    place = asked(session, course, student)

    assert place.request_sequence == 2
    assert [message.idem_key for message in messages(session, course)] == [f"enroll:{course.id}:{student.id}:{n}" for n in (1, 2)]
