import datetime as dt
import itertools
from dataclasses import dataclass

import pytest
from sqlalchemy import func, select

from lmskit.errors import (
    DeliveryInDoubtError,
    MessagePostponedError,
    MessageRefusedError,
    NoMailServerError,
    RevisionError,
    UpgradedMeanwhileError,
)
from lmskit.models import Course, Enrollment, OutboxMessage, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services import delivery
from lmskit.services.admission import admit
from lmskit.services.delivery import (
    FIRST_PAUSE,
    LEASE,
    LONGEST_PAUSE,
    MAX_ATTEMPTS,
    claim_next,
    deliver_waiting,
    postpone,
    put_back,
    settle,
    watch,
)
from lmskit.services.enrollment import enroll, withdraw
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
from tests import factories

GONE = MessageRefusedError("550 no such mailbox")
LATER = MessagePostponedError("450 try again later")


@dataclass(frozen=True)
class Case:
    """A student whose enrollment is requested."""

    course: Course
    student: User
    request: EnrollStudent


@pytest.fixture
def case(session):
    course, student = factories.course(session, weeks=1), factories.student(session)
    return Case(course, student, EnrollStudent(course=course.code, email=factories.address(student)))


def enrollment_of(session, case):
    return session.get(Enrollment, (case.course.id, case.student.id), populate_existing=True)


def message_of(session, case):
    statement = select(OutboxMessage).where(OutboxMessage.course_id == case.course.id).order_by(OutboxMessage.id.desc()).limit(1)
    return session.scalars(statement.execution_options(populate_existing=True)).one()


def claimed(session):
    claim = claim_next(session)
    assert claim is not None
    return claim


def now(session):
    return session.scalar(select(func.clock_timestamp()))


def test_an_accepted_message_makes_the_enrollment_active(session, begin, post, case):
    enroll(session, case.request)

    report = deliver_waiting(begin, post)

    assert (report.sent, report.refused, report.postponed, report.given_up) == (1, [], [], [])
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE
    message = message_of(session, case)
    assert (message.status, message.attempts, message.leased_until) == (OutboxStatus.SENT, 1, None)
    assert message.sent_at is not None
    assert post.recipients == [case.student.email]


def test_a_sent_message_is_not_sent_again(session, begin, post, case):
    enroll(session, case.request)
    deliver_waiting(begin, post)
    assert deliver_waiting(begin, post).sent == 0
    assert len(post.messages) == 1


def test_a_refused_message_leaves_no_enrollment(session, begin, post, case):
    post.answers[case.student.email] = GONE
    enroll(session, case.request)

    report = deliver_waiting(begin, post)

    assert [message.reason for message in report.refused] == ["550 no such mailbox"]
    assert enrollment_of(session, case) is None
    message = message_of(session, case)
    assert (message.status, message.last_error) == (OutboxStatus.REFUSED, "550 no such mailbox")


def test_after_a_refusal_the_enrollment_can_be_requested_again(session, begin, post, case):
    post.answers[case.student.email] = GONE
    enroll(session, case.request)
    deliver_waiting(begin, post)
    post.answers.clear()

    assert enroll(session, case.request).request_sequence == 2
    assert deliver_waiting(begin, post).sent == 1
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE


def test_a_refused_return_restores_the_earlier_enrollment(session, begin, post, case):
    left_on = dt.date(2026, 10, 1)
    factories.enrollment(session, case.course, case.student, status=EnrollmentStatus.WITHDRAWN, ended_on=left_on)
    post.answers[case.student.email] = GONE
    enroll(session, case.request)

    deliver_waiting(begin, post)

    enrollment = enrollment_of(session, case)
    assert (enrollment.status, enrollment.previous_status, enrollment.ended_on) == (EnrollmentStatus.WITHDRAWN, None, left_on)


def test_attempts_of_a_student_survive_a_refused_message(session, begin, post, case):
    enroll(session, case.request)
    factories.attempt(session, factories.quiz(session, case.course), case.student)
    post.answers[case.student.email] = GONE

    deliver_waiting(begin, post)

    assert enrollment_of(session, case).status is EnrollmentStatus.WITHDRAWN


