"""A real mail server: it keeps what it accepted, gives the answers that a test sets, and reports each event."""

import asyncio
import email
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

OK = "250 OK"
STARTED = 10.0


@dataclass(frozen=True)
class Accepted:
    """A message that the server has accepted."""

    message_id: str
    sender: str
    recipient: str
    content: bytes


@dataclass(frozen=True)
class Occurrence:
    """An event in the server: `mail`, `rcpt`, `text` (not accepted yet), `accepted` (not answered yet) or `answered`."""

    kind: str
    sender: str
    recipient: str = ""


class MailServer:
    """Listens on this machine, in a thread of its own, until it is closed.

    Set `answer` to refuse: it is called at each step and returns the answer to give, or None to close the connection.
    """

    def __init__(
        self,
        *,
        tls: ssl.SSLContext | None = None,
        implicit_tls: ssl.SSLContext | None = None,
        password: str | None = None,
        utf8: bool = True,
    ) -> None:
        self.accepted: list[Accepted] = []
        self.connections = 0
        self.answer: Callable[[Occurrence], str | None] = lambda _occurrence: OK
        self.on: Callable[[Occurrence], None] = lambda _occurrence: None
        self.pause = 0.0
        """Seconds that checking a message takes."""
        self.answered_after = 0.0
        """Seconds from an answer to the event `answered`."""
        self._options: dict[str, Any] = {"enable_SMTPUTF8": utf8, "hostname": "mail.example.org"}
        if tls is not None:
            self._options |= {"tls_context": tls, "require_starttls": True}
        if password is not None:
            self._options |= {"authenticator": self._authenticator(password), "auth_required": True, "auth_require_tls": tls is not None}
        self._tls = implicit_tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="mail server", daemon=True)
        self._ready = threading.Event()
        self.port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(STARTED)
        return self

    def __exit__(self, *_about: object) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(STARTED)

    def recipients(self) -> list[str]:
        return [message.recipient for message in self.accepted]

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(self._loop.create_server(self._session, "127.0.0.1", 0, ssl=self._tls))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def _session(self) -> SMTP:
        self.connections += 1
        return SMTP(self, loop=self._loop, **self._options)

    def _authenticator(self, password: str) -> Callable[..., AuthResult]:
        def check(_server: SMTP, _session: object, _envelope: object, _mechanism: str, data: Any) -> AuthResult:
            return AuthResult(success=isinstance(data, LoginPassword) and data.password.decode() == password, handled=False)

        return check

    def _answer_to(self, server: SMTP, occurrence: Occurrence) -> str:
        self.on(occurrence)
        answer = self.answer(occurrence)
        if answer is None:
            assert isinstance(server.transport, asyncio.Transport)
            server.transport.abort()
        return answer or "421 not received: the connection is closed"

    # Handlers that aiosmtpd calls by these names.

    async def handle_MAIL(  # noqa: N802 - see above
        self, server: SMTP, _session: object, envelope: Any, address: str, options: list[str]
    ) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self._answer_to(server, Occurrence("mail", address, f"from {address}"))

    async def handle_RCPT(  # noqa: N802 - see above
        self, server: SMTP, _session: object, envelope: Any, address: str, _options: list[str]
    ) -> str:
        answer = self._answer_to(server, Occurrence("rcpt", envelope.mail_from, address))
        if answer == OK:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, _session: object, envelope: Any) -> str:  # noqa: N802 - see above
        sender, [recipient] = envelope.mail_from, envelope.rcpt_tos
        answer = self._answer_to(server, Occurrence("text", sender, recipient))
        if self.pause:
            await asyncio.sleep(self.pause)
        if answer == OK:
            message = email.message_from_bytes(envelope.content)
            self.accepted.append(Accepted(str(message["Message-ID"]), sender, recipient, envelope.content))
            answer = self._answer_to(server, Occurrence("accepted", sender, recipient))
            self._loop.call_later(self.answered_after, self.on, Occurrence("answered", sender, recipient))
        return answer


def until(condition: Callable[[], bool], *, seconds: float = 30) -> bool:
    """Wait until a condition is true; return whether it became true in time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
