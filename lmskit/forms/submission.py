"""Pressing a form's button: one validated request, handed on once, answered in a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Generic, TypeVar

import ipywidgets as widgets
from pydantic import BaseModel, ValidationError

from lmskit.forms.field import Field
from lmskit.schemas.mistakes import mistakes
from lmskit.widgets import Message, errors_told

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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fields, self._read, self._on_submit, self._on_success, self._clock = fields, read, on_submit, on_success, clock
        self._ended = float("-inf")
        self.button = widgets.Button(description=description, button_style="primary", layout=widgets.Layout(width="auto"))
        self.message = Message()
        self.button.on_click(lambda _button: self._press())

    def _press(self) -> None:
        if self.button.disabled or self._clock() - self._ended < DOUBLE_CLICK:
            return
        self.button.disabled = True
        self.message.clear()
        for field in self.fields.values():
            field.problem = ""
        try:
            self._submit()
        finally:
            self._ended = self._clock()
            self.button.disabled = False

    def _submit(self) -> None:
        try:
            request = self._read()
        except ValidationError as error:
            self._show(mistakes(error))
            return
        with errors_told(self.message):
            self.message.good(self._on_submit(request))
            if self._on_success is not None:
                self._on_success()

    def _show(self, found: Mapping[str, str]) -> None:
        """Put each mistake beside the field it concerns, and all of them into the message."""
        told: list[str] = []
        for name, sentence in found.items():
            field, place = self._field(name)
            words = f"{place}: {sentence}" if place else sentence
            if field is not None:
                field.problem = field.problem or words
            told.append(f"{field.label}: {words}" if field is not None else words)
        self.message.bad(" ".join(told))

    def _field(self, name: str) -> tuple[Field | None, str]:
        """Return the field that holds what the request calls `name`, and the place in it: `weeks.2.topic` is in entry 3 of the weeks."""
        if name in self.fields:
            return self.fields[name], ""
        first, _, rest = name.partition(".")
        index, _, part = rest.partition(".")
        place = f"entry {int(index) + 1}, {part.replace('_', ' ')}" if index.isdigit() else rest
        return (self.fields[first], place) if first in self.fields else (None, name)
