"""Enrollments by an import: new, resumed, unchanged and withdrawn students, and the messages to them."""

import datetime as dt

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from lmskit.errors import CourseNotFoundError, ImportFileError, InputError, MessageRefusedError
from lmskit.models import Enrollment, OutboxMessage, Term
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import request_enrollment
from lmskit.services.term import close_term
from lmskit.vocabulary import EnrollmentStatus, Origin, OutboxStatus
from tests import factories
from tests.importers.plain import reasons, states_of, warnings_of


def today() -> dt.date:
    """The day now, which is another one than at the beginning of a run over midnight."""
    return dt.datetime.now(dt.UTC).date()


HEADER = "email,family_name,status,started_on,ended_on\n"


def enrollment_of(session, course, student):
    return session.get(Enrollment, (course.id, student.id), populate_existing=True)


@pytest.fixture
def ada(session):
    return factories.student(session, email="ada@example.org", family_name="Lovelace")


@pytest.fixture
def not_enrolled(course, ada):
    return course, ada


def test_a_new_enrollment_is_active_at_once_and_sends_no_message(session, imported, course, ada):
    report = imported("email\nada@example.org")
    enrollment = enrollment_of(session, course, ada)
    assert (enrollment.status, enrollment.origin, enrollment.started_on) == (EnrollmentStatus.ACTIVE, Origin.IMPORT, factories.FIRST_DAY)
    assert session.scalars(select(OutboxMessage).where(OutboxMessage.course_id == course.id)).all() == []
    assert "new enrollments begin with the term" in report.notes[-1]


@pytest.mark.parametrize(
    "case",
    [
        ("active", ",,", "active None", "unchanged"),
        ("active", "withdrawn,,2026-10-01", "withdrawn 2026-10-01", "changed"),
        ("active", "withdrawn,,2026-01-01", "withdrawn 2026-09-14", "changed"),
        ("active", "completed,,", "completed None", "changed"),
        ("withdrawn", "active,,", "active None", "changed"),
        ("withdrawn", "withdrawn,,", "withdrawn 2026-09-30", "unchanged"),
        ("withdrawn", "withdrawn,,2026-10-02", "withdrawn 2026-10-02", "changed"),
        ("withdrawn", "completed,,", "completed None", "changed"),
        ("completed", "active,,", "completed 2026-09-30", "unchanged"),
        ("completed", "withdrawn,,2026-10-01", "completed 2026-09-30", "unchanged"),
        ("completed", "completed,,2026-10-01", "completed 2026-10-01", "changed"),
    ],
)
def test_the_result_of_a_row_depends_on_the_present_enrollment(session, imported, course, ada, case):
    before, row, after, state = case
    ended = None if before == "active" else dt.date(2026, 9, 30)
    factories.enrollment(session, course, ada, status=EnrollmentStatus(before), ended_on=ended)
    assert states_of(imported(f"{HEADER}ada@example.org,,{row}")) == state
    now = enrollment_of(session, course, ada)
    assert f"{now.status} {now.ended_on}" == after
    assert states_of(imported(f"{HEADER}ada@example.org,,{row}")) == "unchanged"


def test_a_student_who_leaves_on_an_unknown_day_leaves_today(session, imported, course, ada):
    factories.enrollment(session, course, ada, started_on=dt.date(2020, 1, 1))
    imported(f"{HEADER}ada@example.org,,withdrawn,,")
    assert enrollment_of(session, course, ada).ended_on == today()


def test_an_enrollment_that_ends_before_it_begins_is_rejected(imported):
    assert reasons(imported(f"{HEADER}x@example.org,X,withdrawn,2026-10-02,2026-10-01")) == [(2, "ends before it begins")]


def test_of_several_rows_for_one_enrollment_an_active_one_counts(session, imported, course, ada):
    report = imported(f"{HEADER}ada@example.org,,withdrawn,,\nada@example.org,,active,,\nada@example.org,,active,,")
    assert states_of(report) == "unchanged added unchanged"
    assert enrollment_of(session, course, ada).status is EnrollmentStatus.ACTIVE
    assert [row for row, _ in warnings_of(report)] == [2]


def test_a_pending_enrollment_stays_pending(session, imported, course, ada):
    request_enrollment(session, course, ada)
    report = imported("email\nada@example.org")
    assert (states_of(report), enrollment_of(session, course, ada).status) == ("unchanged", EnrollmentStatus.PENDING)
    assert warnings_of(report) == [(2, "is pending in lmskit until its message is accepted: stays pending")]


