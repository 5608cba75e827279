"""A mail server, used over one connection that is opened for the first message and kept for those that follow.

The server's answer decides: accepted; refused for good (5xx to sender, recipient or text); postponed (4xx, or the connection was
lost and it is unknown whether the message was accepted: it is sent again with the same Message-ID). A failure that concerns no
particular message, such as a refused login, is a `NoMailServerError`: it names the setting to check, and uses up no message's tries.
"""

import contextlib
import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import TypeVar

from lmskit.errors import DeliveryInDoubtError, MessagePostponedError, MessageRefusedError, NoMailServerError, SecretFileError
from lmskit.services.mail import one_line
from lmskit.settings import STAND_IN_SENDER, Settings

PATIENCE_WITH_TEXT = 4
"""Factor on the time-out for the answer to a whole message, which the server may check first."""
GOODBYE_TIMEOUT = 5.0
ACCEPTED, GO_AHEAD, CLOSING, LOCAL = 250, 354, 421, 251
ASKS_FOR_LOGIN = {454, 530, 534, 535, 538}
"""Answers to the sender's address that concern the connection, not the message."""
LONGEST_ANSWER = 300
Step = TypeVar("Step")


class SmtpServer:
    """Sends messages to the mail server that the settings name."""

    instead_of_mail = ""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._name = f"The mail server {settings.smtp_host}"
        self._connection: smtplib.SMTP | None = None
        self._timeout = settings.smtp_timeout

    @property
    def accepted(self) -> str:
        """A sentence that says where an accepted message went."""
        return f"{self._name} accepted the message."

    def send(self, message: EmailMessage) -> None:
        """Send one message; return once it is accepted. See `Transport`."""
        recipient = message["To"].addresses[0].addr_spec
        if not self._is_fresh():
            try:
                self._announce(recipient)
            except (_ClosingError, smtplib.SMTPException, OSError):
                self.close()  # servers close connections that are old: nothing was lost
        if self._connection is None:
            self._connect()
            try:
                self._announce(recipient)
            except _ClosingError as error:
                self.close()
                raise MessagePostponedError(f"{self._name} is closing connections: {error}") from error
            except (smtplib.SMTPException, OSError) as error:
                self.close()
                raise MessagePostponedError(f"The connection to the {self._address} was lost ({_reason(error)}).") from error
        self._send(message, recipient)

    def check(self) -> str:
        """Connect as for a message, send none, and return in a sentence how the server is used.

        Raises
        ------
        NoMailServerError
            Nothing can be sent to it now; the message says which setting to check.
        """
        self._connect()
        self.close()
        settings = self._settings
        how = {"starttls": "encrypted by STARTTLS", "tls": "encrypted by TLS", "none": "without encryption"}[settings.smtp_security]
        login = "without a login" if settings.smtp_user is None else f"with the login {settings.smtp_user}"
        return f"The {self._address} can be used {how}, {login}. No message was sent; to send one: lmskit mail test ADDRESS"

    def close(self) -> None:
        """Quit; the next message connects again."""
        connection, self._connection = self._connection, None
        if connection is not None:
            with contextlib.suppress(smtplib.SMTPException, OSError):
                if connection.sock is not None:
                    connection.sock.settimeout(min(GOODBYE_TIMEOUT, self._timeout))
                connection.quit()
            connection.close()

    @property
    def _address(self) -> str:
        return f"mail server {self._settings.smtp_host}:{self._settings.mail_port}"

    def _is_fresh(self) -> bool:
        """Whether there is no usable connection from an earlier message."""
        if self._connection is None:
            return True
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if self._connection.rset()[0] == ACCEPTED:
                return False
        self.close()
        return True

    def _announce(self, recipient: str) -> None:
        """Announce sender and recipient; a refusal at this step comes before any text was sent."""
        connection = self._open
        options = []
        if not recipient.isascii():
            if not connection.has_extn("smtputf8"):
                raise MessageRefusedError(
                    f"{self._name} cannot send to {recipient}: it accepts only ASCII characters before the @. Use another address."
                )
            options = ["SMTPUTF8", "BODY=8BITMIME"]
        sender = self._settings.sender_address
        code, answer = connection.mail(sender, options)
        if code in ASKS_FOR_LOGIN:
            raise NoMailServerError(
                f"{self._name} asks for a login or for encryption ({_answer_text(code, answer)}). "
                "Check LMSKIT_SMTP_USER, LMSKIT_SMTP_PASSWORD and LMSKIT_SMTP_SECURITY."
            )
        self._check_answer(code, answer, about=f"the sender {sender} (LMSKIT_MAIL_FROM)")
        code, answer = connection.rcpt(recipient)
        self._check_answer(code, answer, about=recipient)

    def _send(self, message: EmailMessage, recipient: str) -> None:
        content = message.as_bytes(policy=SMTP if recipient.isascii() else SMTPUTF8)
        connection = self._open
        try:
            self._wait_at_most(self._timeout * PATIENCE_WITH_TEXT)
            code, answer = connection.data(content)
            self._wait_at_most(self._timeout)
        except smtplib.SMTPDataError as error:  # it refused to receive the text
            code, answer = error.smtp_code, _bytes(error.smtp_error)
        except (smtplib.SMTPException, OSError) as error:
            self.close()
            raise DeliveryInDoubtError(
                f"The connection to the {self._address} was lost while the message was sent ({_reason(error)}). "
                "It may have arrived, and would then arrive twice."
            ) from error
        try:
            self._check_answer(code, answer, about=f"the message to {recipient}")
        except _ClosingError as error:
            self.close()
            raise MessagePostponedError(f"{self._name} is closing connections: {error}") from error

    def _check_answer(self, code: int, answer: bytes, *, about: str) -> None:
        if code in {ACCEPTED, LOCAL}:
            return
        text = _answer_text(code, answer)
        if code == CLOSING:
            raise _ClosingError(text)
        if 500 <= code <= 599:  # noqa: PLR2004 - what RFC 5321 calls permanent
            raise MessageRefusedError(f"{self._name} refused {about}: {text}")
        raise MessagePostponedError(f"{self._name} does not accept {about} now: {text}")

    def _wait_at_most(self, seconds: float) -> None:
        if self._open.sock is not None:
            self._open.sock.settimeout(seconds)

    @property
    def _open(self) -> smtplib.SMTP:
        if self._connection is None:
            raise smtplib.SMTPServerDisconnected("not connected")
        return self._connection

    def _connect(self) -> None:
        settings = self._settings
        if settings.mail_from == STAND_IN_SENDER:
            raise NoMailServerError(
                "LMSKIT_SMTP_HOST is set, but LMSKIT_MAIL_FROM is not. Set it to the address that messages are sent from."
            )
        context = ssl.create_default_context()
        host, port = str(settings.smtp_host), settings.mail_port
        connection: smtplib.SMTP
        if settings.smtp_security == "tls":
            connection = self._reached(lambda: smtplib.SMTP_SSL(host, port, timeout=self._timeout, context=context))
        else:
            connection = self._reached(lambda: smtplib.SMTP(host, port, timeout=self._timeout))
        try:
            self._reached(connection.ehlo_or_helo_if_needed)
            if settings.smtp_security == "starttls":
                self._encrypt(connection, context)
            if settings.smtp_user is not None:
                self._log_in(connection)
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def _encrypt(self, connection: smtplib.SMTP, context: ssl.SSLContext) -> None:
        if not connection.has_extn("starttls"):
            raise NoMailServerError(
                f"{self._name} offers no STARTTLS. Set LMSKIT_SMTP_SECURITY to tls (often with port 465), "
                "or to none on a network that nobody can listen on."
            )

        def encrypted() -> None:
            code, answer = connection.starttls(context=context)
            if code != 220:  # noqa: PLR2004 - ready for TLS
                raise smtplib.SMTPResponseException(code, answer)
            connection.ehlo_or_helo_if_needed()

        self._reached(encrypted)

    def _log_in(self, connection: smtplib.SMTP) -> None:
        try:
            user, secret = str(self._settings.smtp_user), self._settings.mail_password
        except SecretFileError as error:
            raise NoMailServerError(str(error)) from None
        try:
            connection.login(user, secret or "")
        except smtplib.SMTPAuthenticationError as error:
            # Without the server's text and the exception: some servers repeat what was sent.
            code = error.smtp_code
            if 400 <= code <= 499:  # noqa: PLR2004 - what RFC 5321 calls transient
                raise NoMailServerError(f"{self._name} cannot check the login now ({code}). It will be tried again.") from None
            raise NoMailServerError(
                f"{self._name} refused the login ({code}). Check LMSKIT_SMTP_USER and LMSKIT_SMTP_PASSWORD; the messages wait."
            ) from None
        except smtplib.SMTPNotSupportedError:
            raise NoMailServerError(
                f"{self._name} does not accept a login at this port. Leave LMSKIT_SMTP_USER unset, "
                "or check LMSKIT_SMTP_PORT and LMSKIT_SMTP_SECURITY."
            ) from None
        except UnicodeError:
            raise NoMailServerError(
                f"The login at the {self._address} has characters other than those of ASCII, which are not sent. "
                "Give LMSKIT_SMTP_USER a password of ASCII characters; the messages wait."
            ) from None
        except (smtplib.SMTPException, OSError):
            raise NoMailServerError(f"The connection to the {self._address} was lost at the login. It will be tried again.") from None

    def _reached(self, step: Callable[[], Step]) -> Step:
        """Do one step of connecting; a failure here concerns no particular message."""
        try:
            return step()
        except ssl.SSLCertVerificationError as error:
            raise NoMailServerError(
                f"The certificate of the {self._address} is not trusted ({one_line(error.verify_message)}). "
                "Check LMSKIT_SMTP_HOST; for a certificate authority of your own, name its file in SSL_CERT_FILE."
            ) from error
        except ssl.SSLError as error:
            raise NoMailServerError(
                f"No encrypted connection to the {self._address} ({_reason(error)}). Check LMSKIT_SMTP_SECURITY and LMSKIT_SMTP_PORT."
            ) from error
        except smtplib.SMTPResponseException as error:
            text = _answer_text(error.smtp_code, _bytes(error.smtp_error))
            raise NoMailServerError(f"{self._name} accepts no messages now: {text}. They wait, and will be tried again.") from error
        except UnicodeError as error:  # of a name with an empty part, or a part that is too long
            raise NoMailServerError(f"{self._settings.smtp_host} is not a name that a host can have. Check LMSKIT_SMTP_HOST.") from error
        except (smtplib.SMTPException, OSError) as error:
            raise NoMailServerError(
                f"The {self._address} cannot be reached ({_reason(error)}). Check LMSKIT_SMTP_HOST and LMSKIT_SMTP_PORT."
            ) from error


class _ClosingError(Exception):
    """The server announces that it closes the connection (421)."""


def _answer_text(code: int, answer: bytes) -> str:
    """The server's answer on one line, shortened if it is long."""
    text = one_line(f"{code if code > 0 else 'an answer that is not SMTP'} {answer.decode('utf-8', 'replace')}")
    return text if len(text) <= LONGEST_ANSWER else f"{text[:LONGEST_ANSWER]} …"


def _reason(error: Exception) -> str:
    if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):  # smtplib reports a time-out as a lost connection
        return "it did not answer in time"
    if isinstance(error, OSError) and error.strerror:
        return one_line(error.strerror)
    return one_line(str(error))[:LONGEST_ANSWER] or type(error).__name__


def _bytes(answer: bytes | str) -> bytes:
    return answer if isinstance(answer, bytes) else answer.encode()
