"""The forms that give a student a place in a course and end it."""

from __future__ import annotations

import time
from collections.abc import Callable

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.schemas.enrollment import EnrollStudent, WithdrawStudent
from lmskit.widgets import heading


class EnrollmentForm:
    """Enrols one student in the course that `course` shows.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    course
        The widget whose value is the course's code.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self, on_submit: Callable[[EnrollStudent], str], *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.course = course
        self.email = widgets.Text(placeholder="student@example.org")
        self.family_name = widgets.Text()
        self.given_name = widgets.Text()
        fields = {
            "email": Field("E-mail", self.email),
            "family_name": Field("Family name", self.family_name, hint="Names are for someone new.", width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
        }
        self.submission = Submission("Enrol", fields=fields, read=self._request, on_submit=on_submit, on_success=self._empty, clock=clock)
        self.enroll, self.message = self.submission.button, self.submission.message
        names = row(fields["family_name"], fields["given_name"])
        self.view = _card("Enrol a student", [fields["email"].view, names], self.submission)

    def _request(self) -> EnrollStudent:
        return EnrollStudent(
            course=self.course.value or "", email=self.email.value, family_name=self.family_name.value, given_name=self.given_name.value
        )

    def _empty(self) -> None:
        for control in (self.email, self.family_name, self.given_name):
            control.value = ""


class WithdrawalForm:
    """Ends one student's place in the course that `course` shows.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    course
        The widget whose value is the course's code.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self, on_submit: Callable[[WithdrawStudent], str], *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.course = course
        self.email = widgets.Combobox(placeholder="Type, or choose from the page shown below", ensure_option=False)
        fields = {"email": Field("E-mail", self.email, hint="The record and all attempts stay; the student no longer counts in totals.")}
        self.submission = Submission(
            "Withdraw", fields=fields, read=self._request, on_submit=on_submit, on_success=self._empty, clock=clock
        )
        self.submission.button.button_style = "warning"
        self.withdraw, self.message = self.submission.button, self.submission.message
        self.view = _card("Withdraw a student", [fields["email"].view], self.submission)

    def offer(self, addresses: tuple[str, ...]) -> None:
        """Offer these addresses; any other can still be typed."""
        self.email.options = addresses

    def _request(self) -> WithdrawStudent:
        return WithdrawStudent(course=self.course.value or "", email=self.email.value)

    def _empty(self) -> None:
        self.email.value = ""


def _card(title: str, fields: list[widgets.Box], submission: Submission[EnrollStudent] | Submission[WithdrawStudent]) -> widgets.VBox:
    return widgets.VBox(
        [heading(title), *fields, widgets.HBox([submission.button]), submission.message.view],
        layout=widgets.Layout(flex="1 1 320px", overflow="visible"),
    )
