"""Sending messages to a real mail server, and how its answers are treated."""

import shutil
import socket
import ssl
import subprocess
import threading
import traceback

import pytest
from pydantic import SecretStr

from lmskit.errors import DeliveryInDoubtError, MessagePostponedError, MessageRefusedError, NoMailServerError
from lmskit.services.delivery import LEASE
from lmskit.services.mail import Letter, compose
from lmskit.services.smtp import PATIENCE_WITH_TEXT, SmtpServer
from lmskit.services.transport import EmlFolder, transport_of
from lmskit.settings import Settings
from tests.reliability.mail_server import OK, MailServer

SECRET = "correct-horse-battery"


def letter(recipient="ada@example.org", number=1, name="Ada"):
    context = {"name": name, "course": "CS101", "title": "Programming", "term": "Autumn", "ended_before": None}
    return compose(Letter(message_id=f"<{number}@lmskit.invalid>", recipient=recipient, template="welcome", context=context))


def smtp_to(server, **changes):
    options = {"smtp_host": "127.0.0.1", "smtp_port": server.port, "smtp_security": "none", "mail_from": "Courses <from@example.org>"}
    return SmtpServer(Settings.model_validate(options | {"smtp_timeout": 30} | changes))


@pytest.fixture
def server():
    with MailServer() as listening:
        yield listening


def answering(kind, *answers):
    """Give these answers to the first occurrences of a kind, and accept all that follow."""
    left = list(answers)
    return lambda occurrence: left.pop(0) if occurrence.kind == kind and left else OK


def test_a_message_arrives_as_it_was_written(server):
    transport = smtp_to(server)
    message = letter(name="Ada\n.\nLovelace ÄÖ")
    transport.send(message)
    transport.close()
    [accepted] = server.accepted
    assert (accepted.sender, accepted.recipient, accepted.message_id) == ("from@example.org", "ada@example.org", "<1@lmskit.invalid>")
    assert b"Dear Ada . Lovelace =C3=84=C3=96" in accepted.content
    assert transport.accepted == "The mail server 127.0.0.1 accepted the message."


def test_many_messages_are_sent_over_one_connection(server):
    transport = smtp_to(server)
    for number in range(20):
        transport.send(letter(number=number))
    transport.close()
    assert (len(server.accepted), server.connections) == (20, 1)


@pytest.mark.parametrize("ending", [None, "421 4.4.2 Enough for one connection"])
def test_a_server_that_closes_its_connection_between_messages_is_connected_again(server, ending):
    transport = smtp_to(server)
    transport.send(letter(number=1))
    server.answer = answering("mail", ending)
    transport.send(letter(number=2))
    transport.close()
    assert ([message.message_id for message in server.accepted], server.connections) == (["<1@lmskit.invalid>", "<2@lmskit.invalid>"], 2)


@pytest.mark.parametrize(
    ("kind", "answer", "error", "words"),
    [
        ("rcpt", "550-5.1.1 No such\r\n550 5.1.1 mailbox", MessageRefusedError, "refused ada@example.org: 550 5.1.1 No such 5.1.1 mailbox"),
        ("rcpt", "552 5.2.2 Mailbox full", MessageRefusedError, "552 5.2.2 Mailbox full"),
        ("mail", "553 5.7.1 Not your address", MessageRefusedError, r"refused the sender from@example.org \(LMSKIT_MAIL_FROM\): 553"),
        ("text", "554 5.7.1 Looks like spam", MessageRefusedError, "refused the message to ada@example.org: 554 5.7.1 Looks like spam"),
        ("rcpt", "450 4.2.0 Greylisted", MessagePostponedError, "does not accept ada@example.org now: 450 4.2.0 Greylisted"),
        ("text", "451 4.3.0 Queue full", MessagePostponedError, "451 4.3.0 Queue full"),
        ("rcpt", "421 4.3.2 Shutting down", MessagePostponedError, "closing connections: 421 4.3.2 Shutting down"),
        ("text", "421 4.3.2 Shutting down", MessagePostponedError, "closing connections"),
        ("rcpt", None, MessagePostponedError, "connection to the mail server 127.0.0.1:.* was lost"),
        ("text", None, DeliveryInDoubtError, "It may have arrived, and would then arrive twice"),
        ("mail", "530 5.7.0 Authentication required", NoMailServerError, "LMSKIT_SMTP_USER"),
        ("rcpt", "550 \x1b[31mred\x07", MessageRefusedError, r"550 \[31mred$"),
    ],
)
def test_what_the_server_answers_decides(server, kind, answer, error, words):
    server.answer = answering(kind, answer)
    transport = smtp_to(server)
    with pytest.raises(error, match=words) as raised:
        transport.send(letter())
    assert type(raised.value) is error
    assert server.accepted == []
    transport.send(letter())  # the next one is not worse off
    transport.close()
    assert len(server.accepted) == 1