def test_the_message_of_a_pending_enrollment_that_is_withdrawn_is_not_sent(session, imported, course, ada):
    request_enrollment(session, course, ada)
    imported(f"{HEADER}ada@example.org,,withdrawn,2026-10-05,2026-10-09")
    enrollment = enrollment_of(session, course, ada)
    assert enrollment.status is EnrollmentStatus.WITHDRAWN
    assert (enrollment.started_on, enrollment.ended_on) == (dt.date(2026, 10, 5), dt.date(2026, 10, 9))
    message = session.scalars(
        select(OutboxMessage).where(OutboxMessage.student_id == ada.id).execution_options(populate_existing=True)
    ).one()
    assert (message.status, message.last_error) == (OutboxStatus.REFUSED, "withdrawn before the message was sent")


def test_with_notify_new_students_are_pending_until_their_message_is_accepted(session, imported, course, begin, post):
    report = imported("id,email,family_name,given_name\n1,ada@example.org,Lovelace,Ada\n2,,Babbage,Charles", notify=True)
    assert states_of(report) == "added added"
    assert report.entity("messages").added == 1
    assert warnings_of(report) == [(3, "has no e-mail address that receives mail: enrolled without a message")]
    statuses = select(Enrollment.status).where(Enrollment.course_id == course.id).order_by(Enrollment.student_id)
    assert session.scalars(statuses).all() == [EnrollmentStatus.PENDING, EnrollmentStatus.ACTIVE]
    assert imported("id,email,family_name,given_name\n1,ada@example.org,Lovelace,Ada", notify=True).entity("messages").added == 0
    assert deliver_waiting(begin, post).sent == 1
    assert post.recipients == ["ada@example.org"]
    assert "Ada Lovelace" in str(post.messages[0])
    assert session.scalars(statuses).all() == [EnrollmentStatus.ACTIVE, EnrollmentStatus.ACTIVE]


def test_with_notify_a_resumed_student_gets_a_message_and_is_withdrawn_again_if_it_is_refused(session, imported, not_enrolled, begin, post):
    course, ada = not_enrolled
    left = dt.date(2026, 9, 30)
    factories.enrollment(session, course, ada, status=EnrollmentStatus.WITHDRAWN, ended_on=left)
    report = imported("email\nada@example.org", notify=True)
    assert [(outcome.state, outcome.reason, outcome.before, outcome.after) for outcome in report.outcomes] == [
        ("changed", "status of enrollment, pending until the message is accepted", "withdrawn", "active")
    ]
    again = enrollment_of(session, course, ada)
    assert (again.status, again.previous_status, again.request_sequence) == (EnrollmentStatus.PENDING, EnrollmentStatus.WITHDRAWN, 2)
    post.answers["ada@example.org"] = MessageRefusedError("no such mailbox")
    deliver_waiting(begin, post)
    assert (enrollment_of(session, course, ada).status, enrollment_of(session, course, ada).ended_on) == (EnrollmentStatus.WITHDRAWN, left)


def test_a_request_after_a_refused_one_has_a_new_number(session, imported, not_enrolled, begin, post):
    course, ada = not_enrolled
    post.answers["ada@example.org"] = MessageRefusedError("no such mailbox")
    imported("email\nada@example.org", notify=True)
    deliver_waiting(begin, post)
    assert enrollment_of(session, course, ada) is None
    assert imported("email\nada@example.org", notify=True).entity("messages").added == 1
    assert enrollment_of(session, course, ada).request_sequence == 2


def test_students_that_a_file_does_not_name_stay_enrolled(session, imported, course, ada):
    factories.enrollment(session, course, ada)
    imported("email,family_name\nben@example.org,Babbage")
    assert enrollment_of(session, course, ada).status is EnrollmentStatus.ACTIVE


