"""What was imported last, what an import wrote, and taking it back: a trial first, and for much a number that has to be typed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import ipywidgets as widgets

from lmskit.forms.background_work import BackgroundWork
from lmskit.forms.field import Field, row
from lmskit.forms.typed_number import is_typed
from lmskit.listings import IMPORT_RUNS
from lmskit.readable import minute
from lmskit.rounding import count_text
from lmskit.widgets import PAGE_SIZE, Message, Pager, Table, errors_shown, heading, set_options

if TYPE_CHECKING:
    from collections.abc import Callable

    import pandas as pd

    from lmskit.forms.background_work import Task

MUCH = 100
"""Rows; more than these are taken back only after their number was typed."""


@dataclass(frozen=True)
class ImportShown:
    """What an import wrote: a sentence, and a table of the rows by table."""

    sentence: str
    written: pd.DataFrame


@dataclass(frozen=True)
class UndoShown:
    """What an undo did, or would do.

    Attributes
    ----------
    sentence
        What happened, or would happen.
    n_rows
        How many rows are taken back.
    rows
        The three lists in one table: What, Rows, Kind, Why and Which.
    warnings
        Sentences about what is left to do.
    """

    sentence: str
    n_rows: int
    rows: pd.DataFrame
    warnings: tuple[str, ...] = ()


class ReadImports(Protocol):
    """Reads a page of `queries.import_run.import_runs`, with the number of rows on all pages."""

    def __call__(self, *, limit: int, offset: int) -> tuple[pd.DataFrame, int]:
        """Read the page."""


class PastImports:
    """The imports page by page, also those that went on after their page was closed, and what can be done with one.

    Parameters
    ----------
    read
        See `ReadImports`. The sentence of an `LmskitError` it raises is shown.
    on_show
        Returns what an import wrote.
    on_rehearse
        Returns what taking an import back would do.
    on_undo
        Takes an import back.
    run
        Number of the import to begin with, if it is on the first page.
    """

    def __init__(
        self,
        *,
        read: ReadImports,
        on_show: Callable[[int], ImportShown],
        on_rehearse: Callable[[Task, int], UndoShown],
        on_undo: Callable[[Task, int], UndoShown],
        run: int | None = None,
    ) -> None:
        self._read, self._on_show, self._on_rehearse, self._on_undo = read, on_show, on_rehearse, on_undo
        self._rehearsed: tuple[int, UndoShown] | None = None
        self.chosen, self.typed = widgets.Dropdown(), widgets.Text(continuous_update=True)
        self.show_it, self.rehearse, self.undo = (
            widgets.Button(description=text, button_style=kind, layout=widgets.Layout(width="auto"))
            for text, kind in (("Show what it wrote", ""), ("Show what taking back would do", ""), ("Take the import back", "danger"))
        )
        self._typed = Field("Rows to take back", self.typed, hint="Type the number of rows to go on.")
        self.refresh_list = widgets.Button(description="Read again", icon="refresh", layout=widgets.Layout(width="auto"))
        self.pager = Pager(self.refresh, noun="imports")
        self.table = Table(nothing="Nothing was imported yet. To import a file, open admin/roster_import.")
        self.work, self.message, self.warning, self._list_message = BackgroundWork(), Message(), Message(), Message()
        self.written, self.lists = Table(nothing="It changed nothing whose changes are recorded."), Table(nothing="It wrote nothing.")
        wide = {"overflow": "visible"}
        buttons = widgets.Layout(flex_flow="row wrap", grid_gap="4px 8px", align_items="flex-start", **wide)
        self.view = widgets.VBox(
            [
                heading("Imports, newest first"),
                self._list_message.view,
                widgets.HBox([self.refresh_list]),
                self.pager.view,
                self.table.view,
                heading("One import"),
                row(Field("Import", self.chosen, hint="One of those shown above.", width="2 1 420px"), self._typed),
                widgets.HBox([self.show_it, self.rehearse, self.undo], layout=buttons),
                self.work.view,
                self.message.view,
                self.warning.view,
                self.written.view,
                self.lists.view,
            ],
            layout=widgets.Layout(**wide),
        )
        self._forget()
        self.refresh()
        if run is not None and run in [number for _, number in self.chosen.options]:
            self.chosen.value = run
        self.chosen.observe(lambda _change: self._chosen(), names="value")
        self.typed.observe(lambda _change: self._allow(), names="value")
        self.refresh_list.on_click(lambda _button: self.refresh())
        self.show_it.on_click(lambda _button: self._show())
        self.rehearse.on_click(lambda _button: self._start(self.rehearse, self._on_rehearse, self._keep))
        self.undo.on_click(lambda _button: self._start(self.undo, self._on_undo, self._undone))

    def refresh(self) -> None:
        """Read the page that is shown again."""
        with errors_shown(self._list_message):
            page, total = self._read(limit=PAGE_SIZE, offset=self.pager.offset)
            self._list_message.clear()
            self.table.show(IMPORT_RUNS.shown(page).drop(columns="In"))  # the sum of the others; the table fits without it
            taken = page["undoes"].isna()
            labels = zip(page["id"][taken], page["name"][taken], page["started_at"][taken], strict=True)
            set_options(self.chosen, [(f"{number} · {name} · {minute(at)}", int(number)) for number, name, at in labels])
            self._allow()
            self.pager.show(total=total)

    def _chosen(self) -> None:
        if not self.work.running:
            self._forget()
            self.message.clear()

    def _forget(self) -> None:
        """Show nothing of an import; what a trial has found is not true of another import, or later."""
        self._rehearsed = None
        self.typed.value = ""
        self._typed.view.layout.visibility = "hidden"
        self.warning.clear()
        for table in (self.written, self.lists):
            table.view.layout.display = "none"
        self._allow()

    def _show(self) -> None:
        if self.chosen.value is None or self.work.running:
            return
        self._forget()
        self.message.clear()
        with errors_shown(self.message):
            found = self._on_show(self.chosen.value)
            self.message.neutral(found.sentence)
            self.written.show(found.written)
            self.written.view.layout.display = None

    def _start(self, button: widgets.Button, work: Callable[[Task, int], UndoShown], done: Callable[[int, UndoShown], None]) -> None:
        run = self.chosen.value
        if run is None or button.disabled or self.work.running:
            return
        if button is self.rehearse:
            self._forget()
        for control in (self.chosen, self.show_it, self.rehearse, self.undo):
            control.disabled = True
        self.message.clear()
        self.work.start(lambda task: work(task, run), done=lambda shown: done(run, shown), ended=self._ended, message=self.message)

    def _ended(self) -> None:
        self.chosen.disabled = False
        self._allow()

    def _keep(self, run: int, shown: UndoShown) -> None:
        """Show what taking an import back would do, and allow it; what many rows need is typed."""
        self._rehearsed = (run, shown)
        self._show_lists(shown)
        self.message.neutral(shown.sentence)
        self._typed.view.layout.visibility = "visible" if shown.n_rows > MUCH else "hidden"

    def _undone(self, _run: int, shown: UndoShown) -> None:
        self._forget()
        self._show_lists(shown)
        self.message.good(shown.sentence)
        self.refresh()

    def _show_lists(self, shown: UndoShown) -> None:
        self.lists.show(shown.rows)
        self.lists.view.layout.display = None
        if shown.warnings:
            self.warning.warn(" ".join(shown.warnings))

    def _allow(self) -> None:
        """Let an import be taken back once a trial has shown what that does, and the number of many rows is typed."""
        nothing = self.chosen.value is None or self.work.running
        self.show_it.disabled = self.rehearse.disabled = nothing
        shown = self._rehearsed[1] if self._rehearsed is not None and self._rehearsed[0] == self.chosen.value else None
        n_rows = shown.n_rows if shown is not None else 0
        typed = self.typed.value.strip()
        agreed = n_rows <= MUCH or is_typed(typed, n_rows)
        wrong = f"This is not the number of rows: {count_text(n_rows, 'row')} would be taken back."
        self._typed.problem = wrong if typed and not agreed else ""
        self.undo.disabled = nothing or n_rows == 0 or not agreed
