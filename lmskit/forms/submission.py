"""Pressing a form's button: one validated request, handed on once, answered in a sentence."""

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
"""Seconds after a submission in which another click is still the same one. The second click of a double click waits in the
kernel's queue while the first one is worked on, and comes out when the button can be pressed again."""


class Submission(Generic[Request]):
    """A button, and the message that says how it went.

    Parameters
    ----------
    description
        What is written on the button.
    fields
        The form's fields by the names the request has for them.
    read
        Builds the request from the fields; a `ValidationError` it raises is shown beside the fields it concerns.
    on_submit
        Does the work and returns the sentence to show; the sentence of an `LmskitError` it raises is shown instead.
    on_success
        Called after the work was done, for instance to empty the fields.
    ask
        For work that should not happen by a slip: the question that has to be answered with yes first.
    message
        Where it is said how it went, if that is not under the button.
    clock
        Seconds from any fixed moment.
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
        self._confirmed_about: Request | None = None
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

    def _press(self) -> None:
        if self.button.disabled or self._too_soon():
            return
        self.button.disabled = True
        self.message.clear()
        for field in self.fields.values():
            field.forget()
        try:
            request = self._read()
        except ValidationError as error:
            self._show(mistakes(error))
            self._end()
            return
        except BaseException:
            self._end()
            raise
        if self._confirm is None:
            self._submit(request)
        else:
            self._confirmed_about = request
            self.question.warn(self._confirm(request))
            self._answers.layout.display = None
            self._ended = self._clock()

    def withdraw_question(self) -> None:
        """Take a question back that was not answered, as when something else is chosen meanwhile."""
        if self._confirmed_about is not None:
            self._confirmed_about = None
            self.question.clear()
            self._answers.layout.display = "none"
            self._end()

    def _answer(self, *, yes: bool) -> None:
        """Go on with what was asked about; the second click of a double click is no answer."""
        request = self._confirmed_about
        if request is None or self._too_soon():
            return
        self.withdraw_question()
        if yes:
            self.button.disabled = True
            self._submit(request)

    def _too_soon(self) -> bool:
        return self._clock() - self._ended < DOUBLE_CLICK

    def _submit(self, request: Request) -> None:
        try:
            with errors_shown(self.message):
                self.message.good(self._on_submit(request))
                if self._on_success is not None:
                    self._on_success()
        finally:
            self._end()

    def _end(self) -> None:
        self._ended = self._clock()
        self.button.disabled = False

    def _show(self, found: Mapping[str, str]) -> None:
        """Put each mistake beside the field it concerns, and all of them into the message."""
        told: list[str] = []
        for name, sentence in found.items():
            field, place = self._field(name)
            if field is not None:
                told.append(f"{field.label}: {field.tell(place, sentence)}")
            else:
                told.append(f"{name}: {sentence}" if name else sentence)
        self.message.bad(" ".join(dict.fromkeys(told)))

    def _field(self, name: str) -> tuple[Field | None, str]:
        """Return the field that holds what the request calls `name`, and the place in it: `weeks.2.topic` is `2.topic` of the weeks."""
        if name in self.fields:
            return self.fields[name], ""
        first, _, place = name.partition(".")
        return self.fields.get(first), place
