"""What the message that confirms an enrollment says, and when it is sent."""

import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy import select

from lmskit.errors import InputError, StudentNotInCourseError
from lmskit.models import AuditEntry, Enrollment, OutboxMessage
from lmskit.queries.health import database_findings
from lmskit.schemas.enrollment import EnrollPasted, EnrollStudent
from lmskit.schemas.written_message import OfWelcome, SetWelcome
from lmskit.services.admission import admit
from lmskit.services.delivery import deliver_waiting
from lmskit.services.enrollment import enroll, withdraw
from lmskit.services.message_preview import preview_message, shown
from lmskit.services.pasted_enrollment import enroll_pasted
from lmskit.services.retry import retry
from lmskit.services.welcome import clear_welcome, set_welcome, welcome_source
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus, WelcomeTime
from tests import factories

GERMAN = {"language": "de", "subject": "Willkommen in {title}", "text": "Liebe/r {name},\n\nder Kurs {course}\nbeginnt: {term}."}


@pytest.fixture
def course(session):
    return factories.course(session, title="Logic <b>", weeks=1)


@pytest.fixture
def student(session):
    return factories.student(session, family_name="{course}", given_name="Ada")


def requested(session, course, student, **more):
    return enroll(session, EnrollStudent(course=course.code, email=student.email, **more))


def sent(begin, post):
    deliver_waiting(begin, post)
    return {str(message["To"]): message for message in post.messages}


def test_a_message_says_the_text_of_its_course_or_else_that_of_all_courses(*, session, begin, post, course, student):
    other, neighbour = factories.course(session, weeks=1), factories.student(session)
    requested(session, course, student)  # before there is a text: the one that holds at sending counts
    requested(session, other, neighbour)
    set_welcome(session, SetWelcome(subject="All", text="For all"))
    set_welcome(session, SetWelcome(course=course.code.lower(), subject="Later replaced", text="x"))
    set_welcome(session, SetWelcome(course=course.code, **GERMAN))
    messages = sent(begin, post)
    own, of_all = messages[student.email], messages[neighbour.email]
    assert (str(own["Subject"]), own["Content-Language"]) == ("Willkommen in Logic <b>", "de")
    assert own.get_body(("plain",)).get_content().startswith(f"Liebe/r Ada {{course}},\n\nder Kurs {course.code}\nbeginnt: ")
    page = own.get_body(("html",)).get_content()
    assert '<html lang="de">' in page
    assert "<title>Willkommen in Logic &lt;b&gt;</title>" in page
    assert f"der Kurs {course.code}<br>\nbeginnt" in page
    assert (str(of_all["Subject"]), of_all.get_body(("plain",)).get_content()) == ("All", "For all\n")


def test_a_text_that_is_removed_gives_way_to_the_next_one(session, course):
    of_course, of_all = OfWelcome(course=course.code), OfWelcome()
    set_welcome(session, SetWelcome(course=course.code, **GERMAN))
    set_welcome(session, SetWelcome(subject="All", text="For all"))
    assert welcome_source(session, of_course).endswith("have a text of their own.")
    assert clear_welcome(session, of_course) == f"Messages that confirm enrollments in {course.code} have the text of all courses."
    assert clear_welcome(session, of_all).endswith("have the built-in text.")
    with pytest.raises(InputError, match="no text"):
        clear_welcome(session, of_course)
    changes = select(AuditEntry.action).where(AuditEntry.table_name == "message_texts", AuditEntry.course_id == course.id)
    assert session.scalars(changes.order_by(AuditEntry.id)).all() == ["insert", "delete"]


