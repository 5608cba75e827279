"""A mail server, spoken to over one connection that is opened for the first message and kept for those that follow.

What the server answers decides: accepted; refused for good (5xx to sender, recipient or text); not now (4xx, or the connection was
lost, when nobody knows whether the message was accepted: it is handed over again with the same Message-ID). What concerns no message
in particular, such as a login that is refused, is `NoMailServerError`: it says which setting to look at, and no message pays for it.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import TypeVar

from lmskit.errors import DeliveryInDoubtError, MessagePostponedError, MessageRefusedError, NoMailServerError
from lmskit.services.mail import one_line
from lmskit.settings import STAND_IN_SENDER, Settings

PATIENCE_WITH_TEXT = 4
"""Times the time-out to wait for the answer to a whole message, which the server may look through first."""
GOODBYE_TIMEOUT = 5.0
ACCEPTED, GO_AHEAD, CLOSING, LOCAL = 250, 354, 421, 251
ASKS_FOR_LOGIN = {454, 530, 534, 535, 538}
"""Answers to the sender's address that mean the connection, not the message."""
LONGEST_ANSWER = 300
Step = TypeVar("Step")


class SmtpServer:
    """Hands messages to the mail server that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = f"The mail server {settings.smtp_host}"
        self._connection: smtplib.SMTP | None = None
        self._timeout = settings.smtp_timeout

    @property
    def accepted(self) -> str:
        """A sentence on what has become of a message that was accepted."""
        return f"{self._name} accepted the message."

    def hand_over(self, message: EmailMessage) -> None:
        """Hand over one message; return once it is accepted. See `Transport`."""
        recipient = message["To"].addresses[0].addr_spec
        if not self._is_fresh():
            try:
                self._announce(recipient)
            except (_ClosingError, smtplib.SMTPException, OSError):
                self.close()  # servers end connections that have served long enough: nothing was lost
        if self._connection is None:
            self._connect()
            try:
                self._announce(recipient)
            except _ClosingError as error:
                self.close()
                raise MessagePostponedError(f"{self._name} is closing connections: {error}") from error
            except (smtplib.SMTPException, OSError) as error:
                self.close()
                raise MessagePostponedError(f"The connection to the {self._place} was lost ({_reason(error)}).") from error
        self._send(message, recipient)

    def close(self) -> None:
        """Say goodbye; the next message connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if connection.sock is not None:
                    connection.sock.settimeout(min(GOODBYE_TIMEOUT, self._timeout))
                connection.quit()
            connection.close()

    @property
    def _place(self) -> str:
        return f"mail server {self._settings.smtp_host}:{self._settings.mail_port}"

    def _is_fresh(self) -> bool:
        """Whether there is no connection that an earlier message has used."""
        if self._connection is None:
            return True
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if self._connection.rset()[0] == ACCEPTED:
                return False
        self.close()
        return True

    def _announce(self, recipient: str) -> None:
        """Name sender and recipient; what is refused here is refused before anything was sent."""
        connection = self._open
        options = []
        if not recipient.isascii():
            if not connection.has_extn("smtputf8"):
                raise MessageRefusedError(
                    f"{self._name} cannot send to {recipient}: it knows only plain letters before the @. Give the student another address."
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        sender = self._settings.sender_address
        code, answer = connection.mail(sender, options)
        if code in ASKS_FOR_LOGIN:
            raise NoMailServerError(
                f"{self._name} asks for a login or for encryption ({_said(code, answer)}). "
                "Check LMSKIT_SMTP_USER, LMSKIT_SMTP_PASSWORD and LMSKIT_SMTP_SECURITY."
            )
        self._judge(code, answer, about=f"the sender {sender} (LMSKIT_MAIL_FROM)")
        code, answer = connection.rcpt(recipient)
        self._judge(code, answer, about=recipient)

    def _send(self, message: EmailMessage, recipient: str) -> None:
        content = message.as_bytes(policy=SMTP if recipient.isascii() else SMTPUTF8)
        connection = self._open
        try:
            self._wait_at_most(self._timeout * PATIENCE_WITH_TEXT)
            code, answer = connection.data(content)
            self._wait_at_most(self._timeout)
        except smtplib.SMTPDataError as error:  # it did not want to hear the text
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise DeliveryInDoubtError(
                f"The connection to the {self._place} was lost while the message was handed over ({_reason(error)}). "
                "It may have arrived, and would then arrive twice."
            ) from error
        try:
            self._judge(code, answer, about=f"the message to {recipient}")
        except _ClosingError as error:
            self.close()
            raise MessagePostponedError(f"{self._name} is closing connections: {error}") from error

    def _judge(self, code: int, answer: bytes, *, about: str) -> None:
        if code in {ACCEPTED, LOCAL}:
            return
        said = _said(code, answer)
        if code == CLOSING:
            raise _ClosingError(said)
        if 500 <= code <= 599:  # noqa: PLR2004 - what RFC 5321 calls permanent
            raise MessageRefusedError(f"{self._name} refused {about}: {said}")
        raise MessagePostponedError(f"{self._name} does not take {about} now: {said}")

    def _wait_at_most(self, seconds: float) -> None:
        if self._open.sock is not None:
            self._open.sock.settimeout(seconds)

    @property
    def _open(self) -> smtplib.SMTP:
        if self._connection is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._connection

    def _connect(self) -> None:
        wanted = self._settings
        if wanted.mail_from == STAND_IN_SENDER:
            raise NoMailServerError("LMSKIT_SMTP_HOST is set, and LMSKIT_MAIL_FROM is not: set the address that messages come from.")
        context = ssl.create_default_context()
        host, port = str(wanted.smtp_host), wanted.mail_port
        connection: smtplib.SMTP
        if wanted.smtp_security == "tls":
            connection = self._reached(lambda: smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context))
        else:
            connection = self._reached(lambda: smtplib.SMTP(host, port, timeout=self._timeout))
        try:
            self._reached(connection.ehlo_or_helo_if_needed)
            if wanted.smtp_security == "starttls":
                self._encrypt(connection, context)
            if wanted.smtp_user is not None:
                self._log_in(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _encrypt(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if not connection.has_extn("starttls"):
            raise NoMailServerError(
                f"{self._name} offers no STARTTLS. Set LMSKIT_SMTP_SECURITY to tls (often with port 465), "
                "or to none where nobody can listen on the way."
            )

        def encrypted() -> None:
            code, answer = connection.starttls(context=context)
            if code != 220:  # noqa: PLR2004 - ready for TLS
                raise smtplib.SMTPResponseException(code, answer)
            connection.ehlo_or_helo_if_needed()

        self._reached(encrypted)

    def _log_in(self, connection: smtplib.SMTP) -> None:
        user, secret = str(self._settings.smtp_user), self._settings.smtp_password
        try:
            connection.login(user, "" if secret is None else secret.get_secret_value())
        except smtplib.SMTPAuthenticationError as error:
            # Without the server's words and the exception: some repeat what was sent.
            code = error.smtp_code
            if 400 <= code <= 499:  # noqa: PLR2004 - what RFC 5321 calls transient
                raise NoMailServerError(f"{self._name} cannot check the login now ({code}). It will be tried again.") from None
            raise NoMailServerError(
                f"{self._name} refused the login ({code}). Check LMSKIT_SMTP_USER and LMSKIT_SMTP_PASSWORD; the messages wait."
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise NoMailServerError(
                f"{self._name} takes no login at this port. Leave LMSKIT_SMTP_USER unset, "
                "or check LMSKIT_SMTP_PORT and LMSKIT_SMTP_SECURITY."
            ) from None
        except (smtplib.SMTPException, OSError, UnicodeError):
            raise NoMailServerError(f"The connection to the {self._place} was lost at the login. It will be tried again.") from None

    def _reached(self, step: Callable[[], Step]) -> Step:
        """Take a step towards a connection; what fails here concerns no message."""
        try:
            return step()
        except ssl.SSLCertVerificationError as error:
            raise NoMailServerError(
                f"The certificate of the {self._place} is not trusted ({one_line(error.verify_message)}). "
                "Check LMSKIT_SMTP_HOST; for a certificate authority of your own, name its file in SSL_CERT_FILE."
            ) from error
        except ssl.SSLError as error:
            raise NoMailServerError(
                f"No encrypted connection to the {self._place} ({_reason(error)}). Check LMSKIT_SMTP_SECURITY and LMSKIT_SMTP_PORT."
            ) from error
        except smtplib.SMTPResponseException as error:
            said = _said(error.smtp_code, _bytes(error.smtp_error))
            raise NoMailServerError(f"{self._name} takes no messages now: {said}. They wait, and will be tried again.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise NoMailServerError(
                f"The {self._place} cannot be reached ({_reason(error)}). Check LMSKIT_SMTP_HOST and LMSKIT_SMTP_PORT."
            ) from error


class _ClosingError(Exception):
    """The server says that it closes the connection (421)."""


def _said(code: int, answer: bytes) -> str:
    """What the server answered, on one line; the lines of a long answer follow each other."""
    text = one_line(f"{code if code > 0 else 'an answer that is no SMTP'} {answer.decode('utf-8', 'replace')}")
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]} …"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib takes one for a lost connection
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return one_line(str(error))[:LONGEST_ANSWER] or type(error).__name__


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()
