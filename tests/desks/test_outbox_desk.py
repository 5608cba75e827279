import pytest

from lmskit.desks import outbox_desk
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from lmskit.vocabulary import OutboxStatus
from tests import factories

PATIENCE = 60


@pytest.fixture
def course(session):
    return factories.course(session)


@pytest.fixture
def requested(session, course):
    """Request enrollments in the course, whose messages then wait."""

    def ask(*families):
        for family in families:
            email = f"{factories.unique('to')}@example.com"
            enroll(session, EnrollStudent(course=course.code, email=email, family_name=family))

    return ask


@pytest.fixture
def desk(course, in_session, mail_dir):
    opened = outbox_desk(begin=in_session, read=in_session)
    opened.course.value = course.code
    return opened


def shown(desk, *columns):
    return desk.table.frame[list(columns)].to_numpy().tolist()


def deliver(desk):
    desk.deliver.click()
    desk.work.join(PATIENCE)


def press(submission):
    submission._ended = float("-inf")  # later than a double click
    submission.button.click()


def test_messages_are_listed_by_status_newest_first(desk, requested):
    requested("Able", "Baker")
    desk.status.value = OutboxStatus.WAITING
    assert shown(desk, "Student", "Status", "Tries") == [["Baker", "waiting", 0], ["Able", "waiting", 0]]
    desk.status.value = OutboxStatus.SENT
    assert shown(desk, "Student") == []
    assert desk.pager.label.value == "no messages"


def test_a_welcome_text_is_previewed_saved_and_removed(desk, course):
    form = desk.welcome
    form.course.value = course.code
    assert form.source.value.endswith("have the built-in text.")
    assert form.clearing.view.layout.display == "none", "there is no text to remove"
    form.previewing.button.click()
    assert "Dear Ada Lovelace," in form.letter.view.value
    form.subject.value, form.text.value = "Hi", "Dear {nmae} <b>"
    press(form.previewing)
    assert "{nmae} stands for nothing" in form.message.value
    form.text.value = "Dear {name} <b>"
    press(form.previewing)
    assert "Dear Ada Lovelace &lt;b&gt;" in form.letter.view.value
    press(form.writing)
    assert form.source.value.endswith("have a text of their own.")
    assert form.clearing.view.layout.display is None
    form.course.value = ""
    assert (form.subject.value, form.letter.view.value) == ("", "")
    form.course.value = course.code
    assert form.text.value == "Dear {name} <b>"
    press(form.clearing)
    form.clearing._ended = float("-inf")
    form.clearing.yes.click()
    assert (form.text.value, form.message.value.endswith("have the built-in text.")) == ("", True)


def test_due_messages_are_delivered_and_then_listed_as_sent(desk, requested, mail_dir):
    requested("Able")
    deliver(desk)
    assert "1 written, " in desk.message.value
    assert "No mail server is set (LMSKIT_SMTP_HOST), so messages are written as .eml files to " in desk.message.value
    assert shown(desk, "Student", "Status", "Tries") == [["Able", "sent", 1]]
    assert len(list(mail_dir.glob("*.eml"))) == 1
    assert (desk.chosen.options, desk.retrying.button.disabled) == ((), True)


def test_the_screen_says_where_messages_are_sent(desk, mail_dir):
    assert any(str(mail_dir) in str(getattr(child, "value", "")) for child in desk.view.children)


def test_a_waiting_message_can_be_tried_at_once(desk, requested):
    requested("Able")
    desk.refresh()
    [(label, number)] = desk.chosen.options
    assert label.endswith(" · waiting")
    desk.retrying.button.click()
    assert desk.retrying.message.value.startswith(f"Message {number}: ")


def test_the_pager_turns_pages(desk, requested):
    requested(*(f"Name {number:02}" for number in range(30)))
    desk.refresh()
    assert desk.pager.label.value == "messages 1–25 of 30"
    desk.pager.next.click()
    assert [student for [student] in shown(desk, "Student")] == [f"Name {number:02}" for number in range(4, -1, -1)]


def test_selecting_all_shows_all_messages_again(desk):
    desk.status.value = OutboxStatus.SENT
    desk.status.index = 0
    assert (desk.status.index, desk.status.label) == (0, "all")