def test_missing_students_are_withdrawn_with_withdraw_missing(session, imported, course, ada):
    waiting, done, elsewhere = factories.student(session), factories.student(session), factories.student(session)
    other = factories.course(session)
    factories.enrollment(session, course, ada, started_on=dt.date(2020, 1, 1))
    factories.enrollment(session, course, done, status=EnrollmentStatus.COMPLETED)
    factories.enrollment(session, other, elsewhere)
    soon = today() + dt.timedelta(days=30)
    later = factories.enrollment(session, course, started_on=soon)
    request_enrollment(session, course, waiting)
    rows = "email,family_name\nben@example.org,Babbage"
    rehearsed = imported(rows, withdraw_missing=True, dry_run=True)
    assert enrollment_of(session, course, ada).status is EnrollmentStatus.ACTIVE
    report = imported(rows, withdraw_missing=True, withdraw_at_most=3)
    assert report.outcomes == rehearsed.outcomes
    assert report.entity("withdrawn").changed == 3
    assert f"Lovelace, {ada.given_name} · {course.code}" in [outcome.what for outcome in report.outcomes if outcome.state == "withdrawn"]
    withdrawn = enrollment_of(session, course, ada)
    assert (withdrawn.status, withdrawn.ended_on) == (EnrollmentStatus.WITHDRAWN, today())
    session.refresh(later)
    assert (later.status, later.ended_on) == (EnrollmentStatus.WITHDRAWN, soon)
    assert enrollment_of(session, course, waiting).status is EnrollmentStatus.WITHDRAWN
    message = session.scalars(select(OutboxMessage).where(OutboxMessage.student_id == waiting.id).execution_options(populate_existing=True))
    assert message.one().status is OutboxStatus.REFUSED
    assert enrollment_of(session, course, done).status is EnrollmentStatus.COMPLETED
    assert enrollment_of(session, other, elsewhere).status is EnrollmentStatus.ACTIVE
    assert imported(rows, withdraw_missing=True).entity("withdrawn").changed == 0


@pytest.mark.parametrize("row", ["no address,Babbage", "ben@example.org,"])
def test_no_student_is_withdrawn_while_a_row_is_rejected(session, imported, course, ada, row):
    factories.enrollment(session, course, ada)
    with pytest.raises(ImportFileError, match=r"cannot be withdrawn while rows .* The first rejection: file.csv, row 2"):
        imported(f"email,family_name\n{row}\ncho@example.org,Cho", withdraw_missing=True)


def test_a_file_needs_a_course_that_exists(imported):
    with pytest.raises(InputError, match=r"file.csv does not say which course it is about. Name the course: --course CODE"):
        imported("email,family_name\nada@example.org,Lovelace", course=None)
    with pytest.raises(CourseNotFoundError):
        imported("email,family_name\nada@example.org,Lovelace", course="NO-SUCH-COURSE")


def test_a_file_may_name_its_courses_by_their_codes(session, imported, ada):
    first, second = factories.course(session), factories.course(session)
    imported(f"email,course\nada@example.org,{first.code}\nada@example.org,{second.code}", course=None)
    assert enrollment_of(session, first, ada) is not None
    assert enrollment_of(session, second, ada) is not None


@pytest.mark.parametrize(("rows", "is_said"), [("id,family_name,course\n1,Vale,{}", True), ("id,family_name,role\n1,Vale,wizard", False)])
def test_a_course_was_not_needed_only_if_rows_name_theirs(imported, course, rows, is_said):
    report = imported(rows.format(course.code))
    assert (f"The file names its courses itself, so {course.code} was not needed." in report.notes) == is_said


def test_a_dry_run_is_refused_where_the_import_would_be(session, imported, course):
    code = session.get_one(Term, course.term_id).code
    close_term(session, code)
    rows = "email,family_name\nben@example.org,Babbage\nada@example.org,Lovelace"
    for dry_run in (True, False):
        with pytest.raises(IntegrityError, match=f"the term {code} is closed"), session.begin_nested():
            imported(rows, dry_run=dry_run)


def test_a_dry_run_of_a_roster_writes_one_new_student_of_each_course(session, imported, course):
    other = factories.course(session)
    factories.enrollment(session, course, factories.student(session, email="known@example.org", family_name="Known", given_name=""))
    rows = ["email,family_name,course", f"known@example.org,Known,{course.code}", f"no address,Wrong,{course.code}"]
    rows += [f"{nth}@example.org,Known,{code}" for nth, code in enumerate([course.code] * 5 + [other.code] * 5)]
    first = factories.student(session).id
    rehearsed = imported("\n".join(rows), dry_run=True)
    assert factories.student(session).id == first + 3, "one number for each course, and one for the next student"
    report = imported("\n".join(rows))
    assert (report.total.added, report.total.unchanged, report.total.rejected) == (10, 1, 1)
    assert [row for row, _ in warnings_of(report)] == [4, 5, 6, 7, 8], "possible duplicates of the student in the course"
    assert (rehearsed.files, rehearsed.entities, rehearsed.outcomes, rehearsed.warnings, rehearsed.rejections) == (
        report.files, report.entities, report.outcomes, report.warnings, report.rejections,
    )  # fmt: skip
