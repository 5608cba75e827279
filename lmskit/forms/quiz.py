"""The form that sets up a quiz, or changes one: its week, its questions and their answer key."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import ipywidgets as widgets
import pandas as pd

from lmskit.forms.field import Field, row
from lmskit.forms.questions import Questions
from lmskit.forms.submission import Submission
from lmskit.importers.question_banks.bank import Bank
from lmskit.rounding import count_text
from lmskit.schemas.quiz import QuizContent
from lmskit.schemas.quiz_request import ChangeQuiz, CreateQuiz
from lmskit.widgets import (
    ROOT,
    Disclosure,
    Message,
    SearchableDropdown,
    Table,
    Upload,
    course_dropdown,
    errors_shown,
    heading,
    set_options,
    style,
)

NEW = 0
"""The value of the option "A new quiz"; no quiz has this number."""
NO_WEEK = 0
"""The value of the option "no week"; no week has this number."""
MOST_SHOWN = 200
"""Most rejections and warnings in the table."""
QuizRequest: TypeAlias = CreateQuiz | ChangeQuiz


@dataclass(frozen=True)
class CourseOptions:
    """The weeks and the quizzes of a course, each as label and number."""

    weeks: tuple[tuple[str, int], ...]
    quizzes: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class QuizAsStored:
    """A quiz as stored, to be edited."""

    title: str
    week_number: int | None
    due_on: dt.date | None
    content: QuizContent


class BankImport:
    """Imports a question bank: a file, its rejections and warnings, and two buttons that put its questions into the quiz.

    Parameters
    ----------
    read
        Reads the bank at a path. The sentence of an `LmskitError` it raises is shown.
    on_replace, on_append
        Receive the questions, to replace those of the quiz, or to be added to them.
    """

    def __init__(
        self, read: Callable[[Path], Bank], *, on_replace: Callable[[QuizContent], None], on_append: Callable[[QuizContent], None]
    ) -> None:
        self._read = read
        self.bank: Bank | None = None
        self.upload = Upload(on_file=self._uploaded, accept=".txt,.gift,.xml,.zip")
        self.message = Message()
        self.findings = Table()
        self.replace = widgets.Button(description="Replace the quiz's questions", layout=widgets.Layout(width="auto"))
        self.append = widgets.Button(description="Add to the quiz's questions", layout=widgets.Layout(width="auto"))
        self._found = widgets.VBox(
            [
                self.findings.view,
                widgets.HBox([self.replace, self.append], layout=widgets.Layout(flex_flow="row wrap", overflow="visible")),
            ],
            layout=widgets.Layout(display="none", overflow="visible"),
        )
        hint = widgets.Label("GIFT, Aiken, Moodle XML or QTI (also zipped). Nothing is stored before the quiz is saved.")
        hint.add_class("lmskit-text")
        hint.add_class("lmskit-hint")
        self.view = widgets.VBox([self.upload, hint, self.message.view, self._found], layout=widgets.Layout(overflow="visible"))
        self.replace.on_click(lambda _button: self._use(on_replace, "Replaced the quiz's questions with {}."))
        self.append.on_click(lambda _button: self._use(on_append, "Added {} to the quiz."))

    def _uploaded(self, path: Path) -> None:
        self.bank = None
        self._found.layout.display = "none"
        with errors_shown(self.message):
            self.bank = bank = self._read(path)
            questions, rejected = len(bank.questions), len(bank.rejections)
            summary = f"{bank.name} ({bank.format}): {count_text(questions, 'question')} can be used, {rejected} cannot."
            self.message.neutral(" ".join([summary, *bank.notes]) if questions else f"{summary} There is nothing to import.")
            self.findings.show(_findings(bank))
            self.findings.view.layout.display = None if bank.rejections or bank.warnings else "none"
            self.replace.disabled = self.append.disabled = not bank.questions
            self._found.layout.display = None

    def _use(self, put: Callable[[QuizContent], None], sentence: str) -> None:
        if self.bank is None:
            return
        put(self.bank.content())
        questions = f"{count_text(len(self.bank.questions), 'question')} of {self.bank.name}"
        self.message.good(f"{sentence.format(questions)} Save the quiz to keep them.")
        self.bank = None
        self._found.layout.display = "none"
        self.upload.forget()


class QuizForm:
    """Sets up or changes a quiz of the chosen course.

    Parameters
    ----------
    on_submit
        Does the work and returns the sentence to show. If it raises an `LmskitError`, that error's sentence is shown instead.
    courses
        Label and code of each course.
    read_course, read_quiz
        Return the options of a course, and a quiz by its number.
    read_bank
        Reads the question bank at a path.
    course
        The code of the course to begin with; by default the first one.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        on_submit: Callable[[QuizRequest], str],
        *,
        courses: Sequence[tuple[str, str]],
        read_course: Callable[[str], CourseOptions],
        read_quiz: Callable[[int], QuizAsStored],
        read_bank: Callable[[Path], Bank],
        course: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._read_course, self._read_quiz = read_course, read_quiz
        self.course = course_dropdown(courses, course)
        self.quiz, self.week = SearchableDropdown([("A new quiz", NEW)]), widgets.Dropdown()
        self.title, self.due_on = widgets.Text(placeholder="Quiz of week 1"), widgets.DatePicker()
        self.questions = Questions()
        self.bank = BankImport(read_bank, on_replace=self.questions.show, on_append=self.questions.append)
        fields = {
            "course": Field("Course", self.course, width="2 1 300px"),
            "quiz_id": Field("Quiz", self.quiz, width="2 1 300px"),
            "title": Field("Title", self.title, width="2 1 300px"),
            "week_number": Field("Week", self.week, width="2 1 220px"),
            "due_on": Field("Due date (optional)", self.due_on, width="1 1 140px"),
            "content": self.questions,
        }
        self.submission: Submission[QuizRequest] = Submission(
            "Save the quiz", fields=fields, read=self._request, on_submit=on_submit, on_success=self._saved, clock=clock
        )
        self.save, self.message = self.submission.button, self.submission.message
        bank = Disclosure("Import a question bank", self.bank.view)
        self.view = widgets.VBox(
            [
                style(),
                heading("Set up or change a quiz"),
                row(fields["course"], fields["quiz_id"]),
                row(fields["title"], fields["week_number"], fields["due_on"]),
                bank.view,
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
        self.quiz.options = [("A new quiz", NEW)]
        with errors_shown(self.message):
            self._set_options(NEW)
            self._open()
            if self.week.options[0][1] == NO_WEEK:
                self.message.bad(f"{self.course.value} has no weeks yet. Give it a syllabus first, in admin/course_setup.")

    def _set_options(self, chosen: int) -> None:
        options = self._read_course(self.course.value)
        set_options(self.week, [*options.weeks, ("no week: attempts are not evidence", NO_WEEK)])
        self.quiz.options = [("A new quiz", NEW), *options.quizzes]
        self.quiz.value = chosen

    def _open(self) -> None:
        """Show the chosen quiz as stored, or an empty form for a new one."""
        self.submission.message.clear()
        for field in self.submission.fields.values():
            field.clear_problem()
        if self.quiz.value in {NEW, None}:
            self.title.value, self.due_on.value = "", None
            self.week.value = self.week.options[0][1] if self.week.value == NO_WEEK else self.week.value
            self.questions.show(QuizContent(questions=()))
            return
        with errors_shown(self.message):
            stored = self._read_quiz(self.quiz.value)
            self.title.value, self.week.value, self.due_on.value = stored.title, stored.week_number or NO_WEEK, stored.due_on
            self.questions.show(stored.content)

    def _request(self) -> QuizRequest:
        values = {
            "title": self.title.value,
            "week_number": self.week.value or None,
            "due_on": self.due_on.value,
            "content": self.questions.read(),
        }
        if self.quiz.value == NEW:
            return CreateQuiz.model_validate({"course": self.course.value or "", **values})
        return ChangeQuiz.model_validate({"quiz_id": self.quiz.value, **values})

    def _saved(self) -> None:
        """List the quiz under its title; after a new quiz, empty the form for the next one."""
        saved = self.quiz.value
        self._set_options(saved)
        if saved == NEW:
            self._open()


def _findings(bank: Bank) -> pd.DataFrame:
    findings = [("rejected", rejection) for rejection in bank.rejections] + [("warning", warning) for warning in bank.warnings]
    rows = [(kind, finding.file, finding.row, finding.value, finding.reason) for kind, finding in findings[:MOST_SHOWN]]
    return pd.DataFrame(rows, columns=["Result", "File", "Row", "Question", "Reason"])
