"""The form that changes a course's title and syllabus."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import ipywidgets as widgets

from lmskit.forms.dropdown import course_dropdown
from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.forms.syllabus import Weeks, as_rows
from lmskit.schemas.course import ChangeCourse, CourseAsSeen, CourseOutline
from lmskit.widgets import ROOT, errors_shown, heading, style


class CourseChangeForm:
    """The title and the weeks of the course that is chosen.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    courses
        What is shown and the code, for each course.
    read
        Gives the outline of one of them.
    course
        The code of the course to begin with; by default the first one.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self,
        on_submit: Callable[[ChangeCourse], str],
        *,
        courses: Sequence[tuple[str, str]],
        read: Callable[[str], CourseOutline],
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self._seen: CourseAsSeen | None = None
        self.course = course_dropdown(courses, course)
        self.title, self.weeks = widgets.Text(), Weeks()
        fields = {"course": Field("Course", self.course), "title": Field("Title", self.title), "weeks": self.weeks}
        self.submission = Submission(
            "Save the changes", fields=fields, read=self._request, on_submit=on_submit, on_success=self._show, clock=clock
        )
        self.save, self.message = self.submission.button, self.submission.message
        self.view = widgets.VBox(
            [
                style(),
                heading("Change a course"),
                row(fields["course"], fields["title"]),
                self.weeks.view,
                self.submission.view,
            ]
        )
        self.view.add_class(ROOT)
        self.course.observe(lambda _change: self.open(), names="value")
        self.open()

    def open(self) -> None:
        """Show the chosen course as it is stored."""
        self.message.clear()
        if self.course.value is None:
            self.message.bad("There is no course yet. Set one up first.")
            return
        with errors_shown(self.message):
            self._show()

    def _show(self) -> None:
        outline = self._read(self.course.value)
        self._seen = CourseAsSeen(title=outline.title, weeks=outline.weeks)
        self.title.value = outline.title
        self.weeks.show(as_rows(outline.weeks))

    def _request(self) -> ChangeCourse:
        return ChangeCourse.model_validate(
            {"course": self.course.value or "", "title": self.title.value, "weeks": self.weeks.read(), "seen": self._seen}
        )
