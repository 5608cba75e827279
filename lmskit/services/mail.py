"""Composing a message: from the outbox row's template and context to an e-mail in text and HTML."""

import dataclasses
import re
import unicodedata
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8
from typing import Any

import jinja2
from email_validator import EmailNotValidError, validate_email

from lmskit.db import access
from lmskit.errors import MessagePostponedError, MessageRefusedError
from lmskit.readable import without_directions
from lmskit.schemas.written_message import PLACEHOLDER

_templates = jinja2.Environment(
    loader=jinja2.PackageLoader("lmskit", "templates/mail"),
    # What people typed is escaped in HTML; in plain text nothing is markup.
    autoescape=jinja2.select_autoescape(enabled_extensions=("html",), default_for_string=True, default=False),
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)

TEXT = "text"
"""Key in a message's context: language, subject and body that an administrator wrote, instead of those of the template."""
WRITTEN = "written"
"""The template around such a text."""
LANGUAGE = "Content-Language"


@dataclasses.dataclass(frozen=True)
class Letter:
    """The data of a message that is not composed yet."""

    message_id: str
    recipient: str
    template: str
    context: dict[str, Any]


def compose(letter: Letter) -> EmailMessage:
    """Compose a message. It contains no scores: others can read mail on its way.

    Raises
    ------
    MessageRefusedError
        The recipient is not one valid address.
    MessagePostponedError
        This lmskit has no such template, as where a newer one wrote the message.
    """
    recipient = _address(letter.recipient)
    message = EmailMessage(policy=SMTP if recipient.isascii() else SMTPUTF8)
    message["Message-ID"] = letter.message_id
    message["From"] = access().settings.mail_from
    message["To"] = recipient
    text = letter.context.get(TEXT)
    if text is not None:
        letter = dataclasses.replace(letter, template=WRITTEN, context=_filled(text, letter.context))
    message["Subject"] = " ".join(_rendered(letter, "subject.txt").split())
    message["Auto-Submitted"] = "auto-generated"
    # Not every server accepts eight bits per character, and quoted-printable text can be read without decoding.
    message.set_content(_rendered(letter, "txt"), cte="quoted-printable")
    message.add_alternative(_rendered(letter, "html"), subtype="html", cte="quoted-printable")
    if text is not None:  # after the content, which takes such headers along
        message[LANGUAGE] = text["language"]
    return message


def one_line(text: str) -> str:
    r"""`text` on one line, without characters that control a terminal or change the direction of text.

    Examples
    --------
    >>> one_line("Ada\r\nBcc: all\u202e")
    'Ada Bcc: all'
    """
    visible = (" " if unicodedata.category(char) == "Cc" else char for char in without_directions(text))
    return " ".join("".join(visible).split())


def _filled(text: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
    """The context of a written message: each placeholder is replaced once, so that a name with braces stays a name."""

    def filled(part: str) -> str:
        return PLACEHOLDER.sub(lambda found: one_line(str(values[found[1]])), part)

    paragraphs = [filled(paragraph).splitlines() for paragraph in re.split(r"\n\s*\n", text["body"])]
    return {"language": text["language"], "subject": filled(text["subject"]), "paragraphs": paragraphs}


def _rendered(letter: Letter, kind: str) -> str:
    context = {name: one_line(value) if isinstance(value, str) else value for name, value in letter.context.items()}
    try:
        template = _templates.get_template(f"{letter.template}.{kind}")
    except jinja2.TemplateNotFound as error:
        raise MessagePostponedError(
            f"This lmskit cannot write messages of the kind {one_line(letter.template)}; a newer one can."
        ) from error
    return template.render(context)


def _address(text: str) -> str:
    """The address, with an ASCII domain if the part before the @ is ASCII."""
    try:
        if not text.isascii():
            found = validate_email(text, check_deliverability=False, allow_quoted_local=True)
            return found.ascii_email or found.normalized
        if Address(addr_spec=text).addr_spec == text:
            return text
    except (EmailNotValidError, MessageError, ValueError, IndexError):
        pass
    raise MessageRefusedError(f"{one_line(text)} is not an address that mail can be sent to. Give the student another address.")
