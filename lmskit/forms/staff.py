"""The staff of a course on one screen: who works in it, with which role; give a role, take it back, hand the course over."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import ipywidgets as widgets
import pandas as pd

from lmskit.errors import InputError
from lmskit.forms.field import Field, row
from lmskit.forms.finder import Finder, Options
from lmskit.forms.submission import Submission
from lmskit.listings import STAFF
from lmskit.schemas.staff import AddStaff, HandOver, RemoveStaff
from lmskit.vocabulary import MAY_IN_COURSE, StaffRole
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, Table, errors_shown, heading, style

ALL_STUDENTS, OF_SECTIONS = "all", "sections"
_SEES = [("All students", ALL_STUDENTS), ("Those of sections and groups", OF_SECTIONS)]


@dataclass(frozen=True)
class RoleHeld:
    """What a person is in a course.

    Attributes
    ----------
    sentence
        The same in words.
    role
        None for who is not on the staff, and for who is responsible.
    is_responsible
        Whether the person is responsible for the course.
    sections
        Names of the sections and groups whose students alone an assistant sees; None for who sees all.
    """

    sentence: str
    role: StaffRole | None = None
    is_responsible: bool = False
    sections: tuple[str, ...] | None = None


@dataclass(frozen=True)
class StaffWork:
    """What the screen does.

    Attributes
    ----------
    courses
        Returns label and code of the first courses that a search finds, and the number of all.
    lecturers
        Returns label and address of the first lecturers that a search finds, and the number of all; without a search, those who work
        in the course come first.
    page
        Returns a page of `queries.staff.staff` for a course, its limit and its offset, and the number of rows on all pages.
    sections
        Returns label and name of each section and group of a course.
    held
        Returns what the person with an address is in a course.
    ask_to_add, ask_to_remove, ask_to_hand_over
        Return the question that is answered with yes before the work is done; empty if there is none to ask.
    add, remove, hand_over
        Do the work and return the sentence to show.
    """

    courses: Callable[[str], tuple[Options, int]]
    lecturers: Callable[[str, str], tuple[Options, int]]
    page: Callable[[str, int, int], tuple[pd.DataFrame, int]]
    sections: Callable[[str], Options]
    held: Callable[[str, str], RoleHeld]
    ask_to_add: Callable[[AddStaff], str]
    ask_to_remove: Callable[[RemoveStaff], str]
    ask_to_hand_over: Callable[[HandOver], str]
    add: Callable[[AddStaff], str]
    remove: Callable[[RemoveStaff], str]
    hand_over: Callable[[HandOver], str]


class StaffScreen:
    """A course, its staff page by page, and what can be done with one lecturer there.

    Parameters
    ----------
    work
        What the screen does.
    course
        Code of the course to begin with; by default the newest.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: StaffWork, *, course: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._clock = work, clock
        self._filling = False
        self.course = Finder("course", work.courses, hint="A part of code or title.", on_choose=self._course_chosen, first=course)
        self.pager = Pager(self._show_staff, noun="people")
        self.table = Table(nothing="No course is chosen.")
        self.person = Finder(
            "lecturer",
            lambda typed: work.lecturers(self.course.value, typed) if self.course.value else ([], 0),
            hint="A part of name, address or id.",
            on_choose=self._person_chosen,
            none="Choose …",
        )
        self.role = widgets.Dropdown(options=[(f"{role}: {may}", role) for role, may in MAY_IN_COURSE.items()])
        self.sees, self.sections = widgets.Dropdown(options=_SEES), widgets.SelectMultiple(rows=4)
        self.keep = widgets.Checkbox(value=False, description="Keep who is responsible now as co-lecturer", indent=False)
        self.keep.layout.width = "auto"
        self._fields = {
            "role": Field("Role", self.role),
            "sees": Field("Students the assistant sees", self.sees),
            "sections": Field("Sections and groups", self.sections, hint="Ctrl or Shift selects several."),
        }
        self.status, self.message = Message(), Message()
        self.adding = self._action("Give the role", self._role_to_give, self._asked_to_add, work.add)
        self.removing = self._action("Remove from the staff", self._member, work.ask_to_remove, work.remove)
        self.handing_over = self._action("Hand the course over", self._successor, work.ask_to_hand_over, work.hand_over)
        self._handing_over = widgets.VBox(
            [heading("Hand the course over to this person"), self.keep, self.handing_over.view], layout=widgets.Layout(overflow="visible")
        )
        self._of_role = row(*self._fields.values())
        self._staff_heading = heading("Staff")
        wrapped = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 8px", align_items="flex-start")
        self.view = widgets.VBox(
            [
                style(),
                row(self.course.search_field, self.course.field),
                self.course.message.view,
                self._staff_heading,
                self.pager.view,
                self.table.view,
                heading("One person"),
                row(self.person.search_field, self.person.field),
                self.person.message.view,
                self.status.view,
                self._of_role,
                widgets.HBox([self.adding.view, self.removing.view], layout=wrapped),
                self._handing_over,
                self.message.view,
            ]
        )
        self.view.add_class(ROOT)
        self.role.observe(lambda _change: self._choice_changed(), names="value")
        for control in (self.sees, self.sections, self.keep):
            control.observe(lambda _change: self._choice_changed(), names="value")
        self._course_chosen()

    def _action(
        self, description: str, read: Callable[[], Any], ask: Callable[[Any], str], work: Callable[[Any], str]
    ) -> Submission[AddStaff] | Submission[RemoveStaff] | Submission[HandOver]:
        def done(request: Any) -> str:  # noqa: ANN401 - a request of one of the three
            sentence = work(request)
            self._show_staff()
            self.person.refresh()
            self._show_person()
            return sentence

        action = Submission(
            description,
            fields={"course": self.course.field, "email": self.person.field, **self._fields},
            read=read,
            on_submit=done,
            confirm=ask,
            message=self.message,
            clock=self._clock,
        )
        if description != "Give the role":
            action.button.button_style = "warning"
        return action

    # Requests ----------------------------------------------------------------------------------------------

    def _role_to_give(self) -> AddStaff:
        chosen = self.sections.value if self._sees_sections() else ()
        return AddStaff(course=self.course.value, email=self.person.value, role=self.role.value, sections=chosen)

    def _asked_to_add(self, request: AddStaff) -> str:
        if self._sees_sections() and not self.sections.options:
            wait = "Choose “All students”, or wait until it has some."
            raise InputError(f"Nothing was changed. {request.course} has no sections or groups yet. {wait}")
        if self._sees_sections() and not request.sections:
            self._fields["sections"].problem = "Select at least one."
            raise InputError("Nothing was changed. Select the sections and groups whose students the assistant sees.")
        return self._work.ask_to_add(request)

    def _member(self) -> RemoveStaff:
        return RemoveStaff(course=self.course.value, email=self.person.value)

    def _successor(self) -> HandOver:
        return HandOver(course=self.course.value, email=self.person.value, keep=self.keep.value)

    def _sees_sections(self) -> bool:
        return self.role.value is StaffRole.ASSISTANT and self.sees.value == OF_SECTIONS

    # What is shown -----------------------------------------------------------------------------------------

    def _course_chosen(self) -> None:
        self._withdraw()
        self._staff_heading.value = f"Staff of {self.course.value}" if self.course.value else "Staff"
        self.pager.first()
        self._show_staff()
        with errors_shown(self.message):
            self.sections.options = list(self._work.sections(self.course.value)) if self.course.value else []
        self.person.clear()
        self._show_person()

    def _show_staff(self) -> None:
        """Read the page that is shown again."""
        if not self.course.value:
            self.table.show(pd.DataFrame())
            self.pager.show(total=0)
            return
        with errors_shown(self.message):
            page, total = self._work.page(self.course.value, PAGE_SIZE, self.pager.offset)
            self.table.show(STAFF.shown(page))
            self.pager.show(total=total)

    def _person_chosen(self) -> None:
        self._withdraw()
        self._show_person()

    def _show_person(self) -> None:
        """Show what the chosen person is in the course, and what can be done."""
        held: RoleHeld | None = None
        self.status.clear()
        if self.person.value:
            with errors_shown(self.status):
                held = self._work.held(self.course.value, self.person.value)
                self.status.neutral(held.sentence)
        self._filling = True
        try:
            if held is not None and held.role is not None:
                self.role.value = held.role
            self.sees.value = ALL_STUDENTS if held is None or held.sections is None else OF_SECTIONS
            known = {name for _, name in self.sections.options}
            self.sections.value = tuple(name for name in (held.sections or () if held is not None else ()) if name in known)
        finally:
            self._filling = False
        can_change = held is not None and not held.is_responsible
        for view, shown in (
            (self._of_role, can_change),
            (self.adding.view, can_change),
            (self.removing.view, held is not None and held.role is not None),
            (self._handing_over, can_change),
        ):
            view.layout.display = None if shown else "none"
        self._show_fields()

    def _show_fields(self) -> None:
        """Ask which students an assistant sees where the course has sections, or where the assistant sees none without them."""
        can_choose = self.role.value is StaffRole.ASSISTANT and (self.sections.options or self.sees.value == OF_SECTIONS)
        self._fields["sees"].view.layout.display = None if can_choose else "none"
        self._fields["sections"].view.layout.display = None if self._sees_sections() and self.sections.options else "none"

    def _choice_changed(self) -> None:
        if not self._filling:
            self._withdraw()
            self._show_fields()

    def _withdraw(self) -> None:
        """Withdraw what was asked or said about other choices."""
        for action in (self.adding, self.removing, self.handing_over):
            action.withdraw_question()
        self.message.clear()
        for field in self._fields.values():
            field.clear_problem()
