"""Lists to choose from: which courses are offered, and entries that change while they are shown."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import ipywidgets as widgets
from sqlalchemy.orm import Session

from lmskit.queries.course import courses
from lmskit.queries.page import MAX_PAGE


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


def course_options(session: Session) -> list[tuple[str, str]]:
    """What is shown and the code, for each course there is, the newest first."""
    known = courses(session, limit=MAX_PAGE)
    return [(f"{row['code']} · {row['title']}", row["code"]) for row in known.to_dict("records")]


def course_choice(courses: Sequence[tuple[str, str]], first: str = "") -> widgets.Dropdown:
    """Return a list of courses that begins with the one whose code is `first`, or else with the first one.

    Examples
    --------
    >>> course_choice([("One", "C1"), ("Two", "C2")], "C2").value, course_choice([("One", "C1")], "C9").value
    ('C2', 'C1')
    """
    choice = widgets.Dropdown(options=courses)
    if first in {code for _, code in courses}:
        choice.value = first
    return choice
