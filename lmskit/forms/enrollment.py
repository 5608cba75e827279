"""The screen for a course's enrollments: enrol a student, withdraw one, and the roster page by page."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, named, row
from lmskit.forms.quiz_exception import ExceptionWork, QuizExceptionForm
from lmskit.forms.several import Preview, WithdrawSeveralForm, enrol_several, notify_checkbox, welcome_dropdown
from lmskit.forms.student_message import MessageWork, StudentMessageForm
from lmskit.forms.submission import Submission
from lmskit.listings import ROSTER
from lmskit.schemas.enrollment import EnrollPasted, EnrollStudent, WithdrawFromRoster, WithdrawSeveral, WithdrawStudent
from lmskit.vocabulary import EnrollmentStatus
from lmskit.widgets import PAGE_SIZE, ROOT, Disclosure, Message, Pager, Table, course_dropdown, errors_shown, heading, style

Withdrawal: TypeAlias = WithdrawStudent | WithdrawFromRoster

ReadRoster: TypeAlias = Callable[[str, str, int, int], tuple[pd.DataFrame, int]]
"""Takes a course, searched words, a limit and an offset; returns that page of `queries.roster.course_roster`, and how many rows all
pages have. No words are all students."""


class FindStudent(Protocol):
    """Finds a student on the roster of a course."""

    def __call__(self, course: str, column: str, value: object, /) -> int | None:
        """Return the position of the row whose `column` is `value`, counted from 0; None if there is no such row."""


class EnrollmentForm:
    """Enrols one student in the course that `course` shows.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    course
        The widget whose value is the course's code.
    confirm
        Returns what has to be answered with yes before it, or an empty text.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        on_submit: Callable[[EnrollStudent], str],
        *,
        course: widgets.Dropdown,
        confirm: Callable[[EnrollStudent], str] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.course = course
        self.email = widgets.Text(placeholder="student@example.org")
        self.family_name = widgets.Text()
        self.given_name = widgets.Text()
        self.welcome = welcome_dropdown()
        fields = {
            "email": Field("E-mail", self.email),
            "family_name": Field("Family name", self.family_name, hint="Only for a student who is new to lmskit.", width="1 1 150px"),
            "given_name": Field("Given name", self.given_name, width="1 1 150px"),
            "welcome": Field("Message", self.welcome, hint="Until it is accepted, the enrollment is pending."),
        }
        self.submission = Submission(
            "Enrol", fields=fields, read=self._request, on_submit=on_submit, on_success=self._empty, confirm=confirm, clock=clock
        )
        self.enroll, self.message = self.submission.button, self.submission.message
        names = row(fields["family_name"], fields["given_name"])
        self.view = _card("Enrol a student", [fields["email"].view, names, fields["welcome"].view], self.submission)
        for control in (course, self.email, self.family_name, self.given_name, self.welcome):
            control.observe(lambda _change: self.submission.withdraw_question(), names="value")

    def _request(self) -> EnrollStudent:
        return EnrollStudent(
            course=self.course.value or "",
            email=self.email.value,
            family_name=self.family_name.value,
            given_name=self.given_name.value,
            welcome=self.welcome.value,
        )

    def _empty(self) -> None:
        for control in (self.email, self.family_name, self.given_name):
            control.value = ""


