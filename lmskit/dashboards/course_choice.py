"""Which courses a dashboard offers, how they are called, and which it begins with."""

from __future__ import annotations

import ipywidgets as widgets

from lmskit.db import Opener
from lmskit.errors import CourseNotFoundError
from lmskit.read_models.course_list import CourseList, course_list
from lmskit.widgets import Message, errors_shown

NONE_YET = "There is no course that you can see yet. An administrator sets courses up in admin/course_setup."


def offer_courses(choice: widgets.Dropdown, message: Message, opened: Opener, first: str) -> CourseList | None:
    """Fill the list of courses and choose one: the course with the code `first`, or the default one. An error becomes the message.

    Returns None if the courses could not be read.
    """
    found = None
    with errors_shown(message):
        with opened() as session:
            found = course_list(session)
        choice.options = [(label, code) for code, label in found.labels.items()]
        if found.first is None:
            message.bad(NONE_YET)
        elif first and first not in found.labels:
            choice.value = None
            raise CourseNotFoundError(course=first)
        else:
            choice.value = first or found.first
    return found