def test_after_a_lost_answer_the_same_message_is_sent_twice(server):
    server.answer = answering("accepted", None)
    transport = smtp_to(server)
    with pytest.raises(DeliveryInDoubtError, match="It may have arrived"):
        transport.send(letter())
    transport.send(letter())
    transport.close()
    assert [message.message_id for message in server.accepted] == ["<1@lmskit.invalid>"] * 2


def test_waiting_for_a_server_that_does_not_answer_ends_before_the_lease(server, monkeypatch):
    longest_timeout = Settings.model_fields["smtp_timeout"].metadata[1].le
    steps = ("connect", "greeting", "EHLO", "STARTTLS", "handshake", "EHLO", "AUTH", "AUTH", "RSET", "MAIL", "RCPT")
    assert (len(steps) + PATIENCE_WITH_TEXT) * longest_timeout <= LEASE.total_seconds()
    server.pause = 600
    for name in ("PATIENCE_WITH_TEXT", "GOODBYE_TIMEOUT"):  # it answers at once before the text, however busy the machine is
        monkeypatch.setattr(f"lmskit.services.smtp.{name}", 0.01)
    with pytest.raises(DeliveryInDoubtError, match="did not answer in time"):
        smtp_to(server).send(letter())


def test_an_ascii_local_part_suits_any_server_and_others_need_smtputf8():
    with MailServer(utf8=False) as old:
        transport = smtp_to(old)
        transport.send(letter("ada@münchen.example"))
        with pytest.raises(MessageRefusedError, match=r"cannot send to élodie@example\.org: it accepts only ASCII characters before the @"):
            transport.send(letter("élodie@example.org"))
        transport.close()
    assert old.recipients() == ["ada@xn--mnchen-3ya.example"]
    with MailServer() as new:
        transport = smtp_to(new)
        transport.send(letter("élodie@example.org"))
        transport.close()
    assert new.recipients() == ["élodie@example.org"]


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_refused_login_concerns_no_student_and_reveals_no_password():
    with MailServer(password=SECRET) as guarded:
        transport = smtp_to(guarded, smtp_user="courses", smtp_password=SECRET)
        transport.send(letter())
        transport.close()
        wrong = smtp_to(guarded, smtp_user="courses", smtp_password="wrong-" + SECRET)
        with pytest.raises(NoMailServerError, match=r"refused the login .*LMSKIT_SMTP_USER and LMSKIT_SMTP_PASSWORD") as raised:
            wrong.send(letter())
    assert len(guarded.accepted) == 1
    shown = "".join(traceback.format_exception(raised.value)) + repr(wrong._settings) + repr(wrong.__dict__)
    assert SECRET not in shown


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_the_password_at_the_mail_server_can_be_in_a_file(tmp_path):
    file = tmp_path / "password"
    with MailServer(password=SECRET) as guarded:
        transport = smtp_to(guarded, smtp_user="courses", smtp_password_file=file)
        with pytest.raises(NoMailServerError, match=r"cannot be read: No such file or directory\. Check LMSKIT_SMTP_PASSWORD_FILE"):
            transport.send(letter())
        for written, reason in (("", "has nothing"), (f"{SECRET}\nmore\n", "has 2 lines"), ("\n", "must have one line")):
            file.write_text(written)
            with pytest.raises(NoMailServerError, match=reason):
                transport.send(letter())
        file.write_text(f"{SECRET}\n")
        transport.send(letter())
        transport.close()
    assert len(guarded.accepted) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS:UserWarning")