def test_a_postponed_message_waits_and_its_enrollment_stays_pending(session, begin, post, case):
    post.answers[case.student.email] = LATER
    enroll(session, case.request)
    before = now(session)

    report = deliver_waiting(begin, post)

    assert [message.recipient for message in report.postponed] == [case.student.email]
    assert enrollment_of(session, case).status is EnrollmentStatus.PENDING
    message = message_of(session, case)
    assert (message.status, message.attempts, message.last_error) == (OutboxStatus.WAITING, 1, "450 try again later")
    assert 0.7 * FIRST_PAUSE < message.available_at - before < 1.5 * FIRST_PAUSE
    post.answers.clear()
    assert deliver_waiting(begin, post).sent == 0, "it is not due yet"


def test_a_message_that_a_newer_lmskit_wrote_waits_and_keeps_nothing_else_from_being_sent(session, begin, post, case):
    enroll(session, case.request)
    message = message_of(session, case)
    message.template = "of_a_newer_lmskit"
    other = factories.student(session)
    enroll(session, EnrollStudent(course=case.course.code, email=factories.address(other)))
    report = deliver_waiting(begin, post)
    assert [failed.reason for failed in report.postponed] == [
        "This lmskit cannot write messages of the kind of_a_newer_lmskit; a newer one can."
    ]
    assert post.recipients == [factories.address(other)]
    assert message_of(session, case).status == OutboxStatus.SENT
    assert session.get(OutboxMessage, message.id, populate_existing=True).status == OutboxStatus.WAITING


def test_pauses_grow_up_to_a_limit(session, begin, case):
    enroll(session, case.request)
    pauses = []
    for _ in range(MAX_ATTEMPTS):
        claim = claimed(session)
        postpone(session, claim, reason="busy")
        message = message_of(session, case)
        pauses.append(message.available_at - now(session))
        message.available_at = now(session) - dt.timedelta(seconds=1)
        session.flush()
    assert all(later > earlier for earlier, later in itertools.pairwise(pauses[:4]))
    assert max(pauses) <= 1.25 * LONGEST_PAUSE


def test_a_message_tried_too_often_is_a_dead_letter(session, begin, post, case):
    post.answers[case.student.email] = LATER
    enroll(session, case.request)
    reports = []
    for _ in range(MAX_ATTEMPTS):
        message_of(session, case).available_at = now(session) - dt.timedelta(seconds=1)
        session.flush()
        reports.append(deliver_waiting(begin, post))

    assert [message.reason for report in reports for message in report.given_up] == ["450 try again later"]
    assert message_of(session, case).status is OutboxStatus.DEAD
    assert enrollment_of(session, case) is None


def test_the_limit_on_tries_also_counts_dispatchers_that_die(session, begin, post, case):
    enroll(session, case.request)
    for _ in range(MAX_ATTEMPTS):
        assert claim_next(session) is not None
        message_of(session, case).leased_until = now(session) - dt.timedelta(seconds=1)
        session.flush()

    report = deliver_waiting(begin, post)

    assert post.messages == []
    assert "given up after 8 tries" in report.given_up[0].reason
    assert message_of(session, case).status is OutboxStatus.DEAD
    assert enrollment_of(session, case).status is EnrollmentStatus.PENDING, "the message may have arrived"
    assert deliver_waiting(begin, post).given_up == []
    assert enroll(session, case.request).request_sequence == 2
    assert deliver_waiting(begin, post).sent == 1
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE


def test_only_its_dispatcher_sends_a_leased_message_until_the_lease_ends(session, begin, post, case):
    enroll(session, case.request)
    claim = claimed(session)
    leased_until = message_of(session, case).leased_until
    assert abs(leased_until - now(session) - LEASE) < dt.timedelta(seconds=30)

    assert deliver_waiting(begin, post).sent == 0
    message_of(session, case).leased_until = now(session) - dt.timedelta(seconds=1)
    assert deliver_waiting(begin, post).sent == 1
    assert str(post.messages[0]["Message-ID"]) == claim.letter.message_id


def test_a_dispatcher_that_settles_too_late_changes_nothing(session, begin, post, case):
    enroll(session, case.request)
    claim = claimed(session)
    assert settle(session, claim, OutboxStatus.SENT)

    assert not settle(session, claim, OutboxStatus.REFUSED, reason="550 too late")

    assert message_of(session, case).status is OutboxStatus.SENT
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE


def test_a_withdrawal_while_the_message_is_being_sent_stays(session, begin, post, case):
    enroll(session, case.request)

    def withdraw_student():
        withdraw(session, course=case.course.code, who=factories.address(case.student))

    post.on_send = withdraw_student

    assert deliver_waiting(begin, post).sent == 1

    assert enrollment_of(session, case).status is EnrollmentStatus.WITHDRAWN
    assert message_of(session, case).status is OutboxStatus.SENT


