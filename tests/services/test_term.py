"""A term is created and closed: its enrollments end, and are active again when it is opened again."""

import datetime as dt

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from lmskit.errors import NotPermittedError, TermCodeInUseError, TermStateError
from lmskit.models import Enrollment, OutboxMessage, Term
from lmskit.queries.term_closing import open_enrollments
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.schemas.term import CreateTerm
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.term import close_term, create_term, open_term, today
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests import factories

FIRST, LAST = dt.date(2020, 9, 14), dt.date(2021, 1, 31)
ACTIVE, COMPLETED, PENDING, WITHDRAWN = (
    EnrollmentStatus.ACTIVE,
    EnrollmentStatus.COMPLETED,
    EnrollmentStatus.PENDING,
    EnrollmentStatus.WITHDRAWN,
)


@pytest.fixture
def course(session):
    """A course of a term that is over."""
    return factories.course(session, in_term=factories.term(session, starts_on=FIRST, ends_on=LAST), weeks=1)


@pytest.fixture
def term(session, course):
    return session.get(Term, course.term_id)


def requested(session, course, student):
    """A pending enrollment whose message waits."""
    enroll(session, EnrollStudent(course=course.code, email=student.email))


def ends(session, course):
    """Status and last day of each enrollment of the course, by student."""
    found = session.execute(select(Enrollment.student_id, Enrollment.status, Enrollment.ended_on).where(Enrollment.course_id == course.id))
    return {student: (status, day) for student, status, day in found}


def test_closing_completes_who_is_enrolled_with_the_last_day_and_leaves_the_others(session, course, term):
    active, late = (
        factories.enrollment(session, course, started_on=FIRST),
        factories.enrollment(session, course, started_on=dt.date(2022, 5, 1)),
    )
    gone = factories.enrollment(session, course, status=WITHDRAWN, started_on=FIRST, ended_on=dt.date(2020, 10, 1))
    elsewhere = factories.enrollment(session, factories.course(session))
    closed = close_term(session, term.code)
    assert closed.sentence == f"The term {term.code} is closed. 2 enrollments are completed."
    assert ends(session, course) == {
        active.student_id: (COMPLETED, LAST),
        late.student_id: (COMPLETED, dt.date(2022, 5, 1)),
        gone.student_id: (WITHDRAWN, dt.date(2020, 10, 1)),
    }
    assert session.get(Enrollment, (elsewhere.course_id, elsewhere.student_id)).status is ACTIVE


def test_a_term_that_is_closed_early_ends_today(session):
    course = factories.course(session, in_term=factories.term(session, starts_on=FIRST, ends_on=dt.date(2999, 1, 1)))
    student = factories.enrollment(session, course, started_on=FIRST).student_id
    close_term(session, session.get(Term, course.term_id).code)
    assert ends(session, course) == {student: (COMPLETED, today())}


def test_a_pending_one_is_named_and_withdrawn_and_its_message_is_not_sent(session, course, term):
    new, back = factories.student(session, family_name="Vale"), factories.student(session, family_name="Wood")
    factories.enrollment(session, course, back, status=WITHDRAWN, started_on=FIRST, ended_on=dt.date(2020, 11, 2))
    requested(session, course, new)
    requested(session, course, back)
    found = open_enrollments(session, term)
    assert (found.n_active, found.n_pending) == (0, 2)
    assert found.named == [f"{course.code}: {new.name}", f"{course.code}: {back.name}"]
    assert close_term(session, term.code).sentence == f"The term {term.code} is closed. 2 pending enrollments are withdrawn."
    assert ends(session, course) == {new.id: (WITHDRAWN, today()), back.id: (WITHDRAWN, dt.date(2020, 11, 2))}
    messages = session.execute(select(OutboxMessage.status, OutboxMessage.last_error).where(OutboxMessage.course_id == course.id))
    assert set(messages) == {(OutboxStatus.REFUSED, "the term was closed before the message was sent")}
    assert open_term(session, term.code).resumed == 0


def test_a_term_is_not_closed_while_a_message_is_being_sent(session, course, term):
    student, other = factories.student(session), factories.student(session)
    requested(session, course, student)
    requested(session, course, other)
    being_sent = update(OutboxMessage).where(OutboxMessage.student_id == student.id)
    session.execute(being_sent.values(leased_until=text("now() + interval '1 minute'")))
    session.commit()
    with pytest.raises(TermStateError, match=r"1 message to students .* is being sent at this moment\. Nothing was changed"):
        close_term(session, term.code)
    session.rollback()
    assert {status for status, _ in ends(session, course).values()} == {PENDING}
    session.execute(being_sent.values(leased_until=text("now() - interval '1 minute'")))  # the process that was sending it has died
    assert close_term(session, term.code).ended.withdrawn == 2


def test_opening_again_takes_back_what_closing_did_and_nothing_else(session, course, term):
    factories.enrollment(session, course, started_on=FIRST)
    factories.enrollment(session, course, status=COMPLETED, started_on=FIRST, ended_on=dt.date(2020, 12, 1))
    left = factories.student(session)
    factories.enrollment(session, course, left, started_on=FIRST)
    withdraw(session, course=course.code, who=str(left.email))
    before = ends(session, course)
    for _ in range(2):
        close_term(session, term.code)
        assert open_term(session, term.code).sentence == (
            f"The term {term.code} is open. 1 enrollment is active again, as before it was closed."
        )
        assert ends(session, course) == before


def test_a_code_is_used_once(session):
    request = CreateTerm(code=factories.unique("T"), name="Spring", starts_on=FIRST, ends_on=LAST)
    create_term(session, request)
    with pytest.raises(TermCodeInUseError, match=f"There is already a term with the code {request.code}"):
        create_term(session, request)


def test_a_lecturer_creates_no_term(lecturer_engine):
    with Session(lecturer_engine) as session, pytest.raises(NotPermittedError, match="Only an administrator can create a term"):
        create_term(session, CreateTerm(code=factories.unique("T"), name="Spring", starts_on=FIRST, ends_on=LAST))
