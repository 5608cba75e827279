"""Messages to students on the command line."""

import pytest
from sqlalchemy import delete

from lmskit.cli.exit_status import REFUSED
from lmskit.db import transaction
from lmskit.models import User
from tests import factories
from tests.reliability.mail_server import MailServer


@pytest.fixture
def students(admin_engine, course):
    """Two students of the course; the course goes before them."""
    with transaction(admin_engine) as session:
        made = [factories.student(session, family_name=name, given_name="X") for name in ("Ada", "Ben")]
        for student in made:
            factories.enrollment(session, course, student)
    addresses = [student.email for student in made]
    yield addresses
    with transaction(admin_engine) as session:
        session.delete(session.merge(course))
        session.flush()
        session.execute(delete(User).where(User.email.in_(addresses)))


def test_a_message_is_shown_then_sent_to_each_student_alone(*, lmskit, course, students, configure):
    send = ("message", "send", course.code, "--subject", "Room", "--text-file", "-")
    tried = lmskit(*send, "--dry-run", typed="Dear {name}, room 5.")
    assert tried.stdout == (
        f"To: {students[0]}\nSubject: Room\nLanguage: en\n\nDear X Ada, room 5.\n\n"
        f"2 students of {course.code}: {students[0]}, {students[1]}.\nThis was a dry run: nothing was changed.\n"
    )
    nowhere = lmskit(*send, "--yes", typed="Dear {name}, by file.").stdout
    assert "2 written, 0 refused for good, 0 to be tried again. No mail server is set (LMSKIT_SMTP_HOST), so messages" in nowhere
    with MailServer() as server:
        configure(LMSKIT_SMTP_HOST="127.0.0.1", LMSKIT_SMTP_PORT=str(server.port), LMSKIT_SMTP_SECURITY="none")
        configure(LMSKIT_MAIL_FROM="Courses <courses@example.org>")
        assert " sent, " in lmskit(*send, "--yes", typed="Dear {name}, room 5.").stdout
        again = lmskit(*send, "--yes", typed="Dear {name}, room 5.")
        assert (again.exit_code, again.stdout) == (REFUSED, "")
        assert "No student gets this message. " in again.stderr
        assert "Not again to 2 students" in again.stderr
        assert " sent, " in lmskit("enrollment", "withdraw", course.code, students[0], "--notify").stdout
    sent = [message for message in server.accepted if message.recipient in students]  # others may have been due, too
    assert sorted(message.recipient for message in sent) == sorted([*students, students[0]])
    for message in sent:
        assert sum(address.encode() in message.content for address in students) == 1
