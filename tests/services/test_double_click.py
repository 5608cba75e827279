"""What several people do at the same moment, in transactions that really run in parallel."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, select, text

from lmskit.db import retried, transaction
from lmskit.errors import AlreadyEnrolledError, CourseExistsError, LmskitError
from lmskit.models import Course, Enrollment, OutboxMessage, Term, User
from lmskit.schemas.course import CreateCourse, NewTerm
from lmskit.schemas.enrollment import EnrollStudent, WithdrawSeveral
from lmskit.services.bulk_withdrawal import withdraw_several
from lmskit.services.course import create_course
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import enroll, withdraw
from lmskit.vocabulary import EnrollmentStatus
from tests import factories

CLICKS = 12


@pytest.fixture
def course(admin_engine):
    """A committed course; it is deleted with everything that belongs to it after the test."""
    with transaction(admin_engine) as session:
        made = factories.course(session)
    yield made
    with transaction(admin_engine) as session:
        people = list(session.scalars(select(Enrollment.student_id).where(Enrollment.course_id == made.id)))
        session.execute(delete(Course).where(Course.id == made.id))
        session.execute(delete(Term).where(Term.id == made.term_id))
        session.execute(delete(User).where(User.id.in_([*people, made.lecturer_id])))


def at_once(work: Callable[[], object]) -> list[object]:
    """Do the same work from several threads at the same moment; return what each returned or raised."""
    gate = threading.Barrier(CLICKS)

    def click(_number: int) -> object:
        gate.wait()
        try:
            return work()
        except LmskitError as error:
            return error

    with ThreadPoolExecutor(CLICKS) as pool:
        return list(pool.map(click, range(CLICKS)))


def test_twelve_clicks_on_enrol_make_one_enrollment_and_one_message(admin_engine, course, post):
    email = f"{factories.unique('double')}@example.org"
    request = EnrollStudent(course=course.code, email=email, family_name="Click", given_name="Double")

    def click() -> object:
        with transaction(admin_engine) as session:
            return enroll(session, request).request_sequence

    results = at_once(click)

    assert results.count(1) == 1
    assert sum(isinstance(result, AlreadyEnrolledError) for result in results) == CLICKS - 1
    report = deliver_waiting(lambda: transaction(admin_engine), post)
    assert (report.sent, post.recipients) == (1, [email])


def test_twelve_clicks_on_return_raise_the_sequence_once(admin_engine, course, post):
    with transaction(admin_engine) as session:
        student = factories.student(session)
        factories.enrollment(session, course, student, status=EnrollmentStatus.WITHDRAWN)
    request = EnrollStudent(course=course.code, email=factories.address(student))

    def click() -> object:
        with transaction(admin_engine) as session:
            return enroll(session, request).request_sequence

    results = at_once(click)

    assert results.count(2) == 1
    assert deliver_waiting(lambda: transaction(admin_engine), post).sent == 1


def test_parallel_dispatchers_send_each_message_once(admin_engine, course, post):
    students = []
    with transaction(admin_engine) as session:
        for _ in range(10):
            students.append(factories.student(session))
            enroll(session, EnrollStudent(course=course.code, email=factories.address(students[-1])))

    at_once(lambda: deliver_waiting(lambda: transaction(admin_engine), post))

    assert sorted(post.recipients) == sorted(factories.address(student) for student in students)
    with transaction(admin_engine) as session:
        statuses = set(session.scalars(select(Enrollment.status).where(Enrollment.course_id == course.id)))
        attempts = set(session.scalars(select(OutboxMessage.attempts).where(OutboxMessage.course_id == course.id)))
    assert (statuses, attempts) == ({EnrollmentStatus.ACTIVE}, {1})


def test_withdrawing_and_delivering_at_once_do_not_deadlock(admin_engine, course, post):
    with transaction(admin_engine) as session:
        students = [factories.student(session) for _ in range(CLICKS)]
        for student in students:
            enroll(session, EnrollStudent(course=course.code, email=factories.address(student)))
    waiting = iter(students)
    lock = threading.Lock()

    def withdraw_or_deliver() -> None:
        with lock:
            student = next(waiting)
        if students.index(student) % 2:
            deliver_waiting(lambda: transaction(admin_engine), post)
        else:

            def withdraw_student() -> None:
                with transaction(admin_engine) as session:
                    withdraw(session, course=course.code, who=factories.address(student))

            retried(withdraw_student)

    assert at_once(withdraw_or_deliver) == [None] * CLICKS
    with transaction(admin_engine) as session:
        statuses = dict(session.execute(select(Enrollment.student_id, Enrollment.status).where(Enrollment.course_id == course.id)).all())
    for number, student in enumerate(students):
        assert statuses[student.id] is (EnrollmentStatus.ACTIVE if number % 2 else EnrollmentStatus.WITHDRAWN)


def test_who_is_withdrawn_while_a_whole_course_waits_to_be_is_not_counted_twice(admin_engine, course):
    with transaction(admin_engine) as session:
        students = [factories.student(session) for _ in range(2)]
        for student in students:
            factories.enrollment(session, course, student)
    request = WithdrawSeveral(course=course.code, everyone=True, at_most=2)
    blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND :pid = ANY (pg_blocking_pids(pid))")

    def withdraw_all() -> int:
        with transaction(admin_engine) as session:
            return withdraw_several(session, request).n_done

    with ThreadPoolExecutor(1) as pool:
        with transaction(admin_engine) as first:
            withdraw(first, course=course.code, who=factories.address(students[0]))
            pid = first.scalar(text("SELECT pg_backend_pid()"))
            several = pool.submit(withdraw_all)
            until = time.monotonic() + 20
            while not first.scalar(blocked, {"pid": pid}):
                assert time.monotonic() < until
                time.sleep(0.01)
        assert several.result(20) == 1


def test_twelve_clicks_on_create_make_one_course_and_one_term(admin_engine, course):
    with transaction(admin_engine) as session:
        lecturer = session.get_one(User, course.lecturer_id)
    code = factories.unique("NEW")
    term = NewTerm.model_validate({"name": "A term", "starts_on": "2027-01-04", "ends_on": "2027-04-30"})
    request = CreateCourse(code=code, module_code="NEW", title="New", term=code, lecturer=factories.address(lecturer), new_term=term)

    def create() -> str:
        with transaction(admin_engine) as session:
            return create_course(session, request).code

    results = at_once(lambda: retried(create, idempotent=False))  # as the command and the form do it

    assert Counter(map(type, results)) == {str: 1, CourseExistsError: CLICKS - 1}
    with transaction(admin_engine) as session:
        session.execute(delete(Course).where(Course.code == code))
        assert len(session.scalars(delete(Term).where(Term.code == code).returning(Term.id)).all()) == 1
