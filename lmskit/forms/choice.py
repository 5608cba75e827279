"""Lists to choose from whose entries change while they are shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import ipywidgets as widgets


def offer(choice: widgets.Dropdown, options: Sequence[tuple[str, Hashable]]) -> None:
    """Offer other entries; what was chosen stays chosen if it is among them, and otherwise the first one is.

    Examples
    --------
    >>> choice = widgets.Dropdown()
    >>> offer(choice, [("Ada", 1), ("Ben", 2)])
    >>> choice.value
    1
    """
    before = choice.value
    choice.options = options
    if options:
        values = [value for _, value in options]
        choice.value = before if before in values else values[0]
