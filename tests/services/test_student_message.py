"""Messages that administrators write to students, and messages about a withdrawal."""

import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lmskit.errors import MessageRefusedError, MessageSettledError, SectionNotFoundError, StudentNotInCourseError
from lmskit.models import AuditEntry, Enrollment, MessageText, OutboxMessage, Section, SectionMember
from lmskit.schemas.enrollment import EnrollStudent, WithdrawSeveral
from lmskit.schemas.written_message import SendMessage
from lmskit.services.bulk_withdrawal import withdraw_several
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.retention import remove_messages
from lmskit.services.retry import retry
from lmskit.services.student_message import send_message
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus, SectionKind
from tests import factories


class Class:
    """A course with two active students, one who has left, one whose enrollment is pending, and one without an address."""

    def __init__(self, session):
        self.course = factories.course(session, weeks=1)
        self.ada, self.ben, self.gone, self.silent, self.pending = (
            factories.student(session, family_name=name, given_name="X", **address)
            for name, address in (("Ada", {}), ("Ben", {}), ("Gone", {}), ("Silent", {"email": None}), ("Pending", {}))
        )
        for student in (self.ada, self.ben, self.silent):
            factories.enrollment(session, self.course, student)
        factories.enrollment(session, self.course, self.gone, status=EnrollmentStatus.WITHDRAWN, ended_on=dt.date(2999, 1, 1))
        enroll(session, EnrollStudent(course=self.course.code, email=factories.address(self.pending)))

    def written(self, **more):
        return SendMessage(course=self.course.code, **{"subject": "Room", "text": "Dear {name}, room 5."} | more)


@pytest.fixture
def class_(session):
    return Class(session)


def sent(begin, post):
    """Subject and text of the messages that are sent now, by recipient."""
    post.messages.clear()
    deliver_waiting(begin, post)
    return {str(each["To"]): (str(each["Subject"]), each.get_body(("plain",)).get_content().strip()) for each in post.messages}


def messages_to(session, student, template):
    of_student = (OutboxMessage.student_id == student.id, OutboxMessage.template == template)
    return session.scalars(select(OutboxMessage).where(*of_student).execution_options(populate_existing=True)).all()


def test_each_active_student_gets_a_message_of_their_own_and_the_same_text_once(*, session, begin, post, class_):
    sent(begin, post)  # what confirms the pending enrollment, which is active then
    withdraw(session, course=class_.course.code, who=class_.pending.email)
    tried = send_message(session, class_.written(), dry_run=True)
    assert tried.addresses == (class_.ada.email, class_.ben.email)
    assert tried.sentence.endswith("Not to 1 student without an address that mail can be sent to.")
    assert sent(begin, post) == {}
    assert send_message(session, class_.written()) == tried
    assert sent(begin, post) == {class_.ada.email: ("Room", "Dear X Ada, room 5."), class_.ben.email: ("Room", "Dear X Ben, room 5.")}
    assert [len(message["To"].addresses) for message in post.messages] == [1, 1]
    again = send_message(session, class_.written())
    assert (again.addresses, again.n_before) == ((), 2)
    assert sent(begin, post) == {}
    send_message(session, class_.written(text="Room 6."))
    assert len(sent(begin, post)) == 2
    texts = select(AuditEntry.new["subject"].astext).where(
        AuditEntry.table_name == "message_texts", AuditEntry.course_id == class_.course.id, AuditEntry.action == "insert"
    )
    assert session.scalars(texts).all() == ["Room", "Room"]


def test_a_text_is_removed_with_the_last_message_that_has_it(*, session, begin, post, class_):
    text = select(MessageText.id).where(MessageText.course_id == class_.course.id)
    send_message(session, class_.written())
    remove_messages(session, -1)
    assert session.scalars(text).all() != []
    sent(begin, post)
    remove_messages(session, -1)
    assert session.scalars(text).all() == []


def test_a_message_goes_to_a_section_or_to_those_who_are_named(session, class_):
    section = Section(course_id=class_.course.id, kind=SectionKind.SECTION, name="Group A", source="csv")
    session.add(section)
    session.flush()
    session.add(SectionMember(course_id=class_.course.id, section_id=section.id, student_id=class_.ben.id))
    session.flush()
    assert send_message(session, class_.written(section="Group A"), dry_run=True).addresses == (class_.ben.email,)
    assert send_message(session, class_.written(students=[class_.ada.email]), dry_run=True).addresses == (class_.ada.email,)
    for absent in (class_.gone, class_.pending):
        with pytest.raises(StudentNotInCourseError):
            send_message(session, class_.written(students=[absent.email]))
    with pytest.raises(SectionNotFoundError):
        send_message(session, class_.written(section="Group B"))
    with pytest.raises(ValidationError, match="Choose one"):
        class_.written(section="Group A", students=[class_.ada.email])


def test_a_message_that_is_refused_changes_no_enrollment_and_is_tried_again(*, session, begin, post, class_):
    send_message(session, class_.written(students=[class_.ada.email]))
    post.answers[class_.ada.email] = MessageRefusedError("550 no such mailbox")
    deliver_waiting(begin, post)
    [message] = messages_to(session, class_.ada, "message")
    assert message.status is OutboxStatus.REFUSED
    enrollment = session.get(Enrollment, (class_.course.id, class_.ada.id), populate_existing=True)
    assert enrollment.status is EnrollmentStatus.ACTIVE
    again = send_message(session, class_.written(students=[class_.ada.email]))
    assert (again.addresses, again.n_before, again.n_failed) == ((), 0, 1)
    post.answers.clear()
    class_.ada.email = f"new.{class_.ada.email}"
    session.flush()
    assert retry(session, [message.id]).due_now == 1
    assert class_.ada.email in sent(begin, post)
    with pytest.raises(MessageSettledError, match="was sent"):
        retry(session, [message.id])


def test_a_withdrawn_student_gets_a_message_if_that_is_wanted_and_the_enrollment_was_confirmed(*, session, begin, post, class_):
    code = class_.course.code
    withdraw(session, course=code, who=class_.pending.email, notify=True)  # no message about the enrollment was sent
    withdraw(session, course=code, who=class_.ada.email, notify=True)
    withdraw(session, course=code, who=class_.ben.email)
    [(recipient, (subject, text))] = sent(begin, post).items()
    assert (recipient, subject) == (class_.ada.email, f"You are no longer enrolled in {class_.course.title} ({code})")
    assert text.startswith("Dear X Ada,")
    enroll(session, EnrollStudent(course=code, email=class_.ada.email))
    sent(begin, post)
    withdraw(session, course=code, who=class_.ada.email, notify=True)
    assert len(messages_to(session, class_.ada, "withdrawal")) == 2
    post.answers[class_.ada.email] = MessageRefusedError("550 no such mailbox")
    deliver_waiting(begin, post)
    [refused] = [each for each in messages_to(session, class_.ada, "withdrawal") if each.status is OutboxStatus.REFUSED]
    enroll(session, EnrollStudent(course=code, email=class_.ada.email))
    with pytest.raises(MessageSettledError, match="not so any more"):
        retry(session, [refused.id])


def test_many_withdrawn_students_get_one_likewise(*, session, begin, post, class_):
    withdraw_several(session, WithdrawSeveral(course=class_.course.code, everyone=True, notify=True, at_most=10))
    assert sent(begin, post).keys() == {class_.ada.email, class_.ben.email}
