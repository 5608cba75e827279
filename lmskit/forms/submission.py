"""Submitting a form: a press of the button becomes one validated request, which is answered with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import ipywidgets as widgets
from pydantic import BaseModel, ValidationError

from lmskit.forms.field import Field
from lmskit.schemas.mistakes import mistakes
from lmskit.widgets import Message, errors_shown

Request = TypeVar("Request", bound=BaseModel)

DOUBLE_CLICK = 0.5
"""Seconds after a submission in which a click is ignored. The second click of a double click waits in the kernel's queue while the
first one is processed, and arrives when the button is enabled again."""


class PartlyDone(str):
    """What was done, and what is left to do: shown as a caveat, not as a success."""

    __slots__ = ()


class Submission(Generic[Request]):
    """A button, and the message that reports the result.

    Parameters
    ----------
    description
        The text on the button.
    fields
        The form's fields, by their names in the request.
    read
        Builds the request from the fields. A `ValidationError` it raises is shown beside the fields it concerns.
    on_submit
        Does the work and returns the sentence to show, a `PartlyDone` if something of it is left to do. If it raises an
        `LmskitError`, that error's sentence is shown instead.
    on_success
        Called after the work was done and before its sentence is shown, for instance to empty the fields. An error in it is shown
        behind the sentence.
    confirm
        Returns a question that must be answered with yes before the work is done, or an empty text if there is none to ask; by
        default no question is asked. If it raises an `LmskitError`, that error's sentence is shown, and nothing is done.
    message
        Shows the result; by default a message under the button.
    clock
        Monotonic time in seconds.
    """

    def __init__(
        self,
        description: str,
        *,
        fields: Mapping[str, Field],
        read: Callable[[], Request],
        on_submit: Callable[[Request], str],
        on_success: Callable[[], None] | None = None,
        confirm: Callable[[Request], str] | None = None,
        message: Message | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fields, self._read, self._on_submit, self._on_success = fields, read, on_submit, on_success
        self._confirm, self._clock = confirm, clock
        self._ended = float("-inf")
        self._unconfirmed: Request | None = None
        self.button = widgets.Button(description=description, button_style="primary", layout=widgets.Layout(width="auto"))
        self.question = Message()
        self.yes = widgets.Button(description=f"Yes, {description[:1].lower()}{description[1:]}", button_style="danger")
        self.no = widgets.Button(description="No")
        self.message = message or Message()
        self._answers = widgets.HBox([self.no, self.yes], layout=widgets.Layout(display="none", overflow="visible"))
        self.yes.layout.width = "auto"
        parts = [widgets.HBox([self.button]), self.question.view, self._answers]
        self.view = widgets.VBox(parts if message else [*parts, self.message.view], layout=widgets.Layout(overflow="visible"))
        self.button.on_click(lambda _button: self._press())
        self.yes.on_click(lambda _button: self._answer(yes=True))
        self.no.on_click(lambda _button: self._answer(yes=False))

    def withdraw_question(self) -> None:
        """Remove a question that is not answered yet, for instance because another student was chosen."""
        if self._unconfirmed is not None:
            self._unconfirmed = None
            self.question.clear()
            self._answers.layout.display = "none"
            self.button.disabled = False

    def _press(self) -> None:
        if self.button.disabled or self._is_double_click():
            return
        self.button.disabled = True
        self.message.clear()
        for field in self.fields.values():
            field.clear_problem()
        try:
            request = self._read()
        except ValidationError as error:
            self._show_mistakes(mistakes(error))
            self._end()
            return
        except BaseException:
            self._end()
            raise
        if self._confirm is None:
            self._submit(request)
        else:
            self._ask(request, self._confirm)

    def _ask(self, request: Request, confirm: Callable[[Request], str]) -> None:
        """Show the question, or why the work would be refused; do the work if there is nothing to ask."""
        question: str | None = None
        try:
            with errors_shown(self.message):
                question = confirm(request)
        finally:
            if question is None:
                self._end()
        if question:
            self._unconfirmed = request
            self.question.warn(question)
            self._answers.layout.display = None
            self._ended = self._clock()
        elif question is not None:
            self._submit(request)

    def _answer(self, *, yes: bool) -> None:
        """Continue with the request that was asked about; the second click of a double click does not count as an answer."""
        request = self._unconfirmed
        if request is None or self._is_double_click():
            return
        self.withdraw_question()
        self._ended = self._clock()
        if yes:
            self.button.disabled = True
            self._submit(request)

    def _is_double_click(self) -> bool:
        return self._clock() - self._ended < DOUBLE_CLICK

    def _submit(self, request: Request) -> None:
        done: str | None = None
        try:
            with errors_shown(self.message):
                done = self._on_submit(request)
            if done is not None:
                self._show_done(done)
        finally:
            self._end()

    def _show_done(self, sentence: str) -> None:
        """Say what was done once the screen shows it: who reads that it was done may choose from a list that is still the old one."""
        is_shown = False
        with errors_shown(self.message, done=sentence):
            if self._on_success is not None:
                self._on_success()
            is_shown = True
        if is_shown:
            (self.message.warn if isinstance(sentence, PartlyDone) else self.message.good)(sentence)

    def _end(self) -> None:
        self._ended = self._clock()
        self.button.disabled = False

    def _show_mistakes(self, found: Mapping[str, str]) -> None:
        """Show each mistake beside its field, and all of them in the message, in the order of the fields."""
        messages: list[str] = []
        order = list(self.fields.values())
        placed = [(*self._field(name), name, sentence) for name, sentence in found.items()]
        for field, part, name, sentence in sorted(placed, key=lambda each: order.index(each[0]) if each[0] is not None else len(order)):
            if field is not None:
                messages.append(f"{field.label}: {field.show_problem(part, sentence)}")
            else:
                messages.append(f"{name}: {sentence}" if name else sentence)
        self.message.bad(" ".join(dict.fromkeys(messages)))

    def _field(self, name: str) -> tuple[Field | None, str]:
        """The field for a name in the request, and the part of its value: `weeks.2.topic` is the part `2.topic` of the field `weeks`."""
        if name in self.fields:
            return self.fields[name], ""
        first, _, part = name.partition(".")
        return self.fields.get(first), part
