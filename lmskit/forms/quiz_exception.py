"""Excuse a student from a quiz, give more time for it, or take both back; and the list of all of a course."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.submission import Submission
from lmskit.listings import QUIZ_EXCEPTIONS
from lmskit.schemas.quiz_exception import ExtendQuiz, QuizOfStudent
from lmskit.widgets import PAGE_SIZE, Message, Pager, SearchableDropdown, Table, errors_shown, set_options


class ExceptionChange(StrEnum):
    """What can be done."""

    EXCUSE = "excuse from the quiz"
    EXTEND = "more time, until the day beside"
    REMOVE = "take back: as for others again"


ReadExceptions: TypeAlias = Callable[[str, int, int], tuple[pd.DataFrame, int]]
"""Takes a course, a limit and an offset; returns that page of `queries.quiz_exception.quiz_exceptions` and the number of all rows."""


@dataclass(frozen=True)
class ExceptionWork:
    """What the form does: each returns the sentence to show; and the quizzes of a course, each as label and number."""

    excuse: Callable[[QuizOfStudent], str]
    extend: Callable[[ExtendQuiz], str]
    remove: Callable[[QuizOfStudent], str]
    quizzes: Callable[[str], Sequence[tuple[str, str]]]
    read: ReadExceptions


class QuizExceptionForm:
    """Changes what holds for one student at one quiz of the course that `course` shows.

    Parameters
    ----------
    work
        What the form does. If it raises an `LmskitError`, that error's sentence is shown instead.
    course
        The widget whose value is the course's code.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: ExceptionWork, *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self.course = work, course
        self.quiz, self.change, self.due_on = SearchableDropdown(), widgets.Dropdown(options=list(ExceptionChange)), widgets.DatePicker()
        self.student = widgets.Combobox(placeholder="Choose from the names of the roster, or type an address", ensure_option=False)
        self._ids: dict[str, int] = {}
        fields = {
            "quiz": Field("Quiz", self.quiz),
            "student": Field("Student", self.student),
            "change": Field("What holds for the student", self.change, width="2 1 220px"),
            "due_on": Field("Day", self.due_on, width="1 1 140px"),
        }
        self.submission = Submission("Save", fields=fields, read=self._request, on_submit=self._submit, on_success=self._done, clock=clock)
        self.message = self.submission.message
        self.pager, self.table, self._read_message = (
            Pager(self.refresh, noun="exceptions"),
            Table(nothing="Every quiz of this course holds for all students alike."),
            Message(),
        )
        self.view = widgets.VBox(
            [
                row(fields["quiz"], fields["student"]),
                row(fields["change"], fields["due_on"]),
                self.submission.view,
                self._read_message.view,
                self.pager.view,
                self.table.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )
        self.change.observe(lambda _change: self._change_chosen(), names="value")
        self._change_chosen()

    def show(self, course: str) -> None:
        """Show the quizzes and the first page of the exceptions of `course`."""
        self.message.clear()
        set_options(self.quiz, ())
        self.table.clear()
        self.pager.first()
        with errors_shown(self._read_message):
            set_options(self.quiz, self._work.quizzes(course))
            self.refresh()

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self._read_message):
            page, total = self._work.read(self.course.value or "", PAGE_SIZE, self.pager.offset)
            self._read_message.clear()
            self.table.show(QUIZ_EXCEPTIONS.shown(page).drop(columns="No."))  # the name is chosen from the list above
            self.pager.show(total=total)

    def offer(self, students: Sequence[tuple[str, int]]) -> None:
        """Offer these students, each as label and number. Any address can still be typed."""
        self._ids = dict(students)
        self.student.options = tuple(self._ids)

    def _request(self) -> QuizOfStudent:
        typed = self.student.value.strip()
        of = {"course": self.course.value or "", "quiz": self.quiz.value or "", "student": str(self._ids.get(typed, typed))}
        if self.change.value == ExceptionChange.EXTEND:
            return ExtendQuiz.model_validate({**of, "due_on": self.due_on.value})
        return QuizOfStudent.model_validate(of)

    def _submit(self, request: QuizOfStudent) -> str:
        if isinstance(request, ExtendQuiz):
            return self._work.extend(request)
        return (self._work.excuse if self.change.value == ExceptionChange.EXCUSE else self._work.remove)(request)

    def _done(self) -> None:
        self.student.value = ""
        self.refresh()

    def _change_chosen(self) -> None:
        self.due_on.disabled = self.change.value != ExceptionChange.EXTEND