def test_the_message_of_an_earlier_request_does_not_confirm_a_later_one(session, begin, post, case):
    enroll(session, case.request)

    def withdraw_and_return():
        post.on_send = lambda: None
        withdraw(session, course=case.course.code, who=factories.address(case.student))
        enroll(session, case.request)
        post.answers[case.student.email] = LATER

    post.on_send = withdraw_and_return
    deliver_waiting(begin, post)

    enrollment = enrollment_of(session, case)
    assert (enrollment.status, enrollment.request_sequence) == (EnrollmentStatus.PENDING, 2)


def test_one_bad_address_does_not_delay_other_messages(session, begin, post, case):
    students = [factories.student(session) for _ in range(3)]
    for student in students:
        enroll(session, EnrollStudent(course=case.course.code, email=factories.address(student)))
    post.answers[students[0].email] = GONE
    post.answers[students[1].email] = LATER

    report = deliver_waiting(begin, post)

    assert (report.sent, len(report.refused), len(report.postponed)) == (1, 1, 1)
    assert post.recipients == [students[2].email]


def test_admit_says_that_the_enrollment_is_active(begin, post, case):
    assert admit(begin, post, case.request) == f"{case.student.email} is enrolled in {case.course.code}: active. The message was posted."


def test_admit_says_that_the_enrollment_is_pending_and_why(begin, post, case):
    post.answers[case.student.email] = LATER
    sentence = admit(begin, post, case.request)
    assert (
        sentence == f"{case.student.email} is enrolled in {case.course.code}: pending. The message will be tried again. 450 try again later"
    )


def test_admit_raises_an_error_if_the_message_is_refused(begin, post, case):
    post.answers[case.student.email] = GONE
    with pytest.raises(MessageRefusedError, match=r"was not enrolled in .* 550 no such mailbox"):
        admit(begin, post, case.request)


def expire_lease(session, case):
    message_of(session, case).leased_until = now(session) - dt.timedelta(seconds=1)
    session.flush()


@pytest.mark.parametrize("outcome", [OutboxStatus.REFUSED, OutboxStatus.DEAD])
def test_a_dispatcher_whose_lease_expired_cannot_change_a_message_that_another_one_has_claimed(session, case, outcome):
    enroll(session, case.request)
    slow = claimed(session)
    expire_lease(session, case)
    quick = claimed(session)

    assert not settle(session, slow, outcome, reason="550 no such mailbox")
    postpone(session, slow, reason="450 busy")
    put_back(session, slow, reason="no server")

    message = message_of(session, case)
    assert (message.status, message.attempts, message.last_error) == (OutboxStatus.WAITING, 2, None)
    assert message.leased_until > now(session), "the lease belongs to the other dispatcher"
    assert settle(session, quick, OutboxStatus.SENT)
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE


@pytest.fixture(params=["interrupted", "answer lost"])
def doubtful(request, session, begin, post, case):
    """A student whose enrollment is requested, and whose message may have arrived."""
    enroll(session, case.request)
    if request.param == "interrupted":
        claimed(session)
        expire_lease(session, case)
    else:
        post.answers[case.student.email] = DeliveryInDoubtError("the connection was lost before the answer")
        deliver_waiting(begin, post)
    return case


@pytest.mark.parametrize("answer", [GONE, LATER])
def test_the_enrollment_of_a_message_that_may_have_arrived_stays_pending(session, begin, post, doubtful, answer):
    case = doubtful
    post.answers[case.student.email] = answer
    reports = []
    for _ in range(MAX_ATTEMPTS):
        message_of(session, case).available_at = now(session) - dt.timedelta(seconds=1)
        session.flush()
        reports.append(deliver_waiting(begin, post))

    assert [len(report.refused) for report in reports] == [0] * MAX_ATTEMPTS
    assert sum(len(report.given_up) for report in reports) == 1
    message = message_of(session, case)
    assert (message.status, message.in_doubt) == (OutboxStatus.DEAD, True)
    assert message.last_error == f"{answer}; an earlier try may have arrived, so the place is left pending"
    assert enrollment_of(session, case).status is EnrollmentStatus.PENDING


