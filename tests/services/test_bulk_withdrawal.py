import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lmskit.errors import ManyWithdrawalsError, SectionNotFoundError
from lmskit.models import Enrollment, OutboxMessage, Section, SectionMember
from lmskit.schemas.enrollment import WithdrawSeveral
from lmskit.services.bulk_withdrawal import withdraw_several
from lmskit.services.enrollment import request_enrollment
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus, PastedOutcome, SectionKind
from tests import factories


@pytest.fixture
def course(session):
    return factories.course(session)


def statuses(session, course):
    session.expire_all()
    return {
        row.student_id: row.status
        for row in session.execute(select(Enrollment.student_id, Enrollment.status).where(Enrollment.course_id == course.id))
    }


def several(session, course, **chosen):
    dry_run = chosen.pop("dry_run", False)
    return withdraw_several(session, WithdrawSeveral(course=course.code, **chosen), dry_run=dry_run)


def test_those_in_a_list_are_withdrawn_and_others_are_named(session, course):
    known = [factories.student(session, family_name=factories.unique("Quill"), given_name="Ana") for _ in range(3)]
    for student, status in zip(known, (EnrollmentStatus.ACTIVE, EnrollmentStatus.WITHDRAWN, EnrollmentStatus.COMPLETED), strict=True):
        factories.enrollment(session, course, student, status=status)
    elsewhere = factories.student(session)
    people = "\n".join([f"ana {known[0].family_name}", *(str(each.email) for each in (*known, elsewhere)), "No One Here"])
    report = several(session, course, people=people, at_most=1)
    outcome = PastedOutcome
    assert [row.outcome for row in report.rows] == [
        outcome.WITHDRAWN, outcome.UNCHANGED, outcome.UNCHANGED, outcome.REFUSED, outcome.UNKNOWN, outcome.UNKNOWN
    ]  # fmt: skip
    assert [statuses(session, course)[student.id] for student in known] == ["withdrawn", "withdrawn", "completed"]


def test_messages_that_wait_are_cancelled_and_the_earlier_end_comes_back(session, course):
    left = dt.date(2026, 10, 1)
    returning, active = factories.student(session), factories.student(session)
    factories.enrollment(session, course, returning, status=EnrollmentStatus.WITHDRAWN, ended_on=left)
    request_enrollment(session, course, returning)
    factories.enrollment(session, course, active)
    several(session, course, everyone=True, at_most=2)
    assert set(statuses(session, course).values()) == {EnrollmentStatus.WITHDRAWN}
    assert session.get_one(Enrollment, (course.id, returning.id)).ended_on == left
    assert session.get_one(Enrollment, (course.id, active.id)).ended_on == dt.datetime.now(dt.UTC).date()
    message = session.scalars(select(OutboxMessage).where(OutboxMessage.course_id == course.id)).one()
    assert (message.status, message.last_error) == (OutboxStatus.REFUSED, "withdrawn before the message was sent")


def test_a_large_share_of_a_course_needs_a_confirmation_of_its_number(session, course):
    for _ in range(4):
        factories.enrollment(session, course)
    assert several(session, course, everyone=True, dry_run=True).check.reasons == (f"4 of 4 students of {course.code} (100 %)",)
    with pytest.raises(ManyWithdrawalsError, match=r"4 students of .* would be withdrawn, and their number has to be confirmed: 4 of 4"):
        several(session, course, everyone=True)
    with pytest.raises(ManyWithdrawalsError, match="more than the confirmed 3"):
        several(session, course, everyone=True, at_most=3)
    assert set(statuses(session, course).values()) == {EnrollmentStatus.ACTIVE}
    assert several(session, course, everyone=True, at_most=4).n_done == 4


def test_a_few_of_a_large_course_need_none(session, course):
    students = [factories.student(session) for _ in range(20)]
    for student in students:
        factories.enrollment(session, course, student)
    assert several(session, course, people=f"{students[0].email}, {students[1].email}").n_done == 2


def test_a_section_is_chosen_by_name(session, course):
    students = [factories.enrollment(session, course).student_id for _ in range(2)]
    section = Section(course_id=course.id, kind=SectionKind.SECTION, name="A", source="csv")
    session.add(section)
    session.flush()
    session.add(SectionMember(course_id=course.id, section_id=section.id, student_id=students[0]))
    session.flush()
    assert several(session, course, section="A", at_most=1).n_done == 1
    assert [statuses(session, course)[student] for student in students] == [EnrollmentStatus.WITHDRAWN, EnrollmentStatus.ACTIVE]
    with pytest.raises(SectionNotFoundError):
        several(session, course, section="Nowhere")


@pytest.mark.parametrize("chosen", [{}, {"everyone": True, "section": "A"}, {"people": "a@example.org", "everyone": True}])
def test_one_way_to_choose_students_is_needed(chosen):
    with pytest.raises(ValidationError, match="Choose one"):
        WithdrawSeveral(course="CS101", **chosen)