def test_a_preview_is_the_message_of_a_student_of_the_course_or_of_an_example(session, course, student):
    lines = shown(preview_message(session, SetWelcome(course=course.code, **GERMAN)))
    assert lines.startswith("To: ada.lovelace@example.org\nSubject: Willkommen in Logic <b>\nLanguage: de\n\nLiebe/r Ada Lovelace,\n")
    factories.enrollment(session, course, student)
    assert str(preview_message(session, OfWelcome(course=course.code))["To"]) == student.email
    assert "Dear Ada Lovelace," in shown(preview_message(session, OfWelcome()))
    with pytest.raises(StudentNotInCourseError):
        preview_message(session, OfWelcome(course=course.code), student="nobody@example.org")
    with pytest.raises(InputError, match="give its code"):
        preview_message(session, OfWelcome(), student=student.email)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"text": "Dear {nmae}"}, r"\{nmae\} stands for nothing"),
        ({"text": "Dear {name.__class__}"}, "stands for nothing"),
        ({"text": "Dear {name"}, r"\{ stands for nothing"),
        ({"subject": "Hello\r\nBcc: all@example.org"}, "one line"),
        ({"text": "Dear\x1b[31m"}, "visible characters"),
        ({"text": "x" * 20_001}, "at most"),
        ({"language": "de\r\nBcc: x"}, "one line"),
        ({"language": "German"}, "pattern"),
    ],
)
def test_a_text_that_no_message_could_have_is_refused_when_it_is_written(wrong, sentence):
    SetWelcome(**GERMAN)
    with pytest.raises(ValidationError, match=sentence):
        SetWelcome(**GERMAN | wrong)


class Term:
    """A course whose term begins in so many days, and the first hour of its first day."""

    def __init__(self, session, days=30):
        first = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=days)
        term = factories.term(session, starts_on=first, ends_on=first + dt.timedelta(days=90))
        self.course = factories.course(session, in_term=term, weeks=1)
        self.due = dt.datetime.combine(first, dt.time(6, tzinfo=dt.UTC))


@pytest.fixture
def next_term(session):
    return Term(session)


def message_of(session, student):
    return session.scalars(select(OutboxMessage).where(OutboxMessage.student_id == student.id)).one()


def test_an_enrollment_whose_message_waits_for_the_first_day_is_pending_until_then(*, session, begin, post, next_term, student):
    request = EnrollStudent(course=next_term.course.code, email=student.email, welcome=WelcomeTime.AT_START)
    sentence = admit(begin, post, request)
    assert sentence.startswith(
        f"{student.email} is enrolled in {next_term.course.code}: pending. It becomes active on {next_term.due:%Y-%m-%d}"
    )
    assert not sent(begin, post)
    message = message_of(session, student)
    assert (message.available_at, message.status, message.attempts) == (next_term.due, OutboxStatus.WAITING, 0)
    retry(session, [message.id])  # "a waiting one is due at once"
    assert student.email in sent(begin, post)
    enrollment = session.get(Enrollment, (next_term.course.id, student.id), populate_existing=True)
    assert enrollment.status is EnrollmentStatus.ACTIVE


def test_who_is_withdrawn_before_the_first_day_gets_no_message(*, session, begin, post, next_term, student):
    requested(session, next_term.course, student, welcome="at-start")
    withdraw(session, course=next_term.course.code, who=student.email)
    message = message_of(session, student)
    session.refresh(message)
    assert message.status is OutboxStatus.REFUSED
    message.available_at = dt.datetime.now(dt.UTC)
    assert not sent(begin, post)


def test_in_a_term_that_has_begun_the_message_is_sent_at_once(*, session, begin, post, student):
    requested(session, Term(session, days=-1).course, student, welcome="at-start")
    assert student.email in sent(begin, post)


def test_many_get_their_message_on_the_first_day_too(session, next_term, student):
    enroll_pasted(session, EnrollPasted(course=next_term.course.code, people=student.email, welcome=WelcomeTime.AT_START))
    assert message_of(session, student).available_at == next_term.due


def test_a_message_that_waits_for_the_first_day_is_not_overdue(session, next_term, student):
    requested(session, next_term.course, student, welcome="at-start")
    message = message_of(session, student)
    message.created_at = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)
    session.flush()
    before = overdue(session)
    message.attempts = 1  # it was tried, and is tried again later
    session.flush()
    assert overdue(session) == before + 1


def overdue(session):
    findings = [
        finding.sentence for finding in database_findings(session, embedded=False, harden=False) if "waited for" in finding.sentence
    ]
    return sum(int(sentence.split()[0]) for sentence in findings)