class WithdrawalForm:
    """Withdraws one student from the course that `course` shows, after a confirmation.

    A student is chosen by name from the page of the roster that is shown, or named by address.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    course
        The widget whose value is the course's code.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self, on_submit: Callable[[Withdrawal], str], *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.course = course
        self.student = widgets.Combobox(placeholder="Choose from the names shown below, or type an address", ensure_option=False)
        self._ids: dict[str, int] = {}
        self.notify = notify_checkbox()
        field = Field("Student", self.student, hint="The record and all attempts stay; the student no longer counts in totals.")
        self.submission: Submission[Withdrawal] = Submission(
            "Withdraw",
            fields={"email": field, "student_id": field},
            read=self._request,
            on_submit=on_submit,
            on_success=self._empty,
            confirm=self._question,
            clock=clock,
        )
        self.submission.button.button_style = "warning"
        self.withdraw, self.message = self.submission.button, self.submission.message
        self.view = _card("Withdraw a student", [field.view, self.notify], self.submission)
        for control in (self.student, self.notify):
            control.observe(lambda _change: self.submission.withdraw_question(), names="value")

    def offer(self, students: Sequence[tuple[str, int]]) -> None:
        """Offer these students, each as label and id. Any address can still be typed."""
        self._ids = dict(students)
        self.student.options = tuple(self._ids)

    def _request(self) -> Withdrawal:
        course, typed = self.course.value or "", self.student.value.strip()
        if typed in self._ids:
            return WithdrawFromRoster(course=course, student_id=self._ids[typed], notify=self.notify.value)
        return WithdrawStudent(course=course, email=typed, notify=self.notify.value)

    def _question(self, request: Withdrawal) -> str:
        return f"Withdraw {self.student.value.strip()} from {request.course}?"

    def _empty(self) -> None:
        self.student.value = ""


class Roster:
    """The roster of one course at a time.

    Parameters
    ----------
    read, find
        See `ReadRoster` and `FindStudent`. The sentence of an `LmskitError` they raise is shown.

    Attributes
    ----------
    enrolled
        The students on the page shown who can be withdrawn, each as label and id.
    on_shown
        Called after another page is shown.
    """

    def __init__(self, read: ReadRoster, find: FindStudent) -> None:
        self._read, self._find, self._course = read, find, ""
        self.pager = Pager(self.refresh, noun="students")
        self.search = widgets.Text(placeholder="Search by name", continuous_update=False, layout=widgets.Layout(width="260px"))
        named(self.search, "Search the roster by name")
        self.table = Table(nothing="No student is enrolled in this course yet.")
        self.message = Message()
        self._is_filling = False
        self.enrolled: tuple[tuple[str, int], ...] = ()
        self.on_shown: Callable[[], None] = lambda: None
        self.view = widgets.VBox(
            [heading("Roster"), _side_by_side(self.pager.view, self.search), self.message.view, self.table.view],
            layout=widgets.Layout(overflow="visible"),
        )
        self.search.observe(lambda _change: self._searched(), names="value")

    def show(self, course: str) -> None:
        """Show the first page of `course`."""
        self._course = course
        self._end_search()
        self.pager.first()
        self.table.clear()
        self.enrolled = ()
        self.on_shown()
        self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self.message):
            searched = self.search.value.strip()
            page, total = self._read(self._course, searched, PAGE_SIZE, self.pager.offset)
            self.message.clear()
            self.enrolled = _enrolled(page)
            self.table.show(ROSTER.shown(page), nothing="No student of this course has such a name." if searched else "")
            self.pager.show(total=total)
            self.on_shown()

    def show_student(self, *, email: str | None = None, student_id: int | None = None) -> None:
        """Turn to the page with this student; stay on the page that is shown if there is no such student."""
        self._end_search()
        with errors_shown(self.message):
            column, value = ("email", email) if email is not None else ("student_id", student_id)
            position = self._find(self._course, column, value)
            if position is not None:
                self.pager.offset = position - position % PAGE_SIZE
            self.refresh()

    def _searched(self) -> None:
        if not self._is_filling:
            self.pager.first()
            self.refresh()

    def _end_search(self) -> None:
        self._is_filling = True
        self.search.value = ""
        self._is_filling = False


@dataclass(frozen=True)
class ManyAtOnce:
    """What the forms for many students at once do: previews, and what was previewed; and label and name of each section of a course."""

    preview_enrollment: Callable[[EnrollPasted], Preview]
    enroll: Callable[[EnrollPasted, Preview], str]
    preview_withdrawal: Callable[[WithdrawSeveral], Preview]
    withdraw: Callable[[WithdrawSeveral, Preview], str]
    sections: Callable[[str], Sequence[tuple[str, str]]]


class EnrollmentScreen:
    """Forms for one student and for many, and a roster, all about the course chosen above them.

    Parameters
    ----------
    courses
        Label and code of each course.
    on_enroll, on_withdraw
        Do the work and return the sentence to show. If they raise an `LmskitError`, that error's sentence is shown instead.
    ask_to_enroll
        Returns what has to be answered with yes before a student is enrolled, or an empty text.
    read_roster, find_student
        See `ReadRoster` and `FindStudent`.
    many
        Does the same for many students at once.
    exceptions
        Excuses students from quizzes, and gives them more time.
    messages
        Writes to students.
    mail_destination
        A sentence that says where messages are sent.
    course
        The code of the course to begin with; by default the first one.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        *,
        courses: Sequence[tuple[str, str]],
        on_enroll: Callable[[EnrollStudent], str],
        on_withdraw: Callable[[Withdrawal], str],
        ask_to_enroll: Callable[[EnrollStudent], str],
        read_roster: ReadRoster,
        find_student: FindStudent,
        many: ManyAtOnce,
        exceptions: ExceptionWork,
        messages: MessageWork,
        mail_destination: str = "",
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.course = course_dropdown(courses, course)
        self.roster = Roster(read_roster, find_student)
        self.enrollment = EnrollmentForm(self._then_show_student(on_enroll), course=self.course, confirm=ask_to_enroll, clock=clock)
        self.withdrawal = WithdrawalForm(self._then_show_student(on_withdraw), course=self.course, clock=clock)
        self._sections = many.sections
        self.enrolling = enrol_several(
            course=self.course, on_preview=many.preview_enrollment, on_submit=many.enroll, on_success=self.roster.refresh, clock=clock
        )
        self.withdrawing = WithdrawSeveralForm(
            course=self.course, on_preview=many.preview_withdrawal, on_submit=many.withdraw, on_success=self.roster.refresh, clock=clock
        )
        forms = _side_by_side(self.enrollment.view, self.withdrawal.view)
        self.exceptions = QuizExceptionForm(exceptions, course=self.course, clock=clock)
        self.messages = StudentMessageForm(messages, course=self.course, clock=clock)
        several = Disclosure("Many students at once", _side_by_side(self.enrolling.view, self.withdrawing.view))
        of_one = Disclosure("Excuses from quizzes, and more time", self.exceptions.view)
        writing = Disclosure("A message to students", self.messages.view)
        course_field = Field("Course", self.course, hint=mail_destination)
        self.view = widgets.VBox([style(), course_field.view, forms, several.view, of_one.view, writing.view, self.roster.view])
        self.view.add_class(ROOT)
        self.roster.on_shown = self._offer_students
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self._course_chosen()

    def _offer_students(self) -> None:
        self.withdrawal.offer(self.roster.enrolled)
        self.exceptions.offer(self.roster.enrolled)

    def _course_chosen(self) -> None:
        self.enrollment.message.clear()
        self.withdrawal.message.clear()
        self.withdrawal.submission.withdraw_question()
        self.enrolling.message.clear()
        self.withdrawing.message.clear()
        if self.course.value is None:
            self.enrollment.message.bad("There is no course yet. Set one up first, in admin/course_setup.")
        else:
            self.withdrawing.offer(())
            self.messages.offer(())
            with errors_shown(self.withdrawing.message):
                sections = self._sections(self.course.value)
                self.withdrawing.offer(sections)
                self.messages.offer(sections)
            self.roster.show(self.course.value)
            self.exceptions.show(self.course.value)

    def _then_show_student(self, work: Callable[[Any], str]) -> Callable[[Any], str]:
        def done(request: EnrollStudent | Withdrawal) -> str:
            sentence = work(request)
            if isinstance(request, WithdrawFromRoster):
                self.roster.show_student(student_id=request.student_id)
            else:
                self.roster.show_student(email=request.email)
            return sentence

        return done


def _side_by_side(*cards: widgets.VBox) -> widgets.HBox:
    layout = widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 32px", align_items="flex-start")
    return widgets.HBox(list(cards), layout=layout)


def _enrolled(page: pd.DataFrame) -> tuple[tuple[str, int], ...]:
    """Label and id of each student who can be withdrawn; the id distinguishes students of the same name without an address."""
    enrolled = page[page["status"].isin([EnrollmentStatus.ACTIVE, EnrollmentStatus.PENDING])]
    return tuple(
        (f"{name} · {email}" if isinstance(email, str) else f"{name} · no address, student {student_id}", int(student_id))
        for name, email, student_id in zip(enrolled["name"], enrolled["email"], enrolled["student_id"], strict=True)
    )


def _card(title: str, fields: list[widgets.Box], submission: Submission[EnrollStudent] | Submission[Withdrawal]) -> widgets.VBox:
    return widgets.VBox([heading(title), *fields, submission.view], layout=widgets.Layout(flex="1 1 320px", overflow="visible"))
