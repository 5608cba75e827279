"""Ways to send a message. To return means accepted; a refusal is an error that says whether trying again can help."""

import re
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol

from lmskit.errors import NoMailServerError
from lmskit.services.smtp import SmtpServer
from lmskit.settings import Settings
from lmskit.whole_file import write_whole


class Transport(Protocol):
    """Sends messages."""

    @property
    def accepted(self) -> str:
        """A sentence that says where an accepted message went."""

    @property
    def instead_of_mail(self) -> str:
        """A sentence that says where messages are written instead of being mailed; empty if they go to a mail server."""

    def send(self, message: EmailMessage) -> None:
        """Send one message; return once it is accepted.

        Raises
        ------
        MessageRefusedError
            It was refused for good.
        MessagePostponedError
            It was not accepted now; trying again may help.
        NoMailServerError
            Neither this nor any other message can be sent now.
        """

    def close(self) -> None:
        """Close the connection; the next message opens it again."""


class EmlFolder:
    """Writes each message as an .eml file, which counts as accepted.

    The file is named after the Message-ID, so a message that is sent twice is one file.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def accepted(self) -> str:
        """A sentence that says where an accepted message went."""
        return f"No mail server is set, so the message was written as an .eml file to {self.folder}."

    @property
    def instead_of_mail(self) -> str:
        """A sentence that says where messages are written instead of being mailed."""
        return f"No mail server is set (LMSKIT_SMTP_HOST), so messages are written as .eml files to {self.folder}."

    def path_of(self, message: EmailMessage) -> Path:
        """The file that the message is written to."""
        name = re.sub(r"[^A-Za-z0-9.@_-]", "_", str(message["Message-ID"]).strip("<> ")).lstrip(".")
        return self.folder / f"{name[:200]}.eml"

    def send(self, message: EmailMessage) -> None:
        """Write the message, as a whole file or not at all."""
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self.path_of(message), bytes(message))
        except OSError as error:
            raise NoMailServerError(
                f"The message could not be written to {self.folder} ({error.strerror or error}). "
                "Make room or set another folder with LMSKIT_MAIL_DIR; it will be tried again."
            ) from error

    def close(self) -> None:
        """Do nothing: there is no connection."""


def destination_of(settings: Settings) -> str:
    """A sentence that says where messages are sent, for a person who is about to cause one."""
    instead_of_mail = transport_of(settings).instead_of_mail
    return instead_of_mail or f"Messages go to the mail server {settings.smtp_host}:{settings.mail_port}, as from {settings.mail_from}."


def transport_of(settings: Settings) -> Transport:
    """The transport for the mail server that is set, or else for a folder of files."""
    return EmlFolder(settings.mail_dir) if settings.smtp_host is None else SmtpServer(settings)
