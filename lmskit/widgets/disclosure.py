"""A part of a form that is folded up until its title is pressed."""

from __future__ import annotations

import ipywidgets as widgets

FOLDED, OPEN = "caret-right", "caret-down"


class Disclosure:
    """A button with a title, and what is shown below it while the button is down.

    The Tab key does not reach the titles of the accordion of ipywidgets; it reaches this one.

    Examples
    --------
    >>> more = Disclosure("More options", widgets.VBox())
    >>> more.is_open
    False
    >>> more.is_open = True
    >>> more.button.value, more.content.layout.display
    (True, None)
    """

    def __init__(self, title: str, content: widgets.Box) -> None:
        self.content = content
        self.button = widgets.ToggleButton(description=title, layout=widgets.Layout(width="auto"))
        self.button.add_class("lmskit-disclosure")
        self.view = widgets.VBox([self.button, content], layout=widgets.Layout(overflow="visible", align_items="stretch"))
        self.button.observe(lambda _change: self._show(), names="value")
        self._show()

    @property
    def title(self) -> str:
        """What the button says."""
        return str(self.button.description)

    @title.setter
    def title(self, title: str) -> None:
        self.button.description = title

    @property
    def is_open(self) -> bool:
        """Whether the content is shown."""
        return bool(self.button.value)

    @is_open.setter
    def is_open(self, is_open: bool) -> None:
        self.button.value = is_open

    def _show(self) -> None:
        self.button.icon = OPEN if self.button.value else FOLDED
        self.content.layout.display = None if self.button.value else "none"
