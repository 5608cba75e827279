"""A button that downloads a file through the browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

HERE = Path(__file__).parent


class Download(anywidget.AnyWidget):
    """A download button. The file is made when the button is pressed and is sent to the page as one message; no property holds it.

    Parameters
    ----------
    label
        The text on the button.
    make
        Returns the name and the content of the file; None if there is none, which it has shown to the person.
    """

    _esm: ClassVar[str] = (HERE / "download.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "download.css").read_text(encoding="utf-8")

    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, label: str, make: Callable[[], tuple[str, bytes] | None]) -> None:
        super().__init__(label=label)
        self._make = make
        self.on_msg(lambda _widget, content, _buffers: self.receive(content))

    def receive(self, message: Any) -> None:  # noqa: ANN401 - a page can send anything
        """Answer one press of the button."""
        if isinstance(message, dict) and message.get("wanted"):
            made = self._make()
            if made is None:
                self.send({"failed": True})
            else:
                self.send({"name": made[0]}, buffers=[made[1]])
