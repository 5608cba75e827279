"""What a message says: from the outbox row's template and context to an e-mail in text and HTML."""

import dataclasses
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any

import jinja2

SENDER = "lmskit <lmskit@lmskit.invalid>"

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("lmskit", "templates/mail"),
    # What people typed is escaped in HTML; in plain text nothing is markup.
    autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default_for_string=True, default=False),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)


@dataclasses.dataclass(frozen=True)
class Letter:
    """What is needed to write a message."""

    message_id: str
    recipient: str
    template: str
    context: dict[str, Any]


def written(letter: Letter) -> EmailMessage:
    """Write a message. It carries no results: mail is read by others on its way."""
    message = EmailMessage(policy=SMTP if letter.recipient.isascii() else SMTPUTF8)
    message["Message-ID"] = letter.message_id
    message["From"] = SENDER
    message["To"] = letter.recipient
    message["Subject"] = " ".join(_rendered(letter, "subject.txt").split())
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(_rendered(letter, "txt"))
    message.add_alternative(_rendered(letter, "html"), subtype="html")
    return message


def _rendered(letter: Letter, kind: str) -> str:
    return _templates.get_template(f"{letter.template}.{kind}").render(letter.context)
