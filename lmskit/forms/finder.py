"""Find one of many: as a text is typed, a list offers the first of those that fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from lmskit.codes import find_code
from lmskit.forms.field import Field
from lmskit.rounding import count_text
from lmskit.widgets import Debounced, Message, errors_shown, set_options

Options = Sequence[tuple[str, str]]
NOT_CHOSEN = ""
"""The value of the option for none."""
MOST_OFFERED = 50
"""Options in the list; more cannot be read at a glance."""


class Finder:
    """A text to search with, and a list of those that it finds.

    Parameters
    ----------
    noun, plural
        What is found, such as "course"; the plural takes an s unless it is given.
    read
        Returns label and value of the first `MOST_OFFERED` that a search finds, and the number of all that it finds. The sentence of
        an `LmskitError` it raises is shown.
    hint
        What to search with.
    on_choose
        Called when another one is chosen.
    none
        The option for none, which is chosen until a person or a search that finds one alone chooses another; without it, the first one
        that is found is chosen.
    first
        What to search with at the beginning; the one with this value is chosen.
    """

    def __init__(
        self,
        noun: str,
        read: Callable[[str], tuple[Options, int]],
        *,
        hint: str,
        on_choose: Callable[[], None],
        none: str = "",
        first: str = "",
        plural: str = "",
    ) -> None:
        self._noun, self._plural, self._read, self._none, self._on_choose = noun, plural, read, none, on_choose
        self._filling = False
        self.typed, self.chosen, self.message = widgets.Text(value=first), widgets.Dropdown(), Message()
        self.search_field = Field(f"Find a {noun}", self.typed, hint=hint, width="1 1 240px")
        self.field = Field(noun.capitalize(), self.chosen, hint=" ", width="2 1 360px")
        self._fill()
        if (wanted := find_code(first, (value for _, value in self.chosen.options))) is not None and first:
            self.chosen.value = wanted
        later = Debounced(self.refresh)
        self.typed.observe(lambda _change: None if self._filling else later(), names="value")
        self.chosen.observe(lambda _change: self._chosen(), names="value")

    @property
    def value(self) -> str:
        """The value that is chosen; empty if there is none."""
        return str(self.chosen.value or NOT_CHOSEN)

    @property
    def label(self) -> str:
        """The label that is chosen; empty if there is none."""
        return str(self.chosen.label) if self.value else ""

    def refresh(self) -> None:
        """Search again; the one that is chosen stays chosen if it is found."""
        before = self.value
        self._fill()
        if self.value != before:
            self._on_choose()

    def clear(self) -> None:
        """Search for nothing, and choose nobody where that can be chosen."""
        self._filling = True
        try:
            self.typed.value, self.chosen.value = "", NOT_CHOSEN if self._none else self.chosen.value
        finally:
            self._filling = False
        self._fill()

    def _fill(self) -> None:
        self._filling = True
        try:
            with errors_shown(self.message):
                found, total = self._read(self.typed.value.strip())
                self.message.clear()
                set_options(self.chosen, [(self._none, NOT_CHOSEN), *found] if self._none else list(found))
                if self._none and self.typed.value.strip() and len(found) == 1:
                    self.chosen.value = found[0][1]
                self.field.hint = self._counted(len(found), total)
        finally:
            self._filling = False

    def _counted(self, n_offered: int, total: int) -> str:
        if not total:
            return f"No {self._noun} is found."
        found = f"{count_text(total, self._noun, self._plural)} found"
        return f"{found}." if n_offered == total else f"{found}; the first {n_offered} are offered. Type more to find the others."

    def _chosen(self) -> None:
        if not self._filling:
            self._on_choose()
