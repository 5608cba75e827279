"""A password that is shown once; neither a notebook nor its widget state keeps it."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anywidget

HERE = Path(__file__).parent


class SecretNote(anywidget.AnyWidget):
    """A line with a secret, shown until it is hidden or the page is reloaded.

    The secret is sent to the page as one message. No synchronised property ever holds it, and this object does not keep it either.

    Examples
    --------
    >>> note = SecretNote()
    >>> note.show("Password of ada@example.org", "a secret")
    >>> "a secret" in str(note.get_state())
    False
    """

    _esm: ClassVar[str] = (HERE / "secret_note.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "secret_note.css").read_text(encoding="utf-8")

    def show(self, what: str, secret: str) -> None:
        """Show a secret; it replaces an earlier one."""
        self.send({"what": what, "secret": secret})

    def clear(self) -> None:
        """Hide the secret."""
        self.send({"what": "", "secret": ""})
