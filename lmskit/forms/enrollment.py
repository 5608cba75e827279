"""The forms that give a student a place in a course and end it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import TypeAlias

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.schemas.enrollment import EnrollStudent, WithdrawFromRoster, WithdrawStudent
from lmskit.widgets import heading

Withdrawal: TypeAlias = WithdrawStudent | WithdrawFromRoster


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
    """Ends one student's place in the course that `course` shows, after asking whether that is meant.

    A student is chosen by name from the part of the roster that is shown, or named by address.

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
        self, on_submit: Callable[[Withdrawal], str], *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.course = course
        self.student = widgets.Combobox(placeholder="Choose from the names shown below, or type an address", ensure_option=False)
        self._by_name: dict[str, int] = {}
        field = Field("Student", self.student, hint="The record and all attempts stay; the student no longer counts in totals.")
        self.submission: Submission[Withdrawal] = Submission(
            "Withdraw",
            fields={"email": field, "student_id": field},
            read=self._request,
            on_submit=on_submit,
            on_success=self._empty,
            ask=self._question,
            clock=clock,
        )
        self.submission.button.button_style = "warning"
        self.withdraw, self.message = self.submission.button, self.submission.message
        self.view = _card("Withdraw a student", [field.view], self.submission)
        self.student.observe(lambda _change: self.submission.withdraw_question(), names="value")

    def offer(self, students: Sequence[tuple[str, int]]) -> None:
        """Offer these students: what each is called, and their number; any address can still be typed."""
        self._by_name = dict(students)
        self.student.options = tuple(self._by_name)

    def _request(self) -> Withdrawal:
        course, typed = self.course.value or "", self.student.value.strip()
        if typed in self._by_name:
            return WithdrawFromRoster(course=course, student_id=self._by_name[typed])
        return WithdrawStudent(course=course, email=typed)

    def _question(self, request: Withdrawal) -> str:
        return f"Withdraw {self.student.value.strip()} from {request.course}?"

    def _empty(self) -> None:
        self.student.value = ""


def _card(title: str, fields: list[widgets.Box], submission: Submission[EnrollStudent] | Submission[Withdrawal]) -> widgets.VBox:
    return widgets.VBox([heading(title), *fields, submission.view], layout=widgets.Layout(flex="1 1 320px", overflow="visible"))
