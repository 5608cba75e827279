from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import func, select

from lmskit.errors import ChangedMeanwhileError, CourseNotFoundError, TooManyPastedError
from lmskit.limits import MOST_PASTED
from lmskit.models import Enrollment, OutboxMessage, User
from lmskit.schemas.enrollment import EnrollPasted
from lmskit.services.pasted_enrollment import enroll_pasted
from lmskit.services.previewed import as_previewed
from lmskit.vocabulary import EnrollmentStatus, PastedOutcome, Role
from tests import factories


@pytest.fixture
def course(session):
    return factories.course(session)


def pasted(session, course, text, **how):
    return enroll_pasted(session, EnrollPasted(course=course.code, people=text), **how)


def outcomes(report):
    return [row.outcome for row in report.rows]


def n_messages(session, course):
    return session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.course_id == course.id))


def test_what_becomes_of_each_is_reported_and_each_enrollment_has_its_message(session, course):
    known = factories.student(session)
    gone = factories.student(session)
    factories.enrollment(session, course, gone, status=EnrollmentStatus.WITHDRAWN)
    active = factories.student(session)
    factories.enrollment(session, course, active)
    lecturer = factories.person(session, role=Role.LECTURER)
    silent = factories.student(session, email=None, family_name=factories.unique("Silent"), given_name="Sam")
    twins = [factories.student(session, family_name="Twinsworth", given_name="Tim") for _ in range(2)]
    new = f"{factories.unique('new')}@example.org"
    text = "\n".join(
        [
            str(known.email), f"Dr. Una Comer <{new}>", str(gone.email), str(active.email), str(lecturer.email),
            f"Sam {silent.family_name}", "Tim Twinsworth", "Nobody Whatsoever", "without.name@example.org", f"{known.email};", "a@b",
        ]
    )  # fmt: skip
    report = pasted(session, course, text)
    kinds = PastedOutcome
    assert outcomes(report) == [
        kinds.ENROLLED, kinds.NEW, kinds.RETURNS, kinds.UNCHANGED, kinds.REFUSED,
        kinds.REFUSED, kinds.AMBIGUOUS, kinds.UNKNOWN, kinds.REFUSED, kinds.UNCHANGED, kinds.REFUSED,
    ]  # fmt: skip
    assert (report.n_done, report.n_left_out, n_messages(session, course)) == (3, 6, 3)
    person = session.scalars(select(User).where(User.email == new)).one()
    assert (person.family_name, person.given_name, person.role) == ("Comer", "Una", Role.STUDENT)
    assert session.get_one(Enrollment, (course.id, gone.id)).status is EnrollmentStatus.PENDING
    assert all(str(twin.id) in report.rows[6].reason for twin in twins)
    assert report.rows[9].reason == "The same person as in line 1."


def test_a_dry_run_reports_the_same_and_writes_nothing(session, course):
    known, new = factories.student(session), f"{factories.unique('new')}@example.org"
    text = f"{known.email}\nNew Comer <{new}>"
    preview = pasted(session, course, text, dry_run=True)
    assert n_messages(session, course) == 0
    assert session.scalar(select(User.id).where(User.email == new)) is None
    assert session.get(Enrollment, (course.id, known.id)) is None
    assert pasted(session, course, text).rows == preview.rows


def test_names_with_commas_are_one_person_or_several_as_lmskit_knows_them(session, course):
    family = factories.unique("Quince")
    for given in ("Ann", "Bo"):
        factories.student(session, family_name=family, given_name=given)
    assert outcomes(pasted(session, course, f"{family}, Ann", dry_run=True)) == [PastedOutcome.ENROLLED]
    assert outcomes(pasted(session, course, f"Ann {family}, Bo {family}", dry_run=True)) == [PastedOutcome.ENROLLED] * 2


def test_what_was_previewed_is_done_or_nothing(session, course, begin):
    students = [factories.student(session) for _ in range(2)]
    request = EnrollPasted(course=course.code, people="\n".join(str(student.email) for student in students))
    preview = enroll_pasted(session, request, dry_run=True)
    factories.enrollment(session, course, students[0])
    session.commit()
    with pytest.raises(ChangedMeanwhileError, match="Another person changed the list"):
        as_previewed(begin, lambda opened: enroll_pasted(opened, request), preview, what="the list")
    assert session.get(Enrollment, (course.id, students[1].id)) is None


def test_a_list_is_not_enrolled_twice_after_a_connection_was_lost_at_the_commit(session, course, begin):
    student = factories.student(session)
    request = EnrollPasted(course=course.code, people=str(student.email))
    preview = enroll_pasted(session, request, dry_run=True)
    tries = []

    @contextmanager
    def losing():
        tries.append(1)
        with begin() as opened:
            yield opened
        if len(tries) == 1:
            raise psycopg.OperationalError("server closed the connection unexpectedly")

    report = as_previewed(losing, lambda opened: enroll_pasted(opened, request), preview, what="the list")
    assert (len(tries), report.n_done, n_messages(session, course)) == (2, 1, 1)


def test_too_many_people_and_unknown_courses_are_refused(session, course):
    with pytest.raises(TooManyPastedError, match="1,001 people, and at most 1,000"):
        pasted(session, course, "a@example.org\n" * (MOST_PASTED + 1))
    with pytest.raises(CourseNotFoundError):
        enroll_pasted(session, EnrollPasted(course="NOWHERE-1", people="a@example.org"))
