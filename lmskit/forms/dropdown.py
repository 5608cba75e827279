"""Dropdowns: one that offers courses, and options that change while they are shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import ipywidgets as widgets

from lmskit.codes import find_code


def set_options(dropdown: widgets.Dropdown, options: Sequence[tuple[str, Hashable]]) -> None:
    """Give a dropdown other options. The value stays if it is among them; otherwise the first option is selected.

    Examples
    --------
    >>> dropdown = widgets.Dropdown()
    >>> set_options(dropdown, [("Ada", 1), ("Ben", 2)])
    >>> dropdown.value
    1
    """
    before = dropdown.value
    dropdown.options = options
    if options:
        values = [value for _, value in options]
        dropdown.value = before if before in values else values[0]


def course_dropdown(courses: Sequence[tuple[str, str]], first: str = "") -> widgets.Dropdown:
    """A dropdown of courses, with the one whose code is `first` selected, or else the first one.

    Examples
    --------
    >>> course_dropdown([("One", "C1"), ("Two", "C2")], "C2").value, course_dropdown([("One", "C1")], "C9").value
    ('C2', 'C1')
    """
    dropdown = widgets.Dropdown(options=courses)
    if (chosen := find_code(first, (code for _, code in courses))) is not None:
        dropdown.value = chosen
    return dropdown
