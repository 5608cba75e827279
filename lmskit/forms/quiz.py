"""The form that sets up a quiz, or changes one: its week, its questions and what is right."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import ipywidgets as widgets

from lmskit.forms.bank import BankImport
from lmskit.forms.dropdown import course_dropdown, set_options
from lmskit.forms.field import Field, row
from lmskit.forms.questions import Questions
from lmskit.forms.submission import Submission
from lmskit.importers.question_banks.bank import Bank
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.quiz_request import ChangeQuiz, CreateQuiz
from lmskit.widgets import ROOT, errors_shown, heading, style

NEW = 0
"""Stands for "a new quiz" in the choice of quizzes; no quiz has this number."""
QuizRequest: TypeAlias = CreateQuiz | ChangeQuiz


@dataclass(frozen=True)
class CourseChoices:
    """What a course offers: its weeks and its quizzes, each as it is shown and by its number."""

    weeks: tuple[tuple[str, int], ...]
    quizzes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class QuizAsStored:
    """A quiz that is opened."""

    title: str
    week_number: int
    due_on: dt.date | None
    content: QuizContent


class QuizForm:
    """A quiz of the chosen course.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    courses
        What is shown and the code, for each course.
    read_course, read_quiz
        Give what a course offers, and a quiz by its number.
    read_bank
        Reads the question bank at a path.
    course
        The code of the course to begin with; by default the first one.
    clock
        Seconds from any fixed moment.
    """

    def __init__(
        self,
        on_submit: Callable[[QuizRequest], str],
        *,
        courses: Sequence[tuple[str, str]],
        read_course: Callable[[str], CourseChoices],
        read_quiz: Callable[[int], QuizAsStored],
        read_bank: Callable[[Path], Bank],
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_course, self._read_quiz = read_course, read_quiz
        self.course = course_dropdown(courses, course)
        self.quiz, self.week = widgets.Dropdown(options=[("A new quiz", NEW)]), widgets.Dropdown()
        self.title, self.due_on = widgets.Text(placeholder="Quiz of week 1"), widgets.DatePicker()
        self.questions = Questions()
        self.bank = BankImport(read_bank, on_replace=self.questions.show, on_append=self.questions.append)
        fields = {
            "course": Field("Course", self.course, width="2 1 300px"),
            "quiz_id": Field("Quiz", self.quiz, width="2 1 300px"),
            "title": Field("Title", self.title, width="2 1 300px"),
            "week_number": Field("Week", self.week, width="2 1 220px"),
            "due_on": Field("Due on, if it is", self.due_on, width="1 1 140px"),
            "content": self.questions,
        }
        self.submission: Submission[QuizRequest] = Submission(
            "Save the quiz", fields=fields, read=self._request, on_submit=on_submit, on_success=self._saved, clock=clock
        )
        self.save, self.message = self.submission.button, self.submission.message
        bank = widgets.Accordion([self.bank.view], titles=("Import a question bank",), selected_index=None)
        self.view = widgets.VBox(
            [
                style(),
                heading("Quiz"),
                row(fields["course"], fields["quiz_id"]),
                row(fields["title"], fields["week_number"], fields["due_on"]),
                bank,
                self.questions.view,
                self.submission.view,
            ]
        )
        self.view.add_class(ROOT)
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self.quiz.observe(lambda _change: self._open(), names="value")
        self._course_chosen()

    def _course_chosen(self) -> None:
        self.message.clear()
        if self.course.value is None:
            self.message.bad("There is no course yet. Set one up first, in admin/course_setup.")
            return
        with errors_shown(self.message):
            self._offer(NEW)
            self._open()
            if not self.week.options:
                self.message.bad(f"{self.course.value} has no weeks yet. Give it a syllabus first, in admin/course_setup.")

    def _offer(self, chosen: int) -> None:
        choices = self._read_course(self.course.value)
        set_options(self.week, choices.weeks)
        self.quiz.options = [("A new quiz", NEW), *choices.quizzes]
        self.quiz.value = chosen

    def _open(self) -> None:
        """Show the quiz that is chosen as it is stored, or an empty form."""
        self.submission.message.clear()
        for field in self.submission.fields.values():
            field.forget()
        if self.quiz.value in {NEW, None}:
            self.title.value, self.due_on.value = "", None
            self.questions.show(QuizContent(questions=()))
            return
        with errors_shown(self.message):
            stored = self._read_quiz(self.quiz.value)
            self.title.value, self.week.value, self.due_on.value = stored.title, stored.week_number, stored.due_on
            self.questions.show(stored.content)

    def _request(self) -> QuizRequest:
        asked = {
            "title": self.title.value,
            "week_number": self.week.value,
            "due_on": self.due_on.value,
            "content": self.questions.read(),
        }
        if self.quiz.value == NEW:
            return CreateQuiz.model_validate({"course": self.course.value or "", **asked})
        return ChangeQuiz.model_validate({"quiz_id": self.quiz.value, **asked})

    def _saved(self) -> None:
        """Offer the quiz under its title from now on; a new one makes room for the next."""
        said, message = self.message.value, self.message
        was = self.quiz.value
        self._offer(was)
        if was == NEW:
            self._open()
        message.good(said)
