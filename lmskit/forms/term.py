"""The terms on one screen: close one, open it again, archive it, verify and restore its archive, remove earlier ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import ipywidgets as widgets
import pandas as pd
from pydantic import ValidationError

from lmskit.codes import find_code
from lmskit.forms.background_work import BackgroundWork, Task
from lmskit.forms.field import Field, row
from lmskit.forms.submission import DOUBLE_CLICK
from lmskit.rounding import size_text
from lmskit.schemas.mistakes import mistakes
from lmskit.schemas.term import TakeTermStep
from lmskit.vocabulary import TermStep
from lmskit.widgets import PAGE_SIZE, ROOT, Message, Pager, SearchableDropdown, Table, errors_shown, heading, set_options, style

DESCRIPTIONS = {
    TermStep.CLOSE: "Close the term",
    TermStep.ARCHIVE: "Archive the term",
    TermStep.OPEN: "Open the term again",
    TermStep.VERIFY: "Verify the archive",
    TermStep.RESTORE: "Restore the term",
    TermStep.PRUNE: "Remove earlier archives",
}
"""What the button of each step says, in the order of the buttons."""
_ROWS = [("the database", False), ("the files, such as after damage to the database", True)]


@dataclass(frozen=True)
class TermStatus:
    """What is shown of one term.

    Attributes
    ----------
    sentence
        Its state, and how much it has.
    steps
        What can be done with it now.
    archives
        Those of the term, as `lmskit.queries.archive.archives` returns them.
    """

    sentence: str
    steps: tuple[TermStep, ...]
    archives: pd.DataFrame


@dataclass(frozen=True)
class TermWork:
    """What the screen does.

    Attributes
    ----------
    page
        Returns a page of the terms with headings, for its limit and offset, and the number of all.
    options
        Returns label and code of each term.
    status
        Returns what is shown of the term with a code.
    ask
        Returns the question that is answered with yes before a step is taken. Raises an `LmskitError` if it would be refused.
    take
        Takes the step, until the task is cancelled, and returns the sentence to show.
    """

    page: Callable[[int, int], tuple[pd.DataFrame, int]]
    options: Callable[[], list[tuple[str, str]]]
    status: Callable[[str], TermStatus]
    ask: Callable[[TakeTermStep], str]
    take: Callable[[Task, TakeTermStep], str]


class TermScreen:
    """The terms page by page, and the steps of the chosen one.

    Parameters
    ----------
    work
        What the screen does.
    folder
        Where archives are kept unless another folder is named.
    term
        Code of the term to begin with; by default the newest.
    clock
        Monotonic time in seconds.
    """

    def __init__(self, work: TermWork, *, folder: str, term: str = "", clock: Callable[[], float] = time.monotonic) -> None:
        self._work, self._clock = work, clock
        self._ended = float("-inf")
        self._filling = False
        self._asked: TakeTermStep | None = None
        self._steps: tuple[TermStep, ...] = ()
        self.term, self.to, self.rows = SearchableDropdown(), widgets.Text(placeholder=folder), widgets.Dropdown(options=_ROWS)
        self._fields = {
            "term": Field("Term", self.term, width="0 1 420px"),
            "to": Field("Folder or bucket for the archive", self.to, hint="Empty: the one shown. Or s3://BUCKET/PART.", width="2 1 300px"),
            "from_files": Field("Rows to restore come from", self.rows, width="2 1 300px"),
        }
        self.buttons = {step: self._button(step) for step in DESCRIPTIONS}
        self.status, self.question, self.message = Message(), Message(), Message()
        self.yes, self.no = widgets.Button(layout=widgets.Layout(width="auto")), widgets.Button(description="No")
        self._answers = widgets.HBox([self.no, self.yes], layout=widgets.Layout(display="none", overflow="visible"))
        self.background = BackgroundWork()
        self.pager = Pager(self.refresh, noun="terms")
        self.table = Table(nothing="There is no term yet. A term comes with its first course.")
        self.archives = Table(nothing="The term has no archive.")
        self._list_message = Message()
        self.view = widgets.VBox(
            [
                style(),
                heading("Terms, newest first"),
                self._list_message.view,
                self.pager.view,
                self.table.view,
                heading("One term"),
                row(*self._fields.values()),
                self.status.view,
                widgets.HBox(
                    list(self.buttons.values()), layout=widgets.Layout(flex_flow="row wrap", overflow="visible", grid_gap="4px 8px")
                ),
                self.question.view,
                self._answers,
                self.background.view,
                self.message.view,
                heading("Archives of the term, newest first"),
                self.archives.view,
            ]
        )
        self.view.add_class(ROOT)
        self.term.observe(lambda _change: self._chosen(), names="value")
        self.yes.on_click(lambda _button: self._answer(yes=True))
        self.no.on_click(lambda _button: self._answer(yes=False))
        self._read(first=term)

    def refresh(self) -> None:
        """Read the terms, and what is shown of the chosen one, again."""
        self._read()

    def _read(self, first: str = "") -> None:
        with errors_shown(self._list_message):
            page, total = self._work.page(PAGE_SIZE, self.pager.offset)
            options = self._work.options()
            self._list_message.clear()
            self.table.show(page)
            self.pager.show(total=total)
            self._filling = True
            try:
                set_options(self.term, options)
                if (chosen := find_code(first, (code for _, code in options))) is not None:
                    self.term.value = chosen
            finally:
                self._filling = False
            self._show_status()

    def _show_status(self) -> None:
        self._steps = ()
        self.status.clear()
        self.archives.clear()
        if self.term.value is not None:
            with errors_shown(self.status):
                found = self._work.status(self.term.value)
                self.status.neutral(found.sentence)
                self._steps = found.steps
                self.archives.show(_archive_table(found.archives))
        self._show_steps()

    def _show_steps(self) -> None:
        """Offer what can be done, and nothing while something is being done."""
        running = self.background.running
        self.term.disabled = running
        for step, button in self.buttons.items():
            button.layout.display = None if step in self._steps else "none"
            button.disabled = running
        for name, step in (("to", TermStep.ARCHIVE), ("from_files", TermStep.RESTORE)):
            self._fields[name].view.layout.display = None if step in self._steps else "none"

    def _button(self, step: TermStep) -> widgets.Button:
        kind = "" if step in {TermStep.OPEN, TermStep.PRUNE, TermStep.RESTORE} else "primary"
        button = widgets.Button(description=DESCRIPTIONS[step], button_style=kind, layout=widgets.Layout(width="auto"))
        button.on_click(lambda _button: self._press(step))
        return button

    def _chosen(self) -> None:
        if not self._filling:
            self._withdraw_question()
            self.message.clear()
            self._show_status()

    def _press(self, step: TermStep) -> None:
        if self.background.running or self._clock() - self._ended < DOUBLE_CLICK:
            return
        self._withdraw_question()
        self.message.clear()
        for field in self._fields.values():
            field.clear_problem()
        try:
            request = self._request(step)
        except ValidationError as error:
            self._show_mistakes(mistakes(error))
            return
        with errors_shown(self.message):
            self.question.warn(self._work.ask(request))
            self._asked = request
            description = DESCRIPTIONS[step]
            self.yes.description = f"Yes, {description[:1].lower()}{description[1:]}"
            self.yes.button_style = "danger" if step is TermStep.PRUNE else "primary"
            self._answers.layout.display = None
        self._ended = self._clock()

    def _request(self, step: TermStep) -> TakeTermStep:
        to = self.to.value.strip() if step is TermStep.ARCHIVE else ""
        from_files = bool(self.rows.value) if step is TermStep.RESTORE else False
        return TakeTermStep(step=step, term=str(self.term.value), to=to or None, from_files=from_files)

    def _show_mistakes(self, found: dict[str, str]) -> None:
        fields = {name: self._fields[name] for name in found}
        self.message.bad(" ".join(f"{field.label}: {field.show_problem('', found[name])}" for name, field in fields.items()))

    def _withdraw_question(self) -> None:
        self._asked = None
        self.question.clear()
        self._answers.layout.display = "none"

    def _answer(self, *, yes: bool) -> None:
        """Take the step that was asked about; the second click of a double click does not count as an answer."""
        request = self._asked
        if request is None or self._clock() - self._ended < DOUBLE_CLICK:
            return
        self._withdraw_question()
        self._ended = self._clock()
        if yes:
            self.background.start(
                lambda task: self._work.take(task, request), done=self.message.good, ended=self._end, message=self.message
            )
            self._show_steps()

    def _end(self) -> None:
        self._ended = self._clock()
        self.refresh()


def _archive_table(found: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "Archived": found["created_at"],
            "State": pd.Series(["current" if pd.isna(ended) else "earlier" for ended in found["ended_at"]], dtype="str"),
            "Verified": found["verified_at"],
            "Attempts": found["n_attempts"],
            "Estimates": found["n_estimates"],
            "Size": pd.Series([_on_one_line(size_text(size)) for size in found["size"]], dtype="str"),
            "Files": found["location"],
        }
    )


def _on_one_line(text: str) -> str:
    return text.replace(" ", "\N{NO-BREAK SPACE}")
