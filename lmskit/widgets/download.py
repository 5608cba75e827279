"""A button that brings a file to the reader's own machine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import anywidget
import traitlets

HERE = Path(__file__).parent


class Download(anywidget.AnyWidget):
    """A button; the file is made when it is pressed, and goes to the page as one message, into no property.

    Parameters
    ----------
    label
        What stands on the button.
    make
        Returns the file's name and content.
    """

    _esm: ClassVar[str] = (HERE / "download.js").read_text(encoding="utf-8")
    _css: ClassVar[str] = (HERE / "download.css").read_text(encoding="utf-8")

    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, label: str, make: Callable[[], tuple[str, bytes]]) -> None:
        super().__init__(label=label)
        self._make = make
        self.on_msg(lambda _widget, content, _buffers: self.receive(content))

    def receive(self, message: Any) -> None:  # noqa: ANN401 - whatever a page sends
        """Answer one press of the button."""
        if isinstance(message, dict) and message.get("wanted"):
            name, content = self._make()
            self.send({"name": name}, buffers=[content])
