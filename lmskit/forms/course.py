"""The forms that set up a course with the weeks of its syllabus, and change one."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import ipywidgets as widgets

from lmskit.forms.field import Field, named, row
from lmskit.forms.submission import Submission
from lmskit.forms.syllabus import Weeks, as_rows
from lmskit.schemas.course import ChangeCourse, CourseAsSeen, CreateCourse
from lmskit.schemas.course_outline import CourseOutline
from lmskit.widgets import ROOT, SearchableDropdown, course_dropdown, errors_shown, heading, style

NEW_TERM = ""
"""The value of the option "A new term …"; no term has this code."""


class CourseForm:
    """Sets up a course; an earlier course can be copied as a start.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    terms
        Label and code of each term, in the order in which they are offered.
    lecturers
        Label and address of each lecturer.
    courses
        Label and code of each course that can be copied.
    read
        Returns the outline of one of them.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        on_submit: Callable[[CreateCourse], str],
        *,
        terms: Sequence[tuple[str, str]],
        lecturers: Sequence[tuple[str, str]],
        courses: Sequence[tuple[str, str]] = (),
        read: Callable[[str], CourseOutline] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read = read
        self.module_code = widgets.Text(placeholder="CS101")
        self.code = widgets.Text(placeholder="CS101-2026-AUTUMN")
        self.title = widgets.Text(placeholder="Introduction to programming")
        self.term = SearchableDropdown([*terms, ("A new term …", NEW_TERM)])
        self.lecturer = SearchableDropdown(lecturers)
        self.term_code = widgets.Text(placeholder="Code of the new term, such as 2027-SPRING", layout=widgets.Layout(width="auto"))
        self.term_name = widgets.Text(placeholder="Spring 2027")
        self.starts_on, self.ends_on = widgets.DatePicker(), widgets.DatePicker()
        self.weeks = Weeks()
        self.earlier = SearchableDropdown(courses)
        self.earlier.layout.flex, self.earlier.layout.min_width = "1 1 auto", "0"
        self.copy = widgets.Button(
            description="Copy",
            tooltip="Fill in title, module, lecturer and weeks; all of them can be changed",
            layout=widgets.Layout(width="auto", flex="0 0 auto"),
        )
        for control, name in ((self.term, "Term"), (self.term_code, "Code of the new term"), (self.earlier, "Copy an earlier course")):
            named(control, name)
        fields = {
            "title": Field("Title", self.title, width="2 1 300px"),
            "module_code": Field("Module code", self.module_code, hint="The same in every term in which the module is taught."),
            "term": Field("Term", widgets.VBox([self.term, self.term_code], layout=widgets.Layout(overflow="visible"))),
            "code": Field("Course code", self.code, hint="Identifies this course in this term; must be unique."),
            "lecturer": Field("Lecturer", self.lecturer),
            "weeks": self.weeks,
        }
        new_term = {
            "new_term.name": Field("Name of the new term", self.term_name),
            "new_term.starts_on": Field("First day", self.starts_on, width="1 1 140px"),
            "new_term.ends_on": Field("Last day", self.ends_on, width="1 1 140px"),
        }
        self._suggested = ""
        self.submission = Submission(
            "Create the course",
            fields=fields | new_term,
            read=self._request,
            on_submit=on_submit,
            on_success=self._make_room,
            clock=clock,
        )
        self.create, self.message = self.submission.button, self.submission.message
        self._new_term = row(*new_term.values())
        earlier = Field(
            "Copy an earlier course", widgets.HBox([self.earlier, self.copy]), hint="Copies its title, module, lecturer and weeks."
        )
        earlier.view.layout.display = None if courses and read else "none"
        self.view = widgets.VBox(
            [
                style(),
                heading("Set up a course"),
                earlier.view,
                row(fields["title"], fields["module_code"]),
                row(fields["term"], fields["code"], fields["lecturer"]),
                self._new_term,
                heading("Syllabus"),
                self.weeks.view,
                self.submission.view,
            ]
        )
        self.view.add_class(ROOT)
        for control in (self.module_code, self.term, self.term_code):
            control.observe(lambda _change: self._update(), names="value")
        self.copy.on_click(lambda _button: self._copy())
        self._update()

    def _request(self) -> CreateCourse:
        new = self.term.value == NEW_TERM
        return CreateCourse.model_validate(
            {
                "code": self.code.value,
                "module_code": self.module_code.value,
                "title": self.title.value,
                "term": self.term_code.value if new else self.term.value,
                "lecturer": self.lecturer.value or "",
                "weeks": self.weeks.read(),
                "new_term": {"name": self.term_name.value, "starts_on": self.starts_on.value, "ends_on": self.ends_on.value}
                if new
                else None,
            }
        )

    def _update(self) -> None:
        """Show the fields of a new term only if one is wanted, and suggest module and term as the course's code until one is typed."""
        new = self.term.value == NEW_TERM
        self._new_term.layout.display = self.term_code.layout.display = None if new else "none"
        term, module = (self.term_code.value if new else self.term.value).strip(), self.module_code.value.strip()
        if self.code.value == self._suggested:
            self._suggested = self.code.value = f"{module}-{term}" if module and term else ""

    def _copy(self) -> None:
        """Fill in the title, module, lecturer and weeks of an earlier course; the term and the code are not copied."""
        if self._read is None or self.earlier.value is None:
            return
        with errors_shown(self.message):
            outline = self._read(self.earlier.value)
            self.title.value, self.module_code.value = outline.title, outline.module_code
            if outline.lecturer in {address for _, address in self.lecturer.options}:
                self.lecturer.value = outline.lecturer
            self.weeks.show(as_rows(outline.weeks))
            self.message.clear()

    def _make_room(self) -> None:
        """Empty the form for the next course; term and lecturer, which often stay the same, are kept."""
        if self.term.value == NEW_TERM:
            code = self.term_code.value.strip()
            self.term.options = [(f"{code} · {self.term_name.value.strip()}", code), *self.term.options]
            self.term.value = code
        for control in (self.module_code, self.code, self.title, self.term_code, self.term_name):
            control.value = ""
        self.weeks.show([])
        self._suggested = self.code.value


class CourseChangeForm:
    """Changes the title and the weeks of the chosen course.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    courses
        Label and code of each course.
    read
        Returns the outline of one of them.
    course
        The code of the course to begin with; by default the first one.
    clock
        Monotonic time in seconds.
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
        """Show the chosen course as stored."""
        self.message.clear()
        if self.course.value is None:
            self.message.bad("There is no course yet. Set one up first.")
            return
        self._seen, self.title.value = None, ""
        self.weeks.show([])
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
