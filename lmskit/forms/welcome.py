"""What the message that confirms an enrollment says: write it, preview it as a student gets it, or return to the built-in text."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import ipywidgets as widgets

from lmskit.forms.field import Field, row
from lmskit.forms.letter import ShownLetter
from lmskit.forms.submission import Submission
from lmskit.schemas.written_message import ENGLISH, PLACEHOLDERS, OfWelcome, SetWelcome
from lmskit.widgets import Message, errors_shown


@dataclass(frozen=True)
class WelcomeNow:
    """Which text messages have now, as a sentence, whether it is their own, and that text; empty if it is the built-in one."""

    source: str
    language: str = ENGLISH
    subject: str = ""
    text: str = ""
    is_own: bool = False


@dataclass(frozen=True)
class WelcomeWork:
    """What the form does: reads the text in use, previews a message, writes a text, removes one; the last two return a sentence."""

    read: Callable[[OfWelcome], WelcomeNow]
    preview: Callable[[OfWelcome], str]
    write: Callable[[SetWelcome], str]
    clear: Callable[[OfWelcome], str]


class WelcomeForm:
    """Writes the text for one course, or for all courses without a text of their own.

    Parameters
    ----------
    work
        What the form does. If it raises an `LmskitError`, that error's sentence is shown instead.
    courses
        Label and code of each course.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: WelcomeWork, *, courses: Sequence[tuple[str, str]], clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self.course = widgets.Dropdown(options=[("all courses without their own text", ""), *courses])
        self.language, self.subject, self.text = widgets.Text(), widgets.Text(), widgets.Textarea(rows=8)
        known = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        fields = {
            "course": Field("Messages of", self.course, width="3 1 260px"),
            "language": Field("Language", self.language, hint="Such as en, de or pt-BR.", width="1 1 120px"),
            "subject": Field("Subject", self.subject),
            "text": Field(
                "Text", self.text, hint=f"The whole message; an empty line begins a paragraph. Filled in for each student: {known}."
            ),
        }
        self.source, self.message = Message(), Message()
        self.letter = ShownLetter()
        self.previewing = Submission("Preview", fields=fields, read=self._tried, on_submit=self._preview, message=self.message, clock=clock)
        self.previewing.button.button_style = ""
        self.writing = Submission(
            "Save", fields=fields, read=self._request, on_submit=work.write, on_success=self.refresh, message=self.message, clock=clock
        )
        self.clearing = Submission(
            "Remove the text",
            fields={},
            read=self._of,
            on_submit=work.clear,
            on_success=self.refresh,
            confirm=lambda _request: "Remove the text? Messages then have the next one: that of all courses, or the built-in one.",
            message=self.message,
            clock=clock,
        )
        self.clearing.button.button_style = ""
        buttons = widgets.HBox(
            [self.writing.view, self.previewing.view, self.clearing.view], layout=widgets.Layout(flex_flow="row wrap", overflow="visible")
        )
        self.view = widgets.VBox(
            [
                row(fields["course"], fields["language"]),
                self.source.view,
                fields["subject"].view,
                fields["text"].view,
                buttons,
                self.message.view,
                self.letter.view,
            ],
            layout=widgets.Layout(overflow="visible"),
        )
        self._read: dict[widgets.Widget, str] = {}
        self.course.observe(lambda _change: self._course_chosen(), names="value")
        self.refresh()

    def refresh(self) -> None:
        """Show the text that messages of the course have now."""
        self._show(kept=())

    def _show(self, kept: Collection[widgets.Widget]) -> None:
        """Show the text that messages of the course have now, except in the fields that are kept."""
        self.letter.hide()
        self.clearing.view.layout.display = "none"
        with errors_shown(self.source):
            now = self._work.read(self._of())
            self.source.neutral(f"{now.source} What you typed is kept." if kept else now.source)
            self.clearing.view.layout.display = None if now.is_own else "none"
            self._read = {self.language: now.language, self.subject: now.subject, self.text: now.text}
            for control, text in self._read.items():
                if control not in kept:
                    control.value = text

    def _course_chosen(self) -> None:
        """Show the text of the course; a text that was typed before its course was chosen is kept."""
        self.message.clear()
        self.clearing.withdraw_question()
        self._show(kept=[control for control, text in self._read.items() if control.value.strip() and control.value != text])

    def _of(self) -> OfWelcome:
        return OfWelcome(course=self.course.value or None)

    def _request(self) -> SetWelcome:
        return SetWelcome(course=self.course.value or None, language=self.language.value, subject=self.subject.value, text=self.text.value)

    def _tried(self) -> OfWelcome:
        return self._request() if self.subject.value.strip() or self.text.value.strip() else self._of()

    def _preview(self, request: OfWelcome) -> str:
        self.letter.hide()
        self.letter.show(self._work.preview(request))
        return "This is how a student gets it. Nothing was sent or changed."
