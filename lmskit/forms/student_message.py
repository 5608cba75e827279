"""A message to students of a course: shown as one of them gets it, with who gets it, and sent after a question."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.letter import ShownLetter
from lmskit.forms.submission import Submission
from lmskit.schemas.written_message import ENGLISH, PLACEHOLDERS, SendMessage
from lmskit.widgets import set_options

EVERYONE = ""


@dataclass(frozen=True)
class MessagePreview:
    """Who would get a message, as a sentence, and the message as the first of them gets it."""

    recipients: str
    letter: str


@dataclass(frozen=True)
class MessageWork:
    """What the form does: previews a message, and sends the one that was previewed last; returns the sentence to show."""

    preview: Callable[[SendMessage], MessagePreview]
    send: Callable[[SendMessage], str]


class StudentMessageForm:
    """Writes to students of the course that `course` shows.

    Parameters
    ----------
    work
        What the form does. If it raises an `LmskitError`, that error's sentence is shown instead.
    course
        The widget whose value is the course's code.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: MessageWork, *, course: widgets.Dropdown, clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self.course = work, course
        self.section, self.language = widgets.Dropdown(options=[("all students", EVERYONE)]), widgets.Text(value=ENGLISH)
        self.students, self.subject, self.text = widgets.Textarea(rows=2), widgets.Text(), widgets.Textarea(rows=8)
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        fields = {
            "section": Field("To", self.section),
            "students": Field("Only these", self.students, hint="Addresses, one per line; empty for all who are chosen beside."),
            "subject": Field("Subject", self.subject, width="3 1 260px"),
            "language": Field("Language", self.language, hint="Such as en, de or pt-BR.", width="1 1 120px"),
            "text": Field("Text", self.text, hint=f"The whole message; an empty line begins a paragraph. For each student: {known}."),
        }
        self.letter = ShownLetter()
        self.submission = Submission(
            "Send", fields=fields, read=self._request, on_submit=work.send, confirm=self._question, on_success=self._empty, clock=clock
        )
        self.message = self.submission.message
        self.view = widgets.VBox(
            [
                row(fields["section"], fields["students"]),
                row(fields["subject"], fields["language"]),
                fields["text"].view,
                self.submission.view,
                self.letter.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )
        for control in (course, self.section, self.students, self.subject, self.language, self.text):
            control.observe(lambda _change: self._forget(), names="value")

    def offer(self, sections: Sequence[tuple[str, str]]) -> None:
        """Offer these sections and groups of the course, each as label and name."""
        set_options(self.section, [("all students", EVERYONE), *((f"students of {label}", name) for label, name in sections)])

    def _request(self) -> SendMessage:
        return SendMessage(
            course=self.course.value or "",
            section=self.section.value or None,
            students=tuple(self.students.value.split()),
            subject=self.subject.value,
            language=self.language.value,
            text=self.text.value,
        )

    def _question(self, request: SendMessage) -> str:
        previewed = self._work.preview(request)
        self.letter.show(previewed.letter)
        return f"{previewed.recipients} Send this message?"

    def _forget(self) -> None:
        self.submission.withdraw_question()
        self.letter.hide()

    def _empty(self) -> None:
        self.students.value = self.subject.value = self.text.value = ""
        self.letter.hide()