def test_a_try_without_a_mail_server_leaves_no_doubt(session, begin, post, case):
    enroll(session, case.request)
    post.answers[case.student.email] = NoMailServerError("The mail server cannot be reached.")
    deliver_waiting(begin, post)
    post.answers[case.student.email] = GONE

    assert len(deliver_waiting(begin, post).refused) == 1
    assert enrollment_of(session, case) is None


def test_an_accepted_message_counts_even_if_the_dispatcher_s_lease_expired(session, case):
    enroll(session, case.request)
    slow = claimed(session)
    expire_lease(session, case)
    quick = claimed(session)
    assert settle(session, slow, OutboxStatus.SENT)
    assert not settle(session, quick, OutboxStatus.REFUSED, reason="550 seen before")
    assert enrollment_of(session, case).status is EnrollmentStatus.ACTIVE


def test_without_a_mail_server_the_run_ends_and_no_try_is_used_up(session, begin, post, case):
    students = [factories.student(session) for _ in range(3)]
    for student in students:
        enroll(session, EnrollStudent(course=case.course.code, email=factories.address(student)))
    down = NoMailServerError("The mail server cannot be reached.")
    post.answers = {factories.address(student): down for student in students}

    report = deliver_waiting(begin, post)

    assert (report.sent, report.stopped, report.postponed) == (0, str(down), [])
    statement = select(OutboxMessage).where(OutboxMessage.course_id == case.course.id).execution_options(populate_existing=True)
    messages = session.scalars(statement.order_by(OutboxMessage.id)).all()
    assert [(message.status, message.attempts, message.leased_until) for message in messages] == [(OutboxStatus.WAITING, 0, None)] * 3
    assert [message.last_error for message in messages] == [str(down), None, None]
    post.answers.clear()
    assert deliver_waiting(begin, post).sent == 3


def test_a_run_that_is_stopped_ends_between_two_messages(session, begin, post, case):
    for _ in range(3):
        enroll(session, EnrollStudent(course=case.course.code, email=factories.address(factories.student(session))))
    assert deliver_waiting(begin, post, go_on=lambda: not post.messages).sent == 1
    assert deliver_waiting(begin, post).sent == 2


def test_admit_sends_its_own_message_first(session, begin, post, case):
    for _ in range(3):
        enroll(session, EnrollStudent(course=case.course.code, email=factories.address(factories.student(session))))
    admit(begin, post, case.request)
    assert post.recipients[0] == case.student.email
    assert len(post.recipients) == 4, "the messages of others follow"


def test_admit_without_a_mail_server_says_that_the_enrollment_is_pending_and_what_to_do(begin, post, case):
    post.answers[case.student.email] = NoMailServerError("The mail server cannot be reached.")
    sentence = admit(begin, post, case.request)
    assert sentence == (
        f"{case.student.email} is enrolled in {case.course.code}: pending. The message waits; to send it: lmskit mail deliver. "
        "The mail server cannot be reached."
    )


def test_a_watch_reports_each_change_once(session, begin, post, case, monkeypatch):
    lines: list[str] = []
    looks = iter(range(20))
    enroll(session, case.request)
    post.answers[case.student.email] = NoMailServerError("The mail server cannot be reached.")

    def go_on():
        look = next(looks, None)
        if look == 8:
            post.answers.clear()
        return look is not None

    monkeypatch.setattr(delivery, "LONGEST_OUTAGE_PAUSE", 0.0)
    watch(begin, post, every=0, go_on=go_on, say=lines.append)
    assert lines == [
        "The mail server cannot be reached.",
        "1 sent, 0 refused for good, 0 to be tried again.",
        "Messages are sent again.",
    ]


def test_a_watch_waits_while_database_and_lmskit_differ_and_ends_when_both_were_upgraded(session, begin, post, case, monkeypatch):
    lines: list[str] = []
    answers = iter([RevisionError("The database is at revision 0001."), None, UpgradedMeanwhileError(began_with="0001", found="0002")])
    enroll(session, case.request)

    def ready():
        if (answer := next(answers)) is not None:
            raise answer

    monkeypatch.setattr(delivery, "LONGEST_OUTAGE_PAUSE", 0.0)
    with pytest.raises(UpgradedMeanwhileError, match="Start it again"):
        watch(begin, post, every=0, go_on=lambda: True, say=lines.append, ready=ready)
    assert lines == [
        "The database is at revision 0001.",
        "1 sent, 0 refused for good, 0 to be tried again.",
        "Messages are sent again.",
    ]
