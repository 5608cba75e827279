"""Turning the pages of a long list: to the next one, or to any."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from lmskit.widgets.debounced import Debounced

PAGE_SIZE = 25
"""Rows on one page of a list on the screen."""
REACHED_AT_ONCE = 2
"""Pages that the buttons reach at one press."""


class Pager:
    """Buttons to the previous and the next page, the number of the page, which can be typed, and a label that says which rows are shown.

    Parameters
    ----------
    on_turn
        Called after `offset` has changed; it reads that page and calls `show`, at the end.
    page_size
        Rows on one page.
    noun
        The word for the rows, in the plural.

    Examples
    --------
    >>> pager = Pager(lambda: None, page_size=50, noun="students")
    >>> pager.show(total=87)
    >>> pager.next.click()
    >>> pager.show(total=87)
    >>> pager.label.value
    'students 51–87 of 87'
    """

    def __init__(self, on_turn: Callable[[], None], *, noun: str, page_size: int = PAGE_SIZE) -> None:
        self.page_size, self.noun, self.offset, self.total = page_size, noun, 0, 0
        self._on_turn = on_turn
        self.previous = widgets.Button(description="◂ Previous", tooltip=f"The {page_size} {noun} before these", disabled=True)
        self.next = widgets.Button(description="Next ▸", tooltip=f"The {page_size} {noun} after these", disabled=True)
        for button in (self.previous, self.next):
            button.layout.width = "104px"
        self.page = widgets.BoundedIntText(value=1, min=1, max=1, description="Page", continuous_update=True)
        self.page.style.description_width = "initial"
        self.page.layout.width = "116px"
        self.pages, self.label = widgets.Label(""), widgets.Label("")
        self.previous.on_click(lambda _button: self._turn(-1))
        self.next.on_click(lambda _button: self._turn(+1))
        self._is_shown = False
        turn = Debounced(self._turn_to_typed)
        self.page.observe(lambda _change: turn() if self._is_shown else None, names="value")
        parts = [self.previous, self.next, self.page, self.pages, self.label]
        self.view = widgets.HBox(parts, layout=widgets.Layout(overflow="visible", flex="0 0 auto"))

    def first(self) -> None:
        """Set the first page, without reading it."""
        self.offset = 0

    def show(self, *, total: int) -> None:
        """Say which rows are shown, of `total` in the list; turn to the last page if the list has become shorter than those before."""
        self.total = total
        beyond, self.offset = self.offset, min(self.offset, max(total - 1, 0) // self.page_size * self.page_size)
        if total and self.offset < beyond:
            self._on_turn()
            return
        last = min(self.offset + self.page_size, total)
        self.label.value = f"{self.noun} {self.offset + 1:,}–{last:,} of {total:,}" if total else f"no {self.noun}"
        self.previous.disabled = self.offset == 0
        self.next.disabled = self.offset + self.page_size >= total
        self._show_page(max(1, -(-total // self.page_size)))

    def _show_page(self, n_pages: int) -> None:
        """Show the number of the page where there are more than the buttons reach at once."""
        self._is_shown = False
        self.page.max = n_pages
        self.page.value = self.offset // self.page_size + 1
        self._is_shown = True
        self.pages.value = f"of {n_pages:,}:"
        for part in (self.page, self.pages):
            part.layout.display = None if n_pages > REACHED_AT_ONCE else "none"

    def _turn_to_typed(self) -> None:
        offset = (self.page.value - 1) * self.page_size
        if offset != self.offset:
            self.offset = offset
            self._on_turn()

    def _turn(self, step: int) -> None:
        target = self.offset + step * self.page_size
        if 0 <= target < max(self.total, 1):
            self.offset = target
            self._on_turn()
