"""A message as its reader gets it, shown as text."""

from __future__ import annotations

import html

import ipywidgets as widgets


class ShownLetter:
    """A box with a message, hidden while there is none."""

    def __init__(self) -> None:
        self.view = widgets.HTML(layout=widgets.Layout(display="none"))
        self.view.add_class("lmskit-letter")

    def show(self, lines: str) -> None:
        """Show a message."""
        self.view.value = f"<pre>{html.escape(lines)}</pre>"
        self.view.layout.display = None

    def hide(self) -> None:
        """Show none."""
        self.view.value = ""
        self.view.layout.display = "none"
