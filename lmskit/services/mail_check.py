"""Whether messages can be sent: a look at the mail server that sends none, and a message to try it with."""

from __future__ import annotations

from lmskit.errors import NoMailServerError
from lmskit.queries.finding import Finding, note, well, wrong
from lmskit.services.mail import Letter, compose
from lmskit.services.outbox import new_message_id
from lmskit.services.smtp import SmtpServer
from lmskit.services.transport import Transport, destination_of, transport_of
from lmskit.settings import Settings

PATIENCE = 10.0
"""Seconds that a check waits for each answer, at most: it is one of many."""
TEST = "test"
"""The template of the message."""


def mail_finding(settings: Settings) -> Finding:
    """Connect to the mail server, encrypt and sign in as for a message, and send none."""
    if settings.smtp_host is None:
        return note("mail server", destination_of(settings))
    server = SmtpServer(settings.model_copy(update={"smtp_timeout": min(PATIENCE, settings.smtp_timeout)}))
    try:
        return well("mail server", server.check())
    except NoMailServerError as error:
        return wrong("mail server", str(error))


def send_test_message(settings: Settings, address: str, transport: Transport | None = None) -> str:
    """Send a message to an address now, past the messages that wait, and return who accepted it and when, as a sentence.

    Raises
    ------
    MessageRefusedError
        The address is not one address, or the mail server refused it.
    MessagePostponedError, NoMailServerError
        As for any other message; it is not tried again.
    """
    chosen = transport or transport_of(settings)
    message_id = new_message_id()
    try:
        chosen.send(compose(Letter(message_id=message_id, recipient=address, template=TEST, context={})))
    finally:
        chosen.close()
    return f"{chosen.accepted} Its Message-ID is {message_id}."
