"""A password that is shown once, and of which neither a notebook nor its widget state keeps anything."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import anywidget

HERE = Path(__file__).parent


class SecretNote(anywidget.AnyWidget):
    """A line with a secret, until it is hidden or the page is loaded anew.

    The secret goes to the page as one message. No synchronised property ever holds it, and this object forgets it too.

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
        """Show a secret, in place of an earlier one."""
        self.send({"what": what, "secret": secret})

    def clear(self) -> None:
        """Show nothing any more."""
        self.send({"what": "", "secret": ""})
