"""Many students at once: a pasted list or a part of the course, a preview of what becomes of each, and then all of them or none."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field
from lmskit.forms.submission import Submission
from lmskit.forms.typed_number import is_typed
from lmskit.rounding import count_text
from lmskit.schemas.enrollment import EnrollPasted, WithdrawSeveral
from lmskit.schemas.request import Request
from lmskit.vocabulary import WelcomeTime
from lmskit.widgets import Message, Pager, Table, heading, set_options

Several = TypeVar("Several", bound=Request)

HIGHEST = "420px"
"""Of the table; a longer one is scrolled in its box, so that the fields and buttons above it stay near."""
IN_A_LIST, EVERYONE = "", "\0everyone"
"""Values of the choice of whom to withdraw; any other value is the name of a section or group."""


@dataclass(frozen=True)
class Preview:
    """What would become of each person.

    Attributes
    ----------
    table
        One row for each person, with headings.
    counts
        How often each outcome occurs, such as "38 enrolled, 2 unknown".
    n_done
        People for whom something would be written.
    reasons
        Why their number has to be typed; empty if it need not be.
    question
        What has to be answered with yes before it is done; empty if nothing has to be.
    report
        What the desk needs to do what was previewed.
    """

    table: pd.DataFrame
    counts: str
    n_done: int
    reasons: Sequence[str] = ()
    question: str = ""
    report: Any = None


class SeveralForm(Generic[Several]):
    """Previews a list, and then does what was previewed. Another text, choice or course needs another preview.

    Parameters
    ----------
    title, verb
        The heading, and what is done, such as "Enrol".
    read
        Builds the request from the fields.
    people
        Where a list is pasted; emptied when it is done.
    fields
        The fields by their names in the request.
    on_preview
        Returns what would become of each person. The sentence of an `LmskitError` it raises is shown.
    on_submit
        Does what was previewed and returns the sentence to show, likewise.
    on_success
        Called after it was done, to show it.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        title: str,
        verb: str,
        *,
        read: Callable[[], Several],
        people: widgets.Textarea,
        fields: dict[str, Field],
        on_preview: Callable[[Several], Preview],
        on_submit: Callable[[Several, Preview], str],
        on_success: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.people = people
        self._verb, self._on_preview, self._on_submit, self._on_success = verb, on_preview, on_submit, on_success
        self._previewed: tuple[Several, Preview] | None = None
        self.previewing = Submission("Preview", fields=fields, read=read, on_submit=self._preview, clock=clock)
        self.previewing.button.button_style = ""
        self.pager = Pager(self._show_page, noun="students")
        self.table = Table()
        self.table.view.layout.max_height = HIGHEST
        self.number = widgets.Text(placeholder="their number", continuous_update=True)
        self.number_field = Field("Students to withdraw", self.number, hint="So many at once: type their number to confirm it.")
        self.message = Message()
        self.doing = Submission(
            verb,
            fields={},
            read=lambda: self._shown()[0],
            on_submit=self._do,
            on_success=self._done,
            confirm=lambda _request: self._shown()[1].question,
            message=self.message,
            clock=clock,
        )
        self.number.observe(lambda _change: self._show_button(), names="value")
        parts = [field.view for field in fields.values()]
        self._previewed_parts = [
            widgets.VBox(parts, layout=widgets.Layout(display="none", overflow="visible"))
            for parts in ([self.number_field.view, self.doing.view], [self.pager.view, self.table.view])
        ]
        self.view = widgets.VBox(
            [heading(title), *parts, self.previewing.view, self._previewed_parts[0], self.message.view, self._previewed_parts[1]],
            layout=widgets.Layout(flex="1 1 320px", overflow="visible"),
        )
        self.view.add_class("lmskit-several")

    def add(self, control: widgets.DOMWidget) -> None:
        """Show a further control above the button that previews."""
        before = self.view.children.index(self.previewing.view)
        self.view.children = (*self.view.children[:before], control, *self.view.children[before:])

    def forget(self) -> None:
        """Take the preview back, because it is of something else than the fields say."""
        self._previewed = None
        self.number.value = ""
        self.previewing.message.clear()
        self.doing.withdraw_question()
        for part in self._previewed_parts:
            part.layout.display = "none"

    def _preview(self, request: Several) -> str:
        self.forget()
        self.message.clear()
        preview = self._on_preview(request)
        self._previewed = (request, preview)
        self.pager.first()
        self._show_page()
        self.number_field.view.layout.display = None if preview.reasons else "none"
        self.doing.button.description = f"{self._verb} {count_text(preview.n_done, 'student')}"
        self.doing.view.layout.display = None if preview.n_done else "none"
        for part in self._previewed_parts:
            part.layout.display = None
        self._show_button()
        why = f" {'; '.join(preview.reasons)}." if preview.reasons else ""
        return f"Nothing is changed yet. {preview.counts}.{why}" if preview.counts else "There is nobody for whom anything would change."

    def _show_button(self) -> None:
        if self._previewed is None:
            return
        preview, typed = self._previewed[1], self.number.value.strip()
        is_right = not preview.reasons or is_typed(typed, preview.n_done)
        self.number_field.problem = "This is not the number of students in the preview." if typed and not is_right else ""
        self.doing.button.disabled = not is_right

    def _show_page(self) -> None:
        table, first = self._shown()[1].table, self.pager.offset
        self.table.show(table.iloc[first : first + self.pager.page_size])
        self.pager.show(total=len(table))

    def _shown(self) -> tuple[Several, Preview]:
        if self._previewed is None:  # the button is not shown then
            raise RuntimeError("nothing was previewed")
        return self._previewed

    def _do(self, request: Several) -> str:
        preview = self._shown()[1]
        self.forget()
        return self._on_submit(request, preview)

    def _done(self) -> None:
        self.people.value = ""
        self._on_success()