def test_a_password_that_cannot_be_sent_is_called_so():
    with MailServer(password=SECRET) as guarded, pytest.raises(NoMailServerError, match="characters other than those of ASCII"):
        smtp_to(guarded, smtp_user="courses", smtp_password=f"{SECRET}ä").send(letter())


def test_a_password_is_never_sent_unencrypted_to_another_machine():
    with pytest.raises(ValueError, match="others could read the password"):
        Settings(smtp_host="mail.example.org", smtp_security="none", smtp_user="courses", smtp_password=SecretStr(SECRET))


@pytest.mark.parametrize("sender", ["nobody", "a@example.org, b@example.org", "a@example.org\nBcc: b@example.org", "ä@example.org"])
def test_a_sender_that_is_not_one_address_is_refused(sender):
    with pytest.raises(ValueError, match="LMSKIT_MAIL_FROM must be one address"):
        Settings(mail_from=sender)


def test_a_server_needs_a_sender(server):
    with pytest.raises(NoMailServerError, match="LMSKIT_MAIL_FROM is not"):
        SmtpServer(Settings(smtp_host="127.0.0.1", smtp_port=server.port, smtp_security="none")).send(letter())


def test_without_a_server_messages_become_files(tmp_path):
    assert isinstance(transport_of(Settings(mail_dir=tmp_path)), EmlFolder)
    assert isinstance(transport_of(Settings(smtp_host="mail.example.org")), SmtpServer)


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25)])
def test_the_port_follows_the_protection(security, port):
    assert Settings(smtp_host="mail.example.org", smtp_security=security).mail_port == port


@pytest.mark.parametrize("greeting", [b"554 5.3.2 No service\r\n", b"421 busy\r\n", b"HTTP/1.1 400 Bad Request\r\n\r\n", b""])
def test_an_invalid_greeting_concerns_no_message(greeting):
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]

        def greet():
            connection, _ = listening.accept()
            with connection:
                connection.sendall(greeting)

        thread = threading.Thread(target=greet)
        thread.start()
        transport = SmtpServer(
            Settings(smtp_host="127.0.0.1", smtp_port=port, smtp_security="none", mail_from="a@example.org", smtp_timeout=30)
        )
        with pytest.raises(NoMailServerError, match=r"accepts no messages now|cannot be reached"):
            transport.send(letter())
        thread.join()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for this machine."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate with")
    folder = tmp_path_factory.mktemp("tls")
    subprocess.run(
        [
            "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem",
        ],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return folder / "certificate.pem", context


@pytest.mark.parametrize("security", ["starttls", "tls"])
def test_an_encrypted_connection_needs_a_trusted_certificate(certificate, security, monkeypatch):
    file, context = certificate
    with MailServer(**{"starttls": {"tls": context}, "tls": {"implicit_tls": context}}[security]) as guarded:
        with pytest.raises(NoMailServerError, match=r"certificate of the mail server .* is not trusted .*SSL_CERT_FILE"):
            smtp_to(guarded, smtp_security=security).send(letter())
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        transport = smtp_to(guarded, smtp_security=security)
        transport.send(letter())
        transport.send(letter(number=2))
        transport.close()
    assert len(guarded.accepted) == 2


def test_a_server_without_the_required_encryption_is_not_used(server):
    with pytest.raises(NoMailServerError, match="offers no STARTTLS"):
        smtp_to(server, smtp_security="starttls").send(letter())
    with pytest.raises(NoMailServerError, match="LMSKIT_SMTP_SECURITY"):
        smtp_to(server, smtp_security="tls").send(letter())
    assert server.accepted == []
