"""The next term on one screen: create it, and copy courses of an earlier term into it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.schemas.course_copy import ALL, NONE, CopyCourse, CopyTerm
from lmskit.schemas.term import CreateTerm
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, SearchableDropdown, Table, errors_shown, heading, set_options, style

Options = Sequence[tuple[str, str]]
EVERY_COURSE = ""
"""The value of the option "All courses of the term"; no course has this code."""
SAME_LECTURER = ""
NOT_CHOSEN, THESE = "", "these"
_STAFF = [("Choose …", NOT_CHOSEN), ("No one", NONE), ("Everyone", ALL), ("Those selected here", THESE)]


@dataclass(frozen=True)
class CopyPreview:
    """What would be copied, or was.

    Attributes
    ----------
    sentence
        A question before, and what was done afterwards.
    courses
        One row for each course, with headings.
    """

    sentence: str
    courses: pd.DataFrame


@dataclass(frozen=True)
class NextTermWork:
    """What the screen does.

    Attributes
    ----------
    create
        Creates a term and returns the sentence to show.
    terms
        Returns label and code of each term, and of those that are open, newest first.
    courses
        Returns label and code of each course of a term.
    staff
        Returns label and address of each person on the staff of a course, or of any course of a term.
    lecturers
        Returns label and address of each lecturer.
    ask
        Returns what a request would copy, and changes nothing.
    copy
        Copies, and returns what was copied.
    """

    create: Callable[[CreateTerm], str]
    terms: Callable[[], tuple[Options, Options]]
    courses: Callable[[str], Options]
    staff: Callable[[str, str], Options]
    lecturers: Callable[[], Options]
    ask: Callable[[CopyCourse | CopyTerm], CopyPreview]
    copy: Callable[[CopyCourse | CopyTerm], CopyPreview]


class NextTermScreen:
    """A form for a new term, and one that copies courses into it.

    Parameters
    ----------
    work
        What the screen does.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: NextTermWork, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._filling = False
        self.code, self.name = widgets.Text(placeholder="2027-SPRING"), widgets.Text(placeholder="Spring 2027")
        self.starts_on, self.ends_on = widgets.DatePicker(), widgets.DatePicker()
        created = {
            "code": Field("Code of the term", self.code),
            "name": Field("Name", self.name),
            "starts_on": Field("First day", self.starts_on, width="1 1 140px"),
            "ends_on": Field("Last day", self.ends_on, width="1 1 140px"),
        }
        self.creation = Submission(
            "Create the term", fields=created, read=self._term, on_submit=work.create, on_success=self._term_created, clock=clock
        )
        self.source, self.course, self.term = SearchableDropdown(), SearchableDropdown(), SearchableDropdown()
        self.new_code, self.lecturer = widgets.Text(placeholder="made from course and term"), SearchableDropdown()
        self.staff, self.members = widgets.Dropdown(options=_STAFF), widgets.SelectMultiple(rows=4)
        self._of_course = {
            "code": Field("Code of the copy", self.new_code, hint="Empty: the code of the course with the other term in it."),
            "lecturer": Field("Responsible lecturer", self.lecturer),
        }
        self._of_staff = {
            "staff": Field("Who of the staff comes along", self.staff, hint="With the same role; rights do not follow of themselves."),
            "staff.emails": Field("Staff", self.members, hint="Ctrl or Shift selects several."),
        }
        copied = {
            "source": Field("Term to copy from", self.source),
            "course": Field("Course", self.course),
            "term": Field("Term to copy into", self.term, hint="Open terms."),
        }
        self.preview, self._copies = Table(nothing=""), pd.DataFrame()
        self.pager = Pager(self._show_page, noun="courses")
        self._preview = widgets.VBox([self.pager.view, self.preview.view], layout=widgets.Layout(overflow="visible", display="none"))
        self.copying = Submission(
            "Copy",
            fields=copied | self._of_course | self._of_staff,
            read=self._request,
            on_submit=self._copy,
            on_success=self._read,
            confirm=self._ask,
            clock=clock,
        )
        self._list_message = Message()
        self.view = widgets.VBox(
            [
                style(),
                heading("Create a term"),
                row(*created.values()),
                self.creation.view,
                heading("Copy courses into it"),
                self._list_message.view,
                row(*copied.values()),
                row(*self._of_course.values()),
                row(*self._of_staff.values()),
                self._preview,
                self.copying.view,
            ]
        )
        self.view.add_class(ROOT)
        self.source.observe(lambda _change: self._source_chosen(), names="value")
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        for control in (self.term, self.new_code, self.lecturer, self.members):
            control.observe(lambda _change: self._withdraw(), names="value")
        self.staff.observe(lambda _change: self._staff_chosen(), names="value")
        self._read()

    def _term(self) -> CreateTerm:
        return CreateTerm.model_validate(
            {"code": self.code.value, "name": self.name.value, "starts_on": self.starts_on.value, "ends_on": self.ends_on.value}
        )

    def _term_created(self) -> None:
        """Offer the new term, and empty the form for another one."""
        code = self.code.value.strip()
        for control in (self.code, self.name):
            control.value = ""
        self.starts_on.value = self.ends_on.value = None
        self._read()
        if code in {value for _, value in self.term.options}:
            self.term.value = code

    def _request(self) -> CopyCourse | CopyTerm:
        answer = {NOT_CHOSEN: None, THESE: {"emails": list(self.members.value)}}.get(self.staff.value, self.staff.value)
        staff = answer if self.members.options else NONE
        if self.course.value in {EVERY_COURSE, None}:
            return CopyTerm.model_validate({"source": self.source.value or "", "term": self.term.value or "", "staff": staff})
        return CopyCourse.model_validate(
            {
                "course": self.course.value,
                "term": self.term.value or "",
                "code": self.new_code.value.strip() or None,
                "lecturer": self.lecturer.value or None,
                "staff": staff,
            }
        )

    def _ask(self, request: CopyCourse | CopyTerm) -> str:
        preview = self._work.ask(request)
        self._show_preview(preview)
        return preview.sentence

    def _copy(self, request: CopyCourse | CopyTerm) -> str:
        done = self._work.copy(request)
        self._show_preview(done)
        return done.sentence

    def _show_preview(self, preview: CopyPreview) -> None:
        self._copies = preview.courses
        self._preview.layout.display = None if len(self._copies) else "none"
        self.pager.first()
        self._show_page()

    def _show_page(self) -> None:
        self.preview.show(self._copies.iloc[self.pager.offset : self.pager.offset + PAGE_SIZE])
        self.pager.view.layout.display = None if len(self._copies) > PAGE_SIZE else "none"
        self.pager.show(total=len(self._copies))

    def _read(self) -> None:
        """Read the terms and lecturers, and what is offered of the chosen term."""
        with errors_shown(self._list_message):
            terms, are_open = self._work.terms()
            lecturers = self._work.lecturers()
            self._list_message.clear()
            if not terms:
                self._list_message.neutral("There is no term yet to copy from.")
            self._filling = True
            try:
                set_options(self.source, [*terms[1:], *terms[:1]])  # the newest one is rarely copied from
                set_options(self.term, are_open)
                set_options(self.lecturer, [("The same as of the course", SAME_LECTURER), *lecturers])
                self._fill_courses()
            finally:
                self._filling = False

    def _fill_courses(self) -> None:
        set_options(self.course, [("All courses of the term", EVERY_COURSE)])
        self._offer_members(())
        courses = self._work.courses(self.source.value) if self.source.value else []
        set_options(self.course, [("All courses of the term", EVERY_COURSE), *courses])
        self._fill_staff()

    def _fill_staff(self) -> None:
        self._offer_members(())
        self._offer_members(self._work.staff(self.source.value, self.course.value or "") if self.source.value else ())
        self.staff.value = NOT_CHOSEN
        self._show_fields()

    def _offer_members(self, members: Options) -> None:
        self.members.value = ()  # a page cannot show what is selected among fewer options
        self.members.options = list(members)

    def _show_fields(self) -> None:
        """Show the fields that the choices above need."""
        for field in self._of_course.values():
            field.view.layout.display = None if self.course.value else "none"
        self._of_staff["staff"].view.layout.display = None if self.members.options else "none"
        self._of_staff["staff.emails"].view.layout.display = None if self.members.options and self.staff.value == THESE else "none"

    def _source_chosen(self) -> None:
        if self._filling:
            return
        self._withdraw()
        self._filling = True
        try:
            with errors_shown(self._list_message):
                self._fill_courses()
        finally:
            self._filling = False

    def _course_chosen(self) -> None:
        if self._filling:
            return
        self._withdraw()
        with errors_shown(self._list_message):
            self._fill_staff()

    def _staff_chosen(self) -> None:
        self._show_fields()
        self._withdraw()

    def _withdraw(self) -> None:
        """Withdraw a question about other choices than those that are shown now."""
        if not self._filling:
            self.copying.withdraw_question()
            self.copying.message.clear()
            self._preview.layout.display = "none"