def notify_checkbox() -> widgets.Checkbox:
    """Whether withdrawn students get a message about it."""
    return widgets.Checkbox(description="Send a message about it", indent=False)


def welcome_dropdown() -> widgets.Dropdown:
    """When the message that confirms an enrollment is sent."""
    return widgets.Dropdown(options=[("sent now", WelcomeTime.NOW), ("sent on the first day of the term", WelcomeTime.AT_START)])


def enrol_several(
    *,
    course: widgets.Dropdown,
    on_preview: Callable[[EnrollPasted], Preview],
    on_submit: Callable[[EnrollPasted, Preview], str],
    on_success: Callable[[], None],
    clock: Callable[[], float] = time.monotonic,
) -> SeveralForm[EnrollPasted]:
    """The form that enrols everyone whom a pasted list names in the course that `course` shows."""
    people = _people("Ann Rae <ann@example.org>\nbo@example.org\nRoe, Carla")
    field = Field(
        "Students", people, hint="Addresses, names or both, one per line. A person who is new to lmskit needs both, others one of them."
    )
    welcome = welcome_dropdown()
    form = SeveralForm(
        "Enrol several students",
        "Enrol",
        read=lambda: EnrollPasted(course=course.value or "", people=people.value, welcome=welcome.value),
        people=people,
        fields={"people": field, "welcome": Field("Message", welcome)},
        on_preview=on_preview,
        on_submit=on_submit,
        on_success=on_success,
        clock=clock,
    )
    for control in (people, course, welcome):
        control.observe(lambda _change: form.forget(), names="value")
    return form


class WithdrawSeveralForm(SeveralForm[WithdrawSeveral]):
    """Withdraws everyone whom a list names, a section, or all students of the course that `course` shows."""

    def __init__(
        self,
        *,
        course: widgets.Dropdown,
        on_preview: Callable[[WithdrawSeveral], Preview],
        on_submit: Callable[[WithdrawSeveral, Preview], str],
        on_success: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.who = widgets.Dropdown(options=[("those in a list", IN_A_LIST)])
        pasted = _people("ann@example.org\nRoe, Carla")
        who = Field("Whom to withdraw", self.who)
        self.notify = notify_checkbox()
        field = Field("Students", pasted, hint="Addresses or names, one per line. Records and all attempts stay.")

        def read() -> WithdrawSeveral:
            chosen = self.who.value
            is_section = chosen not in {IN_A_LIST, EVERYONE}
            return WithdrawSeveral(
                course=course.value or "",
                people=self.people.value if chosen == IN_A_LIST else None,
                section=chosen if is_section else None,
                everyone=chosen == EVERYONE,
                notify=self.notify.value,
            )

        def submit(request: WithdrawSeveral, preview: Preview) -> str:
            confirmed = request.model_copy(update={"at_most": preview.n_done})
            return on_submit(confirmed, preview)

        super().__init__(
            "Withdraw several students",
            "Withdraw",
            read=read,
            people=pasted,
            fields={"section": who, "people": field},
            on_preview=on_preview,
            on_submit=submit,
            on_success=on_success,
            clock=clock,
        )
        self.doing.button.button_style = "warning"
        self.add(self.notify)
        self._people_view = field.view
        self.who.observe(lambda _change: self._who_chosen(), names="value")
        for control in (self.people, course, self.notify):
            control.observe(lambda _change: self.forget(), names="value")

    def offer(self, sections: Sequence[tuple[str, str]]) -> None:
        """Offer these sections and groups of the course, each as label and name."""
        set_options(
            self.who,
            [
                ("those in a list", IN_A_LIST),
                *((f"all students of {label}", name) for label, name in sections),
                ("all students of the course", EVERYONE),
            ],
        )

    def _who_chosen(self) -> None:
        self._people_view.layout.display = None if self.who.value == IN_A_LIST else "none"
        self.forget()


def _people(example: str) -> widgets.Textarea:
    return widgets.Textarea(rows=6, placeholder=example, continuous_update=False)
