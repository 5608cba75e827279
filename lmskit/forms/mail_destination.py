"""Where messages go, for whoever is about to cause one."""

from __future__ import annotations

from lmskit.settings import Settings


def mail_destination(settings: Settings) -> str:
    """Return a sentence on where messages go."""
    if settings.smtp_host is None:
        return f"No mail server is set (LMSKIT_SMTP_HOST), so messages are written as .eml files to {settings.mail_dir}."
    return f"Messages go to the mail server {settings.smtp_host}:{settings.mail_port}, as from {settings.mail_from}."
